/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/proof.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/fs.h"

enum {
	AGAIN_MS = 2000, /* a live list is checked on at most this often */
	PCR_FILE_MAX = 64 << 10,
	BOOT_PCRS = 0x3ff, /* boot_aggregate is over 0 to 9 */
	ALL_PCRS = (1 << PCRS_COUNT) - 1,
};

void proof_init(struct proof *p, const struct tui_config *config,
		const struct mstore *store, struct live *live, struct pool *pool)
{
	*p = (struct proof){.config = config,
			    .list = {.store = store, .live = live},
			    .pool = pool};
}

void proof_done(struct proof *p)
{
	verify_free(p->verify);
	verify_list_done(&p->list);
	tpm_free(p->tpm);
	*p = (struct proof){0};
}

void proof_restart(struct proof *p)
{
	p->verify = verify_free(p->verify);
	verify_list_done(&p->list);
	p->tpm = tpm_free(p->tpm);
	p->opened = false;
	p->state = PROOF_LOADING;
	p->has_result = false;
	p->pcrs = (struct pcrs){0};
	p->error = p->no_tpm = (struct diag){0};
	p->wait_until = p->again_at = 0;
}

static ssize_t read_list(void *arg, void *buf, size_t len, struct diag *reterr)
{
	return verify_list_read(&((struct proof *)arg)->list, buf, len);
}

static int rewind_list(void *arg, struct diag *reterr)
{
	verify_list_rewind(&((struct proof *)arg)->list);
	return 0;
}

/* Those of the boot do not change; IMA's are read anew each time. */
static void merge(struct pcrs *into, const struct pcrs *from)
{
	for (size_t b = 0; b < from->n_banks; b++) {
		struct pcr_bank *bank = pcrs_bank(into, from->bank[b].alg);

		for (unsigned i = 0; bank && i < PCRS_COUNT; i++)
			if (from->bank[b].present & 1u << i) {
				bank->present |= 1u << i;
				memcpy(bank->value[i], from->bank[b].value[i],
				       HASH_MAX_SIZE);
			}
	}
	into->update_counter = from->update_counter;
}

/* What was read of the boot is not asked for again: each PCR is a command to a slow chip.
 */
static int read_pcrs(void *arg, uint32_t mask, struct pcrs *ret, struct diag *reterr)
{
	struct proof *p = arg;
	uint32_t boot = p->pcrs.n_banks ? p->pcrs.bank[0].present & BOOT_PCRS : 0;
	int r = tpm_read(p->tpm, mask & ~boot, &p->now, reterr);

	if (r < 0)
		return r;
	merge(&p->pcrs, &p->now);
	*ret = p->pcrs;
	return 0;
}

/* A PCR file named on the command line; the bank from its name or the digests' size. */
static int read_pcr_file(struct proof *p, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = fs_read_at(AT_FDCWD, p->config->pcrs, PCR_FILE_MAX, &text, reterr);

	if (r < 0)
		return r;
	return pcrs_parse(&p->pcrs,
			  (struct span){(const uint8_t *)strbuf_str(&text), text.len},
			  _HASH_ALG_INVALID, reterr);
}

/* Without values the list is still replayed: it can be read, but not proven. */
static void open_values(struct proof *p)
{
	p->opened = true;
	if (p->config->pcrs) {
		(void)read_pcr_file(p, &p->no_tpm);
		return;
	}
	if (p->config->file) {
		(void)diag_set(
			&p->no_tpm, DIAG_NO_PCR, ENODATA,
			"The list was opened from a file, without PCR values beside it.");
		return;
	}
	if (tpm_open(p->config->root, p->config->tcti, &p->tpm, &p->no_tpm) < 0)
		return;
	if (!p->list.live)
		(void)tpm_read(p->tpm, ALL_PCRS, &p->pcrs, &p->no_tpm);
}

/* One PCR a slice: each is a command to a slow chip. False: all have been read. */
static bool boot_pcr(struct proof *p)
{
	uint32_t have = p->pcrs.n_banks ? p->pcrs.bank[0].present : 0;
	unsigned i = 0;

	while (i < 10 && have & 1u << i)
		i++;
	if (!p->list.live || !p->tpm || i == 10 ||
	    tpm_read(p->tpm, 1u << i, &p->now, NULL) < 0)
		return false;
	merge(&p->pcrs, &p->now);
	return p->pcrs.n_banks && p->pcrs.bank[0].present & 1u << i;
}

static int start(struct proof *p, uint64_t now_ms)
{
	struct verify_options o = {
		.source = {.read = read_list, .rewind = rewind_list, .arg = p},
		.pcrs = &p->pcrs,
		.digest_size = mstore_dialect(p->list.store)->digest_size,
		.column = _HASH_ALG_INVALID,
		.pool = p->pool,
		.search_ms = VERIFY_SEARCH_MS,
		.beside = true,
	};

	if (p->list.live && p->tpm)
		o.source.pcrs = read_pcrs;
	if (!p->config->file)
		verify_list_know(&p->list, p->config->root, &o);
	verify_list_rewind(&p->list);
	p->state = PROOF_RUNNING;
	p->started_ms = now_ms;
	return verify_new(&o, &p->verify, &p->error);
}

/* The engine's own result changes as soon as it goes on. */
static void keep_result(struct proof *p)
{
	p->shown = *verify_result(p->verify);
	p->has_result = true;
	for (size_t b = 0; b < p->shown.n_banks; b++) {
		struct verify_bank *bank = &p->shown.bank[b];

		bank->n_pcrs = bank->n_pcrs < PCRS_COUNT ? bank->n_pcrs : PCRS_COUNT;
		memcpy(p->pcr[b], bank->pcr, bank->n_pcrs * sizeof(*bank->pcr));
		bank->pcr = p->pcr[b];
	}
}

static int finish(struct proof *p, uint64_t now_ms, time_t wall)
{
	p->state = PROOF_DONE;
	keep_result(p);
	verify_list_save(&p->list, p->verify);
	p->checked = wall;
	p->checked_entries = p->shown.entries;
	p->took_ms = now_ms - p->started_ms;
	p->again_at = p->list.live ? now_ms + AGAIN_MS : 0;
	return 0;
}

static int run(struct proof *p, unsigned budget_us, uint64_t now_ms, time_t wall)
{
	int r = verify_step(p->verify, budget_us, &p->error);

	if (r < 0) {
		p->state = PROOF_FAILED;
		return 0;
	}
	p->wait_until = r == VERIFY_WAIT ? now_ms + verify_wait_ms(p->verify) : 0;
	if (r == VERIFY_DONE)
		return finish(p, now_ms, wall);
	return r == VERIFY_MORE;
}

static bool more_came(const struct proof *p)
{
	return p->list.live && p->again_at && !verify_list_at_end(&p->list);
}

/* More has come since the last check. */
static int go_on(struct proof *p, uint64_t now_ms)
{
	if (!more_came(p) || now_ms < p->again_at)
		return 0;
	if (!verify_continue(p->verify)) {
		p->again_at = 0; /* what does not match stays so until it is asked anew */
		return 0;
	}
	p->state = PROOF_RUNNING;
	p->started_ms = now_ms;
	return 1;
}

static bool list_is_read(const struct proof *p)
{
	struct mstore_progress m;

	mstore_progress(p->list.store, &m);
	return m.state != MSTORE_LOADING;
}

int proof_step(struct proof *p, unsigned budget_us, uint64_t now_ms, time_t wall)
{
	if (!p->list.store)
		return 0;
	switch (p->state) {
	case PROOF_LOADING:
		if (!p->opened)
			open_values(p);
		else if (!boot_pcr(p)) {
			if (!list_is_read(p))
				return 0;
			if (start(p, now_ms) < 0)
				p->state = PROOF_FAILED;
		}
		return 1;
	case PROOF_RUNNING:
		if (p->wait_until > now_ms)
			return 0;
		return run(p, budget_us, now_ms, wall);
	case PROOF_DONE:
		return go_on(p, now_ms);
	default:
		return 0;
	}
}

int proof_wait_ms(const struct proof *p, uint64_t now_ms)
{
	uint64_t at = p->state == PROOF_RUNNING		       ? p->wait_until
		      : p->state == PROOF_DONE && more_came(p) ? p->again_at
							       : 0;

	return at == 0 ? -1 : at > now_ms ? (int)(at - now_ms) : 0;
}

const struct verify_result *proof_result(const struct proof *p)
{
	return p->has_result ? &p->shown : NULL;
}

uint64_t proof_entries(const struct proof *p)
{
	return p->verify ? verify_result(p->verify)->entries : 0;
}

const struct verify_search *proof_search(const struct proof *p)
{
	const struct verify_result *r = p->verify ? verify_result(p->verify) : NULL;

	return r && p->state == PROOF_RUNNING && r->search.running ? &r->search : NULL;
}

const char *proof_sentence(enum verify_verdict verdict)
{
	switch (verdict) {
	case VERIFY_MATCH:
		return "the whole list replays to the PCRs";
	case VERIFY_PENDING:
		return "the PCRs prove the first part of the list, not the entries after it";
	case VERIFY_MISMATCH:
		return "the list is not what the PCRs were extended with";
	default:
		return "there are no PCR values to compare the list with";
	}
}
