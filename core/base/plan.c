/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/overlap.h"
#include "core/base/pack.h"
#include "core/base/plan-internal.h"
#include "core/base/sha256.h"

/* Stand in hashes and journals: never renamed. */
static const char *const place_names[_ROOT_PLACE_MAX] = {
	[ROOT_TARGET] = "target", [ROOT_SECURITYFS] = "securityfs",
	[ROOT_PROC] = "proc",	  [ROOT_SYS] = "sys",
	[ROOT_DEV] = "dev",	  [ROOT_RUN] = "run",
	[ROOT_CACHE] = "cache",	  [ROOT_STATE] = "state",
};

static const char *const danger_names[_PLAN_DANGER_MAX] = {
	[PLAN_VIEW] = "harmless",
	[PLAN_REVERSIBLE] = "reversible",
	[PLAN_BOOT] = "affects-boot",
	[PLAN_IRREVERSIBLE] = "irreversible",
};

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory making the plan.");
}

int plan_init(struct plan *ret, const char *title, struct diag *reterr)
{
	struct plan plan = {.title = strdup(title), .overlap = overlap_new()};

	if (!plan.title || !plan.overlap) {
		plan_done(&plan);
		return no_memory(reterr);
	}
	*ret = plan;
	return 0;
}

static void step_done(struct plan_step *s)
{
	free(s->path); /* @arg and @after, too */
	free(s->irreversible);
	free(s->line);
	*s = (struct plan_step){0};
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		step_done(&plan->steps[i]);
	free(plan->steps);
	free(plan->title);
	overlap_free(plan->overlap);
	*plan = (struct plan){0};
}

/* Path, argument and state in one allocation: plans may have very many steps. */
static int keep(struct plan_step *s, struct span path, struct span arg, struct span after)
{
	char *at = malloc(path.len + 1 + arg.len + 1 + after.len);

	if (!at)
		return -ENOMEM;
	s->path = at;
	if (path.len)
		at = mempcpy(at, path.ptr, path.len);
	*at++ = '\0';
	s->arg = at;
	if (arg.len)
		at = mempcpy(at, arg.ptr, arg.len);
	*at++ = '\0';
	if (after.len)
		memcpy(at, after.ptr, after.len);
	s->after = (struct span){(const uint8_t *)at, after.len};
	return 0;
}

/* Copies the texts of a step; the caller frees what was copied when this fails. */
static int fill(struct plan_step *s, const struct plan_spec *spec)
{
	s->action = spec->action;
	s->place = spec->place;
	s->danger = spec->irreversible ? PLAN_IRREVERSIBLE : spec->danger;
	if (keep(s, span_of(spec->path), span_of(spec->arg ? spec->arg : ""),
		 spec->after) < 0)
		return -ENOMEM;
	if (spec->irreversible) {
		s->irreversible = strdup(spec->irreversible);
		if (!s->irreversible)
			return -ENOMEM;
	}
	sha256_of(spec->meaning.len ? spec->meaning : s->after, s->after_hash);
	return 0;
}

static void add_states(struct strbuf *line, const struct plan_step *s, struct span now)
{
	if (!s->action->ops->describe)
		return;
	strbuf_adds(line, " (");
	if (now.len && !s->follows) {
		s->action->ops->describe(line, now);
		strbuf_adds(line, " -> ");
	}
	s->action->ops->describe(line, s->after);
	strbuf_addc(line, ')');
}

/* "write /etc/ima/ima-policy" */
static void add_act(struct strbuf *line, const struct plan_step *s, bool ascii)
{
	strbuf_addf(line, "%s ", s->action->verb);
	plan_step_path(line, s, s->path, ascii);
	if (*s->arg && s->action->flags & ACTION_TWO_PATHS) {
		strbuf_adds(line, " to ");
		plan_step_path(line, s, s->arg, ascii);
	} else if (*s->arg) {
		strbuf_adds(line, " ");
		str_escape(line, span_of(s->arg), ascii);
	}
}

static int add_line(struct plan_step *s, struct span now, const char *why)
{
	_cleanup_strbuf_ struct strbuf line = {0};

	if (s->action->flags & ACTION_BULK)
		return 0;
	add_act(&line, s, false);
	add_states(&line, s, now);
	if (why)
		strbuf_addf(&line, ": %s", why);
	s->line = strbuf_take(&line);
	return s->line ? 0 : -ENOMEM;
}

static struct plan_step *room(struct plan *plan)
{
	size_t cap = plan->cap ? 2 * plan->cap : 16;
	struct plan_step *steps;

	if (plan->n == plan->cap) {
		steps = reallocarray(plan->steps, cap, sizeof(*steps));
		if (!steps)
			return NULL;
		plan->steps = steps;
		plan->cap = cap;
	}
	return &plan->steps[plan->n];
}

static int valid_spec(const struct plan_spec *spec, struct diag *reterr)
{
	char q[160];

	if (spec->place >= _ROOT_PLACE_MAX || !fspath_valid(spec->path) ||
	    (spec->action->flags & ACTION_TWO_PATHS && !fspath_valid(spec->arg)))
		return diag_set(reterr, DIAG_BAD_PATH, EINVAL,
				"A step cannot act on %s: the path is not canonical.",
				str_quote(q, sizeof(q), span_of(spec->path)));
	return 0;
}

/* What the step finds. 1: something to do; 0: the world is there already. */
static int survey(struct plan *plan, const struct root *root, struct plan_step *s,
		  struct strbuf *now, struct diag *reterr)
{
	int r = 0;

	s->follows = s->action->flags & ACTION_FOLLOWS ? plan->n
						       : overlap_find(plan->overlap, s);
	if (s->follows)
		return 1;
	if (!now->len)
		r = s->action->ops->probe(&(struct action_env){.root = root}, s, now,
					  reterr);
	if (r < 0)
		return r;
	action_fingerprint(s->action, strbuf_span(now), s->before);
	return !action_same(s->action, strbuf_span(now), s->after);
}

int plan_add(struct plan *plan, const struct root *root, const struct plan_spec *spec,
	     struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf now = {0};
	struct plan_step step = {0}, *slot = room(plan);
	int r = valid_spec(spec, reterr);

	if (r < 0)
		return r;
	if (spec->now)
		strbuf_add(&now, spec->now->ptr, spec->now->len);
	if (!slot || now.failed || fill(&step, spec) < 0)
		r = no_memory(reterr);
	else
		r = survey(plan, root, &step, &now, reterr);
	if (r > 0 && (add_line(&step, strbuf_span(&now), spec->why) < 0 ||
		      overlap_add(plan->overlap, &step, plan->n) < 0))
		r = no_memory(reterr);
	if (r <= 0) {
		step_done(&step);
		return r;
	}
	*slot = step;
	plan->n++;
	return 1;
}

enum plan_danger plan_danger(const struct plan *plan)
{
	enum plan_danger most = PLAN_VIEW;

	for (size_t i = 0; i < plan->n; i++)
		if (plan->steps[i].danger > most)
			most = plan->steps[i].danger;
	return most;
}

size_t plan_final(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += plan->steps[i].irreversible != NULL;
	return n;
}

const char *plan_place_name(enum root_place place)
{
	return place_names[place];
}

const char *plan_danger_name(enum plan_danger danger)
{
	return danger < _PLAN_DANGER_MAX ? danger_names[danger] : "unknown";
}

static void hash_text(struct sha256 *h, const char *text)
{
	sha256_add(h, text, strlen(text) + 1); /* no text holds a NUL: unambiguous */
}

void plan_hash(const struct plan *plan, uint8_t ret[PLAN_HASH_SIZE])
{
	struct sha256 h;

	sha256_init(&h);
	hash_text(&h, "imactl plan 1");
	hash_text(&h, plan->title);
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_step *s = &plan->steps[i];
		uint8_t flags[3] = {s->follows != 0, (uint8_t)s->danger,
				    s->irreversible != NULL};
		hash_text(&h, s->action->name);
		hash_text(&h, place_names[s->place]);
		hash_text(&h, s->path);
		hash_text(&h, s->arg);
		sha256_add(&h, flags, sizeof(flags));
		sha256_add(&h, s->before, sizeof(s->before));
		sha256_add(&h, s->after_hash, sizeof(s->after_hash));
	}
	sha256_end(&h, ret);
}

int plan_check_step(const struct plan_step *step, const struct action_env *env,
		    struct strbuf *ret_state, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf now = {0}, path = {0};
	uint8_t found[PLAN_HASH_SIZE];
	int r = step->action->ops->probe(env, step, &now, reterr);

	if (r < 0)
		return r;
	action_fingerprint(step->action, strbuf_span(&now), found);
	if (!step->follows && memcmp(found, step->before, sizeof(found)) != 0) {
		plan_step_path(&path, step, step->path, true);
		return diag_set(reterr, DIAG_PLAN_STALE, ESTALE,
				"%s has changed since the plan was made.",
				strbuf_str(&path));
	}
	if (ret_state)
		strbuf_add(ret_state, strbuf_str(&now), now.len);
	return now.failed || (ret_state && ret_state->failed) ? no_memory(reterr) : 0;
}

int plan_check(const struct plan *plan, const struct root *root, struct diag *reterr)
{
	struct action_env env = {.root = root};
	int r = 0;

	for (size_t i = 0; i < plan->n && r == 0; i++)
		if (!plan->steps[i].follows)
			r = plan_check_step(&plan->steps[i], &env, NULL, reterr);
	return r;
}

void plan_add_place(struct strbuf *out, const struct plan_step *step)
{
	if (!(step->action->flags & ACTION_NAMED))
		root_place_path(out, step->place);
}

void plan_step_path(struct strbuf *out, const struct plan_step *step, const char *path,
		    bool ascii)
{
	plan_add_place(out, step);
	str_escape(out, span_of(path), ascii);
}

const char *plan_step_quote(char *buf, size_t size, const struct plan_step *step,
			    const char *path)
{
	_cleanup_strbuf_ struct strbuf full = {0};

	plan_add_place(&full, step);
	strbuf_adds(&full, path);
	return str_quote(buf, size, strbuf_span(&full));
}

static void add_ascii(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if ((uint8_t)*text < 0x80)
			strbuf_addc(out, *text);
		else
			strbuf_addf(out, "\\x%02x", (uint8_t)*text);
	}
}

void plan_step_line(struct strbuf *out, const struct plan_step *s, bool ascii)
{
	if (!s->line) {
		add_act(out, s, ascii);
		add_states(out, s, (struct span){0});
	} else if (ascii) /* the line is escaped; only what is not ASCII is left to do */
		add_ascii(out, s->line);
	else
		strbuf_adds(out, s->line);
}

static void pack_step(struct strbuf *out, const struct plan_step *s)
{
	pack_str(out, s->action->name);
	pack_str(out, place_names[s->place]);
	pack_str(out, s->path);
	pack_str(out, s->arg);
	pack_span(out, s->after);
	strbuf_add(out, s->after_hash, sizeof(s->after_hash));
	strbuf_add(out, s->before, sizeof(s->before));
	pack_u64(out, s->follows);
	pack_u8(out, (uint8_t)s->danger);
	pack_str(out, s->irreversible ? s->irreversible : "");
	pack_str(out, s->line ? s->line : "");
}

void plan_pack(struct strbuf *out, const struct plan *plan)
{
	pack_str(out, plan->title);
	pack_u64(out, plan->n);
	for (size_t i = 0; i < plan->n; i++)
		pack_step(out, &plan->steps[i]);
}

/* A text without a NUL in it; borrowed. */
static bool unpack_text(struct bytes *b, struct span *ret)
{
	return unpack_span(b, ret) && !(ret->len && memchr(ret->ptr, '\0', ret->len));
}

/* Words for people are stored escaped. A journal may come from a disk that somebody else
 * has written (--root), so that is looked at and not believed. NULL where there are none.
 */
static bool unpack_words(struct bytes *b, char **ret)
{
	_cleanup_strbuf_ struct strbuf escaped = {0};
	struct span s;
	size_t len;
	char *text;

	if (!unpack_text(b, &s))
		return false;
	if (!s.len)
		return true;
	*ret = strndup((const char *)s.ptr, s.len);
	for (text = *ret; text && *text; text += len) {
		len = strcspn(text, "\\");
		str_escape(&escaped, (struct span){(const uint8_t *)text, len}, false);
		if (text[len])
			strbuf_addc(&escaped, text[len++]);
	}
	return text && strcmp(strbuf_str(&escaped), *ret) == 0;
}

/* People agree to the line: it must be about what the step does. One that is not (by
 * somebody's hand, or since a verb has another name today) is made anew. */
static bool check_line(struct plan_step *s)
{
	_cleanup_strbuf_ struct strbuf act = {0};

	if (s->action->flags & ACTION_BULK) {
		free(take_ptr(s->line));
		return true;
	}
	add_act(&act, s, false);
	if (act.failed)
		return false;
	if (s->line && strncmp(s->line, act.ptr, act.len) == 0 &&
	    strchr(" :", s->line[act.len]))
		return true;
	free(s->line);
	s->line = strbuf_take(&act);
	return s->line != NULL;
}

static int unpack_action(struct bytes *b, const struct action_set *set,
			 struct plan_step *s, struct diag *reterr)
{
	char q[80];
	struct span name, place;

	if (!unpack_span(b, &name) || !unpack_span(b, &place))
		return -EBADMSG;
	s->action = action_find(set, name);
	if (!s->action)
		return diag_set(reterr, DIAG_UNKNOWN_ACTION, ENOTSUP,
				"This imactl does not know the action %s.",
				str_quote(q, sizeof(q), name));
	for (size_t i = 0; i < _ROOT_PLACE_MAX; i++) {
		if (span_is(place, place_names[i])) {
			s->place = (enum root_place)i;
			return 0;
		}
	}
	return -EBADMSG;
}

static bool unpack_rest(struct bytes *b, struct plan_step *s)
{
	struct span path, arg, after, after_hash, before;
	uint64_t follows;
	uint8_t danger;

	if (!unpack_text(b, &path) || !unpack_text(b, &arg) || !unpack_span(b, &after) ||
	    keep(s, path, arg, after) < 0 ||
	    !bytes_take(b, sizeof(s->after_hash), &after_hash) ||
	    !bytes_take(b, sizeof(s->before), &before) || !bytes_u64(b, &follows) ||
	    !bytes_u8(b, &danger) || danger >= _PLAN_DANGER_MAX ||
	    !unpack_words(b, &s->irreversible) || !unpack_words(b, &s->line))
		return false;
	memcpy(s->after_hash, after_hash.ptr, sizeof(s->after_hash));
	memcpy(s->before, before.ptr, sizeof(s->before));
	s->follows = (size_t)follows;
	s->danger = (enum plan_danger)danger;
	return fspath_valid(s->path) &&
	       (!(s->action->flags & ACTION_TWO_PATHS) || fspath_valid(s->arg)) &&
	       check_line(s);
}

static int unpack_step(struct bytes *b, const struct action_set *set, struct plan *plan,
		       struct diag *reterr)
{
	struct plan_step *s = room(plan);
	int r;

	if (!s)
		return no_memory(reterr);
	*s = (struct plan_step){0};
	plan->n++; /* so that plan_done() frees what was read of it */
	r = unpack_action(b, set, s, reterr);
	if (r == 0 && (!unpack_rest(b, s) || s->follows >= plan->n))
		r = -EBADMSG;
	if (r == 0 && overlap_add(plan->overlap, s, plan->n - 1) < 0)
		r = no_memory(reterr);
	return r;
}

int plan_unpack(struct span bytes, const struct action_set *set, struct plan *ret,
		struct diag *reterr)
{
	struct bytes b = bytes_of(bytes.ptr, bytes.len);
	_cleanup_free_ char *title = NULL;
	_cleanup_plan_ struct plan plan = {0};
	uint64_t n = 0;
	int r;

	if (!unpack_words(&b, &title) || !title || !bytes_u64(&b, &n))
		return diag_set(reterr, DIAG_JOURNAL_BAD, EBADMSG, "This is not a plan.");
	r = plan_init(&plan, title, reterr);
	for (uint64_t i = 0; i < n && r == 0; i++)
		r = unpack_step(&b, set, &plan, reterr);
	if (r == -EBADMSG || (r == 0 && bytes_left(&b)))
		return diag_set(reterr, DIAG_JOURNAL_BAD, EBADMSG,
				"The plan is damaged at byte %zu.", b.pos);
	if (r < 0)
		return r;
	*ret = plan;
	plan = (struct plan){0};
	return 0;
}
