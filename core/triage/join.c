/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/join.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/policytry.h"
#include "core/base/str.h"
#include "core/host/loop.h"
#include "core/triage/auditcause.h"

/* An event that waits: its names are kept here, in buffers that are used again. */
struct slot {
	struct denial d;
	uint64_t sec, serial, arrived_ms;
	uint16_t msec;
	bool whole; /* nothing more will come */
	struct strbuf text, exe, cwd, found;
};

struct join {
	join_fn fn;
	void *user;
	struct slot slot[JOIN_MAX];
	unsigned first, n; /* those that wait, oldest first */
	enum denial_mode mode;
	uint64_t mode_since_ms;
	bool alone;
	bool asking;	   /* the last rule was the one by which imactl asks */
	uint32_t asked_by; /* the process whose question is open; UINT32_MAX: none */
	struct join_counts counts;
};

int join_new(join_fn fn, void *user, struct join **ret, struct diag *reterr)
{
	struct join *j = calloc(1, sizeof(*j));

	if (!j)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	j->fn = fn;
	j->user = user;
	j->asked_by = UINT32_MAX;
	*ret = j;
	return 0;
}

struct join *join_free(struct join *j)
{
	for (size_t i = 0; j && i < JOIN_MAX; i++) {
		strbuf_done(&j->slot[i].text);
		strbuf_done(&j->slot[i].exe);
		strbuf_done(&j->slot[i].cwd);
		strbuf_done(&j->slot[i].found);
	}
	free(j);
	return NULL;
}

void join_set_mode(struct join *j, enum denial_mode mode, uint64_t since_ms)
{
	j->mode = mode;
	j->mode_since_ms = since_ms;
}

void join_set_alone(struct join *j, bool alone)
{
	j->alone = alone;
}

const struct join_counts *join_counts(const struct join *j)
{
	return &j->counts;
}

static struct slot *slot_at(struct join *j, unsigned i)
{
	return &j->slot[(j->first + i) % JOIN_MAX];
}

static enum denial_mode mode_of(const struct join *j, const struct denial *d)
{
	return d->time_ms >= j->mode_since_ms ? j->mode : DENIAL_MODE_UNKNOWN;
}

/* Gives the oldest. */
static int give(struct join *j)
{
	struct slot *s = slot_at(j, 0);
	struct denial *d = &s->d;

	j->first = (j->first + 1) % JOIN_MAX;
	j->n--;
	if (s->text.failed || s->exe.failed || s->cwd.failed || s->found.failed)
		return -ENOMEM;
	if (s->exe.len)
		d->exe = strbuf_span(&s->exe);
	if (s->found.len) {
		d->path = strbuf_span(&s->found);
		d->name = DENIAL_NAME_FOUND;
	}
	d->denied = denial_judge(d, mode_of(j, d));
	j->counts.denials++;
	j->counts.last_ms = d->time_ms;
	j->counts.last_serial = d->serial;
	return j->fn(j->user, d);
}

/* Gives those at the front of which nothing more will come. */
static int give_whole(struct join *j)
{
	int r = 1;

	while (r >= 0 && j->n && slot_at(j, 0)->whole)
		r = give(j);
	return r < 0 ? r : 1;
}

int join_expire(struct join *j, uint64_t wait_ms)
{
	uint64_t now = wait_ms ? loop_now_ms() : 0;
	int r = 0;

	while (r >= 0 && j->n &&
	       (!wait_ms || slot_at(j, 0)->whole ||
		now - slot_at(j, 0)->arrived_ms >= wait_ms))
		r = give(j);
	return r < 0 ? r : (int)j->n;
}

static uint64_t time_of(const struct auditrec *r)
{
	return r->has_time ? r->sec * 1000 + r->msec : 0;
}

/* By the time of a later record: what is older than it by JOIN_WAIT_MS. */
static int give_old(struct join *j, const struct auditrec *r)
{
	uint64_t now = time_of(r);
	int e = 0;

	while (e >= 0 && j->n && now > slot_at(j, 0)->d.time_ms + JOIN_WAIT_MS &&
	       slot_at(j, 0)->d.time_ms)
		e = give(j);
	return e;
}

static bool same_event(const struct slot *s, const struct auditrec *r)
{
	return s->serial == r->serial && s->sec == r->sec && s->msec == r->msec &&
	       !s->whole;
}

static uint32_t id_of(const struct auditrec *r, enum auditrec_field field)
{
	uint64_t n;

	return auditrec_number(r, field, &n) && n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static bool says_yes(struct span s)
{
	return span_is(s, "1") || span_is(s, "yes") || span_is(s, "success");
}

/* The fields that are text, behind each other in the slot's buffer. */
struct part {
	enum auditrec_field field;
	struct span *to;
};

static void keep_text(struct slot *s, const struct auditrec *r, const struct part *parts,
		      size_t n)
{
	size_t at[8] = {0};
	const uint8_t *start;

	strbuf_clear(&s->text);
	for (size_t i = 0; i < n; i++) {
		at[i] = s->text.len;
		(void)auditrec_text(r, parts[i].field, &s->text);
	}
	at[n] = s->text.len;
	start = (const uint8_t *)strbuf_str(&s->text);
	for (size_t i = 0; i < n; i++)
		*parts[i].to = (struct span){start + at[i], at[i + 1] - at[i]};
}

/* Names of set_data begin at the root of the file system: ima_appraise.c
 * validate_hash_algo(). */
static bool is_whole(const struct denial *d)
{
	return d->path.len && d->path.ptr[0] == '/' && !span_is(d->op, "set_data");
}

/* integrity_audit.c integrity_audit_message(); where a name stands for no file, its device
 * and inode are not there. */
static void keep_event(struct slot *s, const struct auditrec *r)
{
	struct denial *d = &s->d;
	const struct part parts[] = {
		{AUDITREC_FIELD_OP, &d->op},	 {AUDITREC_FIELD_CAUSE, &d->cause},
		{AUDITREC_FIELD_NAME, &d->path}, {AUDITREC_FIELD_DEV, &d->dev},
		{AUDITREC_FIELD_COMM, &d->comm}, {AUDITREC_FIELD_EXE, &d->exe},
	};

	keep_text(s, r, parts, array_size(parts));
	(void)auditrec_number(r, AUDITREC_FIELD_INO, &d->ino);
	d->res = says_yes(r->at[AUDITREC_FIELD_RES]);
	d->cut = r->cut;
	if (auditrec_is_part(r, AUDITREC_FIELD_NAME))
		d->name = DENIAL_NAME_CUT;
	else if (!r->cut && !auditrec_has(r, AUDITREC_FIELD_INO))
		d->name = DENIAL_NAME_OTHER;
	else
		d->name = is_whole(d) ? DENIAL_NAME_WHOLE : DENIAL_NAME_PART;
}

/* A rule of a policy that the kernel did not take, ima_policy.c ima_parse_rule(): as it
 * stands there. Where its end is missing, a word that the kernel does not know was the last
 * that it read. */
static void keep_rule(struct slot *s, const struct auditrec *r)
{
	struct span rule = r->body, before, after;

	if (span_cut_last(rule, " res=", &before, &after))
		rule = before;
	while (rule.len && rule.ptr[0] == ' ')
		rule = (struct span){rule.ptr + 1, rule.len - 1};
	strbuf_clear(&s->text);
	strbuf_add(&s->text, rule.ptr, rule.len);
	s->d.path = strbuf_span(&s->text);
	s->d.op = span_of("policy_rule");
	s->d.cut = r->cut;
	s->d.cause =
		span_of(!r->cut || auditrec_has(r, AUDITREC_FIELD_UNKNOWN) ? "refused"
									   : "cut-off");
	s->d.name = r->cut ? DENIAL_NAME_CUT : DENIAL_NAME_OTHER;
}

/* evm_secfs.c evm_write_xattrs(): here res=0 is success. */
static void keep_xattr(struct slot *s, const struct auditrec *r)
{
	strbuf_clear(&s->text);
	(void)auditrec_text(r, AUDITREC_FIELD_XATTR, &s->text);
	s->d.path = strbuf_span(&s->text);
	s->d.op = span_of("evm_xattrs");
	s->d.res = span_is(r->at[AUDITREC_FIELD_RES], "0");
	s->d.cause = span_of(s->d.res ? "added" : "refused");
	s->d.name = DENIAL_NAME_OTHER;
}

static void fill(struct slot *s, const struct auditrec *r, enum denial_kind kind,
		 enum denial_source source)
{
	s->sec = r->sec;
	s->msec = r->msec;
	s->serial = r->serial;
	s->whole = !r->has_serial;
	strbuf_clear(&s->exe);
	strbuf_clear(&s->cwd);
	strbuf_clear(&s->found);
	s->d = (struct denial){.kind = kind,
			       .type = r->type,
			       .source = source,
			       .time_ms = time_of(r),
			       .serial = r->serial,
			       .pid = id_of(r, AUDITREC_FIELD_PID),
			       .uid = id_of(r, AUDITREC_FIELD_UID),
			       .auid = id_of(r, AUDITREC_FIELD_AUID),
			       .error = -1};
	if (r->type == AUDITREC_EVM_XATTR)
		keep_xattr(s, r);
	else if (r->type == AUDITREC_POLICY_RULE || r->type == AUDITREC_RULE)
		keep_rule(s, r);
	else
		keep_event(s, r);
	if (!s->d.path.len)
		s->d.name = DENIAL_NAME_NONE;
}

/* imactl asks the kernel about a policy by writing it behind a rule that is refused on purpose
 * (policytry.h): that rule, what is said of it, and the end of it, ima_fs.c
 * ima_release_policy(), are no more than the question. Rules of the policy that are refused
 * are that all the same. */
static void note_question(struct join *j, struct denial *d)
{
	bool is_rule = span_is(d->op, "policy_rule"),
	     is_end = span_is(d->op, "policy_update"), asked = false;

	if (is_rule) {
		asked = j->asking = span_is(d->path, "UNKNOWN=" POLICYTRY_REFUSED);
	} else if (j->asking && span_is(d->op, "update_policy")) {
		asked = !d->res;
		j->asked_by = d->pid;
		j->asking = false;
	} else if (is_end) {
		asked = !d->res && d->pid == j->asked_by && d->pid != UINT32_MAX;
		j->asked_by = UINT32_MAX;
	}
	if (asked)
		d->cause = span_of(AUDITCAUSE_ASKED);
}

static int add_event(struct join *j, const struct auditrec *r, enum denial_source source)
{
	int kind = denial_kind_of(r), e;
	struct slot *s;

	if (kind < 0)
		return 0;
	e = j->n == JOIN_MAX ? give(j) : 0;
	if (e < 0)
		return e;
	s = slot_at(j, j->n++);
	fill(s, r, (enum denial_kind)kind, source);
	if (kind == DENIAL_POLICY)
		note_question(j, &s->d);
	s->whole |= j->alone;
	s->arrived_ms = source == DENIAL_FROM_FILE ? 0 : loop_now_ms();
	return 1;
}

/* "EACCES(Permission denied)" as ausearch -i has it. */
static int32_t errno_named(struct span text)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span word;

	for (int e = 1; bytes_word(&in, "(", &word) && e < 134; e++) {
		const char *name = strerrorname_np(e);

		in.pos = 0;
		if (name && span_is(word, name))
			return e;
	}
	return -1;
}

/* What SYSCALL says of how it went. */
static int32_t error_of(const struct auditrec *r)
{
	uint64_t n;

	if (span_is(r->at[AUDITREC_FIELD_SUCCESS], "yes"))
		return 0;
	if (!auditrec_number(r, AUDITREC_FIELD_EXIT, &n))
		return errno_named(r->at[AUDITREC_FIELD_EXIT]);
	return (int64_t)n < 0 && (int64_t)n > -4096 ? (int32_t) - (int64_t)n : -1;
}

static void take_syscall(struct slot *s, const struct auditrec *r)
{
	s->d.error = error_of(r);
	strbuf_clear(&s->exe);
	(void)auditrec_text(r, AUDITREC_FIELD_EXE, &s->exe);
	if (s->d.auid == UINT32_MAX)
		s->d.auid = id_of(r, AUDITREC_FIELD_AUID);
}

static bool ends_with(struct span path, struct span part)
{
	size_t before = path.len - part.len;

	return path.len >= part.len && part.len &&
	       memcmp(path.ptr + before, part.ptr, part.len) == 0 &&
	       (!before || path.ptr[before - 1] == '/' || part.ptr[0] == '/');
}

/* Of the names that the system call was given: the one of the same file. */
static void take_path(struct slot *s, const struct auditrec *r)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	uint64_t ino;

	if (s->d.name != DENIAL_NAME_PART || s->found.len ||
	    !auditrec_number(r, AUDITREC_FIELD_INODE, &ino) || ino != s->d.ino)
		return;
	(void)auditrec_text(r, AUDITREC_FIELD_NAME, &name);
	if (!ends_with(strbuf_span(&name), s->d.path))
		return;
	if (name.ptr[0] != '/' && !s->cwd.len)
		return;
	if (name.ptr[0] != '/') {
		strbuf_add(&s->found, s->cwd.ptr, s->cwd.len);
		if (s->cwd.ptr[s->cwd.len - 1] != '/')
			strbuf_addc(&s->found, '/');
	}
	strbuf_add(&s->found, name.ptr, name.len);
}

static void take_more(struct slot *s, const struct auditrec *r)
{
	switch ((unsigned)r->type) {
	case AUDITREC_SYSCALL:
		take_syscall(s, r);
		break;
	case AUDITREC_CWD:
		strbuf_clear(&s->cwd);
		(void)auditrec_text(r, AUDITREC_FIELD_CWD, &s->cwd);
		break;
	case AUDITREC_PATH:
		take_path(s, r);
		break;
	default: /* PROCTITLE and EOE are the last of an event */
		s->whole = true;
	}
}

static int damaged(struct join *j, const struct diag *why)
{
	if (!j->counts.damaged++)
		j->counts.why = *why;
	return 0;
}

/* Does the slot lack what such a record tells? */
static bool wants(const struct slot *s, const struct auditrec *r)
{
	return (r->type != AUDITREC_CWD && r->type != AUDITREC_PATH) ||
	       s->d.name == DENIAL_NAME_PART;
}

static bool awaited(struct join *j, const struct auditrec *r)
{
	for (unsigned i = j->n; r->has_serial && i-- > 0;)
		if (same_event(slot_at(j, i), r) && wants(slot_at(j, i), r))
			return true;
	return false;
}

static bool has_fields(const struct auditrec *r)
{
	return r->type != AUDITREC_PROCTITLE && r->type != AUDITREC_EOE;
}

/* A record that stands beside an integrity record: only where that one waits. */
static int add_more(struct join *j, struct auditrec *r)
{
	struct diag why = {0};

	if (!awaited(j, r))
		return 0;
	j->counts.records++;
	if (has_fields(r) && auditrec_fields(r, &why) < 0)
		return damaged(j, &why);
	for (unsigned i = 0; i < j->n; i++)
		if (same_event(slot_at(j, i), r))
			take_more(slot_at(j, i), r);
	return 1;
}

/* A line may have lost its type on its way: the operation stands for it. */
static void guess_type(struct auditrec *r)
{
	static const struct {
		const char *op;
		enum auditrec_type type;
	} ops[] = {
		{"appraise_data", AUDITREC_DATA},
		{"collect_data", AUDITREC_DATA},
		{"set_data", AUDITREC_DATA},
		{"mmap_file", AUDITREC_DATA},
		{"appraise_metadata", AUDITREC_METADATA},
		{"invalid_pcr", AUDITREC_PCR},
	};

	for (size_t i = 0; r->type == AUDITREC_TYPELESS && i < array_size(ops); i++)
		if (span_is(r->at[AUDITREC_FIELD_OP], ops[i].op))
			r->type = ops[i].type;
}

static bool is_beside(const struct auditrec *r)
{
	return r->type < AUDITREC_DATA && r->type != AUDITREC_TYPELESS;
}

/* Lines of other programs are none of ours; what says that it is a record and cannot be read
 * is damaged. */
static bool claims(struct span line)
{
	return line.len && memmem(line.ptr, line.len, "audit(", 6);
}

static bool awaits_names(struct join *j)
{
	for (unsigned i = 0; i < j->n; i++)
		if (slot_at(j, i)->d.name == DENIAL_NAME_PART)
			return true;
	return false;
}

/* Most of a large log, told by the first letters of its type: records that are neither about
 * integrity nor awaited by anything. INTEGRITY_.., UNKNOWN[1808] and numbers are. */
static bool is_idle(struct join *j, struct span line)
{
	uint8_t c, next;

	if (line.len < 8 || memcmp(line.ptr, "type=", 5) != 0)
		return false;
	c = line.ptr[5];
	next = line.ptr[6];
	if (c < 'A' || c > 'Z' || c == 'I' || (c == 'U' && next == 'N'))
		return false;
	if ((c == 'C' && next == 'W') || (c == 'P' && next == 'A'))
		return !awaits_names(j);
	return !j->n;
}

int join_line(struct join *j, struct span line, enum denial_source source)
{
	struct diag why = {0};
	struct auditrec r;
	int e;

	if (is_idle(j, line))
		return 0;
	e = auditrec_head(line, &r, &why);
	if (e < 0)
		return claims(line) ? damaged(j, &why) : 0;
	if (e == 0)
		return 0;
	e = give_old(j, &r);
	if (e >= 0 && is_beside(&r)) {
		e = add_more(j, &r);
	} else if (e >= 0) {
		j->counts.records++;
		e = auditrec_fields(&r, &why);
		guess_type(&r);
		e = e < 0 ? damaged(j, &why) : add_event(j, &r, source);
	}
	return e > 0 ? give_whole(j) : e;
}
