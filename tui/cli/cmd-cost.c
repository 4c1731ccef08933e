/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What measuring costs in kernel memory, and who causes it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/policy/cost.h"
#include "core/list/live.h"
#include "core/list/mfile.h"
#include "core/list/mreader.h"
#include "core/probe/probe.h"
#include "tui/cli/cmd.h"
#include "tui/cli/table.h"

struct view {
	struct cli *cli;
	struct cost cost;
	struct cost_system system;
	bool from_file; /* --file: nothing of a machine belongs to it */
	bool incomplete;
	struct diag damage; /* why, when incomplete */
};

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static const char *size(char buf[32], uint64_t n)
{
	return str_bytes(buf, 32, n);
}

static const char *number(char buf[32], uint64_t n)
{
	return str_count(buf, 32, n);
}

static double per_hour(const struct view *v, uint64_t n)
{
	return (double)n * 3600 / (v->system.uptime < 1 ? 1 : v->system.uptime);
}

static void list_text(struct view *v)
{
	const struct cost *c = &v->cost;
	struct out *o = v->cli->out;
	char a[48], b[48], d[32];

	out_style(o, OUT_BOLD, "Measurement list");
	out_addf(o, "\n  %s, %s, %s as a file\n",
		 str_counted(a, sizeof(a), c->entries, "entry", "entries"),
		 str_counted(b, sizeof(b), c->violations, "violation", "violations"),
		 size(d, c->list_bytes));
	out_addf(o, "  about %s of kernel memory, never freed before the next boot",
		 size(a, c->kernel_bytes));
	if (c->entries)
		out_addf(o, ",\n  %s an entry (%u digests each%s)",
			 size(a, c->kernel_bytes / c->entries), c->model.slots,
			 c->model.assumed ? ", assumed" : "");
	out_addf(o, "%s%s\n", c->sig_bytes ? ", signatures " : "",
		 c->sig_bytes ? size(a, c->sig_bytes) : "");
	if (!v->from_file && v->system.mem_total)
		out_addf(o, "  %.2g %% of this machine's %s\n",
			 percent(c->kernel_bytes, v->system.mem_total),
			 size(a, v->system.mem_total));
	out_addf(o, "  %s%s of content that was measured before under another name\n",
		 c->contents_full ? "at least " : "",
		 str_counted(a, sizeof(a), c->repeated, "entry", "entries"));
}

static void system_text(struct view *v)
{
	const struct cost_system *s = &v->system;
	struct out *o = v->cli->out;
	char a[32], b[32];

	if (v->from_file)
		return;
	if (s->has_uptime)
		out_addf(o,
			 "  grows by %.0f entries an hour (mean since boot), %s a day\n",
			 per_hour(v, v->cost.entries),
			 size(a, (uint64_t)(24 * per_hour(v, v->cost.kernel_bytes))));
	out_add(o, "\n");
	out_style(o, OUT_BOLD, "Inodes");
	if (!s->has_slab) {
		out_add(o,
			"\n  not known: /proc/slabinfo has no row of IMA or cannot be read\n");
		return;
	}
	out_addf(o, "\n  %s under IMA, %s\n", number(a, s->inodes),
		 size(b, s->inode_bytes));
	if (s->evm_bytes)
		out_addf(o, "  %s under EVM, %s\n", number(a, s->evm_inodes),
			 size(b, s->evm_bytes));
}

static void rows_text(struct view *v, const char *title, const char *what,
		      const struct tally_row *rows, size_t n)
{
	const struct table_column columns[] = {{"MEMORY", .right = true},
					       {"SHARE", .right = true},
					       {"ENTRIES", .right = true},
					       {what, .flex = true}};
	_cleanup_table_ struct table t = {0};
	char a[32];

	if (n == 0)
		return;
	out_add(v->cli->out, "\n");
	out_style(v->cli->out, OUT_BOLD, title);
	out_add(v->cli->out, "\n");
	table_init(&t, v->cli->out, columns, 4);
	for (size_t i = 0; i < n; i++) {
		table_text(&t, OUT_PLAIN, size(a, rows[i].weight));
		table_textf(&t, OUT_PLAIN, "%.0f %%",
			    percent(rows[i].weight, v->cost.kernel_bytes));
		table_text(&t, OUT_PLAIN, number(a, rows[i].count));
		table_foreign(&t, rows[i].name);
	}
	table_print(v->cli->out, &t);
}

static void text(struct view *v)
{
	struct tally_row rows[COST_TOP];

	list_text(v);
	system_text(v);
	rows_text(v, "Templates", "TEMPLATE", rows,
		  tally_top(v->cost.templates, rows, COST_TOP));
	rows_text(v, "Folders", "FOLDER", rows, cost_top_dirs(&v->cost, rows));
	rows_text(v, "Measured more than once", "FILE", rows,
		  cost_top_paths(&v->cost, rows));
	rows_text(v, "Violations", "FILE", rows,
		  tally_top(v->cost.violators, rows, COST_TOP));
	out_add(v->cli->out,
		"\nMemory is computed from the list with the sizes of Linux 6.1 on x86-64.\n");
}

static void rows_json(struct json *j, const char *key, const struct tally_row *rows,
		      size_t n)
{
	json_key(j, key);
	json_open(j, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(j, '{');
		json_kbytes(j, "name", rows[i].name);
		json_ku64(j, "kernel_bytes", rows[i].weight);
		json_ku64(j, "entries", rows[i].count);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void list_json(struct json *j, const struct view *v)
{
	const struct cost *c = &v->cost;

	json_kbool(j, "complete", !v->incomplete);
	json_ku64(j, "entries", c->entries);
	json_ku64(j, "violations", c->violations);
	json_ku64(j, "list_bytes", c->list_bytes);
	json_ku64(j, "kernel_bytes", c->kernel_bytes);
	json_ku64(j, "signature_bytes", c->sig_bytes);
	json_ku64(j, "digests_per_entry", c->model.slots);
	json_kbool(j, "digests_assumed", c->model.assumed);
	json_ku64(j, "contents", c->contents);
	json_ku64(j, "repeated_content", c->repeated);
	json_kbool(j, "contents_bounded", c->contents_full);
	/* half a page over the list (linux 6.1 ima_kexec.c ima_add_kexec_buffer()) */
	json_ku64(j, "kexec_bytes", c->list_bytes + 2048);
}

static void system_json(struct json *j, const struct view *v)
{
	const struct cost_system *s = &v->system;

	if (v->from_file)
		return;
	if (s->has_uptime) {
		json_ku64(j, "uptime", (uint64_t)s->uptime);
		json_key(j, "entries_per_hour");
		json_double(j, per_hour(v, v->cost.entries), 1);
		json_key(j, "kernel_bytes_per_day");
		json_double(j, 24 * per_hour(v, v->cost.kernel_bytes), 0);
	}
	if (s->mem_total)
		json_ku64(j, "memory_total", s->mem_total);
	if (s->has_slab) {
		json_ku64(j, "inodes", s->inodes);
		json_ku64(j, "inode_bytes", s->inode_bytes);
		json_ku64(j, "evm_inodes", s->evm_inodes);
		json_ku64(j, "evm_inode_bytes", s->evm_bytes);
	}
}

static void json(struct view *v)
{
	struct json j = json_to(out_buf(v->cli->out));
	struct tally_row rows[COST_TOP];

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/cost/1");
	list_json(&j, v);
	system_json(&j, v);
	rows_json(&j, "templates", rows, tally_top(v->cost.templates, rows, COST_TOP));
	rows_json(&j, "folders", rows, cost_top_dirs(&v->cost, rows));
	rows_json(&j, "paths", rows, cost_top_paths(&v->cost, rows));
	rows_json(&j, "violators", rows, tally_top(v->cost.violators, rows, COST_TOP));
	/* weights of names below are too small by at most this */
	json_ku64(&j, "paths_error", tally_error(v->cost.paths));
	json_ku64(&j, "folders_error", tally_error(v->cost.dirs));
	json_close(&j, '}');
	out_add(v->cli->out, "\n");
}

static int open_list(const struct view *v, struct diag *reterr)
{
	const char *path = opt_str(v->cli->opts, "file", NULL);

	return path ? mfile_open(path, false, reterr)
		    : mfile_open_recorded(&v->cli->root, reterr);
}

static int add_all(struct view *v, int fd, struct diag *reterr)
{
	_cleanup_(mreader_freep) struct mreader *r = NULL;
	struct mlog_entry e;
	int n = mreader_new(fd, mfile_column(opt_str(v->cli->opts, "file", NULL)), &r,
			    reterr);

	while (n >= 0 && (n = mreader_next(r, &e, reterr)) > 0)
		n = cost_add(&v->cost, mreader_dialect(r), &e, reterr);
	return n;
}

/* Through the live reader: what its checkpoint holds is not read from the kernel again. */
static int add_live(struct view *v, struct live *l, struct diag *reterr)
{
	const struct mstore *s = live_store(l);
	struct mlog_entry e;
	int r = live_catch_up(l, NULL, reterr);

	for (mref i = 0; r >= 0 && i < mstore_head(s); i++)
		if (mstore_entry(s, i, NULL, &e))
			r = cost_add(&v->cost, mstore_dialect(s), &e, reterr);
	return r;
}

static int start(struct view *v, struct diag *reterr)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	struct cost_model model;

	if (!v->from_file && probe_run(&v->cli->root, (struct span){0}, &p, reterr) < 0)
		return -ENOMEM;
	model = cost_model_of(p);
	cost_system_read(&v->cli->root, &v->system);
	return cost_init(&v->cost, &model, reterr);
}

static int gather(struct view *v, struct diag *reterr)
{
	bool saved = v->from_file || root_is_recorded(&v->cli->root);
	_cleanup_(live_freep) struct live *l = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (saved)
		r = fd = open_list(v, reterr);
	else
		r = live_open(&v->cli->root, LIVE_NO_TAIL, NULL, &l, reterr);
	if (r >= 0)
		r = start(v, reterr);
	if (r < 0)
		return r;
	r = l ? add_live(v, l, &v->damage) : add_all(v, fd, &v->damage);
	v->incomplete = r < 0;
	return 0;
}

static int run(struct cli *cli)
{
	_cleanup_free_ struct view *v = calloc(1, sizeof(*v));
	struct diag d;

	if (!v) {
		diag_set(&d, DIAG_MEMORY, ENOMEM, "Out of memory.");
		return cmd_fail(&d);
	}
	v->cli = cli;
	v->from_file = opt_str(cli->opts, "file", NULL) != NULL;
	if (gather(v, &d) < 0) {
		cost_done(&v->cost);
		return cmd_fail(&d);
	}
	if (cli->json)
		json(v);
	else if (v->cost.entries || !v->incomplete)
		text(v);
	cost_done(&v->cost);
	return v->incomplete ? cmd_fail(&v->damage) : CMD_OK;
}

static const struct opt options[] = {
	{"file", 0, OPT_STRING, "FILE",
	 "Read a saved list, binary or ascii; - for standard input"},
	{0},
};

const struct cmd cmd_cost = {
	.name = "cost",
	.summary = "Show the kernel memory measuring takes, and who causes it",
	.flags = CMD_JSON,
	.options = options,
	.run = run,
	.help = "The kernel keeps every measurement until the next boot. What that takes is\n"
		"computed from the list, entry by entry; inodes come from /proc/slabinfo.\n\n"
		"Of a damaged list what stands before the damage is shown, with exit status 1.",
};
