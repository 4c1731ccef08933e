/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl verify: the list against the TPM, a PCR file, or a recorded host. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/eventlog.h"
#include "core/live.h"
#include "core/mfile.h"
#include "core/tpm.h"
#include "core/verify.h"
#include "tui/cli/cmd.h"
#include "tui/cli/table.h"

enum { PCR_FILE_MAX = 1 << 20 };

/* A file, or the live reader's store. */
struct source {
	int fd;
	const char *name; /* for messages */
	struct live *live;
	mref next;	  /* the first entry not handed out */
	struct span rest; /* of the run handed out in pieces */
	struct tpm *tpm;
	struct diag no_tpm; /* why there are no values; DIAG_NONE: there are */
};

static const char checkpoints_name[] = "verify";

/* What the kernel has now, of which nothing is read twice. */
static int live_more(struct source *s, struct diag *reterr)
{
	const struct mstore *store = live_store(s->live);
	int r = live_poll(s->live, reterr);

	if (r >= 0)
		r = live_catch_up(s->live, NULL, reterr);
	if (r >= 0 && mstore_damage(store)->id != DIAG_NONE) {
		*reterr = *mstore_damage(store);
		return -EBADMSG;
	}
	return r;
}

static ssize_t live_read(void *arg, void *buf, size_t len, struct diag *reterr)
{
	struct source *s = arg;
	const struct mstore *store = live_store(s->live);

	if (s->rest.len == 0) {
		int r = s->next < mstore_head(store) ? 0 : live_more(s, reterr);

		if (r < 0)
			return r;
		s->next += mstore_run(store, s->next, &s->rest);
	}
	if (len > s->rest.len)
		len = s->rest.len;
	if (len)
		memcpy(buf, s->rest.ptr, len);
	s->rest.ptr += len;
	s->rest.len -= len;
	return (ssize_t)len;
}

static int live_rewind(void *arg, struct diag *reterr)
{
	struct source *s = arg;

	s->next = 0;
	s->rest = (struct span){0};
	return 0;
}

static ssize_t source_read(void *arg, void *buf, size_t len, struct diag *reterr)
{
	struct source *s = arg;
	ssize_t n;

	do
		n = read(s->fd, buf, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return diag_set(reterr, DIAG_READ, errno, "Cannot read %s: %s.", s->name,
				diag_errno(errno));
	return n;
}

static int source_rewind(void *arg, struct diag *reterr)
{
	struct source *s = arg;

	return lseek(s->fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

static int source_pcrs(void *arg, uint32_t mask, struct pcrs *ret, struct diag *reterr)
{
	return tpm_read(((struct source *)arg)->tpm, mask, ret, reterr);
}

static int open_file(const char *path, struct source *s, struct verify_options *o,
		     struct diag *reterr)
{
	s->name = path;
	s->fd = mfile_open(path, false, reterr);
	o->column = mfile_bank(path);
	o->digest_size = mfile_column(path);
	return s->fd < 0 ? s->fd : 0;
}

static int open_live(struct cli *cli, struct source *s, struct verify_options *o,
		     struct diag *reterr)
{
	int r = live_open(&cli->root, LIVE_NO_TAIL, NULL, &s->live, reterr);

	if (r < 0)
		return r;
	o->source.read = live_read;
	o->source.rewind = live_rewind;
	o->checkpoints = live_blob(s->live, checkpoints_name);
	return 0;
}

static int open_list(struct cli *cli, struct source *s, struct verify_options *o,
		     struct diag *reterr)
{
	const char *path = opt_str(cli->opts, "file", NULL);

	o->column = _HASH_ALG_INVALID;
	o->source.read = source_read;
	o->source.rewind = source_rewind;
	if (!path && !root_is_recorded(&cli->root))
		return open_live(cli, s, o, reterr);
	if (path)
		return open_file(path, s, o, reterr);
	s->name = "the measurement list";
	s->fd = mfile_open_recorded(&cli->root, reterr);
	return s->fd < 0 ? s->fd : 0;
}

/* "--pcrs sha256:FILE" or "--pcrs FILE". */
static int read_pcr_file(const char *arg, struct pcrs *pcrs, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_close_ int fd = -1;
	struct bytes b = bytes_of(arg, strlen(arg));
	enum hash_alg alg = _HASH_ALG_INVALID;
	const char *path = arg;
	struct diag why = {0};
	char quoted[120];
	struct span name;
	int r;

	if (bytes_until(&b, ':', &name) && hash_alg_from_name(name) >= 0) {
		alg = hash_alg_from_name(name);
		path = arg + b.pos;
	}
	(void)str_quote(quoted, sizeof(quoted), span_of(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return diag_set(reterr, DIAG_OPEN, errno, "Cannot open %s: %s.", quoted,
				diag_errno(errno));
	r = fs_read_fd(fd, PCR_FILE_MAX, quoted, &text, reterr);
	if (r < 0)
		return r;
	r = pcrs_parse(pcrs, (struct span){(const uint8_t *)strbuf_str(&text), text.len},
		       alg, &why);
	if (r >= 0)
		return r;
	return diag_set(reterr, why.id, why.err, "%s, line %u, column %u: %s", quoted,
			why.line, why.column, why.text);
}

static int read_pcr_files(const struct cli *cli, struct pcrs *pcrs, struct diag *reterr)
{
	const char *arg;
	int r;

	for (size_t i = 0; (arg = opt_nth(cli->opts, "pcrs", i)); i++) {
		r = read_pcr_file(arg, pcrs, reterr);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A list of this machine as it is now is checked live: the TPM is read while it grows.
 * Any other is held against values that do not change. Without a TPM the list is replayed
 * all the same, and the verdict is unknown. */
static int open_values(const struct cli *cli, struct source *s, struct verify_options *o,
		       struct pcrs *pcrs, struct diag *reterr)
{
	int r;

	o->pcrs = pcrs;
	if (opt_nth(cli->opts, "pcrs", 0))
		return read_pcr_files(cli, pcrs, reterr);
	r = tpm_open(&cli->root, opt_str(cli->opts, "tcti", NULL), &s->tpm, reterr);
	if (r == -ENODEV && !opt_str(cli->opts, "tcti", NULL)) {
		s->no_tpm = *reterr;
		return 0;
	}
	if (r < 0)
		return r;
	if (!s->live)
		return tpm_read(s->tpm, (1U << PCRS_COUNT) - 1, pcrs, reterr);
	o->source.pcrs = source_pcrs;
	return 0;
}

static int no_such_bank(const char *name, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf known = {0};
	char q[64];

	for (int a = 0; a < _HASH_ALG_MAX; a++)
		if (hash_alg_tpm((enum hash_alg)a))
			strbuf_addf(&known, "%s%s", known.len ? ", " : "",
				    hash_alg_name((enum hash_alg)a));
	return diag_set(reterr, DIAG_VALUE, EINVAL,
			"There is no bank %s; a TPM may have %s.",
			str_quote(q, sizeof(q), span_of(name)), strbuf_str(&known));
}

static int choose_banks(const struct cli *cli, struct verify_options *o,
			struct diag *reterr)
{
	const char *name;

	for (size_t i = 0; (name = opt_nth(cli->opts, "bank", i)); i++) {
		enum hash_alg alg = hash_alg_from_name(span_of(name));

		if (alg < 0)
			return no_such_bank(name, reterr);
		if (o->n_banks == PCRS_BANKS_MAX)
			return diag_set(reterr, DIAG_VALUE, EINVAL,
					"More than %d banks are named.", PCRS_BANKS_MAX);
		o->bank[o->n_banks++] = alg;
	}
	/* Nothing to compare with: what the PCRs should be is worth showing. */
	if (o->n_banks == 0 && !o->source.pcrs && o->pcrs->n_banks == 0) {
		o->bank[o->n_banks++] = HASH_SHA1;
		o->bank[o->n_banks++] = HASH_SHA256;
	}
	return 0;
}

/* What the firmware's own log says PCR 0 to 9 are; absent on many machines. Of the
 * machine the list is from, so not for a list given as a file. */
static void read_firmware(const struct cli *cli, struct verify_options *o,
			  struct pcrs *firmware)
{
	_cleanup_strbuf_ struct strbuf log = {0};

	if (opt_str(cli->opts, "file", NULL) ||
	    root_read(&cli->root, ROOT_EVENT_LOG, &log, NULL) < 0)
		return;
	if (eventlog_replay((struct span){(const uint8_t *)strbuf_str(&log), log.len},
			    firmware, NULL) >= 0)
		o->firmware = firmware;
}

static void json_digest(struct json *j, const char *key, const struct digest *d, bool has)
{
	if (has && d->size) {
		json_khex(j, key, digest_span(d));
		return;
	}
	json_key(j, key);
	json_null(j);
}

static void json_pcr(struct json *j, const struct verify_pcr *p)
{
	json_open(j, '{');
	json_ku64(j, "pcr", p->pcr);
	json_kstr(j, "verdict", verify_verdict_name(p->verdict));
	json_kstr(j, "digests", verify_digests_name(p->mode));
	json_ku64(j, "entries", p->entries);
	json_ku64(j, "matched", p->matched);
	json_ku64(j, "pending", p->pending);
	json_digest(j, "computed", &p->computed, p->has_computed);
	json_digest(j, "expected", &p->expected, p->has_expected);
	json_close(j, '}');
}

static void json_bank(struct json *j, const struct verify_bank *b)
{
	static const struct verify_pcr none;
	const struct verify_pcr *first = b->n_pcrs ? b->pcr : &none;

	json_open(j, '{');
	json_kstr(j, "bank", hash_alg_name(b->alg));
	json_kstr(j, "verdict", verify_verdict_name(b->verdict));
	json_kstr(j, "digests", verify_digests_name(b->mode));
	json_ku64(j, "matched", b->matched);
	json_ku64(j, "pending", b->pending);
	json_digest(j, "computed", &first->computed, first->has_computed);
	json_digest(j, "expected", &first->expected, first->has_expected);
	json_key(j, "pcrs");
	json_open(j, '[');
	for (size_t i = 0; i < b->n_pcrs; i++)
		json_pcr(j, &b->pcr[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void json_errors(struct json *j, const struct verify_result *r)
{
	json_ku64(j, "template_errors_total", r->n_errors);
	json_key(j, "template_errors");
	json_open(j, '[');
	for (size_t i = 0; i < r->n_errors && i < VERIFY_ERRORS_MAX; i++) {
		const struct verify_error *e = &r->error[i];

		json_open(j, '{');
		json_ku64(j, "entry", e->entry);
		json_ku64(j, "offset", e->offset);
		json_kbytes(j, "path", (struct span){e->path, e->path_len});
		json_kstr(j, "problem", e->format ? "template" : "digest");
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_bootagg(struct json *j, const struct verify_bootagg *a)
{
	json_key(j, "boot_aggregate");
	json_open(j, '{');
	json_kstr(j, "verdict", verify_verdict_name(a->verdict));
	json_ku64(j, "entries", a->count);
	json_kbool(j, "zero", a->zero);
	json_key(j, "bank");
	json_str(j, a->logged.size ? hash_alg_name(a->logged.alg) : NULL);
	json_key(j, "pcrs");
	json_str(j, a->computed.size == 0 ? NULL : a->last == 7 ? "0-7" : "0-9");
	json_digest(j, "logged", &a->logged, true);
	json_digest(j, "computed", &a->computed, true);
	json_digest(j, "firmware_log", &a->firmware, true);
	json_close(j, '}');
}

static void json_damage(struct json *j, const struct verify_result *r)
{
	json_key(j, "damage");
	if (r->damage.id == DIAG_NONE) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	json_kstr(j, "id", diag_code(r->damage.id));
	json_kstr(j, "text", r->damage.text);
	json_ku64(j, "entry", r->damage_entry);
	json_ku64(j, "offset", r->damage_offset);
	json_close(j, '}');
}

static void json_reasons(struct json *j, const struct verify_result *r)
{
	json_key(j, "explanation");
	json_open(j, '[');
	for (size_t i = 0; i < r->n_reasons; i++) {
		const struct verify_reason *w = &r->reason[i];

		json_open(j, '{');
		json_kstr(j, "id", verify_why_name(w->why));
		json_kstr(j, "kind", verify_kind_name(w->kind));
		json_kstr(j, "text", w->text);
		json_kstr(j, "hint", verify_why_hint(w->why));
		if (w->first) {
			json_ku64(j, "first", w->first);
			json_ku64(j, "last", w->last);
		}
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void print_json(struct out *out, const struct verify_result *r)
{
	struct json j = json_to(out_buf(out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/verify/1");
	json_kstr(&j, "verdict", verify_verdict_name(r->verdict));
	json_ku64(&j, "entries", r->entries);
	json_ku64(&j, "violations", r->violations);
	json_ku64(&j, "bytes", r->bytes);
	json_kbool(&j, "live", r->live);
	json_ku64(&j, "later", r->later);
	json_ku64(&j, "pcr", r->pcr);
	json_key(&j, "banks");
	json_open(&j, '[');
	for (size_t i = 0; i < r->n_banks; i++)
		json_bank(&j, &r->bank[i]);
	json_close(&j, ']');
	json_errors(&j, r);
	json_bootagg(&j, &r->bootagg);
	json_damage(&j, r);
	json_reasons(&j, r);
	json_close(&j, '}');
	out_add(out, "\n");
}

static const enum out_style verdict_style[] = {
	[VERIFY_UNKNOWN] = OUT_WARN,
	[VERIFY_MATCH] = OUT_GOOD,
	[VERIFY_PENDING] = OUT_BAD,
	[VERIFY_MISMATCH] = OUT_BAD,
};

static void print_verdict(struct out *out, const struct verify_result *r)
{
	static const char *const words[] = {"UNKNOWN", "MATCH", "PENDING", "MISMATCH"};
	char n[48];

	(void)str_counted(n, sizeof(n), r->entries, "entry", "entries");
	out_style(out, verdict_style[r->verdict], words[r->verdict]);
	switch (r->verdict) {
	case VERIFY_MATCH:
		out_addf(out, "  the whole list (%s) is proven by PCR %u.\n", n, r->pcr);
		break;
	case VERIFY_PENDING:
		out_addf(out, "  of the list (%s) only the beginning is proven.\n", n);
		break;
	case VERIFY_MISMATCH:
		out_addf(out, "  the list (%s) is not what was measured.\n", n);
		break;
	case VERIFY_UNKNOWN:
		out_addf(
			out,
			"  the list (%s) is neither proven nor refuted: values are missing.\n",
			n);
		break;
	}
}

static void bank_row(struct table *t, const struct verify_bank *b,
		     const struct verify_pcr *p)
{
	table_textf(t, OUT_PLAIN, "%s", hash_alg_name(b->alg));
	table_textf(t, OUT_PLAIN, "%u", p->pcr);
	table_text(t, verdict_style[p->verdict], verify_verdict_name(p->verdict));
	table_text(t, OUT_PLAIN, p->matched ? verify_digests_name(p->mode) : "-");
	table_textf(t, OUT_PLAIN, "%" PRIu64, p->entries);
	table_textf(t, OUT_PLAIN, "%" PRIu64, p->pending);
}

static void print_values(struct out *out, const struct verify_bank *b)
{
	for (size_t i = 0; i < b->n_pcrs; i++) {
		const struct verify_pcr *p = &b->pcr[i];

		if (p->verdict == VERIFY_MATCH || !p->has_computed)
			continue;
		out_addf(out, "  %s PCR %u\n    computed   ", hash_alg_name(b->alg),
			 p->pcr);
		strbuf_addhex(out_buf(out), digest_span(&p->computed));
		if (p->has_expected) {
			out_add(out, "\n    PCR holds  ");
			strbuf_addhex(out_buf(out), digest_span(&p->expected));
		}
		out_add(out, "\n");
	}
}

static void print_banks(struct out *out, const struct verify_result *r)
{
	static const struct table_column columns[] = {
		{"BANK", false, false},	   {"PCR", true, false},
		{"VERDICT", false, false}, {"DIGESTS", false, false},
		{"ENTRIES", true, false},  {"PENDING", true, false},
	};
	_cleanup_table_ struct table t = {0};

	if (r->n_banks == 0 || r->bank[0].n_pcrs == 0)
		return; /* of an empty list */
	table_init(&t, out, columns, array_size(columns));
	for (size_t i = 0; i < r->n_banks; i++)
		for (size_t p = 0; p < r->bank[i].n_pcrs; p++)
			bank_row(&t, &r->bank[i], &r->bank[i].pcr[p]);
	out_add(out, "\n");
	table_print(out, &t);
	for (size_t i = 0; i < r->n_banks; i++)
		print_values(out, &r->bank[i]);
}

static void print_bootagg(struct out *out, const struct verify_bootagg *a)
{
	if (a->count == 0)
		return;
	out_add(out, "\nboot_aggregate  ");
	out_style(out, verdict_style[a->verdict], verify_verdict_name(a->verdict));
	if (a->computed.size)
		out_addf(out, "  (%s, PCR 0 to %u)", hash_alg_name(a->computed.alg),
			 a->last);
	if (a->firmware.size && a->logged.size)
		out_add(out,
			span_equal(digest_span(&a->firmware), digest_span(&a->logged))
				? "; the firmware's event log agrees"
				: "; the firmware's event log leads to another value");
	out_add(out, "\n");
}

static void print_errors(struct out *out, const struct verify_result *r)
{
	if (r->n_errors == 0)
		return;
	out_addf(out, "\n%" PRIu64 " entries do not fit their digest:\n", r->n_errors);
	for (size_t i = 0; i < r->n_errors && i < VERIFY_ERRORS_MAX; i++) {
		out_addf(out, "  entry %" PRIu64 " at byte %" PRIu64 "  ",
			 r->error[i].entry, r->error[i].offset);
		out_foreign(out, (struct span){r->error[i].path, r->error[i].path_len});
		out_add(out, "\n");
	}
	if (r->n_errors > VERIFY_ERRORS_MAX)
		out_add(out, "  ..\n");
}

static void print_reasons(struct out *out, const struct verify_result *r)
{
	static const char *const words[] = {"Why:      ", "Possible: ", "Note:     "};

	for (size_t i = 0; i < r->n_reasons; i++) {
		const struct verify_reason *w = &r->reason[i];

		out_add(out, "\n");
		out_style(out, w->kind == VERIFY_NOTE ? OUT_DIM : OUT_BOLD,
			  words[w->kind]);
		str_wrap(out_buf(out), out->width, strlen(words[w->kind]), w->text);
		out_addf(out, "%*s", (int)strlen(words[w->kind]), "");
		str_wrap(out_buf(out), out->width, strlen(words[w->kind]),
			 verify_why_hint(w->why));
	}
}

static void print_text(struct out *out, const struct verify_result *r)
{
	print_verdict(out, r);
	print_banks(out, r);
	print_bootagg(out, &r->bootagg);
	print_errors(out, r);
	print_reasons(out, r);
}

static int exit_of(const struct verify_result *r)
{
	switch (r->verdict) {
	case VERIFY_MATCH:
		return CMD_OK;
	case VERIFY_UNKNOWN:
		return CMD_IMPOSSIBLE;
	case VERIFY_PENDING:
	case VERIFY_MISMATCH:
		break;
	}
	return CMD_BAD;
}

/* Everything that is opened, released by one function. */
struct run {
	struct source source;
	struct verify_options o;
	struct pcrs pcrs, firmware;
	struct pool *pool;
	struct verify *v;
};

static void run_free(struct run *r)
{
	verify_free(r->v);
	pool_free(r->pool);
	tpm_free(r->source.tpm);
	live_free(r->source.live);
	cleanup_closep(&r->source.fd);
	free(r);
}
DEFINE_CLEANUP(struct run *, run_free)

static int prepare(struct cli *cli, struct run *r, struct diag *reterr)
{
	int ret = open_list(cli, &r->source, &r->o, reterr);

	if (ret >= 0)
		ret = open_values(cli, &r->source, &r->o, &r->pcrs, reterr);
	if (ret >= 0)
		ret = choose_banks(cli, &r->o, reterr);
	if (ret >= 0)
		ret = pool_new(1, &r->pool, reterr);
	if (ret < 0)
		return ret;
	read_firmware(cli, &r->o, &r->firmware);
	r->o.pool = r->pool;
	r->o.source.arg = &r->source;
	return verify_new(&r->o, &r->v, reterr);
}

/* What has been proven narrows a later mismatch down. Without a place to keep it nothing
 * is lost but that. */
static void save(const struct run *r)
{
	_cleanup_strbuf_ struct strbuf saved = {0};

	if (!r->source.live || verify_result(r->v)->verdict != VERIFY_MATCH)
		return;
	verify_save(r->v, r->o.checkpoints, &saved);
	if (!saved.failed)
		(void)live_set_blob(r->source.live, checkpoints_name,
				    (struct span){(const uint8_t *)strbuf_str(&saved),
						  saved.len});
}

static int run(struct cli *cli)
{
	_cleanup_(run_freep) struct run *r = calloc(1, sizeof(*r));
	struct diag err = {0};

	if (!r) {
		(void)diag_set(&err, DIAG_MEMORY, ENOMEM, "Out of memory.");
		return cmd_fail(&err);
	}
	r->source.fd = -1;
	if (prepare(cli, r, &err) < 0 || verify_run(r->v, &err) < 0)
		return cmd_fail(&err);
	save(r);
	if (cli->json)
		print_json(cli->out, verify_result(r->v));
	else
		print_text(cli->out, verify_result(r->v));
	if (r->source.no_tpm.id !=
	    DIAG_NONE) /* nothing failed, and yet it proves nothing */
		(void)cmd_fail(&r->source.no_tpm);
	return exit_of(verify_result(r->v));
}

static const struct opt options[] = {
	{"file", 0, OPT_STRING, "FILE",
	 "Check this list, binary or ascii; - for standard input"},
	{"log", 0, OPT_STRING, "FILE", NULL, .same_as = "file"},
	{"pcrs", 0, OPT_REPEATED, "[ALG:]FILE", "Take PCR values from this file"},
	{"tcti", 0, OPT_STRING, "CONF", "Reach the TPM this way, e.g. swtpm:path=SOCKET"},
	{"bank", 0, OPT_REPEATED, "ALG", "Check this bank; each one named must match"},
	{0},
};

const struct cmd cmd_verify = {
	.name = "verify",
	.summary = "Prove the measurement list against the TPM",
	.flags = CMD_JSON,
	.options = options,
	.run = run,
	.help = "Replays the measurement list and compares the result with the PCRs, in\n"
		"every bank that has values or that --bank names. The exit status is 0\n"
		"only when each of them holds exactly the whole list, no entry was\n"
		"changed, and the boot aggregate agrees. Entries behind the part that is\n"
		"proven are reported and end in 1, like any mismatch; 3 says that there\n"
		"is nothing to compare with.\n\n"
		"On a mismatch the ways in which it can come about are tried, and the one\n"
		"that leads to the PCR's value is named, with the entry it is about.",
};
