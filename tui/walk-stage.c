/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan that makes a policy the candidate, with the key that signs it and the certificates
 * that go with it. */
#include <errno.h>
#include <fcntl.h>

#include "core/base/cleanup.h"
#include "core/policy/policyfile.h"
#include "core/rollout/trialplan.h"
#include "tui/filetask.h"
#include "tui/walk.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

static int read_certs(const struct walk_stage *what, struct cert *ret[WALK_CERTS],
		      struct diag *reterr)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < what->n_certs; i++)
		r = cert_read_at(AT_FDCWD, what->cert[i], &ret[i], reterr);
	return r;
}

/* The key, by the id of its certificate. */
static int take_key(const struct walk_stage *what, struct sig_key **ret,
		    struct diag *reterr)
{
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	_cleanup_keyset_ struct keyset certs = {0};
	int r = filetask_key(what->key, &key, reterr);

	for (size_t i = 0; r >= 0 && i < what->n_certs; i++)
		r = keyset_add_file(&certs, AT_FDCWD, what->cert[i], reterr);
	if (r >= 0)
		r = keyset_certify(&certs, key, reterr);
	if (r < 0)
		return r;
	*ret = take_ptr(key);
	return 0;
}

static int make_label(const struct root *root, const struct walk_stage *what,
		      struct span text, struct strbuf *label, struct strbuf *meaning,
		      struct diag *reterr)
{
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	int r;

	if (!*what->key)
		return policyinstall_kept(what->file, label, reterr);
	r = take_key(what, &key, reterr);
	return r < 0 ? r
		     : policyinstall_sign_once(root, key, sig_key_hash(key), text, label,
					       meaning, reterr);
}

/* @in has all but the label and the certificates. */
static int plan(const struct root *root, const struct walk_stage *what,
		struct policyinstall *in, struct plan *ret,
		struct policyinstall_said *ret_said, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf label = {0}, meaning = {0};
	struct cert *certs[WALK_CERTS] = {NULL};
	int r = make_label(root, what, in->judged->text, &label, &meaning, reterr);

	if (r >= 0)
		r = read_certs(what, certs, reterr);
	in->label = strbuf_span(&label);
	in->meaning = strbuf_span(&meaning);
	in->certs = certs;
	in->n_certs = what->n_certs;
	if (r >= 0)
		r = trialplan_stage(in, what->mode, ret, ret_said, reterr);
	for (size_t i = 0; i < what->n_certs; i++)
		cert_free(certs[i]);
	return r;
}

int walk_stage(const struct root *root, const char *release,
	       const struct walk_stage *what, struct plan *ret, struct strbuf *said,
	       struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_policyplan_ struct policyplan p = {.root = root, .name = what->file};
	struct policyinstall in = {.judged = &p, .release = release};
	struct policyinstall_said done = {0};
	struct policyfile file;
	int r = policyfile_read(what->file, &text, &file, reterr);

	p.text = strbuf_span(&text);
	p.path = *what->file == '/' ? what->file : NULL;
	if (r >= 0)
		r = policyplan_look(&p, reterr);
	if (r >= 0)
		r = plan(root, what, &in, ret, &done, reterr);
	if (r < 0)
		return r;
	policyplan_format(&p, said);
	policyinstall_format(&done, said);
	strbuf_addf(said, "It is to be tried in the mode %s. %s\n",
		    bootmode_name(what->mode), bootmode_means(what->mode));
	return 0;
}
