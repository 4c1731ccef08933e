/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl explain: why a file is denied, and what puts it right. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/triage/event.h"
#include "core/triage/remedyplan.h"
#include "core/triage/touch.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/explainout.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/policy.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

enum { NAMES_SHOWN = 20 };

/* One question. */
struct asked {
	struct cli *cli;
	struct triage t;
	struct event event;
	struct event_id id;
	bool is_event;
	struct strbuf path; /* below the target */
	struct triage_subject subject;
	struct triage_found found;
	struct sig_key *key;
};

static void asked_freep(struct asked **at)
{
	struct asked *a = *at;

	if (!a)
		return;
	triage_found_done(&a->found);
	triage_close(&a->t);
	event_done(&a->event);
	strbuf_done(&a->path);
	sig_key_free(a->key);
	free(a);
}

/* --file, or standard input; -1: what the machine keeps. */
static int open_log(struct asked *a, int *ret, struct diag *reterr)
{
	const char *file = opt_str(a->cli->opts, "file", NULL);
	char q[140];

	*ret = -1;
	if (!file)
		return 0;
	*ret = strcmp(file, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				      : open(file, O_RDONLY | O_CLOEXEC);
	return *ret >= 0 ? 0
			 : diag_set(reterr, DIAG_OPEN, errno, "Cannot open %s: %s.",
				    str_quote(q, sizeof(q), span_of(file)),
				    diag_errno(errno));
}

/* The file that a record names, where it names one whole; below the target, as paths are
 * told from the root of the mount tree. */
static int take_record_path(struct asked *a, struct diag *reterr)
{
	const struct denial *d = &a->event.denial;
	_cleanup_strbuf_ struct strbuf name = {0};

	a->subject.denial = d;
	if (d->uid != UINT32_MAX)
		a->subject.uid = d->uid;
	if (d->name != DENIAL_NAME_WHOLE && d->name != DENIAL_NAME_FOUND)
		return 0;
	strbuf_add(&name, d->path.ptr, d->path.len);
	if (strlen(strbuf_str(&name)) != name.len || !fspath_valid(strbuf_str(&name) + 1))
		return 0;
	strbuf_adds(&a->path, strbuf_str(&name) + 1);
	a->subject.path = strbuf_str(&a->path);
	return a->path.failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.")
			      : 0;
}

static int take_event(struct asked *a, struct diag *reterr)
{
	int fd, r = open_log(a, &fd, reterr);

	if (r == 0)
		r = event_find(&a->cli->root, fd, &a->id, &a->event, reterr);
	return r < 0 ? r : take_record_path(a, reterr);
}

/* What was typed is no file: the end of a name that records have, perhaps. */
static int take_name(struct asked *a, struct diag *reterr)
{
	_cleanup_pathset_ struct pathset files;
	int fd, r = open_log(a, &fd, reterr);

	pathset_init(&files);
	if (r == 0)
		r = event_find_file(&a->cli->root, fd, span_of(a->cli->args[0]),
				    &a->event, &files, reterr);
	for (size_t i = 0; r == -ENOTUNIQ && i < files.n && i < NAMES_SHOWN; i++) {
		char q[200];

		cmd_note("%s", str_quote(q, sizeof(q), span_of(pathset_at(&files, i))));
	}
	a->is_event = r == 0;
	return r < 0 ? r : take_record_path(a, reterr);
}

static int take_path(struct asked *a, struct diag *reterr)
{
	const char *typed = a->cli->args[0];
	bool recorded = root_is_recorded(&a->cli->root);
	char q[140];
	int r = recorded ? -ENOENT
			 : fspath_below(a->cli->root.dir[ROOT_TARGET], a->cli->root_dir,
					typed, &a->path);

	if (r == -ENOENT && (recorded || !strchr("/.", *typed))) {
		int found = take_name(a, reterr);

		/* without any records it is the file that is not there */
		if (found >= 0 || reterr->id == DIAG_NO_EVENT ||
		    reterr->id == DIAG_MANY_FILES || opt_str(a->cli->opts, "file", NULL))
			return found;
	}
	if (recorded)
		return diag_set(reterr, DIAG_LIVE_ONLY, EOPNOTSUPP,
				"A recorded host has no files: only events are explained "
				"there.");
	if (r < 0)
		return diag_set(reterr, DIAG_OPEN, r, "Cannot find %s: %s.",
				str_quote(q, sizeof(q), span_of(typed)), diag_errno(-r));
	a->subject.path = strbuf_str(&a->path);
	return 0;
}

static int take_op(struct asked *a, struct diag *reterr)
{
	static const struct policy_kernel any;
	const char *op = opt_str(a->cli->opts, "op", NULL);
	uint64_t uid = opt_u64(a->cli->opts, "uid", 0);
	_cleanup_strbuf_ struct strbuf ops = {0};
	struct policymatch_access access;

	if (uid >= UINT32_MAX)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"--uid takes a number below 4294967295.");
	a->subject.uid = (uint32_t)uid;
	a->subject.op = op;
	if (!op || explain_op(op, 0, &any, &access))
		return 0;
	explain_ops(&ops);
	return diag_set(reterr, DIAG_VALUE, EINVAL, "--op is one of %s.",
			strbuf_str(&ops));
}

/* --key and --cert: what is possible hangs on them. */
static int take_keys(struct asked *a, struct diag *reterr)
{
	const char *path;
	int r = 0;

	for (size_t i = 0; r == 0 && (path = opt_nth(a->cli->opts, "cert", i)); i++)
		r = certstore_add(&a->t.certs, path, reterr);
	a->t.key_from = opt_str(a->cli->opts, "key", NULL);
	if (r == 0 && a->t.key_from)
		r = keyopt_private(a->cli, &a->key, reterr);
	a->t.key = a->key;
	a->t.root_dir = a->cli->root_dir;
	return r < 0 ? r : 0;
}

static int open_triage(struct asked *a, struct diag *reterr)
{
	const char *file = opt_str(a->cli->opts, "policy", NULL);
	_cleanup_policy_given_ struct policy_given g = {0};
	struct span text;
	int r = file ? policy_given_read(a->cli, file, &g, reterr) : 0;

	text = strbuf_span(&g.text);
	return r < 0 ? r : triage_open(&a->t, &a->cli->root, file ? &text : NULL, reterr);
}

static int look(struct asked *a, struct diag *reterr)
{
	int r;

	a->is_event = event_id_parse(span_of(a->cli->args[0]), &a->id);
	r = open_triage(a, reterr);
	if (r == 0)
		r = take_op(a, reterr);
	if (r == 0)
		r = take_keys(a, reterr);
	if (r == 0)
		r = a->is_event ? take_event(a, reterr) : take_path(a, reterr);
	return r < 0 ? r : triage_look(&a->t, &a->subject, &a->found, reterr);
}

static int show(struct asked *a)
{
	const struct explainout e = {
		.t = &a->t,
		.found = &a->found,
		.event = a->is_event ? &a->event.denial : NULL,
		.name = a->cli->args[0],
	};

	if (a->cli->json)
		explainout_json(a->cli, &e);
	else
		explainout_text(a->cli, &e);
	return a->found.again == TRIAGE_YES ? CMD_BAD : CMD_OK;
}

static void said_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct remedyplan *p = user;
	struct bytes in = bytes_of(strbuf_str(&p->said), p->said.len);
	struct span line;

	while (bytes_until(&in, '\n', &line)) {
		str_escape(out, line, ascii);
		strbuf_addc(out, '\n');
	}
}

static void said_json(const void *user, struct json *j)
{
	const struct remedyplan *p = user;

	json_span(j, strbuf_span(&p->said));
}

/* The operation that was denied is done once more, as far as that can be without doing
 * harm. */
static int prove(struct asked *a, const char *op)
{
	bool tried;
	int r;

	if (a->cli->root_dir || !op || !touch_can(op))
		return CMD_OK;
	r = touch_file(&a->cli->root, strbuf_str(&a->path), op, a->subject.uid, &tried);
	if (!tried || a->cli->json)
		return tried && r < 0 ? CMD_BAD : CMD_OK;
	out_style(a->cli->out, r < 0 ? OUT_BAD : OUT_GOOD, r < 0 ? "Denied" : "Works");
	if (r < 0)
		out_addf(a->cli->out, " still: %s: %s.\n", op, diag_errno(-r));
	else
		out_addf(a->cli->out, ": %s was tried, and the kernel let it pass.\n",
			 op);
	return r < 0 ? CMD_BAD : CMD_OK;
}

static int fix(struct asked *a, const char *word)
{
	_cleanup_remedyplan_ struct remedyplan p = {0};
	const struct change_ui_more more = {said_text, "said", said_json, &p};
	enum remedy_id id = remedy_from_word(span_of(word));
	const char *op =
		a->found.first < a->found.n_ops ? a->found.op[a->found.first].word : NULL;
	struct change_result result;
	struct diag d = {0};
	char q[80];
	int code;

	if (id < 0)
		diag_set(&d, DIAG_VALUE, EINVAL,
			 "%s is no remedy: imactl-causes(7) has them.",
			 str_quote(q, sizeof(q), span_of(word)));
	if (id < 0 || cmd_may_change(a->cli, &d) < 0 ||
	    remedyplan_make(&a->t, &a->found, id, &p, &d) < 0)
		return cmd_fail(&d);
	code = change_ui_run_full(a->cli, &p.plan, p.said.len ? &more : NULL, &result);
	if (code != CMD_OK || result.outcome != CHANGE_DONE || id == REMEDY_EXEMPT)
		return code;
	return prove(a, op);
}

static int run(struct cli *cli)
{
	const char *word = opt_str(cli->opts, "fix", NULL);
	_cleanup_(asked_freep) struct asked *a = calloc(1, sizeof(*a));
	struct diag d = {0};

	if (!a) {
		diag_set(&d, DIAG_MEMORY, ENOMEM, "Out of memory.");
		return cmd_fail(&d);
	}
	a->cli = cli;
	if (look(a, &d) < 0)
		return cmd_fail(&d);
	return word ? fix(a, word) : show(a);
}

static const struct opt options[] = {
	{"fix", 0, OPT_STRING, "REMEDY", "Plan this remedy, instead of listing them",
	 NULL},
	{"file", 0, OPT_STRING, "FILE|-",
	 "Look for EVENT there, not in what the machine keeps", NULL},
	{"op", 'o', OPT_STRING, "OP",
	 "What is done with the file; each that makes sense when it is left out", NULL},
	{"uid", 0, OPT_NUMBER, "N", "Whose process it is; that of the record, or 0",
	 NULL},
	{"policy", 0, OPT_STRING, "FILE",
	 "As if this policy were loaded first, instead of the one in force", NULL},
	KEYOPT_SIGN,
	{0},
};

const struct cmd cmd_explain = {
	.name = "explain",
	.summary = "Say why a file is denied, and what puts it right",
	.args = "EVENT|PATH",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_PLANS,
	.options = options,
	.run = run,
	.help = "Why it was denied, what is likely to be behind it, what the file is now, whether\n"
		"it would be denied again, and what helps: the most useful first, with its\n"
		"command, what one trusts with it and how it is undone. What is not possible\n"
		"here says what is lacking.\n\n"
		"EVENT is the serial of an audit record, 41, or 1700000000.123:41 where serials\n"
		"repeat, looked for in auditd's logs and the kernel log, or in --file. A file\n"
		"that is called like that is named ./41.\n\n"
		"The end of a name that records have does as well where no file is called so\n"
		"from here, worker or bin/worker: the latest event of that file is explained;\n"
		"of several they are listed. So it is with a recorded host, whose files are not\n"
		"there.\n\n"
		"PATH is looked at as it is now. The kernel is not asked: its decision is made\n"
		"from its rules, its keys and the file, so that denials show which leave no\n"
		"record: of file systems without attributes, of signed files opened for\n"
		"writing, of contents that are revoked. Reading the file is an access that IMA\n"
		"measures and appraises.\n\n"
		"--fix carries a remedy out as a plan that is shown first, journalled, and taken\n"
		"back by 'change undo'. Then the file is used as it was when it was denied, to\n"
		"see what the kernel says: it is opened or mapped; a program is started and\n"
		"ended before its first instruction. Remedies that are only shown, and what all\n"
		"of them mean: imactl-causes(7).\n\n"
		"OP is one of read, write, read-write, append, exec, mmap, module, firmware,\n"
		"kexec, initramfs and policy.\n\n"
		"Exits 1 when the access would fail now.",
};
