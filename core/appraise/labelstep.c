/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/appraise/labelstep.h"

#include <errno.h>
#include <fcntl.h>

#include "core/base/act-file.h"
#include "core/base/act-xattr.h"
#include "core/base/cleanup.h"
#include "core/base/fs.h"

/* More files than a person looks at one by one: the plan is confirmed as those are that
 * affect the boot. */
enum { MANY = 1000 };
enum { SIG_FILE_LIMIT = 65536 };

static struct plan_spec spec_for(const struct labelstep *at, const struct plan *plan,
				 struct span meaning, const char *words)
{
	return (struct plan_spec){
		.place = ROOT_TARGET,
		.path = at->path,
		.meaning = meaning,
		.danger = plan->n < MANY ? PLAN_REVERSIBLE : PLAN_BOOT,
		.why = words,
	};
}

static bool has(const struct labelstep *at, enum imaxattr_attr attr)
{
	return at->label->err[attr] == 0 && at->label->value[attr].len > 0;
}

static int keeps_signature(const struct labelstep *at, struct diag *reterr)
{
	char q[140];

	return diag_set(reterr, DIAG_SIGNED, EPERM,
			"%s is signed; a hash would be less than it has.",
			str_quote(q, sizeof(q), span_of(at->path)));
}

/* security.evm vouches for security.ima; the kernel keeps HMACs right, signatures it
 * cannot. */
static bool spoils_evm(const struct labelstep *at, enum imaxattr_attr attr)
{
	return attr == IMAXATTR_IMA && has(at, IMAXATTR_EVM) &&
	       imaxattr_is_sig(&at->label->x[IMAXATTR_EVM]);
}

#define SPOILED "the signature in security.evm fits no longer"

int labelstep_set(const struct labelstep *at, struct plan *plan, enum imaxattr_attr attr,
		  struct span value, struct span meaning, const char *words,
		  struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	struct plan_spec spec;
	struct imaxattr x;

	imaxattr_decode(attr, value, &x);
	if (has(at, attr) && imaxattr_is_sig(&at->label->x[attr]) && !imaxattr_is_sig(&x))
		return keeps_signature(at, reterr);
	strbuf_adds(&why, words);
	if (spoils_evm(at, attr) &&
	    !span_equal(value, strbuf_span(&at->label->value[attr])))
		strbuf_adds(&why, "; " SPOILED);
	spec = spec_for(at, plan, meaning, strbuf_str(&why));
	return at->made ? act_xattr_set_of(plan, at->root, &spec,
					   label_name(at->space, attr), value, at->made,
					   reterr)
			: act_xattr_set(plan, at->root, &spec,
					label_name(at->space, attr), value, reterr);
}

int labelstep_clear(const struct labelstep *at, struct plan *plan,
		    enum imaxattr_attr attr, struct diag *reterr)
{
	struct plan_spec spec = spec_for(at, plan, (struct span){0},
					 spoils_evm(at, attr) ? SPOILED : NULL);

	return act_xattr_remove(plan, at->root, &spec, label_name(at->space, attr),
				reterr);
}

static int out_of_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

int labelstep_read_detached(const struct root *root, const char *path, struct strbuf *out,
			    struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	_cleanup_close_ int fd = -1;

	strbuf_addf(&name, "/%s.sig", path);
	if (name.failed)
		return out_of_memory(reterr);
	fd = root_openat(root, ROOT_TARGET, strbuf_str(&name), O_RDONLY | O_NONBLOCK,
			 reterr);
	return fd < 0 ? fd
		      : fs_read_fd(fd, SIG_FILE_LIMIT, strbuf_str(&name), out, reterr);
}

int labelstep_detached(const struct labelstep *at, struct plan *plan, struct span value,
		       struct span meaning, const char *words, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	struct plan_spec spec = spec_for(at, plan, meaning, words);

	strbuf_addf(&path, "%s.sig", at->path);
	if (path.failed)
		return out_of_memory(reterr);
	spec.path = strbuf_str(&path);
	return act_file_replace(plan, at->root, &spec, value, NULL, reterr);
}
