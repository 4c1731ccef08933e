/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/keyring.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/keysys.h"

enum {
	KEYS_MAX = 1 << 17,
	TYPE_WIDTH = 9, /* "%-9.9s" */
};

static const struct {
	const char *name, *words;
	enum keyring_rule rule;
	bool keep;
} rows[_KEYRING_MAX] = {
#define KEYRING(id, name, rule, keep, words)                                             \
	[KEYRING_##id] = {name, words, KEYRING_RULE_##rule, keep},
#include "core/base/keyrings.inc"
#undef KEYRING
};

const char *keyring_name(enum keyring_id id)
{
	return rows[id].name;
}

const char *keyring_words(enum keyring_id id)
{
	return rows[id].words;
}

enum keyring_rule keyring_rule(enum keyring_id id)
{
	return rows[id].rule;
}

bool keyring_keeps(enum keyring_id id)
{
	return rows[id].keep;
}

enum keyring_id keyring_from_name(struct span name)
{
	for (int i = 0; i < _KEYRING_MAX; i++)
		if (span_is(name, rows[i].name))
			return (enum keyring_id)i;
	return _KEYRING_INVALID;
}

static bool hex32(struct span text, uint32_t *ret)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	uint32_t v = 0;
	uint8_t c;

	if (!text.len || text.len > 8)
		return false;
	while (bytes_u8(&in, &c)) {
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

static bool serial_of(struct span text, int32_t *ret)
{
	uint32_t v;

	if (text.len != 8 || !hex32(text, &v) || v == 0 || v > INT32_MAX)
		return false;
	*ret = (int32_t)v;
	return true;
}

/* The next word of a line; blanks before it are passed over, the one behind it too. */
static bool word(struct bytes *in, struct span *ret)
{
	do
		if (!bytes_until(in, ' ', ret))
			return false;
	while (ret->len == 0);
	return true;
}

static bool number(struct bytes *in, uint32_t *ret)
{
	struct span text;
	uint64_t v = 0;

	if (!word(in, &text))
		return false;
	*ret = UINT32_MAX;
	if (span_is(text, "-1")) /* an owner unknown to this user namespace */
		return true;
	if (str_to_u64(text, &v) < 0 || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* "NAME: ID: X509.rsa KEYID []" behind the description proper; a name may hold ": ". */
static void split_asymmetric(struct keyring_key *k)
{
	struct span front, back, subtype;

	if (!span_cut_last(k->description, " [", &front, &back) ||
	    !span_cut_last(front, ": ", &front, &subtype))
		return;
	k->description = front;
	if (!span_cut_last(subtype, " ", &k->algorithm, &k->keyid))
		k->algorithm = subtype;
	if (!span_cut_last(front, ": ", &k->name, &k->id))
		k->name = front;
}

/* Flags are "IRDQUNi" or "-" each; the timeout says "perm", "expd" or how long. */
static bool usable(struct span flags, struct span timeout)
{
	struct bytes in = bytes_of(flags.ptr, flags.len);
	uint8_t c;

	while (bytes_u8(&in, &c))
		if (c == 'R' || c == 'D' || c == 'N' || c == 'i')
			return false;
	return !span_is(timeout, "expd");
}

/* A padded column of @width bytes and the blank behind it. */
static bool column(struct bytes *in, size_t width, struct span *ret)
{
	struct span padded, rest;
	struct bytes inside;

	if (!bytes_take(in, width, &padded) || !bytes_skip(in, 1))
		return false;
	inside = bytes_of(padded.ptr, padded.len);
	if (!bytes_until(&inside, ' ', ret)) {
		*ret = padded;
		return true;
	}
	return bytes_take(&inside, bytes_left(&inside), &rest) && span_all(rest, ' ');
}

/* "SERIAL FLAGS USAGE TIMEOUT PERM UID GID TYPE DESCRIPTION". */
static bool parse_line(struct span line, struct keyring_key *k)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span serial, flags, timeout, perm;
	uint32_t usage, gid, bits;

	*k = (struct keyring_key){0};
	if (!word(&in, &serial) || !serial_of(serial, &k->serial) || !word(&in, &flags) ||
	    flags.len != 7 || !number(&in, &usage) || !word(&in, &timeout) ||
	    !word(&in, &perm) || !hex32(perm, &bits) || !number(&in, &k->uid) ||
	    !number(&in, &gid) || !column(&in, TYPE_WIDTH, &k->type))
		return false;
	(void)bytes_take(&in, bytes_left(&in), &k->description);
	k->dead = !usable(flags, timeout);
	if (keyring_is(k, "asymmetric"))
		split_asymmetric(k);
	return true;
}

static int by_serial(const void *a, const void *b)
{
	const struct keyring_key *x = a, *y = b;

	return (x->serial > y->serial) - (x->serial < y->serial);
}

static size_t count_lines(struct span text)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span line;
	size_t n = 1;

	while (bytes_until(&in, '\n', &line))
		n++;
	return n;
}

int keyring_parse(struct span text, struct keyring_key **ret)
{
	size_t most = count_lines(text), n = 0;
	struct bytes in = bytes_of(text.ptr, text.len);
	struct keyring_key *keys;
	struct span line;

	if (most > KEYS_MAX)
		most = KEYS_MAX;
	keys = calloc(most, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	while (n < most && bytes_until(&in, '\n', &line))
		n += parse_line(line, &keys[n]);
	qsort(keys, n, sizeof(*keys), by_serial);
	for (size_t i = 1; i < n; i++)
		if (keys[i].serial == keys[i - 1].serial)
			keys[i].twice = keys[i - 1].twice = true;
	*ret = keys;
	return (int)n;
}

const struct keyring_key *keyring_find(const struct keyring_set *set, int32_t serial)
{
	const struct keyring_key want = {.serial = serial};
	const struct keyring_key *k =
		set->n ? bsearch(&want, set->keys, set->n, sizeof(want), by_serial)
		       : NULL;

	return k && !k->twice ? k : NULL;
}

const struct keyring_key *keyring_member(const struct keyring_set *set,
					 enum keyring_id id, int i)
{
	const struct keyring_ring *r = &set->ring[id];

	return i >= 0 && i < r->members ? keyring_find(set, r->member[i]) : NULL;
}

struct keyring_census keyring_count(const struct keyring_set *set, enum keyring_id id)
{
	struct keyring_census c = {0};

	for (int i = 0; i < set->ring[id].members; i++) {
		const struct keyring_key *k = keyring_member(set, id, i);

		c.hidden += !k;
		c.keys += k && keyring_is(k, "asymmetric");
		c.digests += k && keyring_is(k, "blacklist");
	}
	return c;
}

/* Does the kernel itself call @serial a keyring of that name, and root's? */
static bool confirmed(int32_t serial, const char *name)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span type, uid, rest;
	struct bytes in;

	if (keysys_describe(serial, &text) < 0)
		return false;
	in = bytes_of(strbuf_str(&text), text.len);
	return bytes_until(&in, ';', &type) && span_is(type, "keyring") &&
	       bytes_until(&in, ';', &uid) && span_is(uid, "0") &&
	       bytes_until(&in, ';', &rest) && bytes_until(&in, ';', &rest) &&
	       bytes_take(&in, bytes_left(&in), &rest) && span_is(rest, name);
}

/* "NAME: 3", "NAME: empty" (security/keys/keyring.c keyring_describe()). */
static bool is_ring(const struct keyring_key *k, const char *name)
{
	struct span front, count;

	return keyring_is(k, "keyring") && !k->uid && !k->twice &&
	       span_cut_last(k->description, ": ", &front, &count) &&
	       span_is(front, name);
}

/* The kernel looks for "_ima" in the keyrings of a task of root's (request_key() in
 * digsig.c): every user may have made one, and one that was unlinked is listed until it
 * is collected. Only what root's own keyrings lead to counts. */
static int32_t roots_own(const char *name)
{
	static const int32_t from[] = {KEYSYS_USER, KEYSYS_SESSION};
	int32_t serial = 0;

	if (geteuid() != 0)
		return 0;
	/* a session without a link to them (systemd's KeyringMode=private) may not even
	 * read what is root's own; a link of this process alone is enough */
	(void)keysys_link(KEYSYS_USER, KEYSYS_PROCESS);
	for (size_t i = 0; i < array_size(from) && serial <= 0; i++)
		serial = keysys_search(from[i], "keyring", name);
	return serial > 0 && confirmed(serial, name) ? serial : 0;
}

static int32_t locate(const struct keyring_set *set, enum keyring_id id)
{
	const char *name = keyring_name(id);

	if (set->live && keyring_rule(id) == KEYRING_RULE_USER)
		return roots_own(name);
	for (size_t i = 0; i < set->n; i++)
		if (is_ring(&set->keys[i], name) &&
		    (!set->live || confirmed(set->keys[i].serial, name)))
			return set->keys[i].serial;
	return 0;
}

/* True: some of the kernel's own were seen, so the list is that of the machine's root
 * (KEY_USR_VIEW); the root of a container sees none of them. */
static bool locate_all(struct keyring_set *set)
{
	bool kernels = false;

	for (int i = 0; i < _KEYRING_MAX; i++) {
		struct keyring_ring *r = &set->ring[i];

		r->serial = locate(set, (enum keyring_id)i);
		r->members = -1;
		if (r->serial && set->live)
			r->members = keysys_read(r->serial, &r->member);
		if (r->members < 0)
			r->members = -1;
		kernels |= r->serial && rows[i].rule != KEYRING_RULE_USER;
	}
	return kernels;
}

/* "SERIAL NAME: MEMBER MEMBER" as keyring_record() writes it. */
static void read_record(struct keyring_set *set, struct span line)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span serial, name, member;
	struct keyring_ring *r;
	enum keyring_id id;
	int32_t s;

	if (!bytes_until(&in, ' ', &serial) || !serial_of(serial, &s) ||
	    !bytes_until(&in, ':', &name))
		return;
	id = keyring_from_name(name);
	if (id < 0 || set->ring[id].member)
		return;
	r = &set->ring[id];
	r->member = calloc(line.len / 9 + 1, sizeof(int32_t));
	if (!r->member)
		return;
	r->serial = s;
	r->members = 0;
	while (bytes_skip(&in, 1) && bytes_take(&in, 8, &member) &&
	       serial_of(member, &r->member[r->members]))
		r->members++;
}

static void read_records(const struct root *root, struct keyring_set *set)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct bytes in;
	struct span line;

	if (root_read(root, ROOT_KEYRINGS, &text, NULL) < 0)
		return;
	in = bytes_of(strbuf_str(&text), text.len);
	while (bytes_until(&in, '\n', &line))
		read_record(set, line);
}

int keyring_load(const struct root *root, struct keyring_set *ret, struct diag *reterr)
{
	struct keyring_set set = {.live = !root_is_recorded(root)};
	int r = root_read(root, ROOT_KEYS, &set.text, reterr);

	if (r >= 0) {
		r = keyring_parse(strbuf_span(&set.text), &set.keys);
		if (r < 0)
			(void)diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	}
	if (r < 0) {
		keyring_done(&set);
		return r;
	}
	set.n = (size_t)r;
	set.complete = locate_all(&set);
	if (!set.live)
		read_records(root, &set);
	*ret = set;
	return 0;
}

void keyring_done(struct keyring_set *set)
{
	for (int i = 0; i < _KEYRING_MAX; i++)
		free(set->ring[i].member);
	free(set->keys);
	strbuf_done(&set->text);
	*set = (struct keyring_set){0};
}

/* certs/blacklist.c get_raw_hash(): "tbs:HEX", in small letters. */
int keyring_blacklists(const struct keyring_set *set, const char *kind,
		       struct span digest)
{
	const struct keyring_ring *ring = &set->ring[KEYRING_BLACKLIST];
	_cleanup_strbuf_ struct strbuf want = {0};
	bool known = ring->serial ? ring->members >= 0 : set->complete;
	int found = known ? 0 : -1;

	strbuf_addf(&want, "%s:", kind);
	strbuf_addhex(&want, digest);
	for (int i = 0; i < ring->members && found <= 0; i++) {
		const struct keyring_key *k = keyring_member(set, KEYRING_BLACKLIST, i);

		if (!k)
			found = -1;
		else if (span_equal(k->description, strbuf_span(&want)))
			found = 1;
	}
	return want.failed ? -1 : found;
}

enum keyring_id keyring_for_files(const struct keyring_set *set)
{
	return set->ring[KEYRING_IMA].serial ? KEYRING_IMA : KEYRING_IMA_USER;
}

void keyring_record(const struct keyring_set *set, struct strbuf *out)
{
	for (int i = 0; i < _KEYRING_MAX; i++) {
		const struct keyring_ring *r = &set->ring[i];

		if (!r->serial || r->members < 0)
			continue;
		strbuf_addf(out, "%08x %s:", (unsigned)r->serial, rows[i].name);
		for (int m = 0; m < r->members; m++)
			strbuf_addf(out, " %08x", (unsigned)r->member[m]);
		strbuf_addc(out, '\n');
	}
}
