/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/health/auditlisten.h"
#include "core/health/canary.h"
#include "core/health/health-internal.h"
#include "core/list/mreader.h"
#include "core/policy/explain.h"
#include "core/policy/ruleset.h"

#define ABOVE	"var/lib"
#define PROGRAM "bin/true"

enum {
	PROGRAM_MAX = 4 << 20,
	RANDOM = 8,
	AUDIT_WAIT = 3000, /* milliseconds */
};

/* Our file, in a folder that everybody may enter. */
struct nest {
	int above;	 /* ABOVE */
	char folder[48]; /* below it */
	char path
		[96]; /* of the file below the root, "var/lib/imactl-canary-.../canary" */
	char absolute[97]; /* as the kernel names it */
};

/* A program of this machine with bytes behind it that no other file has: nobody has it cached,
 * measured or labelled. */
static int lay(const struct root *root, int folder, struct strbuf *text)
{
	_cleanup_close_ int from = root_openat(root, ROOT_TARGET, PROGRAM, O_RDONLY,
					       NULL),
			    to = -1;
	uint8_t random[RANDOM];
	int r = from < 0 ? from : fs_read_fd(from, PROGRAM_MAX, PROGRAM, text, NULL);

	if (r < 0)
		return r;
	(void)!getrandom(random, sizeof(random), 0); /* never fails for so few */
	strbuf_add(text, random, sizeof(random));
	to = openat(folder, "canary", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (to < 0 || text->failed)
		return to < 0 ? -errno : -ENOMEM;
	r = fs_write_all(to, text->ptr, text->len);
	if (r == 0 && fchmod(to, 0755) < 0)
		r = -errno;
	return r;
}

static int nest_make(const struct root *root, struct nest *ret)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	uint8_t random[RANDOM] = {0};
	char hex[2 * RANDOM];
	_cleanup_close_ int folder = -1;
	struct nest n = {.above = -1};

	(void)!getrandom(random, sizeof(random), 0);
	hex_encode(hex, (struct span){random, sizeof(random)});
	(void)snprintf(n.folder, sizeof(n.folder), "imactl-canary-%.*s", (int)sizeof(hex),
		       hex);
	(void)snprintf(n.path, sizeof(n.path), ABOVE "/%s/canary", n.folder);
	(void)snprintf(n.absolute, sizeof(n.absolute), "/%s", n.path);
	n.above = root_openat(root, ROOT_TARGET, ABOVE, O_RDONLY | O_DIRECTORY, NULL);
	if (n.above < 0)
		return n.above;
	if (mkdirat(n.above, n.folder, 0755) < 0) {
		int r = -errno;

		(void)close(n.above);
		return r;
	}
	*ret = n;
	folder = openat(n.above, n.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder < 0 ? -errno : lay(root, folder, &text);
}

static void nest_done(struct nest *n)
{
	_cleanup_close_ int folder = -1;

	if (n->above < 0)
		return;
	folder = openat(n->above, n->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0)
		(void)unlinkat(folder, "canary", 0);
	(void)unlinkat(n->above, n->folder, AT_REMOVEDIR);
	cleanup_closep(&n->above);
}

/* 0: allowed; -EACCES: denied; other -errno, > 0: it went wrong in another way. */
static int provoke(const struct root *root, const struct nest *n, const struct canary *c)
{
	char reuid[32];
	const char *const by_other[] = {"/bin/setpriv",
					reuid,
					"--clear-groups",
					strcmp(c->op, "read") == 0 ? "/bin/cat"
								   : n->absolute,
					strcmp(c->op, "read") == 0 ? n->absolute : NULL,
					NULL},
			  *const by_root[] = {n->absolute, NULL};
	int fd;

	(void)snprintf(reuid, sizeof(reuid), "--reuid=%u", c->uid);
	if (c->uid)
		return health_run(root, by_other);
	if (strcmp(c->op, "exec") == 0)
		return health_run(root, by_root);
	fd = root_openat(root, ROOT_TARGET, n->path, O_RDONLY, NULL);
	if (fd >= 0)
		(void)close(fd);
	return fd < 0 ? fd : 0;
}

static bool is_measured(const struct root *root, const char *path)
{
	_cleanup_close_ int fd = root_open(root, ROOT_LIST_BINARY, NULL);
	_cleanup_(mreader_freep) struct mreader *reader = NULL;
	struct mlog_entry e;

	if (fd < 0 || mreader_new(fd, 0, &reader, NULL) < 0)
		return false;
	while (mreader_next(reader, &e, NULL) > 0)
		if (span_is(mlog_path(mreader_dialect(reader), &e), path))
			return true;
	return false;
}

/* As the rule wants it: whose it is, and, to be denied, without the label that the kernel may
 * have written when the file was closed. */
static bool dress(const struct nest *n, const struct canary *c)
{
	_cleanup_close_ int folder =
		openat(n->above, n->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = openat(folder, "canary", O_PATH | O_CLOEXEC);
	char path[32];

	if (fd < 0 ||
	    (c->owner && fchownat(fd, "", c->owner, (gid_t)-1, AT_EMPTY_PATH) < 0))
		return false;
	if (c->kind == CANARY_DENIED)
		(void)removexattr(fs_fd_path(path, fd),
				  "security.ima"); /* none is fine */
	return true;
}

static const char *const must[] = {
	[CANARY_MEASURED] = "measure",
	[CANARY_DENIED] = "deny",
	[CANARY_AUDITED] = "audit",
};

static bool shows(const struct root *root, const struct nest *n, const struct canary *c)
{
	_cleanup_close_ int audit = -1;
	int r;

	if (!dress(n, c))
		return false;
	if (c->kind == CANARY_AUDITED)
		audit = auditlisten_open();
	r = provoke(root, n, c);
	switch (c->kind) {
	case CANARY_MEASURED:
		return is_measured(root, n->absolute);
	case CANARY_DENIED:
		return r == -EACCES;
	case CANARY_AUDITED:
		return audit >= 0 && auditlisten_for(audit, n->absolute, AUDIT_WAIT);
	case CANARY_NONE:
	default:
		return false;
	}
}

static bool enforces(const struct probe *probe)
{
	return probe_is(probe, PROBE_APPRAISE_MODE, PROBE_YES) &&
	       strcmp(probe->fact[PROBE_APPRAISE_MODE].value, "enforce") == 0;
}

struct choice {
	struct canary canary;
	unsigned line; /* of the policy */
};

static int choose(const struct root *root, const struct health *h, const struct nest *n,
		  struct choice *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0}, keep = {0};
	_cleanup_(probe_freep) struct probe *probe = NULL;
	_cleanup_ruleset_ struct ruleset rules = {0};
	_cleanup_explain_ struct explain file = {0};
	struct policy_kernel kernel;
	int r = health_policy_text(root, h, &text, reterr);

	if (r == 0)
		r = ruleset_kernel(root, &keep, &kernel, reterr);
	if (r == 0)
		r = probe_run(root, (struct span){0}, &probe, reterr);
	if (r == 0)
		r = ruleset_alone(&kernel, strbuf_span(&text), &rules, reterr);
	if (r == 0)
		r = explain_file(root, n->path, &file, reterr);
	if (r < 0)
		return r;
	canary_choose(&rules.policy, &kernel, &file.access, enforces(probe),
		      &ret->canary);
	if (ret->canary.kind != CANARY_NONE)
		ret->line = rules.policy.rules[ret->canary.rule].line;
	return 0;
}

/* Where no access of ours meets a rule, what was read back has to do. */
static void say_none(struct health *h)
{
	if (h->read_back)
		health_say(
			h, HEALTH_CANARY, HEALTH_UNKNOWN,
			"no access of this check meets a rule; the kernel reads them back");
	else
		health_say(
			h, HEALTH_CANARY, HEALTH_FAILED,
			"no access of this check meets a rule, and this kernel reads none "
			"back: nothing shows that they are in force");
}

static void prove(const struct root *root, struct health *h, const struct nest *n)
{
	struct choice choice = {.line = 0};
	const struct canary *c = &choice.canary;
	struct diag d = {0};

	if (choose(root, h, n, &choice, &d) < 0) {
		health_say(h, HEALTH_CANARY, HEALTH_FAILED, "%s", d.text);
		return;
	}
	if (c->kind == CANARY_NONE) {
		say_none(h);
		return;
	}
	if (shows(root, n, c))
		health_say(h, HEALTH_CANARY, HEALTH_PASSED,
			   "by line %u a file must be %s when user %u %ss it, and was",
			   choice.line,
			   c->kind == CANARY_MEASURED ? "measured"
			   : c->kind == CANARY_DENIED ? "denied"
						      : "audited",
			   c->uid, c->op);
	else
		health_say(h, HEALTH_CANARY, HEALTH_FAILED,
			   "line %u must %s that user %u %ss a file, and did not",
			   choice.line, must[c->kind], c->uid, c->op);
}

void health_canary(const struct root *root, struct health *h)
{
	struct nest n = {.above = -1};
	int r;

	if (h->part[HEALTH_POLICY].verdict != HEALTH_PASSED || !*h->note.policy)
		return;
	r = nest_make(root, &n);
	if (r < 0)
		health_say(h, HEALTH_CANARY, HEALTH_FAILED,
			   "no file can be made in /" ABOVE ": %s", diag_errno(-r));
	else
		prove(root, h, &n);
	nest_done(&n);
}
