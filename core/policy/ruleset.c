/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "core/cert/keycap.h"

enum set {
	SET_DONT_MEASURE,
	SET_OLD_TCB,
	SET_TCB,
	SET_ARCH,
	SET_SECURE_BOOT,
	SET_BUILD,
	SET_APPRAISE_TCB,
	SET_CRITICAL_DATA,
	_SET_MAX, /* in the order in which ima_init_policy() adds them */
};

#define RULESET_MACHINE_KEYS                                                             \
	"INTEGRITY_MACHINE_KEYRING IMA_KEYRINGS_PERMIT_SIGNED_BY_BUILTIN_OR_SECONDARY"

static const struct {
	enum set set;
	const char *options; /* all of them; NULL: none */
	bool wanted;
	unsigned since, before;
	const char *rule;
} rows[] = {
/* appraise_tcb's exceptions, which come first */
#define FS_MAGIC(magic, name)                                                            \
	{SET_APPRAISE_TCB, NULL, true, 0, 0, "dont_appraise fsmagic=" #magic},
#include "core/host/fs-magics.inc"
#undef FS_MAGIC
#define RULESET_RULE(set, rule) {SET_##set, NULL, true, 0, 0, rule},
#define RULESET_RULE_IF(set, options, wanted, since, before, rule)                       \
	{SET_##set, options, wanted, since, before, rule},
#include "core/policy/ruleset-rules.inc"
#undef RULESET_RULE
#undef RULESET_RULE_IF
};

static const struct {
	const char *word, *words;
} origins[] = {
	[RULESET_BUILTIN] = {"builtin", "ima_policy="},
	[RULESET_ARCH] = {"arch", "Secure Boot"},
	[RULESET_BUILD] = {"build", "the kernel's build"},
	[RULESET_CUSTOM] = {"custom", "the policy"},
};

static const char *const sources[] = {
	[RULESET_READ] = "read back from the kernel",
	[RULESET_FILE] = "the file for the boot; the kernel does not show its rules",
	[RULESET_DEFAULT] = "what the kernel brings along; no policy was loaded",
	[RULESET_GIVEN] = "as if the policy were loaded first",
};

/* What decides on the rules that a kernel brings along. */
struct facts {
	unsigned version; /* POLICY_VERSION(); 0: not known */
	struct kconfig config;
	bool has_config;
	bool sets[_SET_MAX];
	bool fails_securely;
	bool sure;
};

static void facts_done(struct facts *f)
{
	kconfig_done(&f->config);
}

static const struct {
	const char *word;
	enum set set; /* _SET_MAX: none, but a way of verifying */
} words[] = {
	{"tcb", SET_TCB},
	{"appraise_tcb", SET_APPRAISE_TCB},
	{"secure_boot", SET_SECURE_BOOT},
	{"critical_data", SET_CRITICAL_DATA},
	{"fail_securely", _SET_MAX},
};

bool ruleset_word_next(struct bytes *in, struct span *ret)
{
	size_t from = in->pos;

	if (!bytes_left(in))
		return false;
	while (bytes_left(in) && !memchr(" |\n", in->ptr[in->pos], 3))
		in->pos++;
	*ret = (struct span){in->ptr + from, in->pos - from};
	(void)bytes_skip(in, 1);
	return true;
}

static size_t word_row(struct span word)
{
	size_t i = 0;

	while (i < array_size(words) && !span_is(word, words[i].word))
		i++;
	return i;
}

bool ruleset_word_known(struct span word)
{
	return !word.len || word_row(word) < array_size(words);
}

/* policy_setup() */
static void words_of(struct facts *f, struct span value)
{
	struct bytes in = bytes_of(value.ptr, value.len);
	struct span word;

	while (ruleset_word_next(&in, &word)) {
		size_t i = word_row(word);

		if (i == array_size(words))
			continue;
		if (words[i].set == _SET_MAX)
			f->fails_securely = true;
		else if (words[i].set != SET_TCB || !f->sets[SET_OLD_TCB])
			f->sets[words[i].set] = true;
	}
}

static void read_cmdline(struct facts *f, struct span line)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct cmdline_word w;

	while (cmdline_next(&in, &w)) {
		if (cmdline_is(&w, "ima_policy"))
			words_of(f, w.value);
		else if (cmdline_is(&w, "ima_tcb") && !f->sets[SET_TCB])
			f->sets[SET_OLD_TCB] = true;
		else if (cmdline_is(&w, "ima_appraise_tcb"))
			f->sets[SET_APPRAISE_TCB] = true;
	}
	f->sets[SET_DONT_MEASURE] = f->sets[SET_TCB] || f->sets[SET_OLD_TCB];
}

static void arch(struct facts *f, const struct probe *probe)
{
	bool built = f->has_config &&
		     kconfig_get(&f->config, "IMA_ARCH_POLICY") == KCONFIG_YES;

	f->sets[SET_ARCH] = built && probe_is(probe, PROBE_SECURE_BOOT, PROBE_YES);
	if (!f->has_config ||
	    (built && probe_is(probe, PROBE_SECURE_BOOT, PROBE_UNKNOWN)))
		f->sure = false;
}

static int facts_load(const struct root *root, const struct probe *probe,
		      struct facts *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf line = {0};
	int r = root_read(root, ROOT_CMDLINE, &line, NULL);

	*ret = (struct facts){.version = policy_version_of(span_of(probe->release))};
	ret->sure = r == 0 && ret->version;
	if (r == 0)
		read_cmdline(ret, strbuf_span(&line));
	ret->has_config = kconfig_load(root, &ret->config, NULL) == 0;
	ret->sets[SET_BUILD] = true;
	arch(ret, probe);
	if (line.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "no memory for the rules");
	return 0;
}

static bool built_with(const struct facts *f, const char *options)
{
	struct bytes in = bytes_of(options, strlen(options));
	struct span one;
	char name[80];

	while (bytes_left(&in)) {
		if (!bytes_until(&in, ' ', &one))
			(void)bytes_take(&in, bytes_left(&in), &one);
		(void)snprintf(name, sizeof(name), "%.*s", (int)one.len, one.ptr);
		if (!f->has_config || kconfig_get(&f->config, name) != KCONFIG_YES)
			return false;
	}
	return true;
}

static bool row_holds(const struct facts *f, size_t row)
{
	if (rows[row].since && f->version < rows[row].since)
		return false;
	if (rows[row].before && f->version >= rows[row].before)
		return false;
	return !rows[row].options || built_with(f, rows[row].options) == rows[row].wanted;
}

static enum ruleset_origin origin_of(enum set set)
{
	return set == SET_ARCH	  ? RULESET_ARCH
	       : set == SET_BUILD ? RULESET_BUILD
				  : RULESET_BUILTIN;
}

/* Under a policy that was loaded only what is persistent stays; beside secure_boot the
 * build's rules are for that alone. */
static bool set_counts(const struct facts *f, enum set set, bool custom)
{
	if (custom)
		return set == SET_ARCH ? f->sets[SET_ARCH] : set == SET_BUILD;
	return f->sets[set] && (set != SET_BUILD || !f->sets[SET_SECURE_BOOT]);
}

static int add_origin(struct ruleset *r, size_t n, enum ruleset_origin origin)
{
	uint8_t *more = reallocarray(r->origins, n + 1, 1);

	if (!more)
		return -ENOMEM;
	r->origins = more;
	r->origins[n] = (uint8_t)origin;
	return 0;
}

/* A kernel that takes all that any takes: for text that comes from one. */
static struct policy_kernel any_kernel(void)
{
	struct policy_kernel k = {.hashes = ~0u, .labels_defined = POLICY_YES};

	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		k.cap[c] = POLICY_YES;
	return k;
}

static int bring(const struct facts *f, bool custom, struct ruleset *ret)
{
	struct policy_kernel any = any_kernel();
	_cleanup_strbuf_ struct strbuf text = {0};
	size_t n = 0;

	for (int set = 0; set < _SET_MAX; set++) {
		for (size_t i = 0; i < array_size(rows); i++) {
			if ((int)rows[i].set != set || !set_counts(f, set, custom) ||
			    !row_holds(f, i))
				continue;
			strbuf_addf(&text, "%s\n", rows[i].rule);
			if (add_origin(ret, n++, origin_of(set)) < 0)
				return -ENOMEM;
		}
	}
	if (text.failed)
		return -ENOMEM;
	return policy_parse(strbuf_span(&text), &any, &ret->brought, NULL);
}

/* What was brought along, then @loaded, which is taken over. */
static int join(struct ruleset *r, struct policy *loaded)
{
	size_t front = r->brought.n_rules, n = front + loaded->n_rules;
	struct policy_rule *rules = calloc(n ? n : 1, sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	if (front)
		memcpy(rules, r->brought.rules, front * sizeof(*rules));
	if (loaded->n_rules)
		memcpy(rules + front, loaded->rules, loaded->n_rules * sizeof(*rules));
	for (size_t i = front; i < n; i++) {
		if (add_origin(r, i, RULESET_CUSTOM) < 0) {
			free(rules);
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < loaded->n_findings; i++)
		if (loaded->findings[i].rule != SIZE_MAX)
			loaded->findings[i].rule += front;
	free(loaded->rules);
	r->policy = *loaded;
	r->policy.rules = rules;
	r->policy.n_rules = n;
	*loaded = (struct policy){0};
	return 0;
}

static bool same_rule(const struct policy_rule *a, const struct policy_rule *b)
{
	_cleanup_strbuf_ struct strbuf x = {0}, y = {0};

	if (a->refused || b->refused)
		return false;
	policy_print(&x, a);
	policy_print(&y, b);
	return span_equal(strbuf_span(&x), strbuf_span(&y));
}

/* Rules that were read back: where they come from, by what stands before them. */
static int tell_origins(struct ruleset *r, struct policy *read)
{
	size_t n = 0;

	while (n < r->brought.n_rules && n < read->n_rules &&
	       same_rule(&r->brought.rules[n], &read->rules[n]))
		n++;
	policy_done(&r->brought);
	for (size_t i = n; i < read->n_rules; i++)
		if (add_origin(r, i, RULESET_CUSTOM) < 0)
			return -ENOMEM;
	r->policy = *read;
	*read = (struct policy){0};
	return 0;
}

static bool was_loaded(const struct probe *probe)
{
	return probe_is(probe, PROBE_POLICY, PROBE_YES) &&
	       strcmp(probe->fact[PROBE_POLICY].value, "custom") == 0;
}

/* What might be refused was not. */
static void settle_doubts(struct policy *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_findings; i++)
		if (p->findings[i].severity != POLICY_DEPENDS)
			p->findings[n++] = p->findings[i];
	p->n_findings = n;
	for (size_t i = 0; i < p->n_rules; i++)
		p->rules[i].depends = false;
}

static int from_kernel(const struct facts *f, bool custom, struct span text,
		       struct ruleset *ret)
{
	struct policy_kernel any = any_kernel();
	_cleanup_policy_ struct policy read = {0};
	int r = bring(f, custom, ret);

	if (r == 0)
		r = policy_parse(text, &any, &read, NULL);
	if (r == 0) {
		settle_doubts(&read);
		r = tell_origins(ret, &read);
	}
	ret->source = RULESET_READ;
	ret->sure = true;
	return r;
}

static int with(const struct root *root, const struct facts *f, struct span custom,
		struct ruleset *ret, struct diag *reterr)
{
	_cleanup_policy_ struct policy loaded = {0};
	_cleanup_strbuf_ struct strbuf keep = {0};
	struct policy_kernel kernel;
	int r = ruleset_kernel(root, &keep, &kernel, reterr);

	if (r == 0)
		r = bring(f, true, ret);
	if (r == 0)
		r = policy_parse(custom, &kernel, &loaded, reterr);
	if (r == 0)
		r = join(ret, &loaded);
	ret->sure = f->sure;
	return r;
}

static int from_file(const struct root *root, const struct facts *f, struct ruleset *ret,
		     struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = root_read(root, ROOT_BOOT_POLICY, &text, reterr);

	if (r == -ENOENT)
		return diag_set(reterr, DIAG_POLICY_HIDDEN, ENOENT,
				"a policy was loaded that this kernel does not show, and "
				"there is no /etc/ima/ima-policy");
	if (r == 0)
		r = with(root, f, strbuf_span(&text), ret, reterr);
	ret->source = RULESET_FILE;
	ret->sure = false; /* who knows what the file was then */
	return r;
}

static int from_default(const struct facts *f, struct ruleset *ret)
{
	_cleanup_policy_ struct policy none = {0};
	int r = bring(f, false, ret);

	if (r == 0)
		r = join(ret, &none);
	ret->source = RULESET_DEFAULT;
	ret->sure = f->sure;
	return r;
}

static int finish(struct ruleset *made, const struct facts *f, int r, struct ruleset *ret,
		  struct diag *reterr)
{
	if (r < 0) {
		ruleset_done(made);
		return r == -ENOMEM ? diag_set(reterr, DIAG_MEMORY, ENOMEM,
					       "no memory for the rules")
				    : r;
	}
	made->fails_securely = f->fails_securely;
	*ret = *made;
	return 0;
}

int ruleset_in_force(const struct root *root, const struct probe *probe,
		     struct ruleset *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_(facts_done) struct facts f = {0};
	struct ruleset made = {0};
	bool custom = was_loaded(probe);
	int r = facts_load(root, probe, &f, reterr);

	if (r < 0)
		return r;
	if (root_read(root, ROOT_POLICY, &text, NULL) == 0 && text.len)
		r = from_kernel(&f, custom, strbuf_span(&text), &made);
	else if (custom)
		r = from_file(root, &f, &made, reterr);
	else
		r = from_default(&f, &made);
	if (probe_is(probe, PROBE_POLICY, PROBE_UNKNOWN) && made.source != RULESET_READ)
		made.sure = false;
	return finish(&made, &f, r, ret, reterr);
}

int ruleset_with(const struct root *root, const struct probe *probe, struct span custom,
		 struct ruleset *ret, struct diag *reterr)
{
	_cleanup_(facts_done) struct facts f = {0};
	struct ruleset made = {0};
	int r = facts_load(root, probe, &f, reterr);

	if (r < 0)
		return r;
	r = with(root, &f, custom, &made, reterr);
	made.source = RULESET_GIVEN;
	return finish(&made, &f, r, ret, reterr);
}

int ruleset_alone(const struct policy_kernel *kernel, struct span custom,
		  struct ruleset *ret, struct diag *reterr)
{
	static const struct facts none;
	_cleanup_policy_ struct policy loaded = {0};
	struct ruleset made = {.source = RULESET_GIVEN};
	int r = policy_parse(custom, kernel, &loaded, reterr);

	if (r == 0)
		r = join(&made, &loaded);
	return finish(&made, &none, r, ret, reterr);
}

int ruleset_at_boot(const struct root *root, const struct probe *probe,
		    struct ruleset *ret, struct diag *reterr)
{
	_cleanup_(facts_done) struct facts f = {0};
	struct ruleset made = {0};
	int r = facts_load(root, probe, &f, reterr);

	return r < 0 ? r : finish(&made, &f, from_default(&f, &made), ret, reterr);
}

void ruleset_done(struct ruleset *r)
{
	policy_done(&r->policy);
	policy_done(&r->brought);
	free(r->origins);
	*r = (struct ruleset){0};
}

const char *ruleset_origin_word(enum ruleset_origin origin)
{
	return origins[origin].word;
}

const char *ruleset_origin_words(enum ruleset_origin origin)
{
	return origins[origin].words;
}

const char *ruleset_source_words(enum ruleset_source source)
{
	return sources[source];
}
