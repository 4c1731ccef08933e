/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/change.h"

static void done(struct strbuf *out, const struct change_result *r)
{
	strbuf_addf(out, "Done: change %u, %zu step%s.", r->id, r->steps,
		    r->steps == 1 ? "" : "s");
	if (!r->final)
		strbuf_addf(out, " 'imactl change undo %u' takes it back.\n", r->id);
	else if (r->final == r->steps)
		strbuf_adds(out, " It cannot be taken back.\n");
	else
		strbuf_addf(out, " 'imactl change undo %u' takes back all but %zu.\n",
			    r->id, r->final);
}

/* What is not mounted, or is gone, leaves nothing to take back either: that is said. */
static void undone(struct strbuf *out, const struct change_result *r)
{
	strbuf_addf(out, "Change %u was taken back", r->id);
	if (r->kept)
		strbuf_addf(
			out,
			": %zu of %zu steps; where the others were nothing was left to take back",
			r->taken, r->taken + r->kept);
	strbuf_adds(out, ".\n");
}

static void partly(struct strbuf *out, const struct change_result *r)
{
	strbuf_addf(out, "Partly: of %zu steps %zu were taken%s, ", r->steps, r->taken,
		    r->back ? " back" : "");
	if (r->back && r->kept)
		strbuf_addf(out, "%zu found nothing to take back, ", r->kept);
	strbuf_addf(out,
		    "%zu failed, %zu were left alone. 'imactl change show %u' says "
		    "which.\n",
		    r->failed, r->conflicts, r->id);
}

static void stopped(struct strbuf *out, const struct change_result *r)
{
	strbuf_addf(out,
		    "Stopped after %zu of %zu steps. 'imactl change resume %u' goes on, "
		    "'imactl change undo %u' takes it back.\n",
		    r->taken, r->steps, r->id, r->id);
}

void change_result_format(struct strbuf *out, const struct change_result *r)
{
	switch (r->outcome) {
	case CHANGE_NOTHING:
		strbuf_adds(out, "Nothing to do.\n");
		break;
	case CHANGE_DONE:
		done(out, r);
		break;
	case CHANGE_UNDONE:
		undone(out, r);
		break;
	case CHANGE_ROLLED_BACK:
		strbuf_addf(out, "A step failed; change %u was taken back whole.\n",
			    r->id);
		break;
	case CHANGE_PARTLY:
		partly(out, r);
		break;
	case CHANGE_STOPPED:
		stopped(out, r);
		break;
	case CHANGE_STUCK:
	case _CHANGE_OUTCOME_MAX:
		strbuf_addf(
			out,
			"Change %u is neither finished nor taken back. When the cause "
			"is gone: 'imactl change undo %u'.\n",
			r->id, r->id);
		break;
	}
}
