/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine below a folder whose signing key is to be another's, and its phases. */
#pragma once

#include "core/base/change.h"
#include "core/base/fstate.h"
#include "core/policy/policyinstall.h"
#include "core/rollout/rotateplan.h"
#include "tests/unit/testkeys.h"
#include "tests/unit/tree.h"

#define ROTATION_KERNEL "6.1.0-test"
#define ROTATION_POLICY "appraise func=BPRM_CHECK appraise_type=imasig\n"

struct rotation {
	struct tree tree;
	struct cert *old_cert, *new_cert;
	struct sig_key *old_key, *new_key;
	struct rotate now; /* of the last rotation_look() */
	struct rotateplan_said said;
};

static inline void rotation_key(const char *skid, struct cert **ret_cert,
				struct sig_key **ret_key)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *x = cert_of(pkey, skid);
	struct sig_key *own = public_of(x);
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);

	*ret_key = private_of(pkey);
	assert_int_equal(sig_key_certify(*ret_key, own, NULL), 0);
	assert_int_equal(cert_read((struct span){der, (size_t)len}, ret_cert, NULL), 0);
	OPENSSL_free(der);
	sig_key_free(own);
	X509_free(x);
	EVP_PKEY_free(pkey);
}

static inline void rotation_put(struct rotation *w, const char *path,
				const struct cert *c)
{
	char full[256];
	FILE *f;

	(void)snprintf(full, sizeof(full), "%s/%s", w->tree.dir, path);
	f = fopen(full, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(c->der.ptr, 1, c->der.len, f), c->der.len);
	assert_int_equal(fclose(f), 0);
}

static inline struct change_ctx rotation_ctx(struct rotation *w)
{
	return (struct change_ctx){.root = &w->tree.root,
				   .place = ROOT_STATE,
				   .actions = action_base_set(),
				   .command = "key rotate"};
}

static inline void rotation_carry_out(struct rotation *w, const struct plan *plan)
{
	struct change_ctx ctx = rotation_ctx(w);
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;
	struct diag d = {0};

	plan_hash(plan, hash);
	if (change_run(&ctx, plan, hash, &r, &d) < 0)
		fail_msg("%s", d.text);
	if (r.outcome != CHANGE_DONE)
		fail_msg("%s: %s", change_outcome_name(r.outcome), r.failure.text);
}

static inline void rotation_record(struct rotation *w)
{
	_cleanup_plan_ struct plan plan = {0};
	struct genfound_kept kept = {0};
	struct diag d = {0};

	if (genplan_record(&w->tree.root, "", &plan, &kept, &d) < 0 ||
	    gen_bless(&plan, &w->tree.root, kept.number, ROTATION_KERNEL, &d) < 0)
		fail_msg("%s", d.text);
	rotation_carry_out(w, &plan);
}

/* @sign: the policy by the old key, where labels can be set. */
static inline void rotation_make(struct rotation *w, const char *top, bool sign)
{
	_cleanup_strbuf_ struct strbuf value = {0}, meaning = {0};

	*w = (struct rotation){0};
	tree_make_at(&w->tree, top);
	rotation_key("00112233445566778899aabbccddeeff01234567", &w->old_cert,
		     &w->old_key);
	rotation_key("00112233445566778899aabbccddeeff89abcdef", &w->new_cert,
		     &w->new_key);
	tree_folder(&w->tree, "etc/ima");
	tree_folder(&w->tree, "etc/keys/ima");
	tree_folder(&w->tree, "usr/bin");
	tree_put(&w->tree, "etc/ima/ima-policy", ROTATION_POLICY);
	rotation_put(w, "etc/keys/ima/old.der", w->old_cert);
	if (sign) {
		assert_int_equal(policyinstall_sign(w->old_key, HASH_SHA256,
						    span_of(ROTATION_POLICY), &value,
						    &meaning, NULL),
				 0);
		tree_set(&w->tree, "etc/ima/ima-policy", TREE_IMA, strbuf_span(&value));
	}
	rotation_record(w);
}

static inline void rotation_done(struct rotation *w)
{
	rotateplan_said_done(&w->said);
	rotate_done(&w->now);
	sig_key_free(w->old_key);
	sig_key_free(w->new_key);
	cert_free(w->old_cert);
	cert_free(w->new_cert);
	tree_done(&w->tree);
}

static inline int rotation_try(struct rotation *w, const char *old, struct diag *reterr)
{
	struct rotate_ask ask = {.root = &w->tree.root,
				 .old = old,
				 .new_cert = w->new_cert,
				 .release = ROTATION_KERNEL};

	rotate_done(&w->now);
	return rotate_load(&w->now, &ask, reterr);
}

/* Files are counted below usr. */
static inline enum rotate_phase rotation_look(struct rotation *w)
{
	static const char *const paths[] = {"usr"};
	struct keyuse_opts opts = {.scope = SCOPE_NAMED, .paths = paths, .n_paths = 1};
	struct diag d = {0};

	if (rotation_try(w, "01234567", &d) < 0)
		fail_msg("%s", d.text);
	if (!w->tree.pool)
		assert_int_equal(pool_new(2, &w->tree.pool, NULL), 0);
	if (rotate_needs_count(&w->now) &&
	    rotate_count(&w->now, w->tree.pool, &opts, NULL, &d) < 0)
		fail_msg("%s", d.text);
	return w->now.next;
}

static inline void rotation_plan(struct rotation *w, struct plan *ret)
{
	struct diag d = {0};

	rotateplan_said_done(&w->said);
	w->said = (struct rotateplan_said){0};
	if (rotateplan_make(&w->now, w->new_key, HASH_SHA256, ret, &w->said, &d) < 0)
		fail_msg("%s", d.text);
}

/* The phase that is next. */
static inline void rotation_step(struct rotation *w)
{
	_cleanup_plan_ struct plan plan = {0};

	rotation_plan(w, &plan);
	rotation_carry_out(w, &plan);
}
