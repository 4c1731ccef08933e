/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/diagnose.h"

#include "core/base/cleanup.h"
#include "core/base/kmsg.h"
#include "core/base/str.h"

#define PID1 "systemd[1]: "

static const struct text {
	enum diagnose_said said;
	bool kernel;
	const char *begin, *rest;
} texts[] = {
#define DIAGNOSE(said, kernel, begin, rest) {DIAGNOSE_##said, kernel, begin, rest},
#include "recovery/diagnose-texts.inc"
#undef DIAGNOSE
};

static bool cut_begin(struct span *text, const char *begin)
{
	struct span is = span_of(begin);

	if (text->len < is.len || memcmp(text->ptr, is.ptr, is.len) != 0)
		return false;
	*text = (struct span){text->ptr + is.len, text->len - is.len};
	return true;
}

/* "12: Invalid argument": systemd puts the number right behind the path. */
static bool line_number(struct span text, unsigned *ret)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span number;
	uint64_t v;

	if (!bytes_until(&in, ':', &number) || str_to_u64(number, &v) < 0 ||
	    v > UINT32_MAX)
		return false;
	*ret = (unsigned)v;
	return true;
}

static bool fits(const struct text *t, struct span text, unsigned *line)
{
	*line = 0;
	if (!cut_begin(&text, t->begin))
		return false;
	switch (*t->rest) {
	case '*':
		return true;
	case '%':
		return line_number(text, line);
	default:
		return text.len == 0;
	}
}

static void count(struct diagnose *d, enum diagnose_said said)
{
	d->refused += said == DIAGNOSE_REFUSED;
	d->freezing += said == DIAGNOSE_FREEZING;
	d->loaded += said == DIAGNOSE_LOADED;
	d->passed_over += said == DIAGNOSE_PASSED_OVER;
	d->completed += said == DIAGNOSE_COMPLETED;
}

static void note(struct diagnose *d, enum diagnose_said said, struct span text,
		 unsigned line)
{
	count(d, said);
	if (said == DIAGNOSE_KERNEL_WHY && !d->refused)
		str_quote(d->kernel, sizeof(d->kernel), text);
	if (said != DIAGNOSE_REFUSED)
		return;
	d->line = line;
	str_quote(d->why, sizeof(d->why), text);
}

enum diagnose_said diagnose_add(struct diagnose *d, struct span bytes)
{
	struct kmsg_record r;
	bool kernel;

	if (!kmsg_parse(bytes, &r))
		return DIAGNOSE_NOTHING;
	kernel = kmsg_by_kernel(&r);
	if (!kernel && !cut_begin(&r.text, PID1))
		return DIAGNOSE_NOTHING;
	for (size_t i = 0; i < array_size(texts); i++) {
		unsigned line;

		if (texts[i].kernel != kernel || !fits(&texts[i], r.text, &line))
			continue;
		note(d, texts[i].said, r.text, line);
		return texts[i].said;
	}
	return DIAGNOSE_NOTHING;
}

bool diagnose_text(struct span bytes, uint64_t *ret_seq, struct span *ret_text)
{
	struct kmsg_record r;

	if (!kmsg_parse(bytes, &r))
		return false;
	*ret_seq = r.sequence;
	*ret_text = r.text;
	return true;
}
