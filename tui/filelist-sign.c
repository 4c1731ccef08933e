/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the Files screen signed with a private key, as 'file sign' does it. */
#include <errno.h>

#include "tui/filelist.h"

bool filelist_to_sign(struct filelist *l, struct filerow row, struct diag *ret)
{
	bool all = row.at == FILELIST_HEADING;
	size_t n = all ? filelist_listed(l, row.group) : 1;

	strbuf_clear(&l->to_sign);
	if (filelist_refuses(l, ret))
		return false;
	if (n > RELABEL_MANY) {
		(void)diag_set(
			ret, DIAG_VALUE, E2BIG,
			"These are very many: 'imactl label plan --key FILE' signs "
			"them with a job.");
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		struct filerow at = {row.group, all ? (uint32_t)i : row.at};

		strbuf_adds(&l->to_sign, filelist_path(l, at));
		strbuf_addc(&l->to_sign, '\0');
	}
	if (!l->to_sign.len || l->to_sign.failed)
		(void)diag_set(ret, DIAG_VALUE, ENOENT,
			       "There is no file here to be signed.");
	return l->to_sign.len && !l->to_sign.failed;
}

static void with_key(void *user, enum prompt_event event, const char *text)
{
	struct filelist *l = user;
	struct diag d = {0};

	if (event == PROMPT_DONE && *text &&
	    filework_sign(l->work, text, &l->to_sign, &d) < 0)
		app_note_diag(l->app, &d);
}

void filelist_ask_sign(struct filelist *l)
{
	struct filerow row;
	struct diag d = {0};

	if (!filelist_selected(l, &row))
		app_note(l->app, STYLE_NORMAL,
			 "Nothing to sign here: r scans, p looks at a path");
	else if (!filelist_to_sign(l, row, &d))
		app_note_diag(l->app, &d);
	else
		app_ask(l->app, "Private key (PEM, without a passphrase)", &l->keys, NULL,
			with_key, l);
}

void filelist_take_signs(struct filelist *l, struct filework_result *r)
{
	planned_drop(&l->ready);
	l->ready.plan = r->plan;
	l->ready.doc = r->doc;
	r->plan = (struct plan){0};
	r->doc = (struct doc){0};
	l->ready.command = "file sign";
	l->ready.title = "Sign files";
	l->ready.action = "Sign";
	planned_ready(&l->ready, SCREEN_FILES,
		      "The plan to sign was made when nobody looked: ask again");
}
