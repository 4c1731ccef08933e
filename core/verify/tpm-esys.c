/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TPM through ESAPI and tctildr. The libraries are loaded at first use: commands that
 * never ask a TPM save their start-up time and memory (0.4 MiB, 37 system calls on Debian
 * 12), and a machine without them still reads lists.
 *
 * One command reads a PCR of all banks. A response may hold less than was asked for (at
 * most 8 digests, TPM 2.0 part 3, 22.4): the rest is asked for again, and when the PCRs
 * moved in between, all of the group is.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include "core/base/cleanup.h"
#include "core/verify/tpm-ops.h"

enum { DIGESTS_PER_READ = 8, SELECT_BYTES = PCRS_COUNT / 8 };

/* The functions used: resolved once per opened TPM. */
#define TPM_ESYS_SYMBOLS(X)                                                              \
	X(esys, Esys_Initialize)                                                         \
	X(esys, Esys_Finalize)                                                           \
	X(esys, Esys_Free)                                                               \
	X(esys, Esys_GetCapability)                                                      \
	X(esys, Esys_PCR_Read)                                                           \
	X(tctildr, Tss2_TctiLdr_Initialize)                                              \
	X(tctildr, Tss2_TctiLdr_Finalize)

struct esys {
	void *lib_esys;
	void *lib_tctildr;
#define X(lib, name) __typeof__(&name) name;
	TPM_ESYS_SYMBOLS(X)
#undef X
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *ctx;
	size_t n_banks;
	enum hash_alg bank[PCRS_BANKS_MAX];
};

/* The libraries stay loaded: libcrypto below them does not survive being unloaded. */
static void esys_free(void *state)
{
	struct esys *e = state;

	if (e->ctx)
		e->Esys_Finalize(&e->ctx);
	if (e->tcti)
		e->Tss2_TctiLdr_Finalize(&e->tcti);
	free(e);
}

DEFINE_CLEANUP(struct esys *, esys_free)

static int load(struct esys *e, struct diag *reterr)
{
	/* tss2 writes its own errors to stderr unless told; ours are enough. */
	(void)setenv("TSS2_LOG", "all+none", 0);
	e->lib_tctildr = dlopen("libtss2-tctildr.so.0", RTLD_NOW | RTLD_LOCAL);
	e->lib_esys = dlopen("libtss2-esys.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!e->lib_tctildr || !e->lib_esys)
		return diag_set(
			reterr, DIAG_NO_TSS2, EOPNOTSUPP,
			"The TPM software stack (libtss2-esys, libtss2-tctildr) is not installed.");
#define X(lib, name)                                                                     \
	*(void **)&e->name = dlsym(e->lib_##lib, #name);                                 \
	if (!e->name)                                                                    \
		return diag_set(reterr, DIAG_NO_TSS2, EOPNOTSUPP,                        \
				"libtss2-%s has no %s.", #lib, #name);
	TPM_ESYS_SYMBOLS(X)
#undef X
	return 0;
}

/* What went wrong, as far as a response code tells (TPM 2.0 part 2, 6.6; tss2_common.h). */
static int failed(TSS2_RC rc, const char *what, struct diag *reterr)
{
	static const struct {
		TSS2_RC rc;
		const char *text;
	} known[] = {
		{TPM2_RC_INITIALIZE, "it was not started (no TPM2_Startup)"},
		{TPM2_RC_FAILURE, "it is in failure mode"},
		{TPM2_RC_LOCKOUT, "it is in lockout"},
		{TSS2_TCTI_RC_IO_ERROR, "the connection is gone"},
		{TSS2_TCTI_RC_NO_CONNECTION, "nobody answers there"},
		{TSS2_TCTI_RC_MALFORMED_RESPONSE, "its answer is damaged"},
	};
	const char *text = "it refused";

	for (size_t i = 0; i < array_size(known); i++)
		if (rc == known[i].rc)
			text = known[i].text;
	return diag_set(reterr, DIAG_TPM_IO, EIO,
			"The TPM cannot %s: %s (response 0x%x).", what, text, rc);
}

static void add_bank(struct esys *e, const TPMS_PCR_SELECTION *s)
{
	enum hash_alg alg = hash_alg_from_tpm(s->hash);
	uint8_t any = 0;

	for (size_t i = 0; i < s->sizeofSelect && i < sizeof(s->pcrSelect); i++)
		any |= s->pcrSelect[i];
	if (any && alg != _HASH_ALG_INVALID && e->n_banks < PCRS_BANKS_MAX)
		e->bank[e->n_banks++] = alg;
}

static int ask_banks(struct esys *e, struct diag *reterr)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	TPMI_YES_NO more;
	TSS2_RC rc;

	rc = e->Esys_GetCapability(e->ctx, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   TPM2_CAP_PCRS, 0, 1, &more, &data);
	if (rc != TSS2_RC_SUCCESS)
		return failed(rc, "say which banks it has", reterr);
	for (size_t i = 0; i < data->data.assignedPCR.count; i++)
		add_bank(e, &data->data.assignedPCR.pcrSelections[i]);
	e->Esys_Free(data);
	if (e->n_banks == 0)
		return diag_set(reterr, DIAG_TPM_IO, EIO,
				"The TPM has no PCR bank allocated.");
	return 0;
}

static int esys_banks(void *state, enum hash_alg ret_algs[PCRS_BANKS_MAX],
		      struct diag *reterr)
{
	const struct esys *e = state;

	memcpy(ret_algs, e->bank, e->n_banks * sizeof(*ret_algs));
	return (int)e->n_banks;
}

/* The PCRs of @group that @got does not hold yet, per bank. 0: nothing is missing. */
static uint32_t missing(const struct esys *e, const struct pcrs *got, uint32_t group,
			TPML_PCR_SELECTION *ret)
{
	uint32_t any = 0;

	*ret = (TPML_PCR_SELECTION){0};
	for (size_t i = 0; i < e->n_banks; i++) {
		const struct pcr_bank *b = pcrs_find(got, e->bank[i]);
		uint32_t want = group & ~(b ? b->present : 0);
		TPMS_PCR_SELECTION *s = &ret->pcrSelections[ret->count];

		if (!want)
			continue;
		any |= want;
		s->hash = hash_alg_tpm(e->bank[i]);
		s->sizeofSelect = SELECT_BYTES;
		for (size_t k = 0; k < SELECT_BYTES; k++)
			s->pcrSelect[k] = (BYTE)(want >> 8 * k);
		ret->count++;
	}
	return any;
}

static bool selected(const TPMS_PCR_SELECTION *s, unsigned pcr)
{
	return pcr / 8 < s->sizeofSelect && pcr / 8 < sizeof(s->pcrSelect) &&
	       s->pcrSelect[pcr / 8] & 1u << pcr % 8;
}

static bool asked_for(const TPML_PCR_SELECTION *want, TPMI_ALG_HASH hash, unsigned pcr)
{
	for (size_t i = 0; i < want->count; i++)
		if (want->pcrSelections[i].hash == hash)
			return selected(&want->pcrSelections[i], pcr);
	return false;
}

/* Digests come in the order of the selection: bank by bank, PCRs ascending. Anything that
 * was not asked for, or has another size than its bank, is no answer; so each answer
 * brings the caller nearer to its end. */
static int take(struct pcrs *got, const TPML_PCR_SELECTION *want,
		const TPML_PCR_SELECTION *out, const TPML_DIGEST *values)
{
	size_t n = 0;

	for (size_t i = 0; i < out->count && i < TPM2_NUM_PCR_BANKS; i++) {
		const TPMS_PCR_SELECTION *s = &out->pcrSelections[i];
		enum hash_alg alg = hash_alg_from_tpm(s->hash);

		for (unsigned pcr = 0; pcr < PCRS_COUNT; pcr++) {
			struct pcr_bank *b;

			if (!selected(s, pcr))
				continue;
			b = asked_for(want, s->hash, pcr) ? pcrs_bank(got, alg) : NULL;
			if (!b || n >= values->count || n >= DIGESTS_PER_READ ||
			    values->digests[n].size != hash_alg_size(alg))
				return -EBADMSG;
			memcpy(b->value[pcr], values->digests[n++].buffer,
			       hash_alg_size(alg));
			b->present |= 1u << pcr;
		}
	}
	return n ? 0 : -ENODATA;
}

static int read_once(struct esys *e, const TPML_PCR_SELECTION *want, struct pcrs *got,
		     struct diag *reterr)
{
	TPML_PCR_SELECTION *out = NULL;
	TPML_DIGEST *values = NULL;
	UINT32 counter = 0;
	TSS2_RC rc;
	int r;

	rc = e->Esys_PCR_Read(e->ctx, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, want,
			      &counter, &out, &values);
	if (rc != TSS2_RC_SUCCESS)
		return failed(rc, "read PCRs", reterr);
	r = take(got, want, out, values);
	got->update_counter = counter;
	e->Esys_Free(out);
	e->Esys_Free(values);
	if (r < 0)
		return diag_set(
			reterr, DIAG_TPM_IO, EIO,
			"The TPM's answer does not hold the PCRs that were asked for.");
	return 0;
}

/* All banks of the PCRs in @group, from one state of the TPM. */
static int read_group(struct esys *e, uint32_t group, struct pcrs *ret,
		      struct diag *reterr)
{
	TPML_PCR_SELECTION want;
	uint32_t counter;
	int r;

	for (int i = 0; i < TPM_SETTLE_TRIES; i++) {
		bool moved = false;

		for (size_t k = 0; k < ret->n_banks; k++)
			ret->bank[k].present &= ~group;
		for (bool first = true; missing(e, ret, group, &want); first = false) {
			counter = ret->update_counter;
			r = read_once(e, &want, ret, reterr);
			if (r < 0)
				return r;
			moved = moved || (!first && counter != ret->update_counter);
		}
		if (!moved)
			return 0;
	}
	return diag_set(reterr, DIAG_TPM_BUSY, EBUSY,
			"The PCRs change faster than all banks can be read.");
}

static int esys_read(void *state, uint32_t mask, struct pcrs *ret, struct diag *reterr)
{
	struct esys *e = state;
	unsigned per_group = e->n_banks > DIGESTS_PER_READ
				     ? 1
				     : DIGESTS_PER_READ / (unsigned)e->n_banks;
	int r = 0;

	while (mask && r >= 0) {
		uint32_t group = 0;

		for (unsigned i = 0; i < per_group && mask; i++) {
			group |= mask & -mask;
			mask &= mask - 1;
		}
		r = read_group(e, group, ret, reterr);
	}
	return r;
}

static const struct tpm_ops ops = {
	.banks = esys_banks,
	.read = esys_read,
	.free = esys_free,
};

int tpm_esys_open(const char *tcti, struct tpm_source *ret, struct diag *reterr)
{
	_cleanup_(esys_freep) struct esys *e = calloc(1, sizeof(*e));
	char q[150];
	TSS2_RC rc;
	int r;

	if (!e)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r = load(e, reterr);
	if (r < 0)
		return r;
	(void)str_quote(q, sizeof(q), span_of(tcti));
	rc = e->Tss2_TctiLdr_Initialize(tcti, &e->tcti);
	if (rc != TSS2_RC_SUCCESS)
		return diag_set(reterr, DIAG_TCTI, EIO,
				"Cannot reach a TPM at %s (response 0x%x).", q, rc);
	rc = e->Esys_Initialize(&e->ctx, e->tcti, NULL);
	if (rc != TSS2_RC_SUCCESS)
		return failed(rc, "be opened", reterr);
	r = ask_banks(e, reterr);
	if (r < 0)
		return r;
	ret->ops = &ops;
	(void)snprintf(ret->text, sizeof(ret->text), "TPM 2.0 (%s)", q);
	ret->state = take_ptr(e);
	return 0;
}
