/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What core/simulate/judge says of accesses beforehand, against what the running kernel does: its
 * answer, the entries it adds to the measurement list, the records it audits.
 *
 *	ask-accesses model FILE
 *		makes a program that ends at once: what all files hold
 *	ask-accesses kinds FILE KEYS [VERITY] [evm]
 *		prints KINDS of labels for it (tests/policies/kinds.h); VERITY: the same
 *		file, which gets fs-verity here
 *	ask-accesses make SEED COUNT KINDS PLACE[=SEEN]...
 *		makes a file for each access, labelled as one of KINDS: lines "NAME IMA
 *		[EVM [changed]]", in hexadecimal, "-" for none; PLACE+: has O_DIRECT
 *	ask-accesses run SEED COUNT KINDS POLICY PLACE[=SEEN]...
 *		after the same as `make`: foretells what becomes of each access under the
 *		policy (a number: made at random; else a file; behind those in `own`, which
 *		keep the machine alive), loads it, does them, and prints each difference
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fsverity.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/policy/explain.h"
#include "core/simulate/judge.h"
#include "core/host/kconfig.h"
#include "core/cert/keylive.h"
#include "tests/policies/act.h"
#include "tests/policies/draw.h"
#include "tests/policies/kinds.h"
#include "tests/policies/observe.h"

enum { PLACES = 8, KINDS = 200, TEXT_MAX = 1 << 20 };

struct run {
	struct root root;
	struct probe *probe;
	struct draw_world world;
	struct draw_place places[PLACES];
	struct draw_kind kinds[KINDS];
	struct strbuf kinds_text, policy;
	uint64_t seed;
	unsigned count;
	struct outcome *said, *seen;
	bool *open;
	struct keyset keys[2];
	struct evmstate evm;
	struct keyring_set rings;
	struct ruleset rules;
	struct judge judge;
};

/* What the machine needs to go on whatever the rest says. */
static const char own[] = "dont_appraise fsmagic=0x9fa0\n"
			  "dont_appraise fsmagic=0x62656572\n"
			  "dont_appraise fsmagic=0x73636673\n"
			  "dont_appraise fsmagic=0xc0ffee\n"
			  "dont_appraise fsmagic=0x858458f6 fowner=0\n"
			  "dont_appraise fsmagic=0x01021994 fowner=0\n";

static int failed(const char *what, const char *path)
{
	(void)fprintf(stderr, "%s %s: %s\n", what, path, strerrorname_np(errno));
	return -1;
}

static int read_kinds(struct run *run, const char *path)
{
	char *line, *save = NULL;

	if (fs_read_at(AT_FDCWD, path, TEXT_MAX, &run->kinds_text, NULL) < 0)
		return failed("read", path);
	strbuf_addc(&run->kinds_text, '\0');
	for (line = strtok_r(run->kinds_text.ptr, "\n", &save);
	     line && run->world.n_kinds < KINDS; line = strtok_r(NULL, "\n", &save)) {
		struct draw_kind *k = &run->kinds[run->world.n_kinds++];
		char *word = NULL, *name = strtok_r(line, " ", &word);

		(void)snprintf(k->name, sizeof(k->name), "%s", name);
		k->ima = strtok_r(NULL, " ", &word);
		k->evm = strtok_r(NULL, " ", &word);
		k->changed = k->evm && strtok_r(NULL, " ", &word);
		if (!k->evm)
			k->evm = "-";
		if (!k->ima)
			return failed("kinds", path);
	}
	run->world.kinds = run->kinds;
	for (size_t i = 0; i < run->world.n_kinds; i++)
		run->world.no_copy_up |= strcmp(run->kinds[i].evm, "-") != 0;
	return 0;
}

static void read_places(struct run *run, char **argv)
{
	char here[64];

	if (!getcwd(here, sizeof(here)))
		here[0] = '\0';
	for (; *argv && run->world.n_places < PLACES; argv++) {
		struct draw_place *p = &run->places[run->world.n_places++];
		char *word = *argv, *seen = strchr(word, '=');

		p->direct = word[strlen(word) - 1] == '+';
		if (p->direct)
			word[strlen(word) - 1] = '\0';
		if (seen)
			*seen++ = '\0';
		(void)snprintf(p->made, sizeof(p->made), "%.30s/%.30s", here, word);
		(void)snprintf(p->used, sizeof(p->used), "%.30s/%.30s", here,
			       seen ? seen : word);
	}
	run->world.places = run->places;
}

static int set_label(const char *path, const char *name, const char *hex)
{
	uint8_t value[2048];
	size_t len = strlen(hex) / 2;

	if (strcmp(hex, "-") == 0)
		return 0;
	if (len > sizeof(value) || hex_decode(value, span_of(hex)) < 0) {
		errno = EINVAL;
		return failed(hex, path);
	}
	if (setxattr(path, name, value, len, 0) == 0 || errno == EOPNOTSUPP ||
	    errno == EACCES) /* no attributes there; a hash the kernel lacks */
		return 0;
	return failed(name, path);
}

/* Kinds with "verity" in their name have fs-verity where the file system has. */
static bool enable_verity(const char *path)
{
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = 4096,
	};
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	return ioctl(fd, FS_IOC_ENABLE_VERITY, &arg) == 0;
}

static int make_one(const struct draw_case *c)
{
	if (act_make_program(c->made) < 0 || chown(c->made, c->owner, c->group) < 0 ||
	    chmod(c->made, c->mode) < 0)
		return failed("make", c->made);
	if (strstr(c->kind->name, "verity"))
		(void)enable_verity(c->made);
	if (set_label(c->made, "security.ima", c->kind->ima) < 0 ||
	    set_label(c->made, "security.evm", c->kind->evm) < 0)
		return -1;
	return c->kind->changed && chmod(c->made, 01777) < 0 ? failed("chmod", c->made)
							     : 0;
}

static int make_all(struct run *run)
{
	for (unsigned i = 0; i < run->count; i++) {
		struct draw_case c;

		draw_case(&run->world, run->seed, i, &c);
		if (make_one(&c) < 0)
			return 1;
	}
	return 0;
}

/* Rules that this kernel takes for certain. */
static int read_policy(struct run *run, const char *which)
{
	_cleanup_strbuf_ struct strbuf text = {0}, keep = {0};
	_cleanup_policy_ struct policy p = {0};
	struct policy_kernel kernel;

	strbuf_adds(&text, own);
	if (which[strspn(which, "0123456789")])
		(void)fs_read_at(AT_FDCWD, which, TEXT_MAX, &text, NULL);
	else
		draw_policy(strtoul(which, NULL, 10), &text);
	if (ruleset_kernel(&run->root, &keep, &kernel, NULL) < 0 ||
	    policy_parse(strbuf_span(&text), &kernel, &p, NULL) < 0)
		return -1;
	for (size_t i = 0; i < p.n_rules; i++) {
		if (p.rules[i].refused || p.rules[i].depends)
			continue;
		strbuf_add(&run->policy, p.rules[i].text.ptr, p.rules[i].text.len);
		strbuf_addc(&run->policy, '\n');
	}
	(void)fputs(strbuf_str(&run->policy), stdout);
	return 0;
}

static int know(struct run *run, struct diag *reterr)
{
	struct inspect *i = &run->judge.inspect;
	int r = evmstate_read(&run->root, &run->evm, reterr);

	if (r == 0)
		r = keylive_keys(&run->root, run->keys, reterr);
	if (r == 0)
		r = keyring_load(&run->root, &run->rings, reterr);
	if (r == 0)
		r = inspect_kernel(i, &run->root, reterr);
	if (r == 0)
		r = ruleset_with(&run->root, run->probe, strbuf_span(&run->policy),
				 &run->rules, reterr);
	i->reading = INSPECT_NEEDED;
	i->root = &run->root;
	i->evm = &run->evm;
	i->rings = &run->rings;
	i->keys[IMAXATTR_IMA] = &run->keys[IMAXATTR_IMA];
	i->keys[IMAXATTR_EVM] = &run->keys[IMAXATTR_EVM];
	return r < 0 ? r
		     : judge_init(&run->judge, &run->root, run->probe, &run->rules,
				  reterr);
}

static void say(const struct draw_case *c, const struct judge_result *r, size_t n,
		struct outcome *o, bool *open)
{
	for (size_t i = 0; i < n; i++) {
		const struct appraise_verdict *v = &r[i].verdict;

		for (int k = 0; k < v->n_records; k++) {
			const struct appraise_words *w = appraise_words(v->record[k]);

			outcome_record(o, w->op, w->cause);
		}
		if (r[i].measured)
			outcome_entry(o, r[i].pcr, r[i].template);
		o->audited += r[i].audited;
		*open |= r[i].unsure;
	}
	o->result = act_expect(c->op, n && r[n - 1].verdict.denied, n);
}

static int foretell_one(struct run *run, unsigned i, struct diag *reterr)
{
	_cleanup_explain_ struct explain e = {0};
	struct judge_result r[JUDGE_STEPS];
	struct judge_file file = {0};
	struct policymatch_access who;
	struct draw_case c;
	int n;

	draw_case(&run->world, run->seed, i, &c);
	n = explain_file(&run->root, c.used + 1, &e, reterr);
	if (n < 0)
		return n;
	file.place = e.access;
	file.mode = e.mode;
	file.subject = (struct inspect_subject){.fd = -1,
						.path = c.used + 1,
						.fs_magic = (uint32_t)e.access.fsmagic};
	who = act_who(c.who);
	run->judge.direct_io = c.op == DRAW_DIRECT;
	n = judge_begin(&run->judge, &file, reterr);
	if (n == 0)
		n = judge_op(&run->judge, &file, draw_op_word(c.op), &who, r, reterr);
	judge_end(&run->judge);
	if (n >= 0)
		say(&c, r, (size_t)n, &run->said[i], &run->open[i]);
	return n < 0 ? n : 0;
}

static struct outcome *by_name(void *user, struct span name)
{
	struct run *run = user;
	char digits[8] = "";

	if (name.len != 9 || memcmp(name.ptr, "case", 4) != 0)
		return NULL;
	memcpy(digits, name.ptr + 4, 5);
	return strtoul(digits, NULL, 10) < run->count
		       ? &run->seen[strtoul(digits, NULL, 10)]
		       : NULL;
}

static void do_all(struct run *run, struct observe *o)
{
	for (unsigned i = 0; i < run->count; i++) {
		struct draw_case c;

		draw_case(&run->world, run->seed, i, &c);
		run->seen[i].result = act(&c);
		(void)observe_audit(o, 0, by_name, run);
	}
	while (observe_audit(o, 1000, by_name, run))
		;
}

static int compare(const struct run *run)
{
	unsigned measured = 0, denied = 0, records = 0, open = 0, wrong = 0;

	for (unsigned i = 0; i < run->count; i++) {
		_cleanup_strbuf_ struct strbuf text = {0};
		const struct outcome *seen = &run->seen[i];
		struct draw_case c;

		measured += seen->n_entries > 0;
		denied += seen->result == EACCES || seen->result < 0;
		records += seen->n_records;
		open += run->open[i];
		if (run->open[i] || outcome_same(&run->said[i], seen))
			continue;
		wrong++;
		draw_case(&run->world, run->seed, i, &c);
		strbuf_addf(
			&text,
			"%s %s%s by %u/%u/%u %u/%u/%u, owner %u %u %04o, %s:\n\tsaid ",
			c.used, draw_op_word(c.op), c.op == DRAW_DIRECT ? " direct" : "",
			c.who->uid, c.who->euid, c.who->suid, c.who->gid, c.who->egid,
			c.who->sgid, c.owner, c.group, c.mode, c.kind->name);
		outcome_print(&text, &run->said[i]);
		strbuf_adds(&text, "\n\tseen ");
		outcome_print(&text, seen);
		(void)printf("%s\n", strbuf_str(&text));
	}
	(void)printf("%u accesses, %u measured, %u denied, %u records, %u open, "
		     "%u wrong\n",
		     run->count, measured, denied, records, open, wrong);
	return wrong ? 1 : 0;
}

static int run_all(struct run *run)
{
	struct observe o;
	struct diag d = {0};

	run->said = calloc(run->count, sizeof(*run->said));
	run->seen = calloc(run->count, sizeof(*run->seen));
	run->open = calloc(run->count, sizeof(*run->open));
	if (observe_open(&o) < 0)
		return -failed("observe", "the kernel");
	if (know(run, &d) < 0) {
		(void)fprintf(stderr, "%s\n", d.text);
		return 2;
	}
	for (unsigned i = 0; i < run->count; i++) {
		if (foretell_one(run, i, &d) < 0) {
			(void)fprintf(stderr, "%u: %s\n", i, d.text);
			return 2;
		}
	}
	act_share_keys();
	if (act_load(strbuf_span(&run->policy)) < 0)
		return 2;
	do_all(run, &o);
	if (observe_list(&o, by_name, run) < 0)
		return 2;
	return compare(run);
}

static int start(struct run *run)
{
	struct kconfig config = {0};

	if (root_open_live(&run->root, NULL, NULL) < 0 ||
	    probe_run(&run->root, (struct span){0}, &run->probe, NULL) < 0)
		return -1;
	(void)kconfig_load(&run->root, &config, NULL);
	run->world.no_policy_op = kconfig_get(&config, "IMA_WRITE_POLICY") != KCONFIG_YES;
	run->world.kexec = kconfig_get(&config, "KEXEC_FILE") == KCONFIG_YES;
	kconfig_done(&config);
	return 0;
}

static int print_kinds(struct run *run, char **argv)
{
	struct kinds_ask ask = {.root = &run->root, .file = argv[0], .keys = argv[1]};
	_cleanup_strbuf_ struct strbuf out = {0};
	struct diag d = {0};

	for (argv += 2; *argv; argv++) {
		if (strcmp(*argv, "evm") == 0)
			ask.evm = true;
		else if (act_make_program(*argv) == 0 && enable_verity(*argv))
			ask.verity = *argv;
	}
	if (kinds_make(&ask, &out, &d) < 0) {
		(void)fprintf(stderr, "%s\n", d.text);
		return 2;
	}
	(void)fputs(strbuf_str(&out), stdout);
	return 0;
}

int main(int argc, char *argv[])
{
	static struct run run;
	bool runs = argc > 1 && strcmp(argv[1], "run") == 0;
	int places = runs ? 6 : 5;

	if (argc == 3 && strcmp(argv[1], "model") == 0)
		return act_make_program(argv[2]) < 0;
	if (argc < 4 || start(&run) < 0)
		return 2;
	if (strcmp(argv[1], "kinds") == 0)
		return print_kinds(&run, argv + 2);
	if (argc <= places)
		return 2;
	run.seed = strtoul(argv[2], NULL, 10);
	run.count = (unsigned)strtoul(argv[3], NULL, 10);
	read_places(&run, argv + places);
	if (read_kinds(&run, argv[4]) < 0)
		return 2;
	if (!runs)
		return make_all(&run);
	return read_policy(&run, argv[5]) < 0 ? 2 : run_all(&run);
}
