/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/policies/draw.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tests/policies/random.h"

static const struct draw_who people[] = {
	{0, 0, 0, 0, 0, 0, 0},
	{0, 0, 0, 0, 0, 0, 200},
	{0, 0, 0, 100, 100, 100, 0},
	{1000, 1000, 1000, 100, 100, 100, 0},
	{1000, 1000, 1000, 100, 100, 100, 200},
	{1001, 1001, 1001, 200, 200, 200, 100},
	{1000, 0, 0, 100, 100, 100, 0}, /* as a setuid program of root's */
	{0, 1000, 0, 0, 100, 0, 0},	/* root's, for a while somebody else */
	{1000, 1001, 1000, 100, 200, 100, 0},
	{0, 0, 1001, 0, 0, 0, 0},
	{1001, 0, 1000, 200, 0, 100, 0},
	{65534, 65534, 65534, 65534, 65534, 65534, 0},
};

static const char *const op_words[_DRAW_OP_MAX] = {
	[DRAW_READ] = "read",
	[DRAW_WRITE] = "write",
	[DRAW_READ_WRITE] = "read-write",
	[DRAW_APPEND] = "append",
	[DRAW_EXEC] = "exec",
	[DRAW_MMAP] = "mmap",
	[DRAW_DIRECT] = "read",
	[DRAW_MODULE] = "module",
	[DRAW_KEXEC] = "kexec",
	[DRAW_POLICY] = "policy",
};

const char *draw_op_word(enum draw_op op)
{
	return op_words[op];
}

#define PICK(random, list) ((list)[random_below(random, array_size(list))])

void draw_case(const struct draw_world *world, uint64_t seed, unsigned i,
	       struct draw_case *ret)
{
	static const enum draw_op ops[] = {DRAW_READ,	    DRAW_READ,	 DRAW_WRITE,
					   DRAW_READ_WRITE, DRAW_APPEND, DRAW_EXEC,
					   DRAW_EXEC,	    DRAW_EXEC,	 DRAW_MMAP,
					   DRAW_MMAP,	    DRAW_MMAP,	 DRAW_DIRECT,
					   DRAW_MODULE,	    DRAW_POLICY};
	static const uid_t owners[] = {0, 0, 1000, 1000, 1001, 1002};
	static const gid_t groups[] = {0, 0, 100, 100, 200};
	uint64_t r = seed * 1000003 + i;
	const struct draw_place *place;
	bool kernels;

	(void)random_below(&r, 2);
	place = &world->places[random_below(&r, world->n_places)];
	*ret = (struct draw_case){.op = PICK(&r, ops)};
	ret->kind = &world->kinds[random_below(&r, world->n_kinds)];
	ret->who = &PICK(&r, people);
	ret->owner = PICK(&r, owners);
	ret->group = PICK(&r, groups);
	ret->mode = 0777;
	if (strcmp(ret->kind->evm, "-") == 0 && !random_below(&r, 6))
		ret->mode = random_below(&r, 2) ? 04777 : 02777;
	if (strcmp(ret->kind->evm, "-") != 0 && random_below(&r, 4)) {
		ret->owner = 1000; /* as they are signed for */
		ret->group = 100;
	}
	if ((ret->op == DRAW_DIRECT && !place->direct) ||
	    (ret->op == DRAW_POLICY && world->no_policy_op))
		ret->op = DRAW_READ;
	/* fs/verity/open.c: nobody opens those for writing */
	if (strstr(ret->kind->name, "verity") && ret->op != DRAW_EXEC &&
	    ret->op != DRAW_MMAP)
		ret->op = DRAW_READ;
	/* what is copied up is labelled anew, which EVM may forbid */
	if (world->no_copy_up && strcmp(place->made, place->used) != 0 &&
	    ret->op >= DRAW_WRITE && ret->op <= DRAW_APPEND)
		ret->op = DRAW_READ;
	if (ret->op == DRAW_MODULE && world->kexec && random_below(&r, 2))
		ret->op = DRAW_KEXEC;
	kernels =
		ret->op == DRAW_MODULE || ret->op == DRAW_POLICY || ret->op == DRAW_KEXEC;
	if (kernels)
		ret->who = &people[0];
	(void)snprintf(ret->name, sizeof(ret->name), "case%05u", i);
	(void)snprintf(ret->made, sizeof(ret->made), "%s/%s", place->made, ret->name);
	(void)snprintf(ret->used, sizeof(ret->used), "%s/%s", place->used, ret->name);
}

static void add_id(uint64_t *r, struct strbuf *out, const char *key, bool group)
{
	static const unsigned users[] = {0, 0, 1, 999, 1000, 1000, 1001, 65534};
	static const unsigned groups[] = {0, 0, 99, 100, 100, 200};

	strbuf_addf(out, " %s%c%u", key, "===<>"[random_below(r, 5)],
		    group ? PICK(r, groups) : PICK(r, users));
}

static void add_who(uint64_t *r, struct strbuf *out)
{
	if (!random_below(r, 6))
		add_id(r, out, random_below(r, 2) ? "uid" : "euid", false);
	if (!random_below(r, 9))
		add_id(r, out, random_below(r, 2) ? "gid" : "egid", true);
	if (!random_below(r, 5))
		add_id(r, out, "fowner", false);
	if (!random_below(r, 10))
		add_id(r, out, "fgroup", true);
}

static void add_place(uint64_t *r, struct strbuf *out)
{
	static const char *const where[] = {
		" fsname=ext4",
		" fsname=tmpfs",
		" fsname=xfs",
		" fsname=overlay",
		" fsmagic=0xef53",
		" fsmagic=0x1021994",
		" fsmagic=0x794c7630",
		" fsmagic=0x858458f6",
		" fsuuid=11111111-2222-4333-8444-555555555555",
		" fsuuid=99999999-2222-4333-8444-555555555555",
	};

	if (!random_below(r, 5))
		strbuf_adds(out, PICK(r, where));
}

static void add_hook(uint64_t *r, struct strbuf *out)
{
	static const char *const funcs[] = {"FILE_CHECK",	 "FILE_CHECK",
					    "FILE_CHECK",	 "BPRM_CHECK",
					    "BPRM_CHECK",	 "CREDS_CHECK",
					    "MMAP_CHECK",	 "MMAP_CHECK",
					    "MODULE_CHECK",	 "POLICY_CHECK",
					    "MMAP_CHECK_REQPROT"};
	static const char *const masks[] = {"MAY_READ",	  "^MAY_READ",	 "MAY_WRITE",
					    "^MAY_WRITE", "MAY_EXEC",	 "^MAY_EXEC",
					    "MAY_APPEND", "^MAY_APPEND", "^MAY_READ"};

	if (random_below(r, 2))
		strbuf_addf(out, " func=%s", PICK(r, funcs));
	if (!random_below(r, 3))
		strbuf_addf(out, " mask=%s", PICK(r, masks));
}

static void add_appraise(uint64_t *r, struct strbuf *out, bool verity)
{
	static const char *const algos[] = {"sha256", "sha512,sha384", "sha1,sha256"};

	if (verity && !random_below(r, 8))
		strbuf_adds(out, " digest_type=verity appraise_type=sigv3");
	else if (!random_below(r, 3))
		strbuf_adds(out, " appraise_type=imasig");
	if (!random_below(r, 5))
		strbuf_addf(out, " appraise_algos=%s", PICK(r, algos));
}

static void add_measure(uint64_t *r, struct strbuf *out, bool verity)
{
	static const char *const templates[] = {"ima", "ima-ng", "ima-sig", "ima-ngv2",
						"d-ng|n-ng"};
	static const unsigned pcrs[] = {10, 11, 12, 42, 43};

	if (!random_below(r, 4))
		strbuf_addf(out, " pcr=%u", PICK(r, pcrs));
	if (!random_below(r, 4))
		strbuf_addf(out, " template=%s", PICK(r, templates));
	if (verity && !random_below(r, 10))
		strbuf_adds(out, " digest_type=verity");
}

/* A rule with hash and one with fs-verity together: what cannot be hashed is tried again,
 * and audited again, when a writer closes it; but not on every file system. That is no
 * access. */
static void add_rule(uint64_t *r, struct strbuf *out, bool verity)
{
	static const char *const actions[] = {"measure",      "measure",  "measure",
					      "dont_measure", "appraise", "appraise",
					      "appraise",     "appraise", "dont_appraise",
					      "audit",	      "audit",	  "hash",
					      "dont_hash"};
	const char *action =
		actions[random_below(r, array_size(actions) - (verity ? 2 : 0))];

	strbuf_adds(out, action);
	add_hook(r, out);
	add_place(r, out);
	add_who(r, out);
	if (strcmp(action, "appraise") == 0)
		add_appraise(r, out, verity);
	else if (strcmp(action, "measure") == 0)
		add_measure(r, out, verity);
	if (!random_below(r, 16))
		strbuf_adds(out, " permit_directio");
	strbuf_addc(out, '\n');
}

void draw_policy(uint64_t seed, struct strbuf *out)
{
	uint64_t r = seed * 7919;
	size_t rules = 5 + random_below(&r, 15);
	bool verity = random_below(&r, 2);

	while (rules--)
		add_rule(&r, out, verity);
}
