/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/health/health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/trial.h"
#include "core/health/health-internal.h"

static const char *const parts[_HEALTH_MAX] = {
#define HEALTH_PART(id, word, text) [HEALTH_##id] = word,
#include "core/health/health-parts.inc"
#undef HEALTH_PART
};

const char *health_word(enum health_id id)
{
	return parts[id];
}

const char *health_verdict_word(enum health_verdict v)
{
	return v == HEALTH_PASSED ? "passed" : v == HEALTH_FAILED ? "failed" : "unknown";
}

void health_say(struct health *h, enum health_id id, enum health_verdict v,
		const char *fmt, ...)
{
	va_list ap;

	h->part[id].verdict = v;
	va_start(ap, fmt);
	(void)vsnprintf(h->part[id].text, sizeof(h->part[id].text), fmt, ap);
	va_end(ap);
}

static void look_at_gate(struct health *h)
{
	const struct bootnote *n = &h->note;

	if (!*n->nonce || n->verdict == BOOTNOTE_VERDICT_NOT_RUN)
		health_say(
			h, HEALTH_GATE, HEALTH_FAILED,
			"no gate ran in this boot: the initramfs has no hook of imactl");
	else
		health_say(h, HEALTH_GATE, HEALTH_PASSED, "%s",
			   bootnote_verdict_text(n->verdict));
}

int health_check(const struct root *root, struct health *ret, struct diag *reterr)
{
	struct health h = {0};

	bootnote_load(root, &h.note);
	look_at_gate(&h);
	health_programs(root, &h);
	health_policy(root, &h);
	health_canary(root, &h);
	health_login(root, &h);
	*ret = h;
	return 0;
}

bool health_passed(const struct health *h)
{
	for (unsigned i = 0; i < _HEALTH_MAX; i++)
		if (h->part[i].verdict == HEALTH_FAILED)
			return false;
	return true;
}

/* Of the trial that this very boot runs. */
static int pass_trial(const struct root *root, struct diag *reterr)
{
	char boot_id[TRIAL_BOOT_SIZE];
	struct trial t;
	int r = trial_boot_id(root, boot_id, reterr);

	if (r == 0)
		r = trial_read(root, &t, reterr);
	if (r <= 0 || t.state != TRIAL_RUNNING || strcmp(t.boot_id, boot_id) != 0)
		return r < 0 ? r : 0;
	t.state = TRIAL_PASSED;
	return trial_write(root, &t, reterr);
}

static int fail(struct root *root, const struct health *h, struct diag *reterr)
{
	int r = bootnote_clear(root, BOOTNOTE_HEALTHY, reterr);

	return r < 0 || !*h->note.nonce
		       ? r
		       : bootnote_set(root, BOOTNOTE_UNHEALTHY, h->note.nonce, reterr);
}

int health_conclude(struct root *root, const struct health *h, struct diag *reterr)
{
	int r;

	if (!health_passed(h))
		return fail(root, h, reterr);
	r = pass_trial(root, reterr);
	if (r == 0)
		r = trial_acted_clear(root, reterr);
	if (r == 0)
		r = bootnote_clear(root, BOOTNOTE_UNHEALTHY, reterr);
	return r < 0 ? r : bootnote_set(root, BOOTNOTE_HEALTHY, h->note.nonce, reterr);
}
