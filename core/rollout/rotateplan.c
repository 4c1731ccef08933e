/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rollout/rotateplan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/act-key.h"
#include "core/base/fstate.h"
#include "core/base/pack.h"
#include "core/label/keyplan.h"
#include "core/policy/bootfile.h"
#include "core/policy/policyinstall.h"

#define ORIGIN "rotated"

/* One plan being made. */
struct work {
	struct rotate *r;
	struct plan *plan;
	struct rotateplan_said *said;
	bool label;    /* files of generations need one */
	unsigned next; /* number of a generation that is made */
};

void rotateplan_said_done(struct rotateplan_said *s)
{
	genplan_left_done(&s->left);
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

/* Generations */

static int begin(struct work *w, struct diag *reterr)
{
	int err = gen_next(w->r->root, &w->next, reterr);

	w->label = genplan_needs_labels(w->r->root, &w->r->found);
	return err < 0 ? err : gen_begin(w->plan, w->r->root, reterr);
}

/* Makes these files a generation where none holds them; the first is the policy, also where
 * there is none. */
static int keep(struct work *w, const struct gen_file *file, size_t n,
		struct diag *reterr)
{
	const struct rotate *r = w->r;
	size_t skip = r->found.there ? 0 : 1;
	struct gen_spec spec = {w->next, ORIGIN, file + skip, n - skip, w->label};
	int err = 0;

	w->said->generation = 0;
	if (r->found.there && !file[0].meaning.len)
		w->said->generation = genfound_holding(r->root, &r->list, file, n);
	if (!w->said->generation) {
		err = gen_add(w->plan, r->root, &spec, reterr);
		w->said->generation = w->next;
	}
	return err < 0 ? err : 0;
}

/* The rules in force are the same, so what is good with one key is with two. */
static int bless(struct work *w, bool good, struct diag *reterr)
{
	const struct rotate *r = w->r;
	const struct gen_entry *e = gen_find(&r->list, w->said->generation);
	int err = 0;

	w->said->good = (e && e->blessed) || (good && *r->release);
	if (w->said->good)
		err = gen_bless(w->plan, r->root, w->said->generation, r->release,
				reterr);
	return err < 0 ? err : 0;
}

static bool was_good(const struct work *w, const struct genfound_kept *found)
{
	const struct gen_entry *e = gen_find(&w->r->list, found->number);

	return found->good || (e && e->blessed && e->allowed) ||
	       (e && !e->candidate &&
		genfound_is_good(w->r->root, &w->r->found, w->r->release));
}

/* Trust */

static int trust_generations(struct work *w, struct diag *reterr)
{
	struct rotate *r = w->r;
	struct genfound_kept found;
	int err = begin(w, reterr);

	if (err == 0)
		err = genfound_keep(w->plan, r->root, &r->found, &r->list, r->release,
				    w->label, &w->next, &found, reterr);
	if (err < 0)
		return err;
	w->said->generation = found.number;
	if (!r->new_at_boot) {
		genfound_take_key(&r->found, r->new_cert);
		err = keep(w, r->found.file, r->found.n, reterr);
	}
	return err < 0 ? err : bless(w, was_good(w, &found), reterr);
}

static int trust_now(struct work *w, struct diag *reterr)
{
	struct rotate *r = w->r;
	_cleanup_strbuf_ struct strbuf name = {0};
	struct plan_spec at = {.danger = PLAN_REVERSIBLE,
			       .why = "until the machine is restarted"};
	struct keycheck check;
	int err = keyplan_fit(&r->host, r->new_cert, r->ring, &check, reterr);

	if (err < 0)
		return err;
	cert_description(r->new_cert, &name);
	err = act_key_add(w->plan, r->root, &at, r->ring, strbuf_str(&name),
			  strbuf_span(&r->new_cert->der), reterr);
	return err < 0 ? err : 0;
}

static int trust(struct work *w, struct diag *reterr)
{
	struct rotate *r = w->r;
	int err = r->live ? trust_now(w, reterr) : 0;

	if (err == 0)
		err = trust_generations(w, reterr);
	if (err == 0 && !r->new_at_boot)
		err = bootfile_put_key(w->plan, r->root, r->new_cert, reterr);
	if (err < 0 || w->plan->n)
		return err;
	return diag_set(reterr, DIAG_ROTATE_RESTART, EAGAIN,
			"Generation %u is not known to be good: /" GENFOUND_POLICY
			" was changed since the machine was started.",
			w->said->generation);
}

/* Policy */

/* Is it a signature of what the file holds? Else somebody has changed it. */
static int check_signature(const struct rotate *r, struct diag *reterr)
{
	struct policyplan judged = {.root = r->root, .text = strbuf_span(&r->found.text)};
	struct cert *certs[1] = {(struct cert *)(uintptr_t)r->old_cert};
	struct policyinstall in = {.judged = &judged,
				   .certs = certs,
				   .n_certs = r->old_cert ? 1 : 0};
	struct bytes b = bytes_of(r->found.xattrs.ptr, r->found.xattrs.len);
	enum sig_verdict verdict = SIG_DAMAGED;
	struct span name;
	uint32_t n;
	int err = 0;

	if (bytes_u32(&b, &n) && unpack_span(&b, &name) && unpack_span(&b, &in.label))
		err = policyinstall_verify(&in, &verdict, reterr);
	if (err < 0 || verdict == SIG_GOOD)
		return err;
	return diag_set(reterr, DIAG_POLICY_UNSIGNED, EKEYREJECTED,
			"/" GENFOUND_POLICY
			" is signed by the old key: the signature %s. "
			"It is not signed anew.",
			sig_verdict_words(verdict));
}

static int policy(struct work *w, const struct sig_key *key, enum hash_alg alg,
		  struct diag *reterr)
{
	struct rotate *r = w->r;
	struct genfound *f = &r->found;
	_cleanup_strbuf_ struct strbuf value = {0}, packed = {0}, meaning = {0};
	const struct gen_entry *e = gen_find(&r->list, r->there);
	bool good = e && e->blessed;
	int err = check_signature(r, reterr);

	if (err == 0)
		err = policyinstall_sign_once(r->root, key, alg, strbuf_span(&f->text),
					      &value, &meaning, reterr);
	if (err < 0)
		return err;
	fstate_add_xattr(&packed, "security.ima", strbuf_span(&value));
	if (packed.failed)
		return no_memory(reterr);
	f->file[0].xattrs = strbuf_span(&packed);
	f->file[0].meaning = strbuf_span(&meaning);
	err = begin(w, reterr);
	if (err == 0)
		err = keep(w, f->file, f->n, reterr);
	if (err == 0)
		err = bless(w, good, reterr);
	if (err == 0)
		err = bootfile_put_policy(w->plan, r->root, strbuf_span(&f->text),
					  strbuf_span(&packed), strbuf_span(&meaning),
					  reterr);
	f->file[0].xattrs = strbuf_span(&f->xattrs);
	f->file[0].meaning = (struct span){0};
	return err < 0 ? err : 0;
}

/* Retire */

static int retire_generation(struct work *w, struct diag *reterr)
{
	const struct genfound *f = &w->r->found;
	const struct gen_entry *e;
	struct gen_file *left = calloc(GEN_FILES_MAX, sizeof(*left));
	char name[GEN_NAME_SIZE];
	size_t n = 0;
	int err = left ? begin(w, reterr) : no_memory(reterr);

	gen_key_name(w->r->old_cert->spki, name);
	for (size_t i = 0; left && i < f->n; i++)
		if (strcmp(f->file[i].name, name) != 0)
			left[n++] = f->file[i];
	if (err == 0)
		err = keep(w, left, n, reterr);
	free(left);
	e = gen_find(&w->r->list, w->said->generation);
	w->said->good = e && e->blessed;
	if (err == 0)
		err = gen_set_candidate(w->plan, w->r->root,
					w->said->good ? 0 : w->said->generation, reterr);
	return err < 0 ? err : 0;
}

static int retire_files(struct work *w, struct diag *reterr)
{
	const struct certstore *certs = &w->r->found.certs;
	int err = 0;

	for (size_t i = 0; err >= 0 && i < certs->n; i++)
		if (genfound_at_boot(&w->r->found, i) &&
		    span_equal(certs->cert[i]->spki, w->r->old_cert->spki))
			err = bootfile_take_key(w->plan, w->r->root, certs->from[i] + 1,
						reterr);
	return err < 0 ? err : 0;
}

static int retire_now(struct work *w, struct diag *reterr)
{
	const struct keyhost *h = &w->r->host;
	struct plan_spec at = {.danger = PLAN_BOOT,
			       .why = "no file that was looked at is signed by it"};
	uint8_t id[CERT_KEYID];
	int err = 0;

	for (int i = 0; err >= 0 && i < h->rings.ring[w->r->ring].members; i++) {
		const struct keyring_key *k = keyring_member(&h->rings, w->r->ring, i);
		_cleanup_strbuf_ struct strbuf name = {0};
		const struct cert *cert;

		if (!k || !keyring_is(k, "asymmetric") || !keyhost_keyid(h, k, id) ||
		    memcmp(id, w->r->old, sizeof(id)) != 0)
			continue;
		cert = keyhost_cert(h, k, NULL);
		strbuf_add(&name, k->description.ptr, k->description.len);
		err = act_key_remove(w->plan, w->r->root, &at, w->r->ring,
				     strbuf_str(&name),
				     strbuf_span(&(cert ? cert : w->r->old_cert)->der),
				     reterr);
	}
	return err < 0 ? err : 0;
}

static int retire(struct work *w, struct diag *reterr)
{
	int err = retire_generation(w, reterr);

	if (err == 0)
		err = retire_files(w, reterr);
	return err == 0 && w->r->live ? retire_now(w, reterr) : err;
}

static int revoke_old(struct work *w, struct diag *reterr)
{
	const struct rotate *r = w->r;

	w->said->generation = r->there;
	w->said->good = true;
	return genplan_succeed(r->root, r->there, r->old_hash, r->release, w->plan,
			       &w->said->left, reterr);
}

static const char *const titles[_ROTATE_PHASE_MAX] = {
	[ROTATE_TRUST] = "trust a second signing key",
	[ROTATE_POLICY] = "sign the policy with the new key",
	[ROTATE_RETIRE] = "retire the old signing key",
	[ROTATE_REVOKE] = "revoke the old signing key",
};

int rotateplan_make(struct rotate *r, const struct sig_key *key, enum hash_alg alg,
		    struct plan *ret, struct rotateplan_said *ret_said,
		    struct diag *reterr)
{
	struct work w = {.r = r, .plan = ret, .said = ret_said};
	int err = plan_init(ret, titles[r->next], reterr);

	if (err < 0)
		return err;
	if (r->next == ROTATE_TRUST)
		return trust(&w, reterr);
	if (r->next == ROTATE_POLICY)
		return policy(&w, key, alg, reterr);
	return r->next == ROTATE_RETIRE ? retire(&w, reterr) : revoke_old(&w, reterr);
}

static void left_text(const struct genplan_left *left, struct strbuf *out)
{
	if (left->barred.len)
		strbuf_addf(
			out,
			"Nobody goes back to these any more, which rest on the old key "
			"or know nothing of the new one: %s.\n",
			strbuf_str(&left->barred));
	strbuf_addf(out, "What this kernel goes back to then is generation %u alone.\n",
		    left->newest);
}

void rotateplan_format(const struct rotate *r, const struct rotateplan_said *said,
		       const struct initramfs *initramfs, struct strbuf *out, bool ascii)
{
	rotate_format(r, out, ascii);
	if (r->next == ROTATE_REVOKE) {
		left_text(&said->left, out);
		return;
	}
	strbuf_addf(out, "What there is then is generation %u, %s.\n", said->generation,
		    said->good		       ? "good for this kernel"
		    : r->next == ROTATE_RETIRE ? "a candidate until a boot has shown it"
					       : "not known to be good");
	if (r->next == ROTATE_TRUST || r->next == ROTATE_RETIRE)
		initramfs_format(initramfs, r->release, true, out);
}
