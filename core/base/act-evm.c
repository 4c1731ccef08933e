/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/act-evm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/pack.h"

#define PATH "integrity/evm/evm"

/* enum evm_bits */
enum { HMAC = 0x1, METADATA = 0x4 };

static bool unpack_bits(struct span state, uint32_t *ret)
{
	struct bytes b = bytes_of(state.ptr, state.len);

	return bytes_u32(&b, ret) && !bytes_left(&b);
}

static int probe_evm(const struct action_env *env, const struct plan_step *step,
		     struct strbuf *out, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	uint64_t v;
	int r = fs_read_at(env->root->dir[step->place], step->path, 64, &text, reterr);

	if (r < 0)
		return r;
	if (str_to_u64(strbuf_span(&text), &v) < 0 || v > UINT32_MAX)
		return diag_set(reterr, DIAG_READ, EBADMSG,
				"EVM's control file does not hold a number.");
	pack_u32(out, (uint32_t)v);
	return out->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

/* Why the kernel refused, as far as its errno says. */
static const char *refusal(int err, uint32_t bits)
{
	if (err == EPERM)
		return "it is locked until the next boot, or this is not root";
	if (err == ENOENT && bits & HMAC)
		return "there is no key evm-key in the keyrings of this process";
	if (err == EINVAL)
		return "this kernel does not know that switch";
	return diag_errno(err);
}

static int apply_evm(const struct action_env *env, const struct plan_step *step,
		     struct span state, struct diag *reterr)
{
	_cleanup_close_ int fd = openat(env->root->dir[step->place], step->path,
					O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[16];
	uint32_t bits;
	int r;

	if (!unpack_bits(state, &bits))
		return diag_set(reterr, DIAG_JOURNAL_BAD, EBADMSG,
				"The step does not say which switches.");
	(void)snprintf(text, sizeof(text), "%u", bits);
	r = fd < 0 ? -errno : fs_write_all(fd, text, strlen(text));
	return r < 0 ? diag_set(reterr, DIAG_WRITE, r, "EVM was not changed: %s.",
				refusal(-r, bits))
		     : 0;
}

static bool same_evm(struct span actual, struct span wanted)
{
	uint32_t a, w;

	return unpack_bits(actual, &a) && unpack_bits(wanted, &w) &&
	       (a | ACT_EVM_LOCK) == (w | ACT_EVM_LOCK);
}

static void describe_evm(struct strbuf *out, struct span state)
{
	uint32_t bits;

	if (unpack_bits(state, &bits))
		strbuf_addf(out, "0x%x", bits);
}

const struct action_ops act_evm_ops = {
	.probe = probe_evm,
	.apply = apply_evm,
	.same = same_evm,
	.describe = describe_evm,
};

/* What stands there after @bits were written: evm_write_key(). */
static int after(const struct root *root, struct plan_step *step, uint32_t bits,
		 struct strbuf *out, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf now = {0};
	uint32_t all = bits, set;
	int r = probe_evm(&(struct action_env){.root = root}, step, &now, reterr);

	if (r < 0)
		return r;
	if (unpack_bits(strbuf_span(&now), &set))
		all |= set;
	if (all & HMAC)
		all &= ~(uint32_t)METADATA;
	pack_u32(out, all);
	return out->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

int act_evm_set(struct plan *plan, const struct root *root, uint32_t bits,
		const char *why, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf state = {0};
	char path[] = PATH;
	struct plan_step step = {.place = ROOT_SECURITYFS, .path = path};
	struct plan_spec spec = {
		.action = action_base(ACTION_SET_EVM),
		.place = ROOT_SECURITYFS,
		.path = PATH,
		.danger = PLAN_IRREVERSIBLE,
		.irreversible = "the kernel has no way back before the next boot",
		.why = why,
	};
	int r = after(root, &step, bits, &state, reterr);

	if (r < 0)
		return r;
	spec.after = strbuf_span(&state);
	return plan_add(plan, root, &spec, reterr);
}
