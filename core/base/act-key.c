/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/act-key.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/keysys.h"
#include "core/base/pack.h"
#include "core/base/sha256.h"

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static void pack_state(struct strbuf *out, bool there, struct span der)
{
	pack_u8(out, there);
	pack_span(out, der);
}

static bool unpack_state(struct span state, bool *there, struct span *der)
{
	struct bytes b = bytes_of(state.ptr, state.len);
	uint8_t flag;

	if (!bytes_u8(&b, &flag) || flag > 1 || !unpack_span(&b, der))
		return false;
	*there = flag;
	return !bytes_left(&b);
}

static int failed(const struct plan_step *step, const char *what, int err,
		  struct diag *reterr)
{
	char name[110], ring[40];

	return diag_set(reterr,
			err == -EACCES || err == -EPERM ? DIAG_PERMISSION
							: DIAG_KEY_REFUSED,
			err, "Cannot %s %s (%s): %s.", what,
			str_quote(name, sizeof(name), span_of(step->arg)),
			str_quote(ring, sizeof(ring), span_of(step->path)),
			diag_errno(err));
}

/* The keyring's serial number; 0: there is none. */
static int32_t ring_of(const struct action_env *env, const struct plan_step *step,
		       struct diag *reterr)
{
	enum keyring_id id = keyring_from_name(span_of(step->path));
	_cleanup_keyring_ struct keyring_set set = {0};
	int r = id < 0 ? failed(step, "find the keyring of", -EINVAL, reterr)
		       : keyring_load(env->root, &set, reterr);

	return r < 0 ? r : set.ring[id].serial;
}

/* "type;uid;gid;perm;description" of a key with that description. */
static bool is_named(int32_t key, const char *name)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span part, rest;
	struct bytes in;

	if (keysys_describe(key, &text) < 0)
		return false;
	in = bytes_of(strbuf_str(&text), text.len);
	if (!bytes_until(&in, ';', &part) || !span_is(part, "asymmetric"))
		return false;
	for (int i = 0; i < 3; i++)
		if (!bytes_until(&in, ';', &part))
			return false;
	return bytes_take(&in, bytes_left(&in), &rest) && span_is(rest, name);
}

/* The key of that name in @ring; 0: none; -errno. */
static int32_t find(int32_t ring, const char *name)
{
	_cleanup_free_ int32_t *members = NULL;
	int n = ring ? keysys_read(ring, &members) : 0;

	for (int i = 0; i < n; i++)
		if (is_named(members[i], name))
			return members[i];
	return n < 0 ? n : 0;
}

static int probe_key(const struct action_env *env, const struct plan_step *step,
		     struct strbuf *out, struct diag *reterr)
{
	int32_t ring = ring_of(env, step, reterr), key;
	struct span der = {0};
	bool wanted;

	if (ring < 0)
		return ring;
	key = find(ring, step->arg);
	if (key < 0)
		return failed(step, "look for", key, reterr);
	/* the kernel gives none back: what the plan knows is what there is */
	if (step->after.len && !unpack_state(step->after, &wanted, &der))
		return failed(step, "look for", -EBADMSG, reterr);
	pack_state(out, key > 0, der);
	return out->failed ? no_memory(reterr) : 0;
}

static bool made_by_users(const struct plan_step *step)
{
	enum keyring_id id = keyring_from_name(span_of(step->path));

	return id >= 0 && keyring_rule(id) == KEYRING_RULE_USER;
}

static int add(const struct plan_step *step, int32_t ring, struct span der,
	       struct diag *reterr)
{
	int32_t key;

	if (!der.len)
		return failed(step, "put back", -ENOTSUP, reterr);
	if (!ring && made_by_users(step))
		ring = keysys_add("keyring", step->path, (struct span){0}, KEYSYS_USER);
	if (ring <= 0)
		return failed(step, "find the keyring of", ring ? ring : -ENOENT, reterr);
	key = keysys_add("asymmetric", NULL, der, ring);
	return key < 0 ? failed(step, "load", key, reterr) : 0;
}

static int take_out(const struct plan_step *step, int32_t ring, struct diag *reterr)
{
	int32_t key = find(ring, step->arg);
	int r = key > 0 ? keysys_unlink(key, ring) : key;

	return r < 0 ? failed(step, "take out", r, reterr) : 0;
}

static int apply_key(const struct action_env *env, const struct plan_step *step,
		     struct span state, struct diag *reterr)
{
	int32_t ring = ring_of(env, step, reterr);
	struct span der;
	bool there;

	if (ring < 0)
		return ring;
	if (!unpack_state(state, &there, &der))
		return failed(step, "load", -EBADMSG, reterr);
	return there ? add(step, ring, der, reterr) : take_out(step, ring, reterr);
}

static bool same_key(struct span actual, struct span wanted)
{
	struct span der;
	bool a, w;

	return unpack_state(actual, &a, &der) && unpack_state(wanted, &w, &der) && a == w;
}

static void fingerprint_key(struct span state, uint8_t ret[32])
{
	struct span der;
	bool there = false;

	(void)unpack_state(state, &there, &der);
	sha256_of(span_of(there ? "there" : "not there"), ret);
}

static void describe_key(struct strbuf *out, struct span state)
{
	struct span der;
	bool there;

	if (unpack_state(state, &there, &der))
		strbuf_adds(out, there ? "in it" : "not in it");
}

const struct action_ops act_key_ops = {
	.probe = probe_key,
	.apply = apply_key,
	.same = same_key,
	.fingerprint = fingerprint_key,
	.describe = describe_key,
};

static int step(struct plan *plan, const struct root *root, const struct plan_spec *at,
		enum action_id action, const char *ring, const char *name, bool there,
		struct span der, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf state = {0};
	struct plan_spec spec = *at;

	pack_state(&state, there, der);
	if (state.failed)
		return no_memory(reterr);
	spec.action = action_base(action);
	spec.place = ROOT_PROC;
	spec.path = ring;
	spec.arg = name;
	spec.after = strbuf_span(&state);
	return plan_add(plan, root, &spec, reterr);
}

int act_key_add(struct plan *plan, const struct root *root, const struct plan_spec *at,
		enum keyring_id ring, const char *name, struct span der,
		struct diag *reterr)
{
	struct plan_spec spec = *at;

	if (keyring_keeps(ring) && !spec.irreversible)
		spec.irreversible =
			"the kernel lets nobody take keys out of this keyring before "
			"the machine is restarted";
	return step(plan, root, &spec, ACTION_ADD_KEY, keyring_name(ring), name, true,
		    der, reterr);
}

int act_key_remove(struct plan *plan, const struct root *root, const struct plan_spec *at,
		   enum keyring_id ring, const char *name, struct span der,
		   struct diag *reterr)
{
	struct plan_spec spec = *at;

	if (!der.len && !spec.irreversible)
		spec.irreversible = "the kernel does not give the certificate back, and "
				    "it is not at hand (--cert)";
	return step(plan, root, &spec, ACTION_REMOVE_KEY, keyring_name(ring), name, false,
		    der, reterr);
}
