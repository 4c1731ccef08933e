/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rollout/rolloutmemo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/act-file.h"
#include "core/base/bytes.h"
#include "core/base/cleanup.h"
#include "core/base/gen.h"
#include "core/base/namelink.h"
#include "core/rollout/rollout.h"

#define OBSERVE	 "observe"
#define OBSERVED "observed"
#define SKIP	 "skip-"
#define FOUND	 "found-"

enum { SAME_S = 60 };

/* The text of a link that is about that generation; what is behind its number. */
static bool read_text(int at, const char *name, unsigned number, struct strbuf *text,
		      struct bytes *ret)
{
	struct span word;
	uint64_t n;

	strbuf_clear(text);
	if (at < 0 || namelink_read(at, name, text) < 0)
		return false;
	*ret = bytes_of(strbuf_str(text), text->len);
	return bytes_until(ret, ':', &word) && str_to_u64(word, &n) == 0 && n == number;
}

static bool take_number(struct bytes *in, uint64_t max, uint64_t *ret)
{
	struct span word;

	return bytes_until(in, ':', &word) && str_to_u64(word, ret) == 0 && *ret <= max;
}

static bool take_rest(struct bytes *in, struct span *ret)
{
	return bytes_take(in, bytes_left(in), ret);
}

static bool take_observe(struct bytes *in, struct rolloutmemo *ret)
{
	struct span rest;
	uint64_t boots;

	if (!take_number(in, ROLLOUTMEMO_SECONDS_MAX, &ret->need_s) ||
	    !take_rest(in, &rest) || str_to_u64(rest, &boots) < 0 ||
	    boots > ROLLOUTMEMO_BOOTS_MAX)
		return false;
	ret->need_boots = (unsigned)boots;
	return true;
}

static bool take_observed(struct bytes *in, struct rolloutmemo *ret)
{
	struct span id, since;
	uint64_t boots;

	if (!take_number(in, UINT32_MAX, &boots) || !bytes_until(in, ':', &id) ||
	    id.len >= sizeof(ret->boot_id) || !take_rest(in, &since) ||
	    str_to_u64(since, &ret->since) < 0)
		return false;
	ret->boots = (unsigned)boots;
	memcpy(ret->boot_id, id.ptr, id.len);
	return true;
}

static bool take_found(struct bytes *in, struct rolloutmemo_found *ret)
{
	struct span what;
	uint64_t when;

	if (!take_number(in, INT64_MAX, &when) || !take_rest(in, &what) ||
	    what.len >= sizeof(ret->what))
		return false;
	ret->when = when;
	memcpy(ret->what, what.ptr, what.len);
	return true;
}

static int folder(const struct root *root)
{
	return root_openat(root, ROOT_TARGET, GEN_FOLDER, O_PATH | O_DIRECTORY, NULL);
}

void rolloutmemo_load(const struct root *root, unsigned number, struct rolloutmemo *ret)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_close_ int at = folder(root);
	struct bytes in;
	struct span why;
	char name[32];

	*ret = (struct rolloutmemo){.observe = false};
	ret->observe =
		read_text(at, OBSERVE, number, &text, &in) && take_observe(&in, ret);
	if (read_text(at, OBSERVED, number, &text, &in) && !take_observed(&in, ret))
		ret->boots = 0, ret->since = 0;
	for (unsigned i = 0; i < _ROLLOUT_MAX; i++) {
		(void)snprintf(name, sizeof(name), SKIP "%s",
			       rollout_word((enum rollout_id)i));
		if (read_text(at, name, number, &text, &in) && take_rest(&in, &why) &&
		    why.len < ROLLOUTMEMO_WHY)
			memcpy(ret->skip[i], why.ptr, why.len);
		(void)snprintf(name, sizeof(name), FOUND "%s",
			       rollout_word((enum rollout_id)i));
		if (read_text(at, name, number, &text, &in))
			(void)take_found(&in, &ret->found[i]);
	}
}

static int add_link(struct plan *plan, const struct root *root, const char *name,
		    const char *text, const char *why, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	struct plan_spec spec = {.place = ROOT_TARGET,
				 .danger = PLAN_REVERSIBLE,
				 .why = why};

	strbuf_addf(&path, GEN_FOLDER "/%s", name);
	spec.path = strbuf_str(&path);
	return text ? act_file_symlink(plan, root, &spec, text, reterr)
		    : act_file_remove(plan, root, &spec, reterr);
}

int rolloutmemo_observe(struct plan *plan, const struct root *root, unsigned number,
			uint64_t seconds, unsigned boots, struct diag *reterr)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%u:%llu:%u", number,
		       (unsigned long long)seconds, boots);
	return add_link(plan, root, OBSERVE, text, "for how long it is observed", reterr);
}

int rolloutmemo_skip(struct plan *plan, const struct root *root, unsigned number,
		     enum rollout_id step, const char *why, struct diag *reterr)
{
	char name[32], text[ROLLOUTMEMO_WHY + 16];

	(void)snprintf(name, sizeof(name), SKIP "%s", rollout_word(step));
	(void)snprintf(text, sizeof(text), "%u:%s", number, why);
	return add_link(plan, root, name, *why ? text : NULL, "and the reason", reterr);
}

int rolloutmemo_seen(const struct root *root, unsigned number, uint64_t now,
		     struct diag *reterr)
{
	_cleanup_close_ int at = folder(root);
	char boot_id[TRIAL_BOOT_SIZE], text[128];
	struct rolloutmemo memo;
	int r = trial_boot_id(root, boot_id, reterr);

	if (r < 0)
		return r;
	rolloutmemo_load(root, number, &memo);
	if (memo.since && strcmp(memo.boot_id, boot_id) == 0)
		return 0;
	(void)snprintf(text, sizeof(text), "%u:%u:%s:%llu", number, memo.boots + 1,
		       boot_id, (unsigned long long)(memo.since ? memo.since : now));
	r = at < 0 ? -ENOENT : namelink_write(at, OBSERVED, text, true);
	return r < 0 ? diag_set(reterr, DIAG_TRIAL_WRITE, -r,
				"That this boot was observed cannot be written down: %s.",
				diag_errno(-r))
		     : 1;
}

/* Whole characters, as many as there is room for. */
static size_t cut(const char *text)
{
	struct span left = span_of(text);
	size_t n = 0, len;

	while (left.len && n + (len = str_utf8(left, NULL)) < ROLLOUTMEMO_WHAT) {
		n += len;
		left = (struct span){left.ptr + len, left.len - len};
	}
	return n;
}

int rolloutmemo_found(const struct root *root, unsigned number, enum rollout_id step,
		      uint64_t now, const char *what, struct diag *reterr)
{
	_cleanup_close_ int at = folder(root);
	char name[32], text[NAMELINK_MAX + 1];
	const struct rolloutmemo_found *was;
	struct rolloutmemo memo;
	size_t len = cut(what);
	int r;

	rolloutmemo_load(root, number, &memo);
	was = &memo.found[step];
	if (was->when && now >= was->when && now - was->when < SAME_S &&
	    strlen(was->what) == len && memcmp(was->what, what, len) == 0)
		return 0;
	(void)snprintf(name, sizeof(name), FOUND "%s", rollout_word(step));
	(void)snprintf(text, sizeof(text), "%u:%llu:%.*s", number,
		       (unsigned long long)now, (int)len, what);
	r = at < 0 ? -ENOENT : namelink_write(at, name, text, false);
	return r < 0 ? diag_set(reterr, DIAG_TRIAL_WRITE, -r,
				"What was found cannot be written down: %s.",
				diag_errno(-r))
		     : 0;
}
