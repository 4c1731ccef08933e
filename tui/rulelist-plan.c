/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plans of the Policy screen: the candidate, into the kernel or for the next boot; made
 * in the pool, as 'policy load' and 'policy install' make them. */
#include <errno.h>

#include "core/base/cleanup.h"
#include "core/host/initramfs.h"
#include "core/policy/policyinstall.h"
#include "tui/rulelist.h"

/* Read as this kernel reads it, and the kernel is asked. @path is what it is to open. */
static int look(const struct rulelist_ask *ask, const char *path, struct strbuf *text,
		struct policyplan *ret)
{
	struct policyfile file;
	int r = rulelist_ask_text(ask, text, &file);

	*ret = (struct policyplan){.root = ask->root,
				   .name = ask->file,
				   .path = path,
				   .text = strbuf_span(text)};
	return r < 0 ? r : policyplan_look(ret, ask->reterr);
}

int rulelist_plan_load(const struct rulelist_ask *ask, struct plan *ret)
{
	_cleanup_strbuf_ struct strbuf text = {0}, said = {0};
	_cleanup_free_ char *path = rulelist_ask_path(ask);
	_cleanup_policyplan_ struct policyplan p = {0};
	int r = look(ask, path, &text, &p);

	if (r >= 0)
		r = policyplan_load(&p, ret, ask->reterr);
	if (r < 0)
		return r;
	policyplan_format(&p, &said);
	policyplan_place(&p, &said);
	doc_lines(ask->doc, STYLE_NORMAL, &said);
	return 0;
}

int rulelist_plan_install(const struct rulelist_ask *ask, struct plan *ret)
{
	_cleanup_strbuf_ struct strbuf text = {0}, said = {0}, release = {0}, label = {0};
	_cleanup_free_ char *path = rulelist_ask_path(ask);
	_cleanup_policyplan_ struct policyplan p = {0};
	struct policyinstall in = {.judged = &p};
	struct policyinstall_said done = {0};
	struct initramfs initramfs;
	int r = look(ask, path, &text, &p);

	if (r >= 0)
		r = policyinstall_kept(ask->file, &label, ask->reterr);
	if (r >= 0)
		r = initramfs_look(ask->root, &initramfs, ask->reterr);
	if (r < 0)
		return r;
	if (root_owns_place(ask->root, ROOT_PROC)) /* of the kernel that boots it */
		(void)root_read_line(ask->root, ROOT_OSRELEASE, &release, NULL);
	in.release = strbuf_str(&release);
	in.label = strbuf_span(&label);
	r = policyinstall_plan(&in, ret, &done, ask->reterr);
	if (r < 0)
		return r;
	policyplan_format(&p, &said);
	policyinstall_format(&done, &said);
	initramfs_format(&initramfs, in.release, done.must_be_signed, &said);
	doc_lines(ask->doc, STYLE_NORMAL, &said);
	return 0;
}
