/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/menurules.h"

#include "core/base/cmdline.h"
#include "core/base/str.h"

enum {
	ASKED_SECONDS = 120,	/* as long as a keystroke counts for the guard */
	FORBIDDEN_SECONDS = 30, /* enough to read it */
	LEAST_SECONDS = 10,
	SECONDS_MAX = 600,
};

static bool is_no(struct span value)
{
	return span_is(value, "0") || span_is(value, "no") || span_is(value, "off");
}

/* "30" of panic=30; how the kernel restarts at once ("-1") leaves nobody time to read. */
static unsigned seconds_of(struct span value)
{
	uint64_t n;

	if (str_to_u64(value, &n) < 0 || n == 0)
		return FORBIDDEN_SECONDS;
	if (n < LEAST_SECONDS)
		return LEAST_SECONDS;
	return n < SECONDS_MAX ? (unsigned)n : SECONDS_MAX;
}

static void forbid(struct menurules *r, const char *name, unsigned seconds)
{
	r->shell = false;
	r->forbids = name;
	r->seconds = seconds;
}

void menurules_of(struct span cmdline, struct menurules *ret)
{
	struct bytes in = bytes_of(cmdline.ptr, cmdline.len);
	struct cmdline_word w;

	*ret = (struct menurules){.shell = true};
	while (cmdline_next(&in, &w)) {
		if (cmdline_is(&w, "imactl") && span_is(w.value, "rescue"))
			ret->asked = true;
		else if (cmdline_is(&w, "panic"))
			forbid(ret, "panic=", seconds_of(w.value));
		else if (cmdline_is(&w, "rd.shell") && is_no(w.value))
			forbid(ret, "rd.shell=0", FORBIDDEN_SECONDS);
		else if (cmdline_is(&w, "rd.emergency"))
			forbid(ret, "rd.emergency=", FORBIDDEN_SECONDS);
	}
	if (ret->shell && ret->asked)
		ret->seconds = ASKED_SECONDS;
}
