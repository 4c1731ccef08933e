/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What policy simulate prints with --json. */
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/cli/simulateout.h"

/* A member with the path as the machine has it, "/usr/bin/ls". */
static void path(struct json *j, const char *key, const char *below)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	strbuf_addf(&b, "/%s", below);
	json_kbytes(j, key, strbuf_span(&b));
}

static void words(struct json *j, const char *key, unsigned bits, int n,
		  const char *(*word)(int i))
{
	json_key(j, key);
	json_open(j, '[');
	for (int i = 0; i < n; i++)
		if (bits >> i & 1)
			json_str(j, word(i));
	json_close(j, ']');
}

static const char *op_word(int i)
{
	return bootset_op_word((enum bootset_op)i);
}

static void sources(struct json *j, const struct simulatetext *s)
{
	json_key(j, "sources");
	json_open(j, '[');
	for (int i = 0; i < _BOOTSET_SOURCE_MAX; i++) {
		struct bootset_said said;

		if (!(s->sources & 1u << i))
			continue;
		bootset_said(s->set, (enum bootset_source)i, &said);
		json_open(j, '{');
		json_kstr(j, "source", bootset_source_word((enum bootset_source)i));
		json_ku64(j, "uses", said.uses);
		json_ku64(j, "gone", said.gone);
		json_kstr(j, "why", said.why.id ? said.why.text : NULL);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void ranks(struct json *j, const struct simulate *r)
{
	json_key(j, "ranks");
	json_open(j, '[');
	for (int i = 0; i < _SIMULATE_RANK_MAX; i++) {
		const struct simulate_count *c = &r->rank[i];

		json_open(j, '{');
		json_kstr(j, "rank", simulate_rank_word((enum simulate_rank)i));
		json_ku64(j, "uses", c->uses);
		json_ku64(j, "denied", c->denied);
		json_ku64(j, "unsure", c->unsure);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void cause(struct json *j, const struct simulate_row *row)
{
	json_kstr(j, "cause", row->cause ? simulate_cause(row) : NULL);
	if (row->cause)
		json_kstr(j, "means", appraise_words(row->cause)->means);
	json_kstr(j, "error", row->err ? diag_errno(row->err) : NULL);
	if (row->keyid_len)
		json_khex(j, "keyid", (struct span){row->keyid, row->keyid_len});
}

static void one_use(struct json *j, const struct simulatetext *s,
		    const struct simulate_row *row)
{
	json_open(j, '{');
	path(j, "path", simulate_name(s->result, row));
	json_ku64(j, "uid", row->uid);
	words(j, "ops", row->ops, _BOOTSET_OP_MAX, op_word);
	if (row->rule != UINT32_MAX)
		json_ku64(j, "rule", row->rule + 1u);
	json_close(j, '}');
}

static void group(struct json *j, const struct simulatetext *s,
		  const struct simulate_group *g)
{
	const struct simulate_row *row = &s->result->row[g->first];
	_cleanup_strbuf_ struct strbuf folder = {0};
	size_t n = s->all || g->n < SIMULATE_SAMPLES ? g->n : SIMULATE_SAMPLES;

	strbuf_add(&folder, g->folder.ptr, g->folder.len);
	json_open(j, '{');
	json_kstr(j, "rank", simulate_rank_word(row->rank));
	json_kbool(j, "denied", !row->unsure);
	cause(j, row);
	if (row->package == PKGDB_NONE)
		json_kstr(j, "package", NULL);
	else
		json_kbytes(j, "package", span_of(pkgdb_name(s->packages, row->package)));
	path(j, "folder", strbuf_str(&folder));
	json_ku64(j, "files", g->files);
	json_ku64(j, "uses", g->n);
	json_key(j, s->all ? "all" : "samples");
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		one_use(j, s, &s->result->row[g->first + i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void fix(struct json *j, const struct simulatetext *s,
		const struct simulate_fix *f)
{
	_cleanup_strbuf_ struct strbuf command = {0};
	const char *name = strbuf_str(&f->paths);

	simulate_command(&command, f, s->root_dir);
	json_open(j, '{');
	json_kstr(j, "fix", simulate_fix_word(f->kind));
	json_kbytes(j, f->kind == SIMULATE_EXCEPT ? "line" : "command",
		    strbuf_span(&command));
	json_kstr(j, "why", simulate_fix_why(f->kind));
	json_ku64(j, "files", f->files);
	json_kstr(j, "rank", simulate_rank_word(f->worst));
	if (f->keyid.len) {
		json_khex(j, "keyid", f->keyid);
		json_kbool(j, "certificate_known", f->cert_known);
	}
	json_key(j, "paths");
	json_open(j, '[');
	for (size_t i = 0; i < f->n_paths; i++, name += strlen(name) + 1) {
		json_open(j, '{');
		path(j, "path", name);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void counts(struct json *j, const struct simulate *r)
{
	json_ku64(j, "files", r->files);
	json_ku64(j, "gone", r->gone);
	json_ku64(j, "appraised", r->appraised);
	json_ku64(j, "denied", r->denied);
	json_ku64(j, "unsure", r->unsure);
	json_ku64(j, "key_lost", r->lost);
	json_ku64(j, "files_read", r->read);
	json_ku64(j, "bytes_read", r->bytes);
	json_ku64(j, "measured", r->measured);
	json_ku64(j, "entries_bytes", r->entries_bytes);
}

void simulatejson_print(struct cli *cli, const struct simulatetext *s)
{
	const struct simulate *r = s->result;
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/policy-simulate/1");
	json_kbytes(&j, "policy", span_of(s->policy));
	json_kstr(&j, "mode", s->enforces ? "enforce" : "log");
	json_kbool(&j, "refused", simulatetext_refused(s->rules));
	json_kbool(&j, "sure", s->rules->sure);
	json_kbool(&j, "ready", simulate_ready(r) && !simulatetext_refused(s->rules));
	json_kbool(&j, "pid1", r->pid1);
	json_kbool(&j, "labels_only", s->labels_only);
	json_kbool(&j, "complete", !r->stopped);
	counts(&j, r);
	sources(&j, s);
	ranks(&j, r);
	json_key(&j, "groups");
	json_open(&j, '[');
	for (size_t i = 0; i < r->n_groups; i++)
		group(&j, s, &r->group[i]);
	json_close(&j, ']');
	json_key(&j, "fixes");
	json_open(&j, '[');
	for (size_t i = 0; i < r->n_fixes; i++)
		fix(&j, s, &r->fix[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	out_add(cli->out, "\n");
}
