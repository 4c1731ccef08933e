/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a replay as bytes: "imactlRS", u8 version, u8 banks, u8 PCRs, u64 records,
 * u64 violations; per bank u8 kernel number, u8 modes; per PCR u8 index, u64 records, and
 * the values of the banks' modes in order. All numbers little-endian.
 */
#include <errno.h>

#include "core/verify/replay-internal.h"

enum { STATE_VERSION = 1 };

static const char magic[8] = "imactlRS";

static void put(struct strbuf *out, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++)
		strbuf_addc(out, (char)(v >> (8 * i)));
}

static void export_slot(const struct replay *r, unsigned pcr, struct strbuf *out)
{
	const struct replay_slot *s = r->slot[pcr];

	put(out, pcr, 1);
	put(out, s->entries, 8);
	for (size_t b = 0; b < r->n_banks; b++)
		for (size_t m = 0; m < _REPLAY_MODE_MAX; m++)
			if (r->bank[b].modes & 1U << m)
				strbuf_add(out, s->bank[b].chain[m].value,
					   r->bank[b].size);
}

void replay_export(const struct replay *r, struct strbuf *out)
{
	uint64_t pcrs = replay_pcrs(r);

	strbuf_add(out, magic, sizeof(magic));
	put(out, STATE_VERSION, 1);
	put(out, r->n_banks, 1);
	put(out, (unsigned)__builtin_popcountll(pcrs), 1);
	put(out, r->entries, 8);
	put(out, r->violations, 8);
	for (size_t b = 0; b < r->n_banks; b++) {
		put(out, (unsigned)r->bank[b].alg, 1);
		put(out, r->bank[b].modes, 1);
	}
	for (unsigned i = 0; i < MLOG_PCR_MAX; i++)
		if (pcrs >> i & 1)
			export_slot(r, i, out);
}

/* A state being read. */
struct state {
	struct bytes b; /* stands at the first PCR */
	uint64_t entries;
	uint64_t violations;
	uint8_t n_banks;
	uint8_t n_pcrs;
	struct {
		enum hash_alg alg;
		uint8_t modes;
	} bank[PCRS_BANKS_MAX];
};

/* One value of it. */
struct state_value {
	unsigned pcr;
	uint64_t entries; /* of this PCR */
	enum hash_alg alg;
	enum replay_mode mode;
	const uint8_t *ptr;
};

/* Where it is among ours; -1: we do not compute it. */
static int our_bank(const struct replay *r, const struct state_value *v)
{
	for (size_t b = 0; b < r->n_banks; b++)
		if (r->bank[b].alg == v->alg && r->bank[b].modes & 1U << v->mode)
			return (int)b;
	return -1;
}

static bool state_open(struct span bytes, struct state *ret)
{
	struct state s = {.b = bytes_of(bytes.ptr, bytes.len)};
	struct span head;
	uint8_t version;

	if (!bytes_take(&s.b, sizeof(magic), &head) ||
	    memcmp(head.ptr, magic, sizeof(magic)) || !bytes_u8(&s.b, &version) ||
	    version != STATE_VERSION || !bytes_u8(&s.b, &s.n_banks) ||
	    s.n_banks > PCRS_BANKS_MAX || !bytes_u8(&s.b, &s.n_pcrs) ||
	    !bytes_u64(&s.b, &s.entries) || !bytes_u64(&s.b, &s.violations))
		return false;
	for (size_t i = 0; i < s.n_banks; i++) {
		uint8_t alg;

		if (!bytes_u8(&s.b, &alg) || alg >= _HASH_ALG_MAX ||
		    !bytes_u8(&s.b, &s.bank[i].modes))
			return false;
		s.bank[i].alg = (enum hash_alg)alg;
	}
	*ret = s;
	return true;
}

typedef bool state_each(void *arg, const struct state_value *v);

static int slot_values(struct state *s, state_each *each, void *arg)
{
	struct state_value v;
	struct span value;
	uint8_t pcr;

	if (!bytes_u8(&s->b, &pcr) || pcr >= MLOG_PCR_MAX ||
	    !bytes_u64(&s->b, &v.entries))
		return -EBADMSG;
	v.pcr = pcr;
	for (size_t b = 0; b < s->n_banks; b++)
		for (size_t m = 0; m < _REPLAY_MODE_MAX; m++) {
			if (!(s->bank[b].modes & 1U << m))
				continue;
			v.alg = s->bank[b].alg;
			v.mode = (enum replay_mode)m;
			if (!bytes_take(&s->b, hash_alg_size(v.alg), &value))
				return -EBADMSG;
			v.ptr = value.ptr;
			if (!each(arg, &v))
				return 0;
		}
	return 1;
}

/* @each gets every value; false ends it. 1: all of it was read, 0: @each ended it. */
static int state_values(struct state *s, state_each *each, void *arg)
{
	for (size_t p = 0; p < s->n_pcrs; p++) {
		int r = slot_values(s, each, arg);

		if (r <= 0)
			return r;
	}
	return bytes_left(&s->b) ? -EBADMSG : 1;
}

static bool make_slot(void *arg, const struct state_value *v)
{
	return replay_slot_of(arg, v->pcr) != NULL;
}

static bool take_value(void *arg, const struct state_value *v)
{
	struct replay *r = arg;
	struct replay_slot *s = r->slot[v->pcr];
	int bank = our_bank(r, v);

	s->entries = v->entries;
	if (bank >= 0)
		memcpy(s->bank[bank].chain[v->mode].value, v->ptr, r->bank[bank].size);
	return true;
}

static bool covers(const struct replay *r, const struct state *s)
{
	for (size_t b = 0; b < r->n_banks; b++) {
		unsigned have = 0;

		for (size_t i = 0; i < s->n_banks; i++)
			if (s->bank[i].alg == r->bank[b].alg)
				have = s->bank[i].modes;
		if (r->bank[b].modes & ~have)
			return false;
	}
	return true;
}

int replay_import(struct replay *r, struct span bytes)
{
	struct state s, again;
	int ok;

	if (r->entries || !state_open(bytes, &s))
		return -EBADMSG;
	if (!covers(r, &s))
		return -ENODATA;
	again = s;
	ok = state_values(&s, make_slot, r); /* all of it parses, and the PCRs exist */
	if (ok <= 0)
		return ok < 0 ? ok : -ENOMEM;
	(void)state_values(&again, take_value, r);
	r->entries = again.entries;
	r->violations = again.violations;
	return 0;
}

int replay_state_entries(struct span state, uint64_t *ret)
{
	struct state s;

	if (!state_open(state, &s))
		return -EBADMSG;
	*ret = s.entries;
	return 0;
}

struct wanted {
	unsigned pcr;
	enum hash_alg alg;
	enum replay_mode mode;
	const uint8_t *found;
};

static bool is_wanted(void *arg, const struct state_value *v)
{
	struct wanted *w = arg;

	if (v->pcr == w->pcr && v->alg == w->alg && v->mode == w->mode)
		w->found = v->ptr;
	return true;
}

int replay_state_value(struct span state, enum hash_alg alg, unsigned pcr,
		       enum replay_mode mode, uint8_t *ret)
{
	struct wanted w = {pcr, alg, mode, NULL};
	struct state s;

	if (!state_open(state, &s) || state_values(&s, is_wanted, &w) < 0)
		return -EBADMSG;
	if (!w.found)
		return -ENODATA;
	memcpy(ret, w.found, hash_alg_size(alg));
	return 0;
}

struct same {
	const struct replay *r;
	unsigned compared;
};

static bool same_value(void *arg, const struct state_value *v)
{
	struct same *same = arg;
	int bank = our_bank(same->r, v);
	struct span ours;

	if (bank < 0)
		return true;
	same->compared++;
	return replay_value(same->r, (size_t)bank, v->pcr, v->mode, &ours) &&
	       memcmp(ours.ptr, v->ptr, ours.len) == 0;
}

int replay_same(const struct replay *r, struct span bytes)
{
	struct same same = {.r = r};
	struct state s;
	int ok;

	if (!state_open(bytes, &s))
		return -EBADMSG;
	if (s.entries != r->entries)
		return -ENODATA;
	ok = state_values(&s, same_value, &same);
	return ok < 0 || same.compared ? ok : -ENODATA;
}
