/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl log: the measurement list as text, as JSON, or in the forms of other tools. */
#include <errno.h>
#include <string.h>

#include "core/list/export.h"
#include "tui/cli/stream.h"

/* What emit() needs besides the stream. */
struct log {
	struct export *export; /* NULL: text */
	struct strbuf scratch;
};

/* "9f1c..a20b": enough to tell two apart by eye; all of it is in every other form. */
static void short_digest(struct strbuf *out, struct span digest)
{
	if (digest.len < 8) {
		strbuf_addhex(out, digest);
		return;
	}
	strbuf_addhex(out, (struct span){digest.ptr, 2});
	strbuf_adds(out, "..");
	strbuf_addhex(out, (struct span){digest.ptr + digest.len - 2, 2});
}

static const char *package_word(const struct stream *s, struct span path)
{
	int owner;

	if (!s->pkgs || !*pkgdb_kind(s->pkgs) || !path.len || path.ptr[0] != '/')
		return "-";
	owner = pkgdb_owner(s->pkgs, path);
	return owner >= 0 ? pkgdb_name(s->pkgs, owner) : "(unowned)";
}

static void print_row(struct stream *s, const struct mlog_entry *e, uint64_t number)
{
	_cleanup_strbuf_ struct strbuf digest = {0};
	const struct mlog_dialect *d = mstore_dialect(s->store);
	struct span path = mlog_path(d, e), alg = span_of("-");
	struct out *out = s->cli->out;
	struct mlog_digest f;

	if (mlog_file_digest(d, e, &f)) {
		alg = f.alg_name.len ? f.alg_name : span_of(hash_alg_name(f.alg));
		short_digest(&digest, f.value);
	}
	out_addf(out, "%6llu %3u ", (unsigned long long)number, e->pcr);
	out_column(out, e->name, 8);
	out_column(out, alg, 6);
	out_addf(out, "%-13s ", strbuf_str(&digest));
	if (e->violation)
		out_style(out, OUT_BAD, "VIO");
	else
		out_addf(out, "%-3s", export_sig_word(d, e));
	out_add(out, " ");
	out_column(out, span_of(package_word(s, path)), 13);
	out_foreign(out, path);
	out_add(out, "\n");
}

static int emit(struct stream *s, mref ref)
{
	struct log *log = s->user;
	struct mlog_entry e;
	uint64_t number = 0;

	if (log->export)
		return export_entry(log->export, ref, NULL);
	if (!mstore_entry(s->store, ref, &log->scratch, &e))
		return 0;
	(void)mstore_number(s->store, ref, &number);
	print_row(s, &e, number);
	return out_check(s->cli->out);
}

static int flush(struct stream *s)
{
	struct log *log = s->user;

	return log->export ? export_flush(log->export, NULL) : out_flush(s->cli->out);
}

static void print_head(struct out *out)
{
	out_style(out, OUT_BOLD,
		  "     # PCR TEMPLATE ALG    DIGEST        SIG PKG           PATH");
	out_add(out, "\n");
}

static int print(struct stream *s, struct log *log, struct diag *reterr)
{
	bool follow = opt_flag(s->cli->opts, "follow");
	int r = stream_print(s, opt_u64(s->cli->opts, "tail", UINT64_MAX), reterr);

	if (r >= 0 && log->export && follow)
		r = export_flush(log->export, reterr);
	if (r >= 0 && follow)
		r = stream_follow(s, reterr);
	if (r >= 0 && log->export)
		r = export_finish(log->export, reterr);
	return r;
}

static int start_export(struct stream *s, struct log *log, struct diag *reterr)
{
	const char *name =
		opt_str(s->cli->opts, "format", s->cli->json ? "json" : "text");
	enum export_format format = export_format_from_name(name);

	if (format < 0)
		return 0;
	return export_new(format, s->store, s->pkgs, s->cli->out->fd, &log->export,
			  reterr);
}

/* The kernel's own forms hold names as they are: on a terminal they would command it. */
static bool is_raw(const char *format)
{
	return strcmp(format, "ascii") == 0 || strcmp(format, "binary") == 0;
}

static int check_options(const struct cli *cli, const char *format, struct diag *reterr)
{
	if (is_raw(format) && cli->out->tty)
		return diag_set(
			reterr, DIAG_RAW_TERMINAL, EINVAL,
			"--format=%s has file names as they are, with whatever they do "
			"to a terminal.",
			format);
	if (cli->json && strcmp(format, "json") != 0)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"--json and --format=%s exclude each other.", format);
	if (opt_flag(cli->opts, "follow") && strcmp(format, "cel") == 0)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"A CEL list ends: it cannot be followed.");
	return 0;
}

/* The kernel's own forms have no place for a package, and a file may come from another
 * machine than the one whose packages we know. */
static bool shows_packages(const struct cli *cli, const char *format)
{
	return (strcmp(format, "text") == 0 || strcmp(format, "json") == 0 ||
		strcmp(format, "csv") == 0) &&
	       (!opt_str(cli->opts, "file", NULL) || cli->root_dir);
}

static int run(struct cli *cli)
{
	const char *format = opt_str(cli->opts, "format", cli->json ? "json" : "text");
	unsigned flags =
		opt_u64(cli->opts, "tail", UINT64_MAX) == UINT64_MAX ? LIVE_NO_TAIL : 0;
	struct log log = {0};
	struct diag d = {0};
	struct stream s;
	int r;

	r = check_options(cli, format, &d);
	if (r < 0)
		return cmd_fail(&d);
	r = stream_open(&s, cli, opt_str(cli->opts, "file", NULL), flags,
			opt_str(cli->opts, "filter", NULL), &d);
	s.emit = emit;
	s.flush = flush;
	s.user = &log;
	if (r >= 0) {
		if (shows_packages(cli, format) || filter_uses(s.filter, FILTER_PKG))
			stream_load_packages(&s);
		r = start_export(&s, &log, &d);
	}
	if (r >= 0 && !log.export)
		print_head(cli->out);
	if (r >= 0)
		r = print(&s, &log, &d);
	r = r == -EPIPE ? CMD_OK : r < 0 ? cmd_fail(&d) : stream_verdict(&s);
	export_free(log.export);
	strbuf_done(&log.scratch);
	stream_done(&s);
	return r;
}

static const struct opt options[] = {
	{"file", 0, OPT_STRING, "FILE",
	 "Read a saved list, binary or ascii; - for standard input"},
	{"filter", 0, OPT_STRING, "EXPR", "Only entries that pass; see imactl-filter(7)"},
	{"follow", 'f', OPT_FLAG, NULL, "Go on with entries as they come, until ^C"},
	{"format", 0, OPT_CHOICE, "text|json|cel|csv|ascii|binary",
	 "How entries are written"},
	{"tail", 'n', OPT_NUMBER, "N", "Only the last N entries (that pass the filter)"},
	{0},
};

const struct cmd cmd_log = {
	.name = "log",
	.summary = "List or stream the measurement list",
	.flags = CMD_JSON | CMD_STREAMS,
	.options = options,
	.run = run,
	.help = "Prints the measurement list of this kernel, of a recorded host or of a file,\n"
		"each entry on a line, oldest first. What was read stays usable when the list\n"
		"is damaged or cut off: the whole records are printed, then the exit status\n"
		"says so.\n\n"
		"What was read of this kernel's list is kept below /var/cache/imactl until the\n"
		"next boot, since each read costs the kernel a walk of the whole list.",
};
