/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/forecast.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

static void set(struct forecast *ret, enum forecast_verdict verdict, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void set(struct forecast *ret, enum forecast_verdict verdict, const char *fmt, ...)
{
	va_list ap;

	ret->verdict = verdict;
	va_start(ap, fmt);
	(void)vsnprintf(ret->why, sizeof(ret->why), fmt, ap);
	va_end(ap);
}

/* Pure part */

static bool has_label(const struct policy_rule *rule)
{
	for (int key = POLICY_KEY_OBJ_USER; key <= POLICY_KEY_SUBJ_TYPE; key++)
		if (policy_has(rule, (enum policy_key)key))
			return true;
	return false;
}

/* What decides over the rule may come later: the LSM's policy is loaded by PID 1, and a hash
 * that is a module lies on the root. NULL: nothing does. */
static const char *later(const struct policy_rule *rule, uint32_t hashes)
{
	if (rule->refused)
		return NULL;
	if (has_label(rule))
		return "it names a label, and the LSM has no policy yet";
	if (policy_has(rule, POLICY_KEY_APPRAISE_ALGOS) && (rule->algos & ~hashes))
		return "it names a hash that this kernel has as a module at most";
	return NULL;
}

static const struct policy_rule *rule_at(const struct policy *p, unsigned line)
{
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].line == line)
			return &p->rules[i];
	return NULL;
}

static void refused_line(const struct policytry_rule *r, const struct policy *p,
			 struct forecast *ret)
{
	_cleanup_strbuf_ struct strbuf why = {0};

	policytry_rule_text(r, p, &why);
	set(ret, FORECAST_REFUSED, "line %u is refused%s", r->line, strbuf_str(&why));
}

/* Line by line: the first that is refused for good decides. */
static void by_lines(const struct policytry *t, const struct policy *p, uint32_t hashes,
		     struct forecast *ret)
{
	set(ret, FORECAST_TAKEN, "the kernel takes it");
	for (size_t i = 0; i < t->n; i++) {
		const struct policytry_rule *r = &t->rules[i];
		const struct policy_rule *rule = rule_at(p, r->line);
		const char *why = rule ? later(rule, hashes) : NULL;

		if (!r->err)
			continue;
		if (!why) {
			refused_line(r, p, ret);
			return;
		}
		if (ret->verdict == FORECAST_TAKEN)
			set(ret, FORECAST_UNKNOWN, "line %u is refused now, but %s",
			    r->line, why);
	}
}

static void by_path_denied(enum forecast_label label, struct forecast *ret)
{
	static const char *const why[] = {
		[FORECAST_UNSIGNED] = "it is not signed",
		[FORECAST_SIGNED] =
			"no key that it has verifies the signature, or the file "
			"was changed since",
		[FORECAST_SIGNED_UNSURE] =
			"what verifies the signature may come with a module",
	};

	set(ret, label == FORECAST_SIGNED_UNSURE ? FORECAST_UNKNOWN : FORECAST_REFUSED,
	    "this kernel takes signed policies only, and %s", why[label]);
}

/* The kernel reads it whole and does not say which line it minds. */
static void by_path_invalid(const struct policy *p, uint32_t hashes, struct forecast *ret)
{
	const char *why = NULL;

	for (size_t i = 0; i < p->n_rules; i++) {
		if (p->rules[i].refused) {
			set(ret, FORECAST_REFUSED, "line %u is refused%s%s",
			    p->rules[i].line,
			    policytry_why(p, p->rules[i].line) ? ": " : "",
			    policytry_why(p, p->rules[i].line)
				    ? policytry_why(p, p->rules[i].line)->text
				    : "");
			return;
		}
		if (!why)
			why = later(&p->rules[i], hashes);
	}
	if (why)
		set(ret, FORECAST_UNKNOWN, "a rule is refused now, but %s", why);
	else
		set(ret, FORECAST_REFUSED,
		    "a rule of it, or its end without a newline, is refused");
}

void forecast_of(const struct policytry *t, const struct policy *p,
		 enum forecast_label label, uint32_t hashes, struct forecast *ret)
{
	if (t->fixes)
		set(ret, FORECAST_UNKNOWN,
		    "in fix mode the kernel writes labels when it is asked");
	else if (t->has_path && t->path_err == 0)
		set(ret, FORECAST_TAKEN, "the kernel takes it");
	else if (!t->only_by_path)
		by_lines(t, p, hashes, ret);
	else if (t->path_err == EINVAL)
		by_path_invalid(p, hashes, ret);
	else
		by_path_denied(label, ret);
}

uint32_t forecast_hashes(struct span crypto)
{
	struct bytes in = bytes_of(crypto.ptr, crypto.len);
	struct span line, key, value;
	uint32_t hashes = 0;

	while (bytes_until(&in, '\n', &line)) {
		struct bytes words = bytes_of(line.ptr, line.len);
		enum hash_alg alg;

		if (!bytes_word(&words, " \t:", &key) || !span_is(key, "name") ||
		    !bytes_word(&words, " \t:", &value))
			continue;
		alg = hash_alg_from_name(value);
		if (alg != _HASH_ALG_INVALID)
			hashes |= 1u << alg;
	}
	return hashes;
}

/* Asking */

/* Why there is no policy file, or nobody may open it. */
static void not_asked(const struct root *here, int err, const struct diag *d,
		      struct forecast *ret)
{
	_cleanup_close_ int ima = root_openat(here, ROOT_SECURITYFS, "integrity/ima",
					      O_PATH | O_DIRECTORY, NULL);

	if (err == -ENOENT && ima < 0)
		set(ret, FORECAST_NO_IMA, "this kernel has no IMA, or it is not active");
	else if (err == -ENOENT)
		set(ret, FORECAST_LOADED, "a policy was loaded already");
	else if (err == -EBUSY)
		set(ret, FORECAST_HELD,
		    "a policy was loaded already, or a process has the policy file open");
	else
		set(ret, FORECAST_UNKNOWN, "%s", d->text);
}

static void ask(const struct forecast_ask *a, struct forecast *ret)
{
	_cleanup_policytry_ struct policytry t = {0};
	_cleanup_policy_ struct policy p = {0};
	_cleanup_strbuf_ struct strbuf crypto = {0};
	const struct policy_kernel nothing = {0};
	struct diag d = {0};
	int r = policy_parse(a->text, &nothing, &p, &d);

	if (r == 0)
		(void)root_read(a->here, ROOT_CRYPTO, &crypto, NULL);
	if (r == 0 && (fchdir(a->target->dir[ROOT_TARGET]) < 0 || chroot(".") < 0)) {
		set(ret, FORECAST_UNKNOWN, "the root cannot be entered");
		return;
	}
	if (r < 0) {
		set(ret, FORECAST_UNKNOWN, "%s", d.text);
		return;
	}
	r = policytry_run(a->here, a->text, a->path, &t, &d);
	if (r < 0)
		not_asked(a->here, r, &d, ret);
	else
		forecast_of(&t, &p, a->label, forecast_hashes(strbuf_span(&crypto)), ret);
}

static void child(const struct forecast_ask *a, int to)
{
	struct forecast answer = {.verdict = FORECAST_UNKNOWN};

	ask(a, &answer);
	_exit(fs_write_all(to, &answer, sizeof(answer)) < 0);
}

/* The child may die of anything: then nothing is known. */
static void hear(int from, struct forecast *ret)
{
	_cleanup_strbuf_ struct strbuf bytes = {0};

	if (fs_read_fd(from, sizeof(*ret), "an answer", &bytes, NULL) == 0 &&
	    bytes.len == sizeof(*ret))
		memcpy(ret, bytes.ptr, sizeof(*ret));
}

void forecast_ask(const struct forecast_ask *a, struct forecast *ret)
{
	int ends[2];
	pid_t pid;

	set(ret, FORECAST_UNKNOWN, "the kernel could not be asked");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0)
		child(a, ends[1]);
	(void)close(ends[1]);
	if (pid > 0) {
		hear(ends[0], ret);
		(void)waitpid(pid, NULL, 0);
	}
	(void)close(ends[0]);
}

int forecast_signed_only(const struct root *here)
{
	_cleanup_policytry_ struct policytry t = {0};
	int r = policytry_run(here, (struct span){0}, NULL, &t, NULL);

	return r < 0 ? r : t.only_by_path;
}
