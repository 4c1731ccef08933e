/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl denials: what the kernel refused, and what else it says about integrity. */
#include "tui/cli/cmd-denials.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "core/triage/trail.h"
#include "tui/cli/denialsel.h"
#include "tui/cli/denialsout.h"
#include "tui/cli/follow.h"

struct listing {
	struct cli *cli;
	struct denialsel sel;
	struct trail *trail;
	struct denials *groups; /* NULL: each is printed */
	enum denials_key key;
	uint64_t shown, denied, cut;
	bool follow;
	struct diag *reterr;
};

static void print(struct listing *l, const struct denial *d)
{
	struct out *out = l->cli->out;
	struct json j = json_to(out_buf(out));

	if (!l->cli->json) {
		if (l->shown == 1)
			denialsout_head(out);
		denialsout_line(out, d);
		return;
	}
	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/denial/1");
	denialsout_members(&j, d, l->cli->root_dir);
	json_close(&j, '}');
	out_add(out, "\n");
}

static int take(void *user, const struct denial *d)
{
	struct listing *l = user;
	int r = 0;

	if (!denialsel_wants(&l->sel, d))
		return 0;
	l->shown++;
	l->denied += d->denied == DENIAL_DENIED;
	l->cut += d->cut;
	if (l->groups) {
		r = denials_add(l->groups, d);
		return r < 0 ? r : 0;
	}
	print(l, d);
	return out_check(l->cli->out);
}

static int open_file(const char *path, struct diag *reterr)
{
	char q[140];
	int fd;

	if (!path)
		return -1;
	if (strcmp(path, "-") == 0)
		fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return diag_set(reterr, errno == EACCES ? DIAG_PERMISSION : DIAG_OPEN,
				errno, "Cannot open %s: %s.",
				str_quote(q, sizeof(q), span_of(path)),
				diag_errno(errno));
	return fd;
}

static int open_trail(struct listing *l, struct diag *reterr)
{
	const struct opts *o = l->cli->opts;
	const char *file = opt_str(o, "file", NULL);
	struct trail_options how = {.kernel = opt_flag(o, "kmsg"), .live = l->follow};

	how.fd = open_file(file, reterr);
	if (file && how.fd < 0)
		return how.fd;
	return trail_open(&l->cli->root, &how, take, l, &l->trail, reterr);
}

static int exclude(const char *a, const char *b, struct diag *reterr)
{
	return diag_set(reterr, DIAG_VALUE, EINVAL, "--%s and --%s exclude each other.",
			a, b);
}

static int check_options(struct listing *l, struct diag *reterr)
{
	const struct opts *o = l->cli->opts;
	const char *file = opt_str(o, "file", NULL), *group = opt_str(o, "group", NULL);

	if (file && opt_flag(o, "kmsg"))
		return exclude("file", "kmsg", reterr);
	if (file && l->follow)
		return exclude("file", "follow", reterr);
	if (group && l->follow)
		return exclude("group", "follow", reterr);
	if (l->follow && root_is_recorded(&l->cli->root))
		return diag_set(reterr, DIAG_LIVE_ONLY, EOPNOTSUPP,
				"A recorded host has nothing to follow.");
	l->key = group ? denials_key_from_name(group) : _DENIALS_KEY_INVALID;
	return group ? denials_new(&l->groups, reterr) : 0;
}

static int flush(struct listing *l)
{
	return out_flush(l->cli->out);
}

static int read_history(struct listing *l, struct diag *reterr)
{
	int r;

	do
		r = trail_read(l->trail, reterr);
	while (r > 0);
	return r;
}

static int print_groups(struct listing *l)
{
	_cleanup_free_ struct denials_group *g = NULL;
	int n = denials_group(l->groups, l->key, l->sel.pkgs, l->sel.now_s / 60, NULL,
			      NULL, &g);

	if (n < 0)
		return n;
	if (l->cli->json)
		denialsout_groups_json(l->cli->out, l->key, g, (size_t)n);
	else if (n)
		denialsout_groups(l->cli->out, l->key, g, (size_t)n);
	return 0;
}

static int on_records(void *user)
{
	struct listing *l = user;
	int r;

	do
		r = trail_step(l->trail, l->reterr);
	while (r > 0);
	return r < 0 ? r : flush(l);
}

static int on_ready(void *user, int fd, short revents)
{
	return on_records(user);
}

static int follow(struct listing *l, struct diag *reterr)
{
	struct follow f;
	int r = follow_open(&f, l->cli->out, reterr);

	l->reterr = reterr;
	if (r == 0 && trail_fd(l->trail) >= 0)
		r = loop_add_fd(f.loop, trail_fd(l->trail), POLLIN, on_ready, l);
	if (r >= 0)
		r = loop_add_timer(f.loop, 0, SOURCE_POLL_MS, on_records, l);
	r = r < 0 ? r : follow_run(&f);
	follow_done(&f);
	return r;
}

static void summary(struct listing *l, const struct trail_state *s)
{
	struct denials_totals t = {0};
	struct json j = json_to(out_buf(l->cli->out));

	if (l->groups)
		denials_totals(l->groups, &t);
	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/denials/1");
	json_ku64(&j, "shown", l->shown);
	json_ku64(&j, "denied", l->denied);
	json_ku64(&j, "muted", l->sel.n_muted);
	json_ku64(&j, "lost", s->lost);
	json_ku64(&j, "damaged", s->damaged);
	json_ku64(&j, "cut", l->cut);
	json_ku64(&j, "crowded", t.crowded);
	json_close(&j, '}');
	out_add(l->cli->out, "\n");
}

static void note_count(uint64_t n, const char *one, const char *many, const char *what,
		       const char *more)
{
	char buf[60];

	if (n)
		cmd_note("%s: %s%s", str_counted(buf, sizeof(buf), n, one, many), what,
			 more);
}

/* What was not seen is said, never passed over. */
static void notes(struct listing *l, const struct trail_state *s)
{
	struct denials_totals t = {0};

	if (l->groups)
		denials_totals(l->groups, &t);
	note_count(s->lost, "record", "records", "lost before we could read them", "");
	note_count(s->damaged, "record", "records",
		   "not to be read; the first: ", s->why_damaged.text);
	note_count(
		l->cut, "record", "records",
		"cut off, as the kernel log has room for 1 KiB; auditd keeps them whole",
		"");
	note_count(t.crowded, "denial", "denials", "without a name, so many differ", "");
	note_count(l->sel.n_muted, "denial", "denials", "muted; --all shows them", "");
	if (s->no_log.id && s->no_log.err != ENOENT)
		cmd_note("%s", s->no_log.text);
	if (s->no_kernel.id && s->no_kernel.err != ENOENT)
		cmd_note("%s", s->no_kernel.text);
}

static int finish(struct listing *l)
{
	struct trail_state s;

	trail_state(l->trail, &s);
	if (l->cli->json)
		summary(l, &s);
	if (!l->cli->json && !l->shown && !l->follow)
		out_add(l->cli->out, "Nothing is known of any denial.\n");
	(void)out_check(l->cli->out);
	notes(l, &s);
	return !l->follow && (l->denied || s.damaged) ? CMD_BAD : CMD_OK;
}

static int list(struct listing *l, struct diag *reterr)
{
	int r = check_options(l, reterr);

	if (r >= 0)
		r = denialsel_open(&l->sel, l->cli, opt_str(l->cli->opts, "filter", NULL),
				   reterr);
	if (r < 0)
		return r;
	denialsel_packages(&l->sel, l->cli, l->key == DENIALS_BY_PACKAGE);
	r = open_trail(l, reterr);
	if (r < 0)
		return r;
	r = read_history(l, reterr);
	if (r >= 0 && l->groups)
		r = print_groups(l);
	return r >= 0 && l->follow ? follow(l, reterr) : r;
}

static int run(struct cli *cli)
{
	struct listing l = {.cli = cli, .follow = opt_flag(cli->opts, "follow")};
	struct diag d = {0};
	int r = list(&l, &d);

	if (r == -ENOMEM && !d.id)
		(void)diag_set(&d, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	r = r == -EPIPE ? CMD_OK : r < 0 ? cmd_fail(&d) : finish(&l);
	trail_free(l.trail);
	denials_free(l.groups);
	denialsel_done(&l.sel);
	return r;
}

static const struct opt options[] = {
	{"follow", 'f', OPT_FLAG, NULL, "Go on with denials as they come, until ^C"},
	{"group", 0, OPT_CHOICE, "cause|path|program|package",
	 "Count those that are alike, instead of a line each"},
	DENIALSEL_OPTIONS,
	{"filter", 0, OPT_STRING, "EXPR", "Only files that pass; see imactl-filter(7)"},
	{"file", 0, OPT_STRING, "FILE",
	 "Read records from a file; - for standard input (ausearch --raw)"},
	{"kmsg", 0, OPT_FLAG, NULL, "Look at the kernel log alone"},
	{0},
};

static const struct cmd *const subs[] = {&cmd_denials_mute, &cmd_denials_unmute, NULL};

const struct cmd cmd_denials = {
	.name = "denials",
	.summary = "List or follow what the kernel denied, and why",
	.flags = CMD_JSON | CMD_STREAMS,
	.options = options,
	.subs = subs,
	.run = run,
	.help = "Prints what the kernel says about integrity in the audit trail: accesses that\n"
		"appraisal does not let pass, labels that were not to be changed, violations,\n"
		"and policies, keys and measurements that failed; each with whether somebody\n"
		"was refused something, or whether it was only reported. Read are the files\n"
		"that auditd keeps and the kernel log; with --follow the kernel's own audit\n"
		"records, beside auditd.\n\n"
		"Ends with 1 when something was denied.",
};
