/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl watch: what the kernel measures, as it happens, newest last. */
#include <errno.h>
#include <time.h>

#include "core/list/export.h"
#include "tui/cli/stream.h"

/* One kind of event; each has its stream and its way to print one. */
struct source {
	const char *type;
	unsigned live_flags;
	int (*emit)(struct stream *s, mref ref);
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
	struct strbuf *scratch = s->user;
	struct mlog_entry e;
	uint64_t number = 0;

	if (!mstore_entry(s->store, ref, scratch, &e))
		return 0;
	(void)mstore_number(s->store, ref, &number);
	if (s->cli->json)
		print_json(s, &e, number);
	else
		print_text(s, &e, number);
	return out_check(s->cli->out);
}

static const struct source measurements = {
	.type = "measurement",
	.live_flags = LIVE_NO_CHECKPOINT,
	.emit = emit_measurement,
};

static int run(struct cli *cli)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	uint64_t tail = opt_u64(cli->opts, "tail", 0);
	const char *filter = opt_str(cli->opts, "filter", NULL);
	struct diag d = {0};
	struct stream s;
	int r;

	/* A filter over the past has to see all of it; without one its end is enough. */
	r = stream_open(&s, cli, NULL,
			measurements.live_flags | (tail ? 0 : LIVE_FROM_END), filter, &d);
	s.emit = measurements.emit;
	s.user = &scratch;
	if (r >= 0 && s.ctx.pkgs == NULL && filter_uses(s.filter, FILTER_PKG))
		stream_load_packages(&s);
	if (r >= 0)
		r = stream_print(&s, tail ? tail : UINT64_MAX, &d);
	if (r >= 0)
		r = stream_follow(&s, &d);
	r = r == -EPIPE ? CMD_OK : r < 0 ? cmd_fail(&d) : stream_verdict(&s);
	stream_done(&s);
	return r;
}

static const struct opt options[] = {
	{"filter", 0, OPT_STRING, "EXPR", "Only entries that pass; see imactl-filter(7)"},
	{"tail", 'n', OPT_NUMBER, "N", "Begin with the last N entries there are"},
	{0},
};

const struct cmd cmd_watch = {
	.name = "watch",
	.summary = "Show measurements as they happen, newest last",
	.flags = CMD_JSON | CMD_STREAMS | CMD_LIVE,
	.options = options,
	.run = run,
	.help = "Prints each entry that the kernel adds to the measurement list from now on,\n"
		"until ^C. Nothing of the list that is there already is read, unless --tail\n"
		"asks for its last entries.",
};
