/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known, in plain text: for a terminal that knows nothing, and for the menu. */
#include "recovery/status.h"

#include <stdio.h>
#include <string.h>

#include "core/base/bootnote.h"
#include "core/base/cleanup.h"
#include "core/base/gen.h"
#include "core/base/trial.h"
#include "recovery/say.h"
#include "recovery/verb.h"

/* "6.1.0-56-amd64", of this kernel. */
static bool release_of(const struct root *here, struct strbuf *out)
{
	if (root_read(here, ROOT_OSRELEASE, out, NULL) < 0 || !out->len)
		return false;
	out->len = strcspn(out->ptr, "\n");
	out->ptr[out->len] = '\0';
	return out->len > 0;
}

static void add_generation(struct strbuf *out, const struct gen_entry *e)
{
	strbuf_addf(out, "  %u", e->number);
	if (e->blessed)
		strbuf_adds(out, "  good for this kernel");
	if (e->candidate)
		strbuf_adds(out, "  candidate");
	if (e->no_policy)
		strbuf_adds(out, "  without a policy");
	if (!e->allowed)
		strbuf_adds(out, "  never to go back to: revoked, or below the minimum");
	strbuf_addc(out, '\n');
}

static void add_generations(const struct root *target, const char *release,
			    struct strbuf *out)
{
	struct gen_list list = {0};
	struct diag d = {0};
	unsigned good;

	if (gen_list_load(target, release, &list, &d) < 0) {
		strbuf_addf(out, "Generations: %s\n", d.text);
		return;
	}
	good = gen_newest_blessed(&list, 0);
	if (good)
		strbuf_addf(out, "Known good for this kernel: generation %u\n", good);
	else
		strbuf_adds(out, "Known good for this kernel: none\n");
	if (list.n)
		strbuf_adds(out, "Generations:\n");
	for (size_t i = 0; i < list.n; i++)
		add_generation(out, &list.of[i]);
	gen_list_done(&list);
}

static void add_trial(const struct root *target, struct strbuf *out)
{
	struct diag d = {0};
	struct trial t;
	int r = trial_read(target, &t, &d);

	if (r < 0)
		strbuf_addf(out, "Trial: %s\n", d.text);
	else if (r == 0)
		strbuf_adds(out, "Trial: none\n");
	else
		strbuf_addf(out, "Trial: generation %u (%s) %s%s%s\n", t.number, t.id,
			    trial_state_text(t.state),
			    t.state == TRIAL_FAILED ? ": " : "",
			    t.state == TRIAL_FAILED ? trial_cause_text(t.cause) : "");
}

static void add_marks(const struct root *target, struct strbuf *out)
{
	for (unsigned i = 0; i < _TRIAL_CAUSE_MAX; i++) {
		enum trial_cause cause = (enum trial_cause)i;
		char boot[TRIAL_BOOT_SIZE];

		if (trial_acted(target, cause, boot, NULL) > 0)
			strbuf_addf(out, "Restarted by itself in boot %s: %s\n", boot,
				    trial_cause_text(cause));
	}
	strbuf_addf(out, "When nothing can be gone back to: %s%s\n",
		    trial_fallback_word(trial_fallback(target)),
		    trial_unprotected(target) ? ", and no policy is allowed" : "");
}

static void add_boot(const struct root *here, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	struct bootnote n;

	bootnote_load(here, &n);
	strbuf_addf(out, "This boot: %s\n", bootnote_verdict_text(n.verdict));
	bootnote_why(here, &why);
	if (why.len) {
		strbuf_adds(out, "  ");
		str_escape(out,
			   (struct span){(const uint8_t *)why.ptr,
					 strcspn(why.ptr, "\n")},
			   false);
		strbuf_addc(out, '\n');
	}
	if (n.generation)
		strbuf_addf(out, "  generation %u stands for /etc/ima in this boot\n",
			    n.generation);
	strbuf_addf(out, "  %s%s\n",
		    n.healthy ? "found healthy" : "not found healthy yet",
		    n.confirmed ? ", confirmed" : "");
	if (n.guard)
		strbuf_addf(out, "  the guard was started as process %d\n", (int)n.guard);
}

void status_text(const struct root *here, const struct root *target, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf release = {0};

	add_boot(here, out);
	add_generations(target, release_of(here, &release) ? release.ptr : NULL, out);
	add_trial(target, out);
	add_marks(target, out);
}

int status_verb(int argc, char *const argv[])
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct root here, target;
	struct diag d = {0};

	if (argc > 1)
		return VERB_USAGE;
	if (root_open_live(&here, NULL, &d) < 0) {
		say_diag(&d);
		return VERB_BAD;
	}
	if (root_open_live(&target, argc ? argv[0] : NULL, &d) < 0) {
		root_done(&here);
		say_diag(&d);
		return VERB_BAD;
	}
	status_text(&here, &target, &text);
	(void)fputs(strbuf_str(&text), stdout);
	root_done(&target);
	root_done(&here);
	return fflush(stdout) == 0 && !text.failed ? VERB_GOOD : VERB_BAD;
}
