/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl verify: the list against the TPM, a PCR file, or a recorded host. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/verify/eventlog.h"
#include "core/list/live.h"
#include "core/list/mfile.h"
#include "core/list/msigcheck.h"
#include "core/verify/tpm.h"
#include "core/verify/verify-list.h"
#include "tui/cli/cmd.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/verify-out.h"

enum {
	PCR_FILE_MAX = 1 << 20,
	SEARCH_SECONDS_MAX = 7 * 24 * 3600,
};

/* A file, or the live reader's store. */
struct source {
	int fd;
	const char *name; /* for messages */
	struct live *live;
	struct verify_list list;
	char copy_name[VERIFY_COPIES_MAX][72];
	struct tpm *tpm;
	struct diag no_tpm; /* why there are no values; DIAG_NONE: there are */
};

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
	int r = verify_list_at_end(&s->list) ? live_more(s, reterr) : 0;

	return r < 0 ? r : verify_list_read(&s->list, buf, len);
}

static int live_rewind(void *arg, struct diag *reterr)
{
	verify_list_rewind(&((struct source *)arg)->list);
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
	s->list.live = s->live;
	s->list.store = live_store(s->live);
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

/* Those the user names, and those of the machine the list is from. */
static int open_copies(const struct cli *cli, struct source *s, struct verify_options *o,
		       struct diag *reterr)
{
	const char *path;

	for (size_t i = 0; (path = opt_nth(cli->opts, "copy", i)); i++) {
		int fd = mfile_open(path, true, reterr);

		if (fd < 0)
			return fd;
		if (i == VERIFY_COPIES_MAX) {
			(void)close(fd);
			return diag_set(reterr, DIAG_VALUE, EINVAL,
					"More than %d copies are named.",
					VERIFY_COPIES_MAX);
		}
		(void)str_quote(s->copy_name[i], sizeof(s->copy_name[i]), span_of(path));
		verify_list_add_copy(&s->list, o, fd, mfile_column(path),
				     s->copy_name[i]);
	}
	if (!opt_str(cli->opts, "file", NULL))
		verify_list_know(&s->list, &cli->root, o);
	return 0;
}

static int choose_search(const struct cli *cli, struct verify_options *o,
			 struct diag *reterr)
{
	const char *text = opt_str(cli->opts, "search", NULL);
	uint64_t seconds = VERIFY_SEARCH_MS / 1000;
	char quoted[64];

	if (text &&
	    (str_to_u64(span_of(text), &seconds) < 0 || seconds > SEARCH_SECONDS_MAX))
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"'%s' is not a number of seconds up to %d.",
				str_quote(quoted, sizeof(quoted), span_of(text)),
				SEARCH_SECONDS_MAX);
	o->search_ms = (unsigned)(seconds * 1000);
	return 0;
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

/* What the PCRs say. */
static int exit_of_list(const struct verify_result *r)
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

/* The worse of both: what is wrong, then what cannot be known. */
static int exit_of(const struct verify_result *r, const struct msigcheck_result *sigs)
{
	int list = exit_of_list(r);
	enum sig_verdict v = sigs ? msigcheck_verdict(sigs) : SIG_GOOD;

	if (list == CMD_BAD || v == SIG_BAD)
		return CMD_BAD;
	return v == SIG_GOOD ? list : CMD_IMPOSSIBLE;
}

/* Everything that is opened, released by one function. */
struct run {
	struct source source;
	struct verify_options o;
	struct pcrs pcrs, firmware;
	struct keyopt_keys keys;
	struct msigcheck *sigs; /* NULL: signatures are not checked */
	struct pool *pool;
	struct verify *v;
};

static void run_free(struct run *r)
{
	verify_free(r->v);
	msigcheck_free(r->sigs);
	keyopt_keys_done(&r->keys);
	pool_free(r->pool);
	verify_list_done(&r->source.list);
	tpm_free(r->source.tpm);
	live_free(r->source.live);
	cleanup_closep(&r->source.fd);
	free(r);
}
DEFINE_CLEANUP(struct run *, run_free)

static void check_entry(void *user, const struct mlog_dialect *dialect,
			const struct mlog_entry *entry)
{
	msigcheck_add(user, dialect, entry);
}

/* Whoever names keys wants them used. */
static bool wants_signatures(const struct cli *cli)
{
	return opt_flag(cli->opts, "signatures") || opt_nth(cli->opts, "cert", 0) ||
	       opt_nth(cli->opts, "certs", 0);
}

/* Signatures take most of the time, and every processor. */
static int open_pool(struct cli *cli, struct run *r, struct diag *reterr)
{
	bool sigs = wants_signatures(cli);
	int ret = pool_new(sigs ? 0 : 1, &r->pool, reterr);

	r->o.pool = r->pool;
	if (ret < 0 || !sigs)
		return ret;
	ret = keyopt_keys(cli, &r->keys, reterr);
	if (ret >= 0)
		ret = msigcheck_new(r->pool, r->keys.use[IMAXATTR_IMA], &r->sigs, reterr);
	r->o.entry = check_entry;
	r->o.user = r->sigs;
	return ret;
}

static int prepare(struct cli *cli, struct run *r, struct diag *reterr)
{
	int ret = open_list(cli, &r->source, &r->o, reterr);

	if (ret >= 0)
		ret = open_values(cli, &r->source, &r->o, &r->pcrs, reterr);
	if (ret >= 0)
		ret = choose_banks(cli, &r->o, reterr);
	if (ret >= 0)
		ret = choose_search(cli, &r->o, reterr);
	if (ret >= 0)
		ret = open_copies(cli, &r->source, &r->o, reterr);
	if (ret >= 0)
		ret = open_pool(cli, r, reterr);
	if (ret < 0)
		return ret;
	read_firmware(cli, &r->o, &r->firmware);
	r->o.source.arg = &r->source;
	return verify_new(&r->o, &r->v, reterr);
}

/* Somebody may be waiting for the search. */
static int check(const struct run *r, struct diag *reterr)
{
	bool told = !isatty(STDERR_FILENO);
	int ret;

	while ((ret = verify_step(r->v, 100000, reterr)) > 0) {
		if (ret == VERIFY_WAIT)
			(void)poll(NULL, 0, (int)verify_wait_ms(r->v)); /* a sleep */
		if (told || !verify_result(r->v)->search.running)
			continue;
		cmd_note(
			"the list does not match; looking for what was changed, for %u s at "
			"most (--search)",
			r->o.search_ms / 1000);
		told = true;
	}
	return ret;
}

static int run(struct cli *cli)
{
	_cleanup_(run_freep) struct run *r = calloc(1, sizeof(*r));
	const struct msigcheck_result *sigs;
	struct diag err = {0};

	if (!r) {
		(void)diag_set(&err, DIAG_MEMORY, ENOMEM, "Out of memory.");
		return cmd_fail(&err);
	}
	r->source.fd = -1;
	if (prepare(cli, r, &err) < 0 || check(r, &err) < 0 ||
	    (r->sigs && msigcheck_finish(r->sigs, &err) < 0))
		return cmd_fail(&err);
	sigs = r->sigs ? msigcheck_result(r->sigs) : NULL;
	verify_list_save(&r->source.list, r->v);
	if (cli->json)
		verify_out_json(cli->out, verify_result(r->v), sigs);
	else
		verify_out_text(cli->out, verify_result(r->v), sigs);
	if (r->source.no_tpm.id !=
	    DIAG_NONE) /* nothing failed, and yet it proves nothing */
		(void)cmd_fail(&r->source.no_tpm);
	return exit_of(verify_result(r->v), sigs);
}

static const struct opt options[] = {
	{"file", 0, OPT_STRING, "FILE",
	 "Check this list, binary or ascii; - for standard input"},
	{"log", 0, OPT_STRING, "FILE", NULL, .same_as = "file"},
	{"pcrs", 0, OPT_REPEATED, "[ALG:]FILE", "Take PCR values from this file"},
	{"tcti", 0, OPT_STRING, "CONF", "Reach the TPM this way, e.g. swtpm:path=SOCKET"},
	{"bank", 0, OPT_REPEATED, "ALG", "Check this bank; each one named must match"},
	{"copy", 0, OPT_REPEATED, "FILE",
	 "Another copy of the list, to find what was changed"},
	{"search", 0, OPT_STRING, "SECONDS",
	 "Look this long for a single change (default 10)"},
	{"signatures", 's', OPT_FLAG, NULL,
	 "Check the signatures that entries carry, too"},
	{"verify-sig", 0, OPT_FLAG, NULL, NULL, .same_as = "signatures"},
	KEYOPT_VERIFY,
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
		"that leads to the PCR's value is named, with the entry it is about. An\n"
		"entry that was dropped, or changed together with its digest, can be named\n"
		"only with another copy of the list: those of a recorded host, what was\n"
		"read earlier in this boot, and those given with --copy are compared.\n\n"
		"No PCR covers the name of an entry's template. Where its data could as\n"
		"well be of another one, a signature that is read as a buffer, a note\n"
		"says so.\n\n"
		"The change of single entries is searched for from the end of the list, for\n"
		"--search seconds at most. In 10 s one core of 2024 gets through the last\n"
		"22,000 entries with a SHA-1 bank, 10,000 with SHA-256; twice as many take\n"
		"four times as long. How far it got is said. Checks that are made often\n"
		"leave less to search: what a match proved is kept until the next boot.\n\n"
		"--signatures holds the signature in an entry against its file's digest, with\n"
		"the keys of --cert and --certs or, without them, those of this kernel (.ima,\n"
		"_ima). One that is wrong ends in 1; one whose key is not at hand, or that\n"
		"the list alone cannot prove, in 3.",
};
