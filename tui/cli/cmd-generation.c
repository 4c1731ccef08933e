/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl generation: what there is to go back to. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/policy/genfound.h"
#include "tui/cli/generation.h"
#include "tui/cli/table.h"

/* All that is listed. */
struct listing {
	struct strbuf release;
	struct gen_list list;
	struct genfound found;
	unsigned on_disk; /* 0: none of them */
};

static void listing_done(struct listing *l)
{
	strbuf_done(&l->release);
	gen_list_done(&l->list);
	genfound_done(&l->found);
}

static int listing_load(struct cli *cli, struct listing *l, struct diag *reterr)
{
	int r = generation_release(cli, true, &l->release, reterr);

	if (r == 0)
		r = gen_list_load(&cli->root, strbuf_str(&l->release), &l->list, reterr);
	/* where the policy for the boot may not be read, nothing is known to be it */
	if (r == 0 && genfound_load(&cli->root, &l->found, NULL) == 0)
		l->on_disk = genfound_same(&cli->root, &l->list, &l->found);
	return r;
}

/* What cannot be read of it is left out: its state says so. */
struct about {
	enum gen_state state;
	struct diag why;
	struct strbuf origin, releases;
};

static void about_done(struct about *a)
{
	strbuf_done(&a->origin);
	strbuf_done(&a->releases);
}

static int about_load(const struct root *root, unsigned number, struct about *a,
		      struct diag *reterr)
{
	int r = gen_verify(root, number, &a->state, &a->why);

	if (r < 0) {
		if (reterr)
			*reterr = a->why;
		return r;
	}
	(void)gen_origin(root, number, &a->origin, NULL);
	(void)gen_blessings(root, number, &a->releases, NULL);
	if (a->releases.len) /* the last newline */
		a->releases.ptr[--a->releases.len] = '\0';
	return 0;
}

/* What its names say of it, in words. */
static void add_words(const struct listing *l, const struct gen_entry *e,
		      struct strbuf *out)
{
	const struct {
		bool is;
		const char *word;
	} words[] = {
		{e->no_policy, "no policy"},
		{e->candidate, "candidate"},
		{e->number == l->on_disk, "on disk"},
		{!e->allowed && e->number < l->list.minimum, "below the minimum"},
		{!e->allowed && e->number >= l->list.minimum, "a key was revoked"},
	};
	size_t before = out->len;

	for (size_t i = 0; i < array_size(words); i++)
		if (words[i].is)
			strbuf_addf(out, "%s%s", out->len > before ? ", " : "",
				    words[i].word);
	if (out->len == before)
		strbuf_addc(out, '-');
}

static void entry_json(struct json *j, const struct listing *l, const struct gen_entry *e,
		       const struct about *a)
{
	struct bytes in = bytes_of(strbuf_str(&a->releases), a->releases.len);
	struct span release;

	json_ku64(j, "number", e->number);
	json_kstr(j, "state", gen_state_name(a->state));
	json_kstr(j, "why", a->why.id ? a->why.text : NULL);
	json_kbytes(j, "origin", strbuf_span(&a->origin));
	json_kbool(j, "no_policy", e->no_policy);
	json_kbool(j, "candidate", e->candidate);
	json_kbool(j, "on_disk", e->number == l->on_disk);
	json_kbool(j, "allowed", e->allowed);
	json_kbool(j, "blessed", e->blessed);
	json_key(j, "blessed_for");
	json_open(j, '[');
	while (bytes_word(&in, "\n", &release))
		json_span(j, release);
	json_close(j, ']');
}

static void list_begin(struct json *j, const struct listing *l)
{
	json_open(j, '{');
	json_kstr(j, "schema", "imactl/generations/1");
	json_kstr(j, "kernel", strbuf_str(&l->release));
	json_ku64(j, "newest_blessed", gen_newest_blessed(&l->list, 0));
	json_ku64(j, "candidate", l->list.candidate);
	json_ku64(j, "minimum", l->list.minimum);
	json_ku64(j, "on_disk", l->on_disk);
	json_key(j, "generations");
	json_open(j, '[');
}

static void list_row(struct table *t, const struct listing *l, const struct gen_entry *e,
		     const struct about *a)
{
	_cleanup_strbuf_ struct strbuf words = {0}, releases = {0};

	for (size_t i = 0; i < a->releases.len; i++)
		strbuf_addc(&releases,
			    a->releases.ptr[i] == '\n' ? ' ' : a->releases.ptr[i]);
	add_words(l, e, &words);
	table_textf(t, OUT_PLAIN, "%u", e->number);
	table_text(t, a->state == GEN_GOOD ? OUT_PLAIN : OUT_BAD,
		   gen_state_name(a->state));
	table_foreign(t, a->origin.len ? strbuf_span(&a->origin) : span_of("-"));
	table_foreign(t, releases.len ? strbuf_span(&releases) : span_of("-"));
	table_text(t, OUT_PLAIN, strbuf_str(&words));
}

static void list_end(struct cli *cli, const struct listing *l)
{
	unsigned newest = gen_newest_blessed(&l->list, 0);

	if (newest)
		out_addf(cli->out, "Generation %u is what the kernel ", newest);
	else
		out_add(cli->out, "Nothing is there to go back to for the kernel ");
	out_foreign(cli->out, strbuf_span(&l->release));
	out_add(cli->out, newest ? " goes back to.\n" : ".\n");
	if (l->list.minimum)
		out_addf(cli->out, "Nobody goes back below generation %u.\n",
			 l->list.minimum);
}

/* One row after the other, into the table or the object. */
static int list_all(struct cli *cli, const struct listing *l, struct table *t,
		    struct json *j, struct diag *reterr)
{
	for (size_t i = 0; i < l->list.n; i++) {
		struct about a = {0};
		int r = about_load(&cli->root, l->list.of[i].number, &a, reterr);

		if (r == 0 && cli->json) {
			json_open(j, '{');
			entry_json(j, l, &l->list.of[i], &a);
			json_close(j, '}');
		} else if (r == 0) {
			list_row(t, l, &l->list.of[i], &a);
		}
		about_done(&a);
		if (r < 0)
			return r;
	}
	return 0;
}

static int list(struct cli *cli, const struct listing *l, struct diag *reterr)
{
	static const struct table_column columns[] = {
		{"N", true, false},	  {"STATE", false, false},
		{"ORIGIN", false, false}, {"GOOD FOR", false, true},
		{"WHAT", false, false},
	};
	struct json j = json_to(out_buf(cli->out));
	_cleanup_table_ struct table t;
	int r;

	table_init(&t, cli->out, columns, array_size(columns));
	if (cli->json)
		list_begin(&j, l);
	r = list_all(cli, l, &t, &j, reterr);
	if (r < 0)
		return r;
	if (cli->json) {
		json_close(&j, ']');
		json_close(&j, '}');
		out_add(cli->out, "\n");
	} else if (!l->list.n) {
		out_add(cli->out, "There are no generations: 'imactl generation record' "
				  "makes the first one.\n");
	} else {
		table_print(cli->out, &t);
		list_end(cli, l);
	}
	return 0;
}

static int run_list(struct cli *cli)
{
	struct listing l = {0};
	struct diag d = {0};
	int r = listing_load(cli, &l, &d);

	if (r == 0)
		r = list(cli, &l, &d);
	listing_done(&l);
	return r < 0 ? cmd_fail(&d) : CMD_OK;
}

static void show_text(struct cli *cli, const struct listing *l, const struct gen_entry *e,
		      const struct about *a, const struct strbuf *files,
		      const struct strbuf *policy)
{
	struct strbuf *b = out_buf(cli->out);
	struct bytes in = bytes_of(strbuf_str(files), files->len);
	struct span line;

	strbuf_addf(b, "Generation %u: %s\n  what      ", e->number,
		    gen_state_name(a->state));
	add_words(l, e, b);
	strbuf_adds(b, "\n  origin    ");
	str_escape(b, strbuf_span(&a->origin), cli->out->ascii);
	in = bytes_of(strbuf_str(&a->releases), a->releases.len);
	strbuf_adds(b, "\n  good for  ");
	if (!a->releases.len)
		strbuf_adds(b, "no kernel");
	for (bool next = false; bytes_word(&in, "\n", &line); next = true) {
		strbuf_adds(b, next ? ", " : "");
		str_escape(b, line, cli->out->ascii);
	}
	in = bytes_of(strbuf_str(files), files->len);
	for (bool next = false; bytes_word(&in, "\n", &line); next = true) {
		strbuf_adds(b, next ? "\n            " : "\n  files     ");
		str_escape(b, line, cli->out->ascii);
	}
	strbuf_addc(b, '\n');
	in = bytes_of(strbuf_str(policy), policy->len);
	while (bytes_word(&in, "\n", &line)) {
		strbuf_adds(b, "    ");
		str_escape(b, line, cli->out->ascii);
		strbuf_addc(b, '\n');
	}
}

static void show_json(struct cli *cli, const struct listing *l, const struct gen_entry *e,
		      const struct about *a, const struct strbuf *files,
		      const struct strbuf *policy)
{
	struct json j = json_to(out_buf(cli->out));
	struct bytes in = bytes_of(strbuf_str(files), files->len);
	struct span name;

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/generation/1");
	entry_json(&j, l, e, a);
	json_key(&j, "files");
	json_open(&j, '[');
	while (bytes_word(&in, "\n", &name))
		json_span(&j, name);
	json_close(&j, ']');
	json_kbytes(&j, "policy", strbuf_span(policy));
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

static int show(struct cli *cli, const struct listing *l, unsigned number,
		struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf files = {0}, policy = {0};
	const struct gen_entry *e = gen_find(&l->list, number);
	struct about a = {0};
	int r = e ? about_load(&cli->root, number, &a, reterr)
		  : diag_set(reterr, DIAG_NO_GEN, ENOENT, "There is no generation %u.",
			     number);

	if (r == 0) {
		(void)gen_files(&cli->root, number, &files, NULL);
		(void)gen_read(&cli->root, number, GEN_POLICY, &policy, NULL, NULL);
		(cli->json ? show_json : show_text)(cli, l, e, &a, &files, &policy);
		if (a.state != GEN_GOOD) {
			*reterr = a.why;
			r = -a.why.err;
		}
	}
	about_done(&a);
	return r;
}

static int run_show(struct cli *cli)
{
	struct listing l = {0};
	struct diag d = {0};
	unsigned number = 0;
	int r = generation_number(cli, cli->args[0], &number, &d);

	if (r == 0)
		r = listing_load(cli, &l, &d);
	if (r == 0)
		r = show(cli, &l, number, &d);
	listing_done(&l);
	return r < 0 ? cmd_fail(&d) : CMD_OK;
}

static const struct opt options[] = {GENERATION_OPT_KERNEL, {0}};

static const struct cmd sub_list = {
	.name = "list",
	.summary = "List the generations, and which one is gone back to",
	.flags = CMD_JSON | CMD_LIVE,
	.options = options,
	.run = run_list,
	.help = "Each is held against its manifest: good, incomplete, damaged, or unknown\n"
		"where its files may not be read. GOOD FOR has the kernels that it is blessed\n"
		"for; the newest of these that was not barred is gone back to when a boot\n"
		"goes wrong.",
};

static const struct cmd sub_show = {
	.name = "show",
	.summary = "Show a generation: its files, and its policy",
	.args = "N",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE,
	.options = options,
	.run = run_show,
	.help = "One that is damaged or incomplete ends with 1, one that may not be read\n"
		"with 4.",
};

const struct cmd cmd_generation = {
	.name = "generation",
	.summary = "What there is to go back to: record, bless, revoke",
	.subs = (const struct cmd *const[]){&sub_list, &sub_show, &generation_record,
					    &generation_bless, &generation_unbless,
					    &generation_revoke, &generation_minimum,
					    NULL},
	.help = "A generation is a policy for the boot with its keys, kept below /etc/imactl;\n"
		"imactl-generation(5).",
};
