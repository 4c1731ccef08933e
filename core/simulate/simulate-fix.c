/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fails, put right: as few commands as cover all of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/policy/cover.h"
#include "core/label/scope.h"
#include "core/simulate/simulate-internal.h"

enum takes { NOTHING, ONE, ALL, COVER };

static const struct {
	const char *word, *command, *why;
	enum takes takes;
} fixes[_SIMULATE_FIX_MAX] = {
#define SIMULATE_FIX(id, word, command, what, why) {word, command, why, what},
#include "core/simulate/simulate-fixes.inc"
#undef SIMULATE_FIX
};

static const struct {
	enum appraise_cause cause;
	enum simulate_fix_kind fix;
} remedies[] = {
	{APPRAISE_MISSING_HASH, SIMULATE_LABEL},
	{APPRAISE_UNKNOWN_DATA, SIMULATE_RELABEL},
	{APPRAISE_INVALID_HASH, SIMULATE_RELABEL},
	{APPRAISE_DENIED_HASH, SIMULATE_REHASH},
	{APPRAISE_SIG_REQUIRED, SIMULATE_SIGN},
	{APPRAISE_VERITY_REQUIRED, SIMULATE_SIGN},
	{APPRAISE_SIGV3_REQUIRED, SIMULATE_SIGN_3},
	{APPRAISE_SIG_VERSION, SIMULATE_SIGN_ANEW},
	{APPRAISE_SIGV3_HASHING, SIMULATE_SIGN_ANEW},
	{APPRAISE_INVALID_SIG, SIMULATE_SIGN_ANEW},
	{APPRAISE_INVALID_VERITY_SIG, SIMULATE_SIGN_ANEW},
	{APPRAISE_MISSING_HMAC, SIMULATE_SIGN_EVM},
	{APPRAISE_INVALID_HMAC, SIMULATE_SIGN_EVM},
	{APPRAISE_FAIL_IMMUTABLE, SIMULATE_SIGN_EVM},
	{APPRAISE_NO_XATTRS, SIMULATE_EXCEPT},
	{APPRAISE_UNVERIFIABLE, SIMULATE_EXCEPT},
};

const char *simulate_fix_word(enum simulate_fix_kind kind)
{
	return fixes[kind].word;
}

const char *simulate_fix_why(enum simulate_fix_kind kind)
{
	return fixes[kind].why;
}

enum simulate_fix_kind simulate_fix_for(enum appraise_cause cause, bool no_key)
{
	if (no_key &&
	    (cause == APPRAISE_INVALID_SIG || cause == APPRAISE_INVALID_VERITY_SIG))
		return SIMULATE_LOAD_KEY;
	for (size_t i = 0; i < array_size(remedies); i++)
		if (remedies[i].cause == cause)
			return remedies[i].fix;
	return SIMULATE_LOOK;
}

/* What was changed is nothing to be signed unseen. */
bool simulate_fix_covers(enum simulate_fix_kind fix, enum simulate_fix_kind less)
{
	bool signs = fix == SIMULATE_SIGN || fix == SIMULATE_SIGN_3;

	return (signs && (less == SIMULATE_LABEL || less == SIMULATE_REHASH)) ||
	       (fix == SIMULATE_SIGN_3 && less == SIMULATE_SIGN);
}

static int sign(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* What one command can do for both. */
static int by_fix(const struct simulate_row *a, const struct simulate_row *b)
{
	int r = sign(a->unsure, b->unsure);

	r = r ? r : sign(a->fix, b->fix);
	if (r)
		return r;
	switch (a->fix) {
	case SIMULATE_LOAD_KEY:
		return memcmp(a->keyid, b->keyid, sizeof(a->keyid));
	case SIMULATE_EXCEPT:
		return sign(a->fsmagic, b->fsmagic);
	case SIMULATE_REHASH:
		return sign(a->algos, b->algos);
	default:
		return 0;
	}
}

static int by_fix_and_name(const void *x, const void *y, void *names)
{
	const struct simulate_row *a = *(const struct simulate_row *const *)x,
				  *b = *(const struct simulate_row *const *)y;
	int r = by_fix(a, b);

	return r ? r : strcmp((char *)names + a->name, (char *)names + b->name);
}

static bool names_key(const struct keyset_key *k, struct span keyid)
{
	struct span id =
		keyid.len == IMAXATTR_KEYID ? sig_key_id(k->key) : sig_key_id_v1(k->key);

	return k->from && span_equal(id, keyid);
}

static void about_key(struct simulate_fix *f, const struct keyset *certs)
{
	for (size_t i = 0; i < certs->n && !f->cert_known; i++) {
		if (!certs->keys[i].key || !names_key(&certs->keys[i], f->keyid))
			continue;
		strbuf_adds(&f->about, certs->keys[i].from);
		f->cert_known = true;
	}
	if (!f->cert_known)
		strbuf_adds(&f->about, "CERT");
}

static void about(struct simulate_fix *f, const struct simulate_row *row,
		  const struct keyset *certs)
{
	switch (f->kind) {
	case SIMULATE_LOAD_KEY:
		f->keyid = (struct span){row->keyid, row->keyid_len};
		about_key(f, certs);
		break;
	case SIMULATE_EXCEPT:
		strbuf_addf(&f->about, "0x%x", row->fsmagic);
		break;
	case SIMULATE_REHASH:
		strbuf_adds(&f->about, hash_alg_name(hash_alg_best(row->algos)));
		break;
	default:
		break;
	}
}

static size_t all_paths(const char *const *paths, size_t n, struct strbuf *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		if (i && strcmp(paths[i - 1], paths[i]) == 0)
			continue;
		strbuf_add(out, paths[i], strlen(paths[i]) + 1);
		found++;
	}
	return found;
}

/* What follows the command; a folder would have files signed that must be written to, and
 * those that others signed. */
static void add_paths(struct simulate_fix *f, const char *const *paths, size_t n)
{
	switch (fixes[f->kind].takes) {
	case NOTHING:
		break;
	case ONE:
		f->n_paths = all_paths(paths, 1, &f->paths);
		break;
	case ALL:
		f->n_paths = all_paths(paths, n, &f->paths);
		break;
	case COVER:
		f->n_paths = cover_paths(paths, n, &f->paths);
		break;
	}
}

/* @row: @n rows that one command puts right. */
static int make_one(const struct simulate *s, const struct simulate_row *const *row,
		    size_t n, const struct keyset *certs, struct simulate_fix *f)
{
	_cleanup_free_ const char **paths = calloc(n, sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	*f = (struct simulate_fix){.kind = row[0]->fix, .worst = row[0]->rank};
	for (size_t i = 0; i < n; i++) {
		paths[i] = simulate_name(s, row[i]);
		f->files += !i || strcmp(paths[i - 1], paths[i]) != 0;
		if (row[i]->rank < f->worst)
			f->worst = row[i]->rank;
	}
	about(f, row[0], certs);
	add_paths(f, paths, n);
	return f->about.failed || f->paths.failed ? -ENOMEM : 0;
}

/* What nobody can do in one go comes last of its rank. */
static int most_first(const void *x, const void *y)
{
	const struct simulate_fix *a = x, *b = y;
	int r = sign(a->worst, b->worst);

	r = r ? r : sign(a->kind == SIMULATE_LOOK, b->kind == SIMULATE_LOOK);
	r = r ? r : sign(b->files, a->files);
	return r ? r : sign(a->kind, b->kind);
}

static int add_fix(struct simulate *s, const struct simulate_row *const *row, size_t n,
		   const struct keyset *certs)
{
	struct simulate_fix *more = reallocarray(s->fix, s->n_fixes + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	s->fix = more;
	return make_one(s, row, n, certs, &s->fix[s->n_fixes++]);
}

int simulate_make_fixes(struct simulate *s, const struct keyset *certs)
{
	_cleanup_free_ const struct simulate_row **row =
		calloc(s->n_rows + 1, sizeof(*row));
	size_t n;
	int r = row ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->n_rows; i++)
		row[i] = &s->row[i];
	if (r == 0 && s->n_rows)
		qsort_r(row, s->n_rows, sizeof(*row), by_fix_and_name, s->names.ptr);
	for (size_t i = 0; r == 0 && i < s->n_rows && !row[i]->unsure; i += n) {
		for (n = 1; i + n < s->n_rows && by_fix(row[i], row[i + n]) == 0; n++)
			;
		r = add_fix(s, &row[i], n, certs);
	}
	if (r == 0 && s->n_fixes)
		qsort(s->fix, s->n_fixes, sizeof(*s->fix), most_first);
	return r;
}

void simulate_command(struct strbuf *out, const struct simulate_fix *fix,
		      const char *root)
{
	static const char ours[] = "imactl ";
	const char *command = fixes[fix->kind].command, *at;

	if (root && strncmp(command, ours, strlen(ours)) == 0) {
		strbuf_addf(out, "%s--root=%s ", ours, root);
		command += strlen(ours);
	}
	at = strstr(command, "%s");
	strbuf_add(out, command, at ? (size_t)(at - command) : strlen(command));
	if (!at)
		return;
	strbuf_add(out, strbuf_str(&fix->about), fix->about.len);
	strbuf_adds(out, at + 2);
}
