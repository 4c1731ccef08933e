/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two policies of one machine, told apart for somebody who has to choose. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/gen.h"
#include "core/policy/difftext.h"
#include "tui/rescue-internal.h"

struct side {
	unsigned number; /* 0: what lies on the disk */
	struct strbuf text, files;
	struct ruleset rules;
};

static void side_done(struct side *s)
{
	strbuf_done(&s->text);
	strbuf_done(&s->files);
	ruleset_done(&s->rules);
}
#define _cleanup_side_ __attribute__((cleanup(side_done)))

static void name_of(const struct side *s, char *buf, size_t size)
{
	if (s->number)
		(void)snprintf(buf, size, "generation %u", s->number);
	else
		(void)snprintf(buf, size, "/etc/ima/ima-policy");
}

static int read_policy(const struct root *root, struct side *s, const struct strbuf *disk,
		       struct diag *reterr)
{
	if (s->number)
		return gen_read(root, s->number, GEN_POLICY, &s->text, NULL, reterr);
	if (!disk)
		return -ENOENT;
	strbuf_add(&s->text, strbuf_str(disk), disk->len);
	return 0;
}

/* What has no policy is held against as an empty one, and that is said. */
static int load(const struct root *root, const struct policy_kernel *kernel,
		struct side *s, const struct strbuf *disk, struct doc *out,
		struct diag *reterr)
{
	struct diag d = {0};
	char name[40];

	name_of(s, name, sizeof(name));
	if (read_policy(root, s, disk, &d) < 0)
		doc_text(out, STYLE_WARN, "%s: %s", name,
			 d.id ? d.text : "there is no policy that can be read.");
	if (s->number)
		(void)gen_files(root, s->number, &s->files,
				NULL); /* its keys are not named */
	return ruleset_alone(kernel, strbuf_span(&s->text), &s->rules, reterr);
}

/* What a kernel would not take of it. */
static void faults(const struct side *s, struct doc *out)
{
	const struct policy *p = &s->rules.policy;
	char name[40];

	name_of(s, name, sizeof(name));
	for (size_t i = 0; i < p->n_findings; i++)
		if (p->findings[i].severity == POLICY_ERROR)
			doc_text(out, STYLE_BAD, "%s, line %u: %s", name,
				 (unsigned)p->findings[i].d.line, p->findings[i].d.text);
}

static void add_line(void *user, enum difftext_kind kind, struct span line)
{
	static const enum style styles[] = {[DIFFTEXT_REMOVED] = STYLE_BAD,
					    [DIFFTEXT_ADDED] = STYLE_GOOD,
					    [DIFFTEXT_MOVED] = STYLE_DIM,
					    [DIFFTEXT_ACCESS] = STYLE_NORMAL,
					    [DIFFTEXT_REMARK] = STYLE_DIM};
	_cleanup_strbuf_ struct strbuf text = {0};

	str_escape(&text, line, true);
	doc_text(user, styles[kind], "%c %s", difftext_mark(kind), strbuf_str(&text));
}

static bool has_file(const struct side *s, struct span name)
{
	struct bytes in = bytes_of(strbuf_str(&s->files), s->files.len);
	struct span have;

	while (bytes_until(&in, '\n', &have))
		if (span_equal(have, name))
			return true;
	return false;
}

/* Keys that one of two generations alone has. */
static void keys(const struct side *of, const struct side *not_of, char mark,
		 struct doc *out)
{
	struct bytes in = bytes_of(strbuf_str(&of->files), of->files.len);
	static const char folder[] = "keys/";
	struct span name;

	while (bytes_until(&in, '\n', &name)) {
		char quoted[GEN_NAME_SIZE];

		if (name.len < sizeof(folder) ||
		    memcmp(name.ptr, folder, sizeof(folder) - 1) != 0 ||
		    has_file(not_of, name))
			continue;
		doc_text(out, STYLE_NORMAL, "%c %s", mark,
			 str_quote(quoted, sizeof(quoted), name));
	}
}

static int compare(const struct root *root, struct side *from, struct side *to,
		   const struct strbuf *disk, struct doc *out, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf keep = {0};
	_cleanup_policydiff_ struct policydiff d = {0};
	_cleanup_accessdiff_ struct accessdiff accesses = {0};
	struct policy_kernel kernel;
	int r = ruleset_kernel(root, &keep, &kernel, reterr);

	if (r >= 0)
		r = load(root, &kernel, from, disk, out, reterr);
	if (r >= 0)
		r = load(root, &kernel, to, disk, out, reterr);
	if (r >= 0)
		r = policydiff_run(&from->rules.policy, &to->rules.policy, &d, reterr);
	if (r >= 0)
		r = accessdiff_run(&from->rules.policy, &to->rules.policy, &kernel,
				   &accesses, reterr);
	if (r < 0)
		return r;
	faults(to, out);
	if (policydiff_same(&d))
		doc_text(out, STYLE_NORMAL, "The rules are the same.");
	difftext_rules(&from->rules, &to->rules, &d, add_line, out);
	difftext_accesses(&accesses, policydiff_same(&d), add_line, out);
	if (from->number && to->number) {
		keys(from, to, '-', out);
		keys(to, from, '+', out);
	}
	return 0;
}

void rescue_diff(const struct root *root, unsigned good, unsigned other,
		 const struct strbuf *disk, struct doc *out)
{
	_cleanup_side_ struct side from = {.number = good}, to = {.number = other};
	char a[40], b[40];
	struct diag d = {0};

	name_of(&from, a, sizeof(a));
	name_of(&to, b, sizeof(b));
	doc_text(out, STYLE_TITLE, "From %s (-) to %s (+)", a, b);
	if (compare(root, &from, &to, disk, out, &d) < 0)
		doc_text(out, STYLE_BAD, "%s", d.text);
}
