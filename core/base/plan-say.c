/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans as people and programs read them. */
#include "core/base/plan-internal.h"

static void format_step(struct strbuf *out, const struct plan_step *s, size_t number,
			bool ascii)
{
	static const char *const marks[_PLAN_DANGER_MAX] = {"", "", " [boot]",
							    " [no undo]"};

	strbuf_addf(out, "  %zu. ", number);
	plan_step_line(out, s, ascii);
	strbuf_addf(out, "%s\n", s->line ? marks[s->danger] : "");
	if (s->irreversible)
		strbuf_addf(out, "     cannot be undone: %s\n", s->irreversible);
}

size_t plan_sample(const struct plan *plan, size_t i, size_t most)
{
	return plan->n <= most || most < 2 ? i : i * (plan->n - 1) / (most - 1);
}

void plan_format_some(struct strbuf *out, const struct plan *plan, size_t lines,
		      bool ascii)
{
	size_t shown = plan->n < lines ? plan->n : lines;

	for (size_t i = 0; i < shown; i++) {
		size_t at = plan_sample(plan, i, lines);

		format_step(out, &plan->steps[at], at + 1, ascii);
	}
	if (shown < plan->n)
		strbuf_addf(out, "  %zu steps, of which %zu are shown\n", plan->n, shown);
}

void plan_format_steps(struct strbuf *out, const struct plan *plan, bool ascii)
{
	plan_format_some(out, plan, plan->n <= PLAN_LINES ? PLAN_LINES : PLAN_SAMPLE,
			 ascii);
}

void plan_format(struct strbuf *out, const struct plan *plan, bool ascii)
{
	uint8_t hash[PLAN_HASH_SIZE];

	strbuf_addf(out, "Plan: %s\n", plan->title);
	if (plan->n == 0) {
		strbuf_adds(out, "  nothing to do: everything is as wanted\n");
		return;
	}
	plan_format_steps(out, plan, ascii);
	plan_hash(plan, hash);
	strbuf_adds(out, "Plan hash: ");
	strbuf_addhex(out, (struct span){hash, sizeof(hash)});
	strbuf_addc(out, '\n');
}

static void json_step(struct json *j, const struct plan_step *s, size_t number)
{
	_cleanup_strbuf_ struct strbuf path = {0}, line = {0};

	plan_step_line(&line, s, false);
	plan_add_place(&path, s);
	strbuf_adds(&path, s->path);
	json_open(j, '{');
	json_ku64(j, "step", number);
	json_kstr(j, "action", s->action->name);
	json_kstr(j, "place", plan_place_name(s->place));
	json_kbytes(j, "path", strbuf_span(&path));
	if (*s->arg)
		json_kbytes(j, "argument", span_of(s->arg));
	if (s->follows)
		json_ku64(j, "follows", s->follows);
	else
		json_khex(j, "before", (struct span){s->before, sizeof(s->before)});
	json_khex(j, "after", (struct span){s->after_hash, sizeof(s->after_hash)});
	json_kstr(j, "danger", plan_danger_name(s->danger));
	json_kbool(j, "reversible", !s->irreversible);
	if (s->irreversible)
		json_kstr(j, "irreversible", s->irreversible);
	json_kstr(j, "text", strbuf_str(&line));
	json_close(j, '}');
}

void plan_json_members(struct json *j, const struct plan *plan)
{
	uint8_t hash[PLAN_HASH_SIZE];

	plan_hash(plan, hash);
	json_kstr(j, "schema", "imactl/plan/1");
	json_kstr(j, "title", plan->title);
	json_khex(j, "hash", (struct span){hash, sizeof(hash)});
	json_kstr(j, "danger", plan_danger_name(plan_danger(plan)));
	json_key(j, "steps");
	json_open(j, '[');
	for (size_t i = 0; i < plan->n; i++)
		json_step(j, &plan->steps[i], i + 1);
	json_close(j, ']');
}

void plan_json(struct json *j, const struct plan *plan)
{
	json_open(j, '{');
	plan_json_members(j, plan);
	json_close(j, '}');
}
