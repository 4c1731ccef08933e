/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/policytry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "core/base/policy.h"
#include "core/base/str.h"

#define POLICY	"integrity/ima/policy"
#define REFUSED POLICYTRY_REFUSED " on purpose\n"

static int not_here(int err, const char *why, struct diag *reterr)
{
	return diag_set(reterr, DIAG_POLICY_NO_TEST, err,
			"The kernel cannot be asked here: %s.", why);
}

static int open_policy(const struct root *root, struct diag *reterr)
{
	int fd = root_openat(root, ROOT_SECURITYFS, POLICY, O_WRONLY, NULL);

	switch (fd) {
	case -ENOENT:
		return not_here(ENOENT,
				"there is no policy file, because IMA is not active "
				"or a policy was loaded that cannot be added to",
				reterr);
	case -EBUSY:
		return not_here(EBUSY,
				"somebody has the policy file open, or a policy was "
				"loaded and this kernel takes no more",
				reterr);
	case -EACCES:
	case -EPERM:
		return diag_set(reterr, DIAG_PERMISSION, -fd,
				"The policy file cannot be opened for writing: %s.",
				diag_errno(-fd));
	default:
		return fd >= 0 ? fd : not_here(-fd, diag_errno(-fd), reterr);
	}
}

/* What the kernel says to what it reads in one go: 0, or a positive errno. */
static int ask(int fd, struct span text)
{
	ssize_t n;

	do
		n = write(fd, text.ptr, text.len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? errno : 0;
}

static int ask_line(int fd, struct span line, unsigned number, struct policytry *ret)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct policytry_rule *more;

	if (!policy_line_is_rule(line))
		return 0;
	more = reallocarray(ret->rules, ret->n + 1, sizeof(*more));
	strbuf_add(&text, line.ptr, line.len);
	strbuf_addc(&text, '\n');
	if (more)
		ret->rules = more;
	if (!more || text.failed)
		return -ENOMEM;
	ret->rules[ret->n++] =
		(struct policytry_rule){number, ask(fd, strbuf_span(&text))};
	return 0;
}

static int ask_lines(int fd, struct span text, struct policytry *ret)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span line;
	unsigned n = 0;
	int r = 0;

	while (r == 0 && bytes_left(&in)) {
		if (!bytes_until(&in, '\n', &line))
			(void)bytes_take(&in, bytes_left(&in), &line);
		r = ask_line(fd, line, ++n, ret);
	}
	return r;
}

/* The word's beginning counts: ima_appraise.c default_appraise_setup(). */
static bool fix_mode(const struct root *root)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct cmdline_word w;
	struct bytes value;
	struct span mode;

	if (root_read(root, ROOT_CMDLINE, &text, NULL) < 0 ||
	    !cmdline_last(strbuf_span(&text), "ima_appraise", &w))
		return false;
	value = bytes_of(w.value.ptr, w.value.len);
	return bytes_take(&value, 3, &mode) && span_is(mode, "fix");
}

static bool ends_well(struct span text)
{
	return !text.len || text.ptr[text.len - 1] == '\n';
}

/* A file whose last line has no newline is refused for certain, and asking might bring the
 * kernel down: it goes on behind the file's text, in memory that nobody has ended with a NUL,
 * up to a page that is not there (linux 6.12 ima_fs.c ima_read_policy(), kernel_read_file.c). */
static int ask_path(int fd, const char *path, struct span text)
{
	return ends_well(text) ? ask(fd, span_of(path)) : EINVAL;
}

int policytry_run(const struct root *root, struct span text, const char *path,
		  struct policytry *ret, struct diag *reterr)
{
	_cleanup_close_ int fd = open_policy(root, reterr);
	struct policytry t = {0};
	int first, r = 0;

	if (fd < 0)
		return fd;
	first = ask(fd, span_of(REFUSED));
	if (first != EINVAL && first != EACCES)
		return not_here(first, "it took a word that no kernel knows", reterr);
	/* ima_appraise & IMA_APPRAISE_POLICY */
	t.only_by_path = first == EACCES;
	if (!t.only_by_path)
		r = ask_lines(fd, text, &t);
	t.fixes = path && fix_mode(root);
	if (r == 0 && path && !t.fixes) {
		t.has_path = true;
		t.path_err = ask_path(fd, path, text);
	}
	if (r < 0) {
		policytry_done(&t);
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	}
	*ret = t;
	return 0;
}

void policytry_done(struct policytry *t)
{
	free(t->rules);
	*t = (struct policytry){0};
}

size_t policytry_refused(const struct policytry *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->rules[i].err != 0;
	return n;
}

bool policytry_taken(const struct policytry *t)
{
	return !policytry_refused(t) && !(t->has_path && t->path_err);
}

const struct diag *policytry_why(const struct policy *p, unsigned line)
{
	for (size_t i = 0; i < p->n_findings; i++)
		if (p->findings[i].d.line == line &&
		    p->findings[i].severity <= POLICY_DEPENDS)
			return &p->findings[i].d;
	return NULL;
}

void policytry_rule_text(const struct policytry_rule *r, const struct policy *p,
			 struct strbuf *out)
{
	const struct diag *d = policytry_why(p, r->line);

	if (d)
		strbuf_addf(out, ": %s", d->text);
	else
		strbuf_addf(out, " (%s), and imactl does not know why",
			    diag_errno(r->err));
}

void policytry_text(const struct policytry *t, struct strbuf *out)
{
	char rules[48];

	if (t->only_by_path)
		strbuf_adds(out, "Rules cannot be written to this kernel any more: the "
				 "file must be signed, and named by its path.\n");
	else
		strbuf_addf(out, "%s, %zu refused\n",
			    str_counted(rules, sizeof(rules), t->n, "rule", "rules"),
			    policytry_refused(t));
	if (t->has_path)
		strbuf_addf(out, "By its path: %s%s\n",
			    t->path_err ? "refused: " : "the kernel takes it",
			    t->path_err ? diag_errno(t->path_err) : "");
	else if (t->fixes)
		strbuf_adds(out, "By its path it was not asked: in fix mode that would "
				 "write to the file's label.\n");
	strbuf_adds(out, "Nothing was loaded. In the audit log and the kernel log stands "
			 "that a policy update failed.\n");
}
