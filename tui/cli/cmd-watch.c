/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl watch: what the kernel measures and denies, as it happens, newest last. */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "core/host/loop.h"
#include "core/list/export.h"
#include "core/triage/trail.h"
#include "tui/cli/denialsel.h"
#include "tui/cli/denialsout.h"
#include "tui/cli/stream.h"

/* Two streams printed as one. */
struct watch {
	struct stream *s; /* of measurements */
	struct strbuf scratch;
	struct trail *trail; /* of denials; NULL: nobody tells of them */
	struct denialsel sel;
	struct diag *reterr;
};

static void utc_now(char *buf, size_t size)
{
	time_t t = time(NULL);
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buf[0] = '\0';
}

static void clock_now(char *buf, size_t size)
{
	time_t t = time(NULL);
	struct tm tm;

	if (!localtime_r(&t, &tm) || strftime(buf, size, "%H:%M:%S", &tm) == 0)
		buf[0] = '\0';
}

static void print_json(struct stream *s, const struct mlog_entry *e, uint64_t number)
{
	struct strbuf *out = out_buf(s->cli->out);
	char when[32];

	utc_now(when, sizeof(when));
	strbuf_addf(
		out,
		"{\"schema\":\"imactl/watch/1\",\"type\":\"measurement\",\"time\":\"%s\","
		"\"entry\":",
		when);
	export_json(out, mstore_dialect(s->store), e, number, NULL);
	strbuf_adds(out, "}\n");
}

static void print_text(struct stream *s, const struct mlog_entry *e, uint64_t number)
{
	const struct mlog_dialect *d = mstore_dialect(s->store);
	struct out *out = s->cli->out;
	struct mlog_digest f;
	char when[32];

	clock_now(when, sizeof(when));
	out_addf(out, "%s ", when);
	if (e->violation)
		out_style(out, OUT_BAD, "VIOLATION");
	else
		out_add(out, "measured ");
	out_addf(out, " %6llu PCR %u ", (unsigned long long)number, e->pcr);
	if (!e->violation && mlog_file_digest(d, e, &f)) {
		out_foreign(out,
			    f.alg_name.len ? f.alg_name : span_of(hash_alg_name(f.alg)));
		out_add(out, ":");
		f.value.len = f.value.len < 8 ? f.value.len : 8;
		strbuf_addhex(out_buf(out), f.value);
		out_add(out, " ");
	}
	out_foreign(out, mlog_path(d, e));
	out_add(out, "\n");
}

static int emit_measurement(struct stream *s, mref ref)
{
	struct watch *w = s->user;
	struct mlog_entry e;
	uint64_t number = 0;

	if (!mstore_entry(s->store, ref, &w->scratch, &e))
		return 0;
	(void)mstore_number(s->store, ref, &number);
	if (s->cli->json)
		print_json(s, &e, number);
	else
		print_text(s, &e, number);
	return out_check(s->cli->out);
}

static void denial_json(struct out *out, const struct denial *d, const char *root_dir)
{
	struct json j = json_to(out_buf(out));
	char when[40];

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/watch/1");
	json_kstr(&j, "type", "denial");
	json_kstr(&j, "time", d->time_ms ? denialsout_time(when, d->time_ms) : NULL);
	json_key(&j, "denial");
	json_open(&j, '{');
	denialsout_members(&j, d, root_dir);
	json_close(&j, '}');
	json_close(&j, '}');
	out_add(out, "\n");
}

static void denial_text(struct out *out, const struct denial *d)
{
	char when[32];

	clock_now(when, sizeof(when));
	out_addf(out, "%s ", when);
	out_style(out, d->denied == DENIAL_DENIED ? OUT_BAD : OUT_WARN,
		  d->denied == DENIAL_DENIED ? "DENIED   " : "reported ");
	out_addf(out, " %s ", denial_kind_name(d->kind));
	out_foreign(out, d->cause);
	out_add(out, " by ");
	out_foreign(out, d->comm.len ? d->comm : span_of("-"));
	out_add(out, ": ");
	denialsout_what(out, d);
	out_add(out, "\n");
}

/* A file is measured before it is appraised (ima_main.c process_measurement()): what was
 * measured until now comes before the denial. */
static int emit_denial(void *user, const struct denial *d)
{
	struct watch *w = user;
	struct out *out = w->s->cli->out;
	int r;

	if (!denialsel_wants(&w->sel, d))
		return 0;
	r = stream_look(w->s, w->reterr);
	if (r < 0)
		return r;
	if (w->s->cli->json)
		denial_json(out, d, w->s->cli->root_dir);
	else
		denial_text(out, d);
	return out_check(out);
}

static int on_records(void *user)
{
	struct watch *w = user;
	int r;

	do
		r = trail_step(w->trail, w->reterr);
	while (r > 0);
	return r < 0 ? r : out_flush(w->s->cli->out);
}

static int on_ready(void *user, int fd, short revents)
{
	return on_records(user);
}

static int add_denials(struct stream *s, struct loop *loop)
{
	struct watch *w = s->user;
	int r = 0;

	if (!w->trail)
		return 0;
	if (trail_fd(w->trail) >= 0)
		r = loop_add_fd(loop, trail_fd(w->trail), POLLIN, on_ready, w);
	return r < 0 ? r : loop_add_timer(loop, 0, SOURCE_POLL_MS, on_records, w);
}

/* Without them the measurements are still worth watching; it is said. */
static void open_denials(struct watch *w, struct cli *cli, const char *filter)
{
	const struct trail_options how = {.fd = -1, .live = true, .no_history = true};
	struct diag d = {0};
	int r = denialsel_open_filter(&w->sel, cli, filter, &d);

	if (r >= 0) {
		denialsel_packages(&w->sel, cli, false);
		r = trail_open(&cli->root, &how, emit_denial, w, &w->trail, &d);
	}
	if (r < 0)
		cmd_note("denials are not shown: %s", d.text);
}

static void note_lost(const struct watch *w)
{
	struct trail_state s;

	if (!w->trail)
		return;
	trail_state(w->trail, &s);
	if (s.lost)
		cmd_note("%llu audit records were lost before they could be read",
			 (unsigned long long)s.lost);
}

static int run(struct cli *cli)
{
	uint64_t tail = opt_u64(cli->opts, "tail", 0);
	const char *filter = opt_str(cli->opts, "filter", NULL);
	struct diag d = {0};
	struct stream s;
	struct watch w = {.s = &s, .reterr = &d};
	int r;

	/* A filter over the past has to see all of it; without one its end is enough. */
	r = stream_open(&s, cli, NULL, LIVE_NO_CHECKPOINT | (tail ? 0 : LIVE_FROM_END),
			filter, &d);
	s.emit = emit_measurement;
	s.began = add_denials;
	s.user = &w;
	if (r >= 0 && s.ctx.pkgs == NULL && filter_uses(s.filter, FILTER_PKG))
		stream_load_packages(&s);
	if (r >= 0)
		open_denials(&w, cli, filter);
	if (r >= 0)
		r = stream_print(&s, tail ? tail : UINT64_MAX, &d);
	if (r >= 0)
		r = stream_follow(&s, &d);
	r = r == -EPIPE ? CMD_OK : r < 0 ? cmd_fail(&d) : stream_verdict(&s);
	note_lost(&w);
	trail_free(w.trail);
	denialsel_done(&w.sel);
	strbuf_done(&w.scratch);
	stream_done(&s);
	return r;
}

static const struct opt options[] = {
	{"filter", 0, OPT_STRING, "EXPR", "Only files that pass; see imactl-filter(7)"},
	{"tail", 'n', OPT_NUMBER, "N", "Begin with the last N entries there are"},
	{0},
};

const struct cmd cmd_watch = {
	.name = "watch",
	.summary = "Show measurements and denials as they happen",
	.flags = CMD_JSON | CMD_STREAMS | CMD_LIVE,
	.options = options,
	.run = run,
	.help = "Prints each entry that the kernel adds to the measurement list from now on, and\n"
		"each denial that it audits, in the order in which they come, until ^C.\n"
		"Nothing of the list that is there already is read, unless --tail asks for its\n"
		"last entries. A filter that asks for what only measurements have leaves the\n"
		"denials out.",
};
