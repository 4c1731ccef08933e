/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/gate-internal.h"

static struct gate_decision going_on(enum bootnote_verdict verdict)
{
	return (struct gate_decision){GATE_GO_ON, verdict};
}

bool gate_needs_good(const struct gate_facts *f)
{
	if (f->off || f->rollback_off || f->disk == GATE_DISK_NONE)
		return false;
	switch (f->judged) {
	case FORECAST_LOADED:
	case FORECAST_HELD:
	case FORECAST_NO_IMA:
		return false; /* it would not be loaded either */
	case FORECAST_TAKEN:
		return f->disk == GATE_DISK_EMPTY; /* nothing would be in force */
	case FORECAST_UNKNOWN:
		return f->disk != GATE_DISK_POLICY;
	case FORECAST_REFUSED:
		return true;
	}
	return false;
}

/* Nothing to go back to. systemd does not stop for a file that holds nothing, or that it cannot
 * open: it goes on without a policy (src/core/ima-setup.c). */
static struct gate_decision nothing_good(const struct gate_facts *f)
{
	const enum bootnote_verdict refused = BOOTNOTE_VERDICT_REFUSED;

	if (f->disk == GATE_DISK_EMPTY)
		return going_on(BOOTNOTE_VERDICT_NONE);
	if (f->disk == GATE_DISK_UNREADABLE)
		return going_on(BOOTNOTE_VERDICT_UNKNOWN);
	if (f->rollback_off)
		return going_on(refused);
	if (f->unprotected)
		return (struct gate_decision){GATE_STRIP, refused};
	if (f->fallback == TRIAL_FALLBACK_HALT)
		return (struct gate_decision){GATE_HALT, refused};
	/* Going on would leave the machine stopped for good. */
	return (struct gate_decision){GATE_ASK, refused};
}

struct gate_decision gate_decide(const struct gate_facts *f)
{
	if (f->off)
		return going_on(BOOTNOTE_VERDICT_OFF);
	if (f->disk == GATE_DISK_NONE || f->judged == FORECAST_NO_IMA)
		return going_on(BOOTNOTE_VERDICT_NONE);
	if (f->judged == FORECAST_LOADED || f->judged == FORECAST_HELD)
		return going_on(BOOTNOTE_VERDICT_UNKNOWN);
	if (gate_needs_good(f) && f->good)
		return (struct gate_decision){GATE_REPLACE, BOOTNOTE_VERDICT_REPLACED};
	if (f->disk == GATE_DISK_EMPTY || f->judged == FORECAST_REFUSED)
		return nothing_good(f);
	return going_on(f->judged == FORECAST_TAKEN ? BOOTNOTE_VERDICT_ACCEPTED
						    : BOOTNOTE_VERDICT_UNKNOWN);
}
