/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes a recorded host of this machine. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/verify/bundle.h"
#include "tui/cli/cmd.h"
#include "tui/cli/table.h"

/* Something is there and was not had: not what is absent, too long, or read by nobody. */
static bool withheld(const struct bundle_item *i)
{
	return !i->written && i->err != -ENOENT && i->err != -EFBIG &&
	       i->err != -EOPNOTSUPP;
}

static unsigned count_withheld(const struct bundle *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < b->n_items; i++)
		n += withheld(&b->item[i]);
	return n;
}

static void missing_text(struct cli *cli, const struct bundle *b, bool absent,
			 const char *title)
{
	static const struct table_column columns[] = {{NULL}, {NULL, .flex = true}};
	_cleanup_table_ struct table t = {0};
	bool any = false;

	table_init(&t, cli->out, columns, 2);
	for (size_t i = 0; i < b->n_items; i++) {
		if (b->item[i].written || (b->item[i].err == -ENOENT) != absent)
			continue;
		any = true;
		table_textf(&t, OUT_PLAIN, "  %s", b->item[i].name);
		table_text(&t, OUT_DIM, b->item[i].why);
	}
	if (!any)
		return;
	out_addf(cli->out, "%s\n", title);
	table_print(cli->out, &t);
}

static void text(struct cli *cli, const struct bundle *b)
{
	uint64_t bytes = 0;
	unsigned files = 0;
	char n[32];

	for (size_t i = 0; i < b->n_items; i++) {
		files += b->item[i].written;
		bytes += b->item[i].bytes;
	}
	out_addf(cli->out, "%u files, %s, in ", files, str_bytes(n, sizeof(n), bytes));
	out_foreign(cli->out, span_of(cli->args[0]));
	out_add(cli->out, "\n");
	missing_text(cli, b, true, "Not on this machine:");
	missing_text(cli, b, false, "Not recorded:");
	if (b->unsettled)
		out_add(cli->out,
			"The list grew all the while: it may be ahead of the PCR values.\n");
}

static void items_json(struct json *j, const char *key, const struct bundle *b,
		       bool written)
{
	json_key(j, key);
	json_open(j, '[');
	for (size_t i = 0; i < b->n_items; i++) {
		const struct bundle_item *item = &b->item[i];

		if (item->written != written)
			continue;
		json_open(j, '{');
		json_kstr(j, "name", item->name);
		if (written)
			json_ku64(j, "bytes", item->bytes);
		else
			json_kbool(j, "absent", item->err == -ENOENT);
		if (!written)
			json_kstr(j, "why", item->why);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json(struct cli *cli, const struct bundle *b)
{
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/bundle/1");
	json_kbytes(&j, "folder", span_of(cli->args[0]));
	json_ku64(&j, "entries", b->entries);
	json_kbool(&j, "settled", !b->unsettled);
	items_json(&j, "files", b, true);
	items_json(&j, "missing", b, false);
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

static int run(struct cli *cli)
{
	_cleanup_free_ struct bundle *b = calloc(1, sizeof(*b));
	struct bundle_options options = {
		.tcti = opt_str(cli->opts, "tcti", NULL),
		.all_lists = opt_flag(cli->opts, "all-lists"),
	};
	struct diag d;

	if (!b) {
		diag_set(&d, DIAG_MEMORY, ENOMEM, "Out of memory.");
		return cmd_fail(&d);
	}
	if (bundle_write(&cli->root, cli->args[0], &options, b, &d) < 0)
		return cmd_fail(&d);
	if (cli->json)
		json(cli, b);
	else
		text(cli, b);
	return count_withheld(b) ? CMD_PARTLY : CMD_OK;
}

static const struct opt options[] = {
	{"tcti", 0, OPT_STRING, "CONF",
	 "How to reach the TPM, for example swtpm:path=SOCKET"},
	{"all-lists", 0, OPT_FLAG, NULL,
	 "Take the lists of each bank along even if they are long"},
	{NULL},
};

const struct cmd cmd_bundle = {
	.name = "bundle",
	.summary = "Record this machine for support, tests and later looks",
	.args = "DIR",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE,
	.options = options,
	.run = run,
	.help = "Writes measurement lists, PCR values, policy, keyring names, the end of the\n"
		"audit log, kernel log and configuration into the new folder DIR, which every\n"
		"command reads with --host DIR. It holds nothing secret, but names of files and\n"
		"keys: its mode is 0700. What could not be had is listed in host.json.\n\n"
		"Exits 7 when something is there that could not be recorded.",
};
