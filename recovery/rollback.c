/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By hand what the guard does by itself, without restarting anything. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/base/cleanup.h"
#include "recovery/restore.h"
#include "recovery/say.h"
#include "recovery/verb.h"

struct wanted {
	const char *rootmnt;
	unsigned number; /* 0: the newest */
};

static bool parse(int argc, char *const argv[], struct wanted *ret)
{
	uint64_t v;

	if (argc >= 2 && strcmp(argv[0], "--root") == 0) {
		ret->rootmnt = argv[1];
		argv += 2;
		argc -= 2;
	}
	if (argc == 0)
		return true;
	if (argc > 1 || str_to_u64(span_of(argv[0]), &v) < 0 || !v || v > GEN_MAX)
		return false;
	ret->number = (unsigned)v;
	return true;
}

static int go_back(const struct root *root, unsigned number, struct diag *reterr)
{
	_cleanup_restore_ struct restore good = {0};
	_cleanup_strbuf_ struct strbuf text = {0};
	struct restore_report report;
	struct utsname u;
	int r;

	(void)uname(&u); /* cannot fail */
	r = restore_pick(root,
			 &(struct restore_wish){.release = u.release, .number = number},
			 &good, reterr);
	if (r == 0)
		r = restore_apply(root, &good, &report, reterr);
	if (r < 0)
		return r;
	restore_text(&good, &report, &text);
	(void)fputs(strbuf_str(&text), stdout);
	say_kernel(root, 5, "the policy of generation %u was put in place by hand",
		   good.number);
	return fflush(stdout) == 0 ? 0 : -EIO;
}

int rollback_verb(int argc, char *const argv[])
{
	struct wanted wanted = {0};
	struct diag d = {0};
	struct root root;
	int r;

	if (!parse(argc, argv, &wanted))
		return VERB_USAGE;
	r = root_open_live(&root, wanted.rootmnt, &d);
	if (r == 0) {
		r = go_back(&root, wanted.number, &d);
		root_done(&root);
	}
	if (r < 0)
		say_diag(&d);
	return r < 0 ? VERB_BAD : VERB_GOOD;
}
