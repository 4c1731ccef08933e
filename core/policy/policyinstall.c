/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/policyinstall.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/fstate.h"
#include "core/base/pack.h"
#include "core/appraise/keyhost.h"
#include "core/cert/keylive.h"
#include "core/policy/bootfile.h"

/* One plan being made. */
struct work {
	const struct policyinstall *in;
	const struct root *root;
	struct plan *plan;
	struct policyinstall_said *said;
	struct genfound found;
	struct strbuf label; /* packed, of the new policy */
	bool label_all;	     /* files of generations */
};

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static bool enforced(const struct probe *probe)
{
	const struct probe_fact *mode = &probe->fact[PROBE_APPRAISE_MODE];

	return mode->answer != PROBE_YES ||
	       (strcmp(mode->value, "log") != 0 && strcmp(mode->value, "fix") != 0);
}

static const char *signature_words(bool is_signed, enum sig_verdict v, char *buf,
				   size_t size)
{
	if (!is_signed)
		return "the file is not signed";
	if (v == SIG_IMPOSSIBLE)
		return "the signature cannot be checked without the key's certificate "
		       "(--cert)";
	(void)snprintf(buf, size, "the signature %s", sig_verdict_words(v));
	return buf;
}

/* Would PID 1 freeze, because the kernel asks for a signature that this is not? */
static int judge_signature(struct work *w, struct diag *reterr)
{
	const struct policyplan *p = w->in->judged;
	_cleanup_strbuf_ struct strbuf rule = {0};
	struct imaxattr x;
	char words[120];
	int r = 0;

	w->said->verdict = SIG_DAMAGED;
	imaxattr_decode(IMAXATTR_IMA, w->in->label, &x);
	if (imaxattr_is_sig(&x))
		r = policyinstall_verify(w->in, &w->said->verdict, reterr);
	if (r == 0 && root_is_live(w->root))
		r = policyinstall_must_be_signed(w->root, p->probe, &rule, reterr);
	if (r < 0)
		return r;
	w->said->must_be_signed = r;
	(void)snprintf(w->said->by, sizeof(w->said->by), "%s", strbuf_str(&rule));
	if (imaxattr_is_sig(&x) && w->said->verdict == SIG_BAD)
		return diag_set(reterr, DIAG_POLICY_UNSIGNED, EKEYREJECTED,
				"The signature is not one of what the file holds.");
	if (!w->said->must_be_signed || w->said->verdict == SIG_GOOD ||
	    !enforced(p->probe))
		return 0;
	return diag_set(reterr, DIAG_POLICY_UNSIGNED, EKEYREJECTED,
			"The boot would stop: the kernel has the rule '%s', and %s.",
			w->said->by,
			signature_words(imaxattr_is_sig(&x), w->said->verdict, words,
					sizeof(words)));
}

/* From here on what was found is what the next generation begins with. */
static int add_new(struct work *w, const struct gen_list *list, unsigned next,
		   struct diag *reterr)
{
	const struct policyinstall *in = w->in;
	struct genfound *f = &w->found;
	const char *origin = in->candidate_only ? "staged" : "installed";
	struct gen_spec spec = {next, origin, f->file, 0, w->label_all};
	const struct gen_entry *e;
	int r = 0;

	for (size_t i = 0; i < in->n_certs; i++)
		genfound_take_key(f, in->certs[i]);
	if (in->words.len && f->n < GEN_FILES_MAX)
		f->file[f->n++] =
			(struct gen_file){.name = GEN_CMDLINE, .content = in->words};
	spec.n = f->n;
	f->file[0] = (struct gen_file){.name = GEN_POLICY,
				       .content = in->judged->text,
				       .xattrs = strbuf_span(&w->label),
				       .meaning = in->meaning};
	w->said->made =
		in->meaning.len ? 0 : genfound_holding(w->root, list, f->file, f->n);
	e = gen_find(list, w->said->made);
	if (!w->said->made) {
		r = gen_add(w->plan, w->root, &spec, reterr);
		w->said->made = next;
	}
	/* what is good already is on no trial */
	return r < 0 ? r
		     : gen_set_candidate(w->plan, w->root,
					 e && e->blessed ? 0 : w->said->made, reterr);
}

static int add_generations(struct work *w, struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	unsigned next;
	int r = gen_list_load(w->root, w->in->release, &list, reterr);

	if (r == 0)
		r = gen_next(w->root, &next, reterr);
	if (r == 0)
		r = gen_begin(w->plan, w->root, reterr);
	if (r == 0)
		r = genfound_keep(w->plan, w->root, &w->found, &list, w->in->release,
				  w->label_all, &next, &w->said->found, reterr);
	return r < 0 ? r : add_new(w, &list, next, reterr);
}

static int add_keys(struct work *w, struct diag *reterr)
{
	int r = 0;

	for (size_t i = 0; i < w->in->n_certs && r >= 0; i++) {
		if (genfound_has_cert(&w->found, w->in->certs[i]))
			continue;
		r = bootfile_put_key(w->plan, w->root, w->in->certs[i], reterr);
		w->said->keys += r > 0;
	}
	return r < 0 ? r : 0;
}

static int add_policy(struct work *w, struct diag *reterr)
{
	return bootfile_put_policy(w->plan, w->root, w->in->judged->text,
				   strbuf_span(&w->label), w->in->meaning, reterr);
}

static int refuse_bad_keys(struct work *w, struct diag *reterr)
{
	_cleanup_keyhost_ struct keyhost host = {0};
	int r = 0;

	if (!w->in->n_certs || !root_is_live(w->root) ||
	    keyhost_load(&host, w->root, NULL) < 0)
		return 0;
	for (size_t i = 0; i < w->in->n_certs && r == 0; i++) {
		struct keycheck check;

		keyhost_check(&host, w->in->certs[i],
			      keylive_ring(&host.rings, IMAXATTR_IMA), &check);
		if (check.verdict == KEYCHECK_REFUSED)
			r = diag_set(reterr, DIAG_KEY_REFUSED, check.err,
				     "The kernel would not take that certificate: %s.",
				     keycheck_clause_words(check.clause));
	}
	return r;
}

/* A signature, or a hash where something appraises: then the file can be read, too. */
static int make_label(struct work *w, struct diag *reterr)
{
	const struct policyplan *p = w->in->judged;
	_cleanup_strbuf_ struct strbuf value = {0};
	struct digest digest;
	int r = 0;

	w->label_all = root_is_live(w->root) &&
		       genfound_needs_labels(w->root, &p->rules, GEN_FOLDER);
	strbuf_add(&value, w->in->label.ptr, w->in->label.len);
	if (!value.len && root_is_live(w->root) &&
	    genfound_needs_labels(w->root, &p->rules, "etc/ima")) {
		r = hash_of(HASH_SHA256, p->text, &digest, reterr);
		if (r == 0)
			(void)imaxattr_put_digest(&value, HASH_SHA256,
						  digest_span(&digest));
	}
	if (value.len)
		fstate_add_xattr(&w->label, "security.ima", strbuf_span(&value));
	return r == 0 && (value.failed || w->label.failed) ? no_memory(reterr) : r;
}

static int build(struct work *w, struct diag *reterr)
{
	int r = judge_signature(w, reterr);

	if (r == 0)
		r = refuse_bad_keys(w, reterr);
	if (r == 0)
		r = make_label(w, reterr);
	if (r == 0)
		r = genfound_load(w->root, &w->found, reterr);
	if (r == 0)
		r = add_generations(w, reterr);
	if (r < 0 || w->in->candidate_only)
		return r;
	r = add_keys(w, reterr);
	return r < 0 ? r : add_policy(w, reterr);
}

int policyinstall_plan(const struct policyinstall *in, struct plan *ret,
		       struct policyinstall_said *ret_said, struct diag *reterr)
{
	struct work *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return no_memory(reterr);
	*ret_said = (struct policyinstall_said){.candidate = in->candidate_only};
	*w = (struct work){.in = in,
			   .root = in->judged->root,
			   .plan = ret,
			   .said = ret_said};
	r = plan_init(ret,
		      in->candidate_only ? "keep a policy for a trial"
					 : "install a policy for the next boot",
		      reterr);
	if (r == 0)
		r = build(w, reterr);
	genfound_done(&w->found);
	strbuf_done(&w->label);
	free(w);
	return r < 0 ? r : 0;
}

void policyinstall_format(const struct policyinstall_said *s, struct strbuf *out)
{
	if (s->candidate)
		strbuf_adds(
			out,
			"Nothing is in force before a trial: 'imactl rollout arm'.\n");
	else
		strbuf_adds(out,
			    "In force from the next boot on, when PID 1 loads /etc/ima/"
			    "ima-policy; now nothing changes.\n");
	strbuf_addf(out,
		    "What is there now is generation %u%s%s, the new policy generation "
		    "%u.\n",
		    s->found.number, s->found.made ? ", made now" : "",
		    s->found.made && !s->found.good
			    ? " (not known to be good: this boot may not have begun "
			      "with it)"
			    : "",
		    s->made);
	if (s->must_be_signed)
		strbuf_addf(
			out,
			"It must be signed, by the kernel's rule '%s', and it is%s.\n",
			s->by,
			s->verdict == SIG_GOOD ? ", with a key that the kernel has"
					       : " not: the mode does not enforce it");
}
