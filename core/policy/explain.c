/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/appraise/evmfile.h"

static const struct {
	const char *word;
	enum policy_func func;
	uint8_t mask;
} ops[] = {
#define POLICY_OP(word, func, mask, use, words) {word, POLICY_FUNC_##func, mask},
#define POLICY_OP_ALSO(word, func, mask)	{word, POLICY_FUNC_##func, mask},
#include "core/policy/policy-ops.inc"
#undef POLICY_OP
#undef POLICY_OP_ALSO
};

bool explain_op(const char *word, size_t i, const struct policy_kernel *kernel,
		struct policymatch_access *access)
{
	for (size_t row = 0; row < array_size(ops); row++) {
		if (strcmp(ops[row].word, word) != 0 ||
		    policy_kernel_lacks(kernel, ops[row].func) || i--)
			continue;
		access->func = ops[row].func;
		access->mask = ops[row].mask;
		return true;
	}
	return false;
}

void explain_ops(struct strbuf *out)
{
	for (size_t row = 0; row < array_size(ops); row++)
		if (!row || strcmp(ops[row].word, ops[row - 1].word) != 0)
			strbuf_addf(out, "%s%s", row ? ", " : "", ops[row].word);
}

/* Those that live in memory have none, or a new one each time they are mounted. */
static bool lacks_uuid(uint32_t magic)
{
	static const uint32_t magics[] = {
#define FS_MAGIC(magic, name) magic,
#include "core/host/fs-magics.inc"
#undef FS_MAGIC
	};

	for (size_t i = 0; i < array_size(magics); i++)
		if (magics[i] == magic)
			return true;
	return false;
}

int explain_file(const struct root *root, const char *path, struct explain *ret,
		 struct diag *reterr)
{
	_cleanup_close_ int fd = fspath_open_in(root->dir[ROOT_TARGET], path, O_PATH);
	const struct mounts_type *fs_type;
	struct explain e = {0};
	struct statfs fs;
	struct stat st;
	char q[140];

	if (fd < 0 || fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return diag_set(reterr, DIAG_OPEN, fd < 0 ? fd : errno,
				"Cannot look at /%s: %s.",
				str_quote(q, sizeof(q), span_of(path)),
				diag_errno(fd < 0 ? -fd : errno));
	if (!S_ISREG(st.st_mode))
		return diag_set(reterr, DIAG_NOT_PLAIN, EINVAL, "/%s is no plain file.",
				str_quote(q, sizeof(q), span_of(path)));
	if (mounts_load(root, &e.mounts) < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	e.mode = (uint16_t)st.st_mode;
	e.access.fowner = st.st_uid;
	e.access.fgroup = st.st_gid;
	e.access.fsmagic = (uint32_t)fs.f_type;
	fs_type = mounts_find(&e.mounts, st.st_dev);
	e.access.no_fsname = !fs_type;
	if (fs_type) {
		e.access.fsname = fs_type->type;
		e.access.fs_subtype = fs_type->subtype;
	}
	e.access.no_fsuuid = !lacks_uuid((uint32_t)fs.f_type) &&
			     !evmfile_fs_uuid(root, fd, e.access.fsuuid);
	*ret = e;
	return 0;
}

void explain_done(struct explain *e)
{
	mounts_done(&e->mounts);
	*e = (struct explain){0};
}

struct explain_rule explain_rule(const struct policy *policy, size_t rule,
				 const struct policymatch_access *access,
				 const struct policymatch_result *result)
{
	const struct policy_rule *r = &policy->rules[rule];
	struct explain_rule e = {.answer = POLICY_NO, .why = _POLICY_KEY_MAX};

	e.tried = !r->refused && rule <= result->by[policy_action_class(r->action)].rule;
	if (e.tried)
		e.answer = policymatch_rule(r, access, &e.why);
	return e;
}

void explain_rule_text(const struct policy *policy, size_t rule, struct explain_rule e,
		       const struct policymatch_result *result, struct strbuf *out)
{
	const struct policy_rule *r = &policy->rules[rule];

	if (r->refused)
		strbuf_adds(out, "the kernel refuses it");
	else if (!e.tried)
		strbuf_addf(out, "rule %zu came first",
			    result->by[policy_action_class(r->action)].rule + 1);
	else if (e.answer != POLICY_YES)
		strbuf_addf(out, "%s%s", e.answer == POLICY_UNKNOWN ? "not known: " : "",
			    policy_key_name(e.why));
}

void explain_class_text(const struct policymatch_result *result, enum policy_class class,
			struct strbuf *out)
{
	const struct policymatch_class *by = &result->by[class];

	strbuf_addf(out, "%s: ", policy_class_name(class));
	if (by->rule == SIZE_MAX)
		strbuf_adds(out, "no, no rule matches");
	else
		strbuf_addf(out, "%s, by rule %zu", by->does ? "yes" : "no",
			    by->rule + 1);
	if (by->unsure != SIZE_MAX)
		strbuf_addf(out, ", unless rule %zu matches first, which is not known",
			    by->unsure + 1);
	if (class != POLICY_CLASS_APPRAISE || !by->does)
		return;
	if (result->signature)
		strbuf_addf(out, "; a signature is wanted%s",
			    result->modsig  ? ", or an appended one"
			    : result->sigv3 ? " (version 3)"
					    : "");
	if (result->verity)
		strbuf_adds(out, "; of fs-verity");
}
