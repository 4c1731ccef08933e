/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl policy simulate: what a policy would deny, before it is enforced. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/simulate/simulate.h"
#include "tui/cli/policy.h"
#include "tui/cli/simulateout.h"

enum { THREADS_MAX = 64, NAMES_MAX = 64 << 20, SAY_EVERY = 4096 };

struct run {
	struct cli *cli;
	struct probe *probe;
	struct policy_given given;
	struct ruleset rules;
	struct bootset *set;
	struct pkgdb *packages;
	struct simulate result;
	struct simulate_opts opts;
	unsigned sources;
	uint64_t said;
};

static void run_done(struct run *r)
{
	probe_free(r->probe);
	policy_given_done(&r->given);
	ruleset_done(&r->rules);
	bootset_free(r->set);
	pkgdb_free(r->packages);
	simulate_done(&r->result);
}

/* The rules in force, or those that would be with a policy that is named. */
static int load_rules(struct run *r, struct diag *reterr)
{
	struct cli *cli = r->cli;
	int err = policy_one_input(cli->n_args ? cli->args[0] : NULL,
				   opt_str(cli->opts, "files-from", NULL), reterr);

	if (err == 0)
		err = probe_run(&cli->root, (struct span){0}, &r->probe, reterr);
	if (err < 0)
		return err;
	if (cli->n_args) {
		err = policy_given_read(cli, cli->args[0], &r->given, reterr);
		return err < 0 ? err
			       : ruleset_with(&cli->root, r->probe,
					      strbuf_span(&r->given.text), &r->rules,
					      reterr);
	}
	r->given.name = "The policy in force";
	if (probe_is(r->probe, PROBE_IMA, PROBE_NO))
		return diag_set(reterr, DIAG_NO_IMA, ENOSYS,
				"IMA is not active on this machine.");
	return ruleset_in_force(&cli->root, r->probe, &r->rules, reterr);
}

static int find_source(struct span word)
{
	for (int i = 0; i < BOOTSET_FROM_NAMED; i++)
		if (span_is(word, bootset_source_word((enum bootset_source)i)))
			return i;
	return -EINVAL;
}

/* --from=list,init */
static int take_sources(struct run *r, struct diag *reterr)
{
	const char *list = opt_str(r->cli->opts, "from", NULL), *end;
	char q[40];
	int i;

	r->sources = list ? 0 : BOOTSET_ALL;
	for (; list && *list; list = end + (*end == ',')) {
		struct span word = {(const uint8_t *)list, strcspn(list, ",")};

		end = list + word.len;
		i = find_source(word);
		if (i < 0)
			return diag_set(reterr, DIAG_VALUE, EINVAL,
					"--from is one or more of list, audit, init, "
					"mapping, package, not %s.",
					str_quote(q, sizeof(q), word));
		r->sources |= 1u << i;
	}
	return 0;
}

static int add_path(struct run *r, const char *typed, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf below = {0};
	struct cli *cli = r->cli;
	int err = fspath_below(cli->root.dir[ROOT_TARGET], cli->root_dir, typed, &below);
	char q[140];

	if (err < 0)
		return diag_set(reterr, DIAG_OPEN, err, "Cannot find %s: %s.",
				str_quote(q, sizeof(q), span_of(typed)),
				diag_errno(-err));
	return bootset_add_path(r->set, strbuf_str(&below), reterr);
}

/* Of many: an absolute one is looked up but once. */
static int add_one_of_many(struct run *r, const char *path, struct diag *reterr)
{
	return *path == '/' ? bootset_add_path(r->set, path, reterr)
			    : add_path(r, path, reterr);
}

/* Paths, each ended by a newline or, where there is one, by a NUL. */
static int add_listed(struct run *r, const char *file, struct diag *reterr)
{
	_cleanup_close_ int fd = -1;
	_cleanup_strbuf_ struct strbuf text = {0};
	bool input = strcmp(file, "-") == 0;
	char q[140], end;
	int err = 0;

	if (!input)
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	(void)str_quote(q, sizeof(q), span_of(file));
	if (!input && fd < 0)
		return diag_set(reterr, DIAG_OPEN, errno, "Cannot open %s: %s.", q,
				diag_errno(errno));
	err = fs_read_fd(input ? STDIN_FILENO : fd, NAMES_MAX, q, &text, reterr);
	end = text.len && memchr(text.ptr, '\0', text.len) ? '\0' : '\n';
	if (err == 0 && text.len && text.ptr[text.len - 1] != end)
		strbuf_addc(&text, end);
	for (char *at = text.ptr, *next; err == 0 && at < text.ptr + text.len;
	     at = next + 1) {
		next = memchr(at, end, (size_t)(text.ptr + text.len - at));
		*next = '\0';
		if (*at)
			err = add_one_of_many(r, at, reterr);
	}
	return err;
}

/* Paths that somebody names are asked about alone. */
static int take_uses(struct run *r, struct diag *reterr)
{
	const char *listed = opt_str(r->cli->opts, "files-from", NULL), *path;
	int err = take_sources(r, reterr);

	if (err == 0)
		err = bootset_new(&r->cli->root, &r->set, reterr);
	for (size_t i = 0; err == 0 && (path = opt_nth(r->cli->opts, "path", i)); i++)
		err = add_path(r, path, reterr);
	if (err == 0 && listed)
		err = add_listed(r, listed, reterr);
	if (err == 0 && (listed || opt_str(r->cli->opts, "path", NULL)))
		r->sources = 1u << BOOTSET_FROM_NAMED;
	else if (err == 0)
		err = bootset_collect(r->set, r->sources, reterr);
	if (err < 0)
		return err;
	bootset_sort(r->set);
	return bootset_count(r->set)
		       ? 0
		       : diag_set(reterr, DIAG_POLICY_NO_USES, ENODATA,
				  "Nothing here tells which files this machine uses.");
}

static void progress(void *user, uint64_t uses, uint64_t of)
{
	struct run *r = user;
	char line[80], n[24], m[24];

	if (uses / SAY_EVERY == r->said)
		return;
	r->said = uses / SAY_EVERY;
	(void)snprintf(line, sizeof(line), "\r%s of %s files          \r",
		       str_count(n, sizeof(n), uses), str_count(m, sizeof(m), of));
	(void)fs_write_all(STDERR_FILENO, line, strlen(line)); /* only to be looked at */
}

static int simulate(struct run *r, struct diag *reterr)
{
	struct simulate_watch watch = {.progress =
					       isatty(STDERR_FILENO) ? progress : NULL,
				       .user = r};
	uint64_t threads = opt_u64(r->cli->opts, "jobs", 0);

	if (threads > THREADS_MAX)
		return diag_set(reterr, DIAG_VALUE, EINVAL, "--jobs goes up to %d.",
				THREADS_MAX);
	if (pkgdb_new(&r->packages, reterr) < 0)
		return -ENOMEM;
	r->opts = (struct simulate_opts){
		.probe = r->probe,
		.rules = &r->rules,
		.set = r->set,
		.packages = r->packages,
		.labels_only = opt_flag(r->cli->opts, "labels-only"),
		.threads = (unsigned)threads,
	};
	return simulate_run(&r->cli->root, &r->opts, &watch, &r->result, reterr);
}

static bool enforces(const struct cli *cli)
{
	return strcmp(opt_str(cli->opts, "mode", "enforce"), "enforce") == 0;
}

static void show(struct run *r)
{
	struct simulatetext s = {
		.policy = r->given.name,
		.root_dir = r->cli->root_dir,
		.rules = &r->rules,
		.set = r->set,
		.sources = r->sources,
		.packages = r->packages,
		.result = &r->result,
		.enforces = enforces(r->cli),
		.labels_only = r->opts.labels_only,
		.all = opt_flag(r->cli->opts, "all"),
		.all_words = "--all has them",
		.ascii = r->cli->out->ascii,
	};

	if (r->cli->json)
		simulatejson_print(r->cli, &s);
	else
		simulateout_text(r->cli, &s);
}

static int run(struct cli *cli)
{
	_cleanup_(run_done) struct run r = {.cli = cli};
	struct diag d;

	if (load_rules(&r, &d) < 0 || take_uses(&r, &d) < 0 || simulate(&r, &d) < 0)
		return cmd_fail(&d);
	show(&r);
	if (simulatetext_refused(&r.rules))
		return CMD_BAD;
	return simulate_ready(&r.result) || !enforces(cli) ? CMD_OK : CMD_BAD;
}

static const struct opt options[] = {
	{"mode", 0, OPT_CHOICE, "enforce|log",
	 "What is done about it: log denies nothing; enforce", NULL},
	{"from", 0, OPT_STRING, "SOURCES",
	 "Whose files: list,audit,init,mapping,package; all of them", NULL},
	{"path", 0, OPT_REPEATED, "PATH", "This file alone, and what else is named",
	 NULL},
	{"files-from", 0, OPT_STRING, "FILE|-",
	 "The files that it names alone, one a line or each with its NUL", NULL},
	{"labels-only", 0, OPT_FLAG, NULL,
	 "Read no contents: take what labels say of them for right", NULL},
	{"all", 'a', OPT_FLAG, NULL, "Show each use that fails, not only the worst",
	 NULL},
	{"jobs", 'j', OPT_NUMBER, "N", "Threads; as many as there are processors", NULL},
	{0},
};

const struct cmd policy_simulate = {
	.name = "simulate",
	.summary = "Say what a policy would deny before it is enforced",
	.args = "[FILE|-]",
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE,
	.options = options,
	.run = run,
	.help = "Tries a policy, the rules in force when none is named, on the files that this\n"
		"machine uses, as they are labelled now and with the keys that it has now.\n"
		"Nothing is loaded or changed. What would be denied comes in groups, worst\n"
		"first, then the few commands that put it right.\n\n"
		"Which files: what the measurement list and the audit log name, what init and\n"
		"a login cannot do without, what is mapped now, and what packages brought.\n"
		"Where no user is told it is root.\n\n"
		"Files that it appraises and that have a label are read, as 'file verify' does\n"
		"it, unless they were found right before and have not changed since;\n"
		"--labels-only reads none, and overlooks contents that changed.\n\n"
		"A key that is loaded and does not lie in /etc/keys/ima is gone after a restart:\n"
		"what is signed with it makes the machine not ready, too.\n\n"
		"Exits 0 when it is ready, 1 when something would be denied, or may be that\n"
		"boot or login need.",
};
