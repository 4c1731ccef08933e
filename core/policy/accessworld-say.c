/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses in words: "programs run by root, on ext4". */
#include "core/policy/accessdiff-internal.h"

#include "core/base/cleanup.h"

enum { FS_NAMED = 6 }; /* file systems that are named; of more the number */

/* Rows that go together under one name where all of them are meant; by enum family. */
enum family {
	FAMILY_FILE,
	FAMILY_PROGRAM,
	FAMILY_MAPPED,
	_FAMILY_MAX,
};

static const char *const families[_FAMILY_MAX] = {
	[FAMILY_FILE] = "files opened",
	[FAMILY_PROGRAM] = "programs run",
	[FAMILY_MAPPED] = "files mapped for execution",
};

static const struct {
	enum policy_func func;
	const char *words;
} hooks[] = {
#define POLICY_OP(word, func, mask, use, words) {POLICY_FUNC_##func, words},
#define POLICY_OP_ALSO(word, func, mask)
#include "core/policy/policy-ops.inc"
#undef POLICY_OP
#undef POLICY_OP_ALSO
	{POLICY_FUNC_KEXEC_CMDLINE, "command lines for kexec"},
	{POLICY_FUNC_KEY_CHECK, "keys added"},
	{POLICY_FUNC_CRITICAL_DATA, "critical data"},
};

static enum family family_of(enum policy_func func)
{
	switch (func) {
	case POLICY_FUNC_FILE_CHECK:
		return FAMILY_FILE;
	case POLICY_FUNC_BPRM_CHECK:
	case POLICY_FUNC_CREDS_CHECK:
		return FAMILY_PROGRAM;
	case POLICY_FUNC_MMAP_CHECK:
	case POLICY_FUNC_MMAP_CHECK_REQPROT:
		return FAMILY_MAPPED;
	default:
		return _FAMILY_MAX;
	}
}

static uint64_t all_of(const struct accessworld *w, enum accessdim dim)
{
	return w->n[dim] == 64 ? ~0ull : (1ull << w->n[dim]) - 1;
}

static uint64_t family_bits(const struct accessworld *w, enum family family)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < w->n[ACCESSDIM_HOOK]; i++)
		if (family_of(hooks[w->hooks[i]].func) == family)
			bits |= 1ull << i;
	return bits;
}

static void add_word(struct strbuf *out, size_t *n, const char *word)
{
	strbuf_addf(out, "%s%s", (*n)++ ? ", " : "", word);
}

static void say_hooks(struct strbuf *out, const struct accessworld *w, uint64_t bits)
{
	size_t n = 0;

	if (bits == all_of(w, ACCESSDIM_HOOK) && !w->data) {
		strbuf_adds(out, "all accesses");
		return;
	}
	for (int f = 0; f < _FAMILY_MAX; f++) {
		uint64_t whole = family_bits(w, f);

		if (!whole || (bits & whole) != whole)
			continue;
		add_word(out, &n, families[f]);
		bits &= ~whole;
	}
	for (size_t i = 0; i < w->n[ACCESSDIM_HOOK]; i++)
		if (bits >> i & 1)
			add_word(out, &n, hooks[w->hooks[i]].words);
}

static void say_number(struct strbuf *out, const char *one, const char *many,
		       uint32_t low, uint32_t high)
{
	if (low == 0 && high == 0)
		strbuf_adds(out, "root");
	else if (low == high)
		strbuf_addf(out, "%s %u", one, low);
	else if (high >= UINT32_MAX - 1)
		strbuf_addf(out, "%s from %u on", many, low);
	else
		strbuf_addf(out, "%s %u to %u", many, low, high);
}

/* @what: "user", "group". */
static void say_ids(struct strbuf *out, const struct accessworld *w, enum accessdim dim,
		    uint64_t bits, const char *before, const char *one, const char *many)
{
	size_t n = 0;

	if (bits == all_of(w, dim))
		return;
	strbuf_adds(out, before);
	for (size_t i = 0; i < w->n[dim]; i++) {
		uint32_t low = w->ids[dim][i].low;

		if (!(bits >> i & 1))
			continue;
		while (i + 1 < w->n[dim] && bits >> (i + 1) & 1)
			i++;
		strbuf_adds(out, n++ ? ", " : "");
		say_number(out, one, many, low, w->ids[dim][i].high);
	}
}

static void say_one_fs(struct strbuf *out, const struct accessdim_fs *fs)
{
	bool uuid = !span_all((struct span){fs->uuid, sizeof(fs->uuid)}, 0);

	if (fs->name.len)
		strbuf_add(out, fs->name.ptr, fs->name.len);
	else if (!uuid)
		strbuf_addf(out, "0x%llx", (unsigned long long)fs->magic);
	if (fs->subtype.len) {
		strbuf_addc(out, '.');
		strbuf_add(out, fs->subtype.ptr, fs->subtype.len);
	}
	if (uuid) {
		strbuf_adds(out, fs->name.len ? " with UUID " : "the UUID ");
		policy_print_uuid(out, fs->uuid);
	}
}

static void say_fs(struct strbuf *out, const struct accessworld *w, uint64_t bits)
{
	bool others = bits & 1; /* the first is none that a rule names */
	size_t n = 0;

	if (bits == all_of(w, ACCESSDIM_FS))
		return;
	if (others)
		bits = ~bits & all_of(w, ACCESSDIM_FS);
	strbuf_adds(out, others ? ", not on " : ", on ");
	for (size_t i = 0; i < w->n[ACCESSDIM_FS]; i++) {
		if (!(bits >> i & 1))
			continue;
		if (n == FS_NAMED) {
			strbuf_addf(out, " and %d more",
				    __builtin_popcountll(bits) - FS_NAMED);
			return;
		}
		strbuf_adds(out, n++ ? ", " : "");
		say_one_fs(out, &w->fs[i]);
	}
}

static void say_labels(struct strbuf *out, const struct accessworld *w, uint64_t bits)
{
	bool others = bits & 1;
	size_t n = 0;

	if (bits == all_of(w, ACCESSDIM_LABEL))
		return;
	if (others)
		bits = ~bits & all_of(w, ACCESSDIM_LABEL);
	strbuf_adds(out, others ? ", not with " : ", with ");
	for (size_t i = 0; i < w->n[ACCESSDIM_LABEL]; i++) {
		const struct accessdim_label *l = &w->label[i];

		if (!(bits >> i & 1))
			continue;
		strbuf_addf(out, "%s%s=", n++ ? ", " : "", policy_key_name(l->key));
		strbuf_add(out, l->value.ptr, l->value.len);
	}
}

static void say_items(struct strbuf *out, const struct accessworld *w, uint64_t bits)
{
	bool others = bits & 1;
	size_t n = 0;

	if (bits == all_of(w, ACCESSDIM_DATA))
		return;
	if (others)
		bits = ~bits & all_of(w, ACCESSDIM_DATA);
	strbuf_adds(out, others ? ", not of " : " of ");
	for (size_t i = 0; i < w->n[ACCESSDIM_DATA]; i++) {
		if (!(bits >> i & 1))
			continue;
		strbuf_adds(out, n++ ? ", " : "");
		strbuf_add(out, w->item[i].ptr, w->item[i].len);
	}
}

void accessworld_say(struct strbuf *out, const struct accessworld *w,
		     const uint64_t box[_ACCESSDIM_MAX])
{
	say_hooks(out, w, box[ACCESSDIM_HOOK]);
	say_items(out, w, box[ACCESSDIM_DATA]);
	say_ids(out, w, ACCESSDIM_UID, box[ACCESSDIM_UID], " by ", "user", "users");
	say_ids(out, w, ACCESSDIM_EUID, box[ACCESSDIM_EUID], " with the rights of ",
		"user", "users");
	say_ids(out, w, ACCESSDIM_GID, box[ACCESSDIM_GID], ", of group ", "number",
		"numbers");
	say_ids(out, w, ACCESSDIM_EGID, box[ACCESSDIM_EGID], " with the rights of group ",
		"number", "numbers");
	say_ids(out, w, ACCESSDIM_OWNER, box[ACCESSDIM_OWNER], ", files of ", "user",
		"users");
	say_ids(out, w, ACCESSDIM_GROUP, box[ACCESSDIM_GROUP], ", files of group ",
		"number", "numbers");
	say_fs(out, w, box[ACCESSDIM_FS]);
	say_labels(out, w, box[ACCESSDIM_LABEL]);
}
