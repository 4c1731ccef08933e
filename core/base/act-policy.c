/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/act-policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/kmsg.h"
#include "core/base/pack.h"
#include "core/base/policy.h"
#include "core/base/sha256.h"

#define PATH	  "integrity/ima/policy"
#define COMPLETED "ima: policy update completed"

enum { LIMIT = 16 << 20 }; /* of a policy */

enum kind {
	OPEN,	/* may be written */
	CLOSED, /* one was loaded, and no more is taken */
	LOADED, /* what is wished */
};

struct state {
	uint8_t kind;
	uint64_t completed; /* sequence number behind the last such record; 0: none */
	struct span rules;  /* as the kernel shows them; empty where it does not */
	struct span text;   /* LOADED: to be written */
};

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static void pack_state(struct strbuf *out, const struct state *s)
{
	pack_u8(out, s->kind);
	pack_u64(out, s->completed);
	pack_span(out, s->rules);
	pack_span(out, s->text);
}

static bool unpack_state(struct span state, struct state *ret)
{
	struct bytes b = bytes_of(state.ptr, state.len);

	return bytes_u8(&b, &ret->kind) && bytes_u64(&b, &ret->completed) &&
	       unpack_span(&b, &ret->rules) && unpack_span(&b, &ret->text) &&
	       !bytes_left(&b);
}

static bool says_completed(struct span text, struct kmsg_record *ret)
{
	return kmsg_parse(text, ret) && kmsg_by_kernel(ret) &&
	       span_is(ret->text, COMPLETED);
}

/* Behind the last record that says so; 0: none, or the log cannot be read. */
static uint64_t last_completed(const struct root *root)
{
	_cleanup_free_ char *buf = malloc(KMSG_RECORD_MAX);
	_cleanup_close_ int fd = buf ? kmsg_open(root) : -1;
	struct kmsg_record r;
	struct span text;
	uint64_t last = 0;

	while (fd >= 0 && kmsg_next(fd, buf, &text) > 0)
		if (says_completed(text, &r))
			last = r.sequence + 1;
	return last;
}

static int cannot(int err, const char *what, struct diag *reterr)
{
	return diag_set(reterr,
			err == EACCES || err == EPERM ? DIAG_PERMISSION
			: err == EBUSY		      ? DIAG_BUSY
						      : DIAG_WRITE,
			err, "The kernel's policy cannot be %s: %s.", what,
			diag_errno(err));
}

/* The rules, where the kernel shows them. */
static int read_rules(const struct root *root, struct strbuf *out, struct diag *reterr)
{
	_cleanup_close_ int fd = openat(root->dir[ROOT_SECURITYFS], PATH,
					O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return 0; /* EACCES without CONFIG_IMA_READ_POLICY */
	return fs_read_fd(fd, LIMIT, "the policy in force", out, reterr);
}

static int probe_policy(const struct action_env *env, const struct plan_step *step,
			struct strbuf *out, struct diag *reterr)
{
	int dir = env->root->dir[ROOT_SECURITYFS];
	_cleanup_strbuf_ struct strbuf rules = {0};
	struct state s = {.kind = OPEN};
	struct stat st;
	int r;

	if (dir < 0 || fstatat(dir, "integrity/ima", &st, 0) < 0)
		return diag_set(reterr, DIAG_NO_IMA, ENOSYS,
				"IMA is not active on this machine.");
	if (fstatat(dir, PATH, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return cannot(errno, "looked at", reterr);
		st.st_mode = 0;
	}
	if (!(st.st_mode & 0200))
		s.kind = CLOSED;
	r = st.st_mode & 0400 ? read_rules(env->root, &rules, reterr) : 0;
	if (r < 0)
		return r;
	s.rules = strbuf_span(&rules);
	s.completed = last_completed(env->root);
	pack_state(out, &s);
	return out->failed ? no_memory(reterr) : 0;
}

static int put(int fd, struct span text)
{
	ssize_t n;

	do
		n = write(fd, text.ptr, text.len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Each write is one rule: ima_write_policy() ends at the first newline. */
static int put_rules(int fd, struct span text, unsigned *line_number)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span line;
	int r = 0;

	while (r == 0 && bytes_left(&in)) {
		_cleanup_strbuf_ struct strbuf rule = {0};

		if (!bytes_until(&in, '\n', &line))
			(void)bytes_take(&in, bytes_left(&in), &line);
		++*line_number;
		if (!policy_line_is_rule(line))
			continue;
		strbuf_add(&rule, line.ptr, line.len);
		strbuf_addc(&rule, '\n');
		r = rule.failed ? -ENOMEM : put(fd, strbuf_span(&rule));
	}
	return r;
}

/* The kernel reads the file itself: is it still what the plan was made for? */
static int same_file(const struct root *root, const char *path, struct span text,
		     struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf now = {0};
	int r = fs_read_at(root->dir[ROOT_TARGET], path + 1, LIMIT, &now, reterr);
	char q[140];

	if (r < 0 || span_equal(strbuf_span(&now), text))
		return r;
	return diag_set(reterr, DIAG_PLAN_STALE, ESTALE,
			"%s has changed since the plan was made.",
			str_quote(q, sizeof(q), span_of(path)));
}

static int refused(int err, const char *path, unsigned line, struct diag *reterr)
{
	char q[140];

	if (*path)
		return diag_set(reterr, DIAG_POLICY_REFUSED, err,
				"The kernel did not take %s: %s.",
				str_quote(q, sizeof(q), span_of(path)), diag_errno(err));
	return diag_set(reterr, DIAG_POLICY_REFUSED, err,
			"The kernel did not take line %u: %s.", line, diag_errno(err));
}

static int apply_policy(const struct action_env *env, const struct plan_step *step,
			struct span state, struct diag *reterr)
{
	_cleanup_close_ int fd = -1;
	unsigned line = 0;
	struct state s;
	int r;

	if (!unpack_state(state, &s) || s.kind != LOADED)
		return diag_set(reterr, DIAG_NO_UNDO, ENOTSUP,
				"A policy cannot be taken out of a running kernel.");
	r = *step->arg ? same_file(env->root, step->arg, s.text, reterr) : 0;
	if (r < 0)
		return r;
	fd = openat(env->root->dir[ROOT_SECURITYFS], PATH,
		    O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return cannot(errno, "written", reterr);
	r = *step->arg ? put(fd, span_of(step->arg)) : put_rules(fd, s.text, &line);
	return r < 0 ? refused(-r, step->arg, line, reterr) : 0;
}

/* A line of a listing, without the blank that the kernel puts behind a rule. */
static bool next_rule(struct bytes *in, struct span *ret)
{
	while (bytes_left(in)) {
		if (!bytes_until(in, '\n', ret))
			(void)bytes_take(in, bytes_left(in), ret);
		while (ret->len && ret->ptr[ret->len - 1] == ' ')
			ret->len--;
		if (ret->len)
			return true;
	}
	return false;
}

static size_t count_rules(struct span rules)
{
	struct bytes in = bytes_of(rules.ptr, rules.len);
	struct span rule;
	size_t n = 0;

	while (next_rule(&in, &rule))
		n++;
	return n;
}

/* Rules are added behind those that were loaded before. */
static bool ends_with(struct span rules, struct span wanted)
{
	struct bytes a = bytes_of(rules.ptr, rules.len),
		     b = bytes_of(wanted.ptr, wanted.len);
	size_t n = count_rules(rules), m = count_rules(wanted);
	struct span have, want;

	if (n < m || !m)
		return false;
	for (; n > m; n--)
		(void)next_rule(&a, &have);
	while (next_rule(&b, &want))
		if (!next_rule(&a, &have) || !span_equal(have, want))
			return false;
	return true;
}

static bool same_policy(struct span actual, struct span wanted)
{
	struct state a, w;

	if (!unpack_state(actual, &a) || !unpack_state(wanted, &w))
		return false;
	if (w.kind != LOADED)
		return span_equal(actual, wanted);
	return a.kind == CLOSED || a.completed > w.completed ||
	       ends_with(a.rules, w.rules);
}

static void describe_policy(struct strbuf *out, struct span state)
{
	char buf[40];
	struct state s;

	if (!unpack_state(state, &s))
		return;
	if (s.kind == OPEN && !s.rules.len)
		strbuf_adds(out, "rules not shown");
	else if (s.kind == LOADED)
		strbuf_addf(out, "with %s of this policy",
			    str_counted(buf, sizeof(buf), count_rules(s.rules), "rule",
					"rules"));
	else
		strbuf_adds(out, str_counted(buf, sizeof(buf), count_rules(s.rules),
					     "rule", "rules"));
}

const struct action_ops act_policy_ops = {
	.probe = probe_policy,
	.apply = apply_policy,
	.same = same_policy,
	.describe = describe_policy,
};

static int look(const struct root *root, struct strbuf *now, struct state *ret,
		struct diag *reterr)
{
	int r = probe_policy(&(struct action_env){.root = root}, NULL, now, reterr);

	if (r < 0)
		return r;
	if (!unpack_state(strbuf_span(now), ret))
		return diag_set(reterr, DIAG_INTERNAL, EBADMSG, "The state is damaged.");
	if (ret->kind == CLOSED)
		return diag_set(reterr, DIAG_POLICY_CLOSED, EBUSY,
				"A policy was loaded, and this kernel takes no other "
				"before the next boot.");
	return 0;
}

int act_policy_load(struct plan *plan, const struct root *root,
		    const struct act_policy *what, const char *why, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf now = {0}, after = {0}, meaning = {0};
	struct state s, wish = {LOADED, 0, what->as_shown, what->text};
	struct plan_spec spec = {
		.action = action_base(ACTION_LOAD_POLICY),
		.place = ROOT_SECURITYFS,
		.path = PATH,
		.arg = what->path,
		.danger = PLAN_IRREVERSIBLE,
		.irreversible = "the kernel keeps the rules until the next boot",
		.why = why,
	};
	struct span found;
	int r = look(root, &now, &s, reterr);

	if (r < 0)
		return r;
	wish.completed = s.completed;
	pack_state(&after, &wish);
	pack_str(&meaning, "load");
	pack_span(&meaning, what->text);
	if (after.failed || meaning.failed)
		return no_memory(reterr);
	found = strbuf_span(&now);
	spec.now = &found;
	spec.after = strbuf_span(&after);
	spec.meaning = strbuf_span(&meaning);
	return plan_add(plan, root, &spec, reterr);
}
