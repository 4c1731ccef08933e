/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy on the disk, whoever put it there. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/imaxattr.h"
#include "recovery/gate-internal.h"
#include "recovery/loaders.h"

static bool holds_rules(struct span text)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span line;

	while (bytes_left(&in)) {
		if (!bytes_until(&in, '\n', &line))
			(void)bytes_take(&in, bytes_left(&in), &line);
		if (policy_line_is_rule(line))
			return true;
	}
	return false;
}

static enum gate_disk kind_of(const struct gate_file *f)
{
	if (f->err == -ENOENT)
		return GATE_DISK_NONE;
	if (f->err < 0)
		return GATE_DISK_UNREADABLE;
	return holds_rules(strbuf_span(&f->text)) ? GATE_DISK_POLICY : GATE_DISK_EMPTY;
}

static bool is_signed(const struct gate_file *f)
{
	struct imaxattr x;

	imaxattr_decode(IMAXATTR_IMA, strbuf_span(&f->label), &x);
	return imaxattr_is_sig(&x);
}

/* Its keys are all loaded, and from the disk: as they will be whoever loads the policy. */
static bool keys_are_there(const struct gate *g, unsigned number)
{
	_cleanup_strbuf_ struct strbuf names = {0};
	struct span name, before, hash, rest;
	struct bytes in;

	if (gen_files(&g->target, number, &names, NULL) < 0)
		return false;
	in = bytes_of(strbuf_str(&names), names.len);
	while (bytes_until(&in, '\n', &name))
		if (span_cut_last(name, "/", &before, &hash) &&
		    span_cut_last(hash, ".", &hash, &rest) &&
		    !keyload_has(&g->keys, hash))
			return false;
	return true;
}

static bool is_generation(const struct gate *g, const struct gen_entry *e,
			  const struct gate_file *f)
{
	_cleanup_gate_file_ struct gate_file own = {0};
	char path[64];

	if (!e->blessed || !e->allowed || e->no_policy)
		return false;
	(void)snprintf(path, sizeof(path), GEN_FOLDER "/gen/%u/" GEN_POLICY, e->number);
	gate_read(&g->target, path, &own);
	if (own.err < 0 || !span_equal(strbuf_span(&own.text), strbuf_span(&f->text)))
		return false;
	/* A hash is the kernel's to write; signatures are compared. */
	if ((is_signed(&own) || is_signed(f)) &&
	    !span_equal(strbuf_span(&own.label), strbuf_span(&f->label)))
		return false;
	return keys_are_there(g, e->number);
}

/* What this kernel has loaded before it is not asked about again: each question leaves traces
 * (recovery.md, rule 3). But a boot argument or Secure Boot may have made it want signatures
 * since, so that is asked: one word. */
static unsigned known_good(const struct gate *g, const struct gate_file *f)
{
	unsigned number = 0;
	int must;

	for (size_t i = g->list.n; i > 0 && !number; i--)
		if (is_generation(g, &g->list.of[i - 1], f))
			number = g->list.of[i - 1].number;
	if (!number || g->fix)
		return 0;
	must = forecast_signed_only(&g->here);
	return must == 0 || (must > 0 && is_signed(f)) ? number : 0;
}

static void foresee(struct gate *g, const struct gate_file *f, enum gate_disk disk,
		    struct forecast *ret)
{
	unsigned number = disk == GATE_DISK_POLICY ? known_good(g, f) : 0;

	if (!number) {
		gate_ask(g, f, GATE_DISK, ret);
		return;
	}
	ret->verdict = FORECAST_TAKEN;
	(void)snprintf(ret->why, sizeof(ret->why),
		       "it is generation %u, which is good for this kernel", number);
}

/* Why nobody will load it, with names. */
static void say_who(const struct gate *g, const struct forecast *j, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf who = {0};
	bool holder = j->verdict == FORECAST_HELD && loaders_holder(&g->here, &who);

	if (!holder)
		(void)loaders_others(&g->here, &g->target, &who);
	strbuf_addf(out, "/" GATE_DISK " will not be loaded: %s.",
		    holder ? strbuf_str(&who) : j->why);
	if (!holder && who.len)
		strbuf_addf(out, " What may have loaded one: %s.", strbuf_str(&who));
}

/* What a finding says may end with a question: "is that meant?" */
static const char *stop(const char *text)
{
	size_t len = strlen(text);

	return len && text[len - 1] == '?' ? "" : ".";
}

static void say_found(const struct gate *g, enum gate_disk disk, const struct forecast *j,
		      struct strbuf *out)
{
	static const char *const empty = "/" GATE_DISK " holds no rule";

	if (disk == GATE_DISK_NONE)
		strbuf_adds(out, "There is no /" GATE_DISK ".");
	else if (j->verdict == FORECAST_LOADED || j->verdict == FORECAST_HELD)
		say_who(g, j, out);
	else if (disk == GATE_DISK_EMPTY)
		strbuf_addf(out, "%s.", empty);
	else if (disk == GATE_DISK_UNREADABLE)
		strbuf_adds(out, "/" GATE_DISK " cannot be read.");
	else if (j->verdict == FORECAST_TAKEN)
		strbuf_addf(out, "/" GATE_DISK ": %s%s", j->why, stop(j->why));
	else
		strbuf_addf(out, "/" GATE_DISK "%s: %s%s",
			    j->verdict == FORECAST_REFUSED ? " would stop PID 1" : "",
			    j->why, stop(j->why));
}

/* Others may load theirs between us and PID 1, and then that counts. */
static void warn_of_others(const struct gate *g, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf others = {0};

	if (loaders_others(&g->here, &g->target, &others))
		strbuf_addf(out, " Beside it may be loaded: %s.", others.ptr);
}

/* PID 1 names it by its path first; see policytry.c for what the kernel makes of it. */
static void warn_of_end(struct span text, struct strbuf *out)
{
	if (text.len && text.ptr[text.len - 1] != '\n')
		strbuf_adds(out,
			    " Its last line has no newline: add one, the kernel may read "
			    "on behind it.");
}

static void act(struct gate *g, unsigned good)
{
	struct diag d = {0};
	int r = 0;

	if (g->act == GATE_REPLACE) {
		r = gate_bind(g, good, &d);
		if (r == 0)
			strbuf_addf(&g->why,
				    " Generation %u takes its place for this boot.",
				    good);
	} else if (g->act == GATE_STRIP) {
		r = gate_strip(g, &d);
		if (r == 0)
			strbuf_adds(&g->why, " This boot has no policy: that is allowed "
					     "here, and there is none to go back to.");
	} else if (g->act != GATE_GO_ON)
		strbuf_adds(&g->why, " There is no generation to go back to.");
	if (r == 0)
		return;
	strbuf_addf(&g->why, " %s", d.text);
	g->verdict = BOOTNOTE_VERDICT_REFUSED;
	g->act = GATE_ASK;
}

static void load_keys(struct gate *g)
{
	if (g->off)
		return;
	keyload_disk(&g->keys);
	if (g->keys.failed.id)
		strbuf_addf(&g->why, "%s ", g->keys.failed.text);
}

/* What is there, and what becomes of it as it is. */
static void look(struct gate *g, struct gate_facts *facts)
{
	_cleanup_gate_file_ struct gate_file f = {0};
	struct forecast j = {.verdict = FORECAST_TAKEN};

	gate_read(&g->target, GATE_DISK, &f);
	facts->disk = kind_of(&f);
	if (facts->disk != GATE_DISK_NONE)
		foresee(g, &f, facts->disk, &j);
	facts->judged = j.verdict;
	say_found(g, facts->disk, &j, &g->why);
	if (j.verdict == FORECAST_TAKEN) {
		warn_of_others(g, &g->why);
		warn_of_end(strbuf_span(&f.text), &g->why);
	}
	if (facts->disk == GATE_DISK_POLICY && facts->judged < FORECAST_LOADED)
		gate_note_policy(g, strbuf_span(&f.text));
}

static unsigned look_for_good(struct gate *g)
{
	_cleanup_strbuf_ struct strbuf passed = {0};
	unsigned good = gate_find_good(g, &passed);

	strbuf_add(&g->why, strbuf_str(&passed), passed.len);
	if (!good)
		keyload_disk(&g->keys); /* whoever goes on as it is has them */
	return good;
}

void gate_disk(struct gate *g)
{
	struct gate_decision decision;
	struct gate_facts facts = {
		.off = g->off,
		.rollback_off = g->rollback_off,
		.unprotected = trial_unprotected(&g->target),
		.fallback = trial_fallback(&g->target),
	};
	unsigned good = 0;

	load_keys(g);
	look(g, &facts);
	if (gate_needs_good(&facts))
		good = look_for_good(g);
	facts.good = good != 0;
	decision = gate_decide(&facts);
	g->verdict = decision.verdict;
	g->act = decision.act;
	act(g, good);
}
