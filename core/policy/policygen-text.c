/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was seen, as a policy. */
#include <inttypes.h>

#include "core/base/cleanup.h"
#include "core/host/fskind.h"
#include "core/policy/policygen.h"

/* How much of what was measured again a file system or a user must cause to be left out,
 * in percent, and how many entries at least. */
enum { NOISE_PERCENT = 25, NOISE_MIN = 20 };

static const struct {
	const char *options, *words;
} uses[_POLICYGEN_USE_MAX] = {
#define POLICYGEN_USE(id, options, words) [POLICYGEN_##id] = {options, words},
#include "core/policy/policygen-uses.inc"
#undef POLICYGEN_USE
};

static uint64_t noise(const struct policygen *g)
{
	uint64_t n = 0;

	for (int u = 0; u < _POLICYGEN_USE_MAX; u++)
		n += g->uses[u].again;
	return n;
}

static bool loud(const struct policygen *g, uint64_t again)
{
	return again >= NOISE_MIN && again * 100 >= noise(g) * NOISE_PERCENT;
}

static void head(const struct policygen *g, enum policygen_goal goal, struct strbuf *out)
{
	strbuf_addf(out,
		    "# Proposed from %" PRIu64
		    " entries of a measurement list: read it before it is used.\n#\n",
		    g->entries);
	strbuf_adds(out,
		    goal == POLICYGEN_MEASURE
			    ? "# It measures what was seen, and of that what says "
			      "something about the machine.\n"
			    : "# It denies what has no right label: label first, and "
			      "try it with ima_appraise=log.\n");
	strbuf_adds(out,
		    "# What the policy did not measure that was in force then is not "
		    "in the list, nor in here.\n");
	if (!g->has_files)
		strbuf_adds(out,
			    "# The files were not at hand: what they were used for is "
			    "told by their names.\n");
	if (g->cut)
		strbuf_adds(out,
			    "# There were more names than are counted: rare ones are "
			    "left out.\n");
}

static bool is_mounted(const struct policygen *g, const char *type)
{
	for (size_t i = 0; i < g->mounts.n; i++)
		if (span_is(g->mounts.at[i].type, type))
			return true;
	return false;
}

/* Has a rule with this magic number been written? devtmpfs is a tmpfs. */
static bool among_pseudo(uint32_t magic)
{
	for (size_t i = 0; i < FSKIND_EXCEPTED; i++)
		if (fskind_excepted(i)->magic == magic)
			return true;
	return false;
}

/* The kernel's own file systems: all that its built-in policies leave out, then others
 * that are mounted here. */
static void exclude_pseudo(const struct policygen *g, const char *rule,
			   struct strbuf *out)
{
	strbuf_adds(out,
		    "\n# File systems whose files are the kernel's own, or do not keep "
		    "labels. The first rule\n# that matches counts: exceptions come "
		    "before what they are of.\n");
	for (size_t i = 0; i < FSKIND_EXCEPTED; i++)
		strbuf_addf(out, "# %s%s\n%s fsmagic=0x%x\n", fskind_excepted(i)->name,
			    is_mounted(g, fskind_excepted(i)->name) ? ", mounted here"
								    : "",
			    rule, fskind_excepted(i)->magic);
	for (size_t i = 0; i < g->mounts.n; i++) {
		const struct fskind_row *row = fskind_by_name(g->mounts.at[i].type);
		bool again = false;

		if (!row || row->kind != FSKIND_PSEUDO || among_pseudo(row->magic))
			continue;
		for (size_t before = 0; before < i; before++)
			again |= span_is(g->mounts.at[before].type, row->name);
		if (!again)
			strbuf_addf(out, "# %s, mounted here\n%s fsmagic=0x%x\n",
				    row->name, rule, row->magic);
	}
}

/* What makes the list grow and can be told from the rest. */
static void exclude_noise(const struct policygen *g, struct strbuf *out)
{
	for (size_t i = 0; i < g->n_fs; i++) {
		const struct policygen_fs *fs = &g->fs[i];

		if (fs->root || !fs->has_uuid || !loud(g, fs->again))
			continue;
		strbuf_addf(out,
			    "\n# A file system of its own, with %" PRIu64
			    " of the entries that were measured again.\n"
			    "dont_measure func=FILE_CHECK fsuuid=",
			    fs->again);
		policy_print_uuid(out, fs->uuid);
		strbuf_addc(out, '\n');
	}
	for (size_t i = 0; i < g->n_owners; i++) {
		const struct policygen_owner *o = &g->owners[i];

		if (!o->uid || !loud(g, o->again))
			continue;
		strbuf_addf(out,
			    "\n# Files of user %u: %" PRIu64
			    " of the entries that were measured again.\n"
			    "dont_measure func=FILE_CHECK fowner=%u\n",
			    o->uid, o->again, o->uid);
	}
}

static void say_entries(uint64_t n, const char *what, struct strbuf *out)
{
	char entries[40];

	strbuf_addf(out, "\n# %s: %s",
		    str_counted(entries, sizeof(entries), n, "entry", "entries"), what);
}

static void say_covered(const struct policygen_count *c, enum policygen_use use,
			struct strbuf *out)
{
	say_entries(c->entries, uses[use].words, out);
	if (c->again)
		strbuf_addf(out, ", %" PRIu64 " of them again", c->again);
	strbuf_adds(out, ".\n");
}

static void measure_use(const struct policygen *g, enum policygen_use use,
			struct strbuf *out)
{
	const struct policygen_count *c = &g->uses[use];

	if (!c->entries)
		return;
	say_covered(c, use, out);
	if (use == POLICYGEN_DATA && c->others)
		strbuf_addf(out,
			    "# fowner=0: not what users own, here %" PRIu64 " files.\n",
			    c->others);
	strbuf_addf(out, "measure %s%s\n", uses[use].options,
		    use == POLICYGEN_DATA ? " fowner=0 euid=0" : "");
}

static void measure_buffers(const struct policygen *g, const struct policy_kernel *kernel,
			    struct strbuf *out)
{
	if (g->keys && kernel->cap[POLICY_CAP_KEYS] == POLICY_YES) {
		say_entries(g->keys, "keys that were added", out);
		strbuf_addf(out, ".\nmeasure func=KEY_CHECK keyrings=%s\n",
			    strbuf_str(&g->keyrings));
	}
	if (g->cmdlines) {
		say_entries(g->cmdlines, "command lines for kexec", out);
		strbuf_adds(out, ".\nmeasure func=KEXEC_CMDLINE\n");
	}
	if (g->data) {
		say_entries(g->data, "critical data of the kernel", out);
		strbuf_adds(out, ".\nmeasure func=CRITICAL_DATA\n");
	}
}

static void measure(const struct policygen *g, const struct policy_kernel *kernel,
		    struct strbuf *out)
{
	if (g->uses[POLICYGEN_DATA].entries) {
		exclude_pseudo(g, "dont_measure func=FILE_CHECK", out);
		exclude_noise(g, out);
	}
	for (int use = 0; use < _POLICYGEN_USE_MAX; use++)
		measure_use(g, (enum policygen_use)use, out);
	measure_buffers(g, kernel, out);
}

/* Programs that were run from where no label can be kept. */
static void exclude_bare(const struct policygen *g, struct strbuf *out)
{
	for (size_t i = 0; i < g->n_fs; i++) {
		const struct policygen_fs *fs = &g->fs[i];
		const struct fskind_row *row = fskind_by_magic(fs->magic);

		if (!fs->runs || !row ||
		    (row->kind != FSKIND_BARE && row->kind != FSKIND_OTHER))
			continue;
		strbuf_addf(out,
			    "\n# %" PRIu64 " entries ran from %s, which %s: let pass.\n"
			    "dont_appraise fsmagic=0x%x\n",
			    fs->runs, row->name,
			    row->kind == FSKIND_BARE
				    ? "keeps no labels"
				    : "shows files of other file systems or machines",
			    fs->magic);
	}
}

static void say_labels(const struct policygen_count *c, struct strbuf *out)
{
	if (c->files == c->gone)
		return;
	strbuf_addf(out,
		    "# Labels of the files: %" PRIu64 " signed, %" PRIu64
		    " with a hash, %" PRIu64 " without.\n",
		    c->signed_, c->hashed, c->bare);
}

static bool all_signed(const struct policygen_count *c)
{
	return c->signed_ && !c->hashed && !c->bare;
}

static void appraise_use(const struct policygen *g, enum policygen_use use,
			 struct strbuf *out)
{
	const struct policygen_count *c = &g->uses[use];

	if (!c->entries)
		return;
	say_covered(c, use, out);
	say_labels(c, out);
	if (c->others)
		strbuf_addf(out,
			    "# fowner=0 lets pass what users own, here %" PRIu64
			    " files.\n",
			    c->others);
	strbuf_addf(out, "appraise %s%s%s\n", uses[use].options,
		    c->others ? " fowner=0" : "",
		    all_signed(c) ? " appraise_type=imasig" : "");
}

/* Parts of the kernel: only where each has a signature in security.ima, else nothing is
 * loaded any more. */
static void appraise_kernel(const struct policygen *g, struct strbuf *out)
{
	static const enum policygen_use of[] = {POLICYGEN_MODULE, POLICYGEN_FIRMWARE,
						POLICYGEN_KERNEL};

	for (size_t i = 0; i < array_size(of); i++) {
		const struct policygen_count *c = &g->uses[of[i]];

		if (!c->entries)
			continue;
		say_covered(c, of[i], out);
		say_labels(c, out);
		strbuf_addf(out, "%sappraise %s appraise_type=imasig\n",
			    all_signed(c) ? "" : "# When all are signed:\n#     ",
			    uses[of[i]].options);
	}
}

static void appraise(const struct policygen *g, struct strbuf *out)
{
	exclude_pseudo(g, "dont_appraise", out);
	exclude_bare(g, out);
	appraise_use(g, POLICYGEN_PROGRAM, out);
	appraise_use(g, POLICYGEN_LIBRARY, out);
	appraise_kernel(g, out);
}

void policygen_text(const struct policygen *g, enum policygen_goal goal,
		    const struct policy_kernel *kernel, struct strbuf *out)
{
	head(g, goal, out);
	if (goal == POLICYGEN_MEASURE)
		measure(g, kernel, out);
	else
		appraise(g, out);
}
