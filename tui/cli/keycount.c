/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/keycount.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/appraise/label.h"
#include "tui/cli/scopeopt.h"

enum {
	SAY_EVERY = 4096, /* files */
	/* Entries: reading a live list takes the square of its length, and this many two
	 * seconds or so (core/list/live.h). */
	LIST_MOST = 50000,
	STRANGERS = 20,
};

static void progress(void *user, const struct walk_counts *counts)
{
	char line[64], count[24];
	uint64_t *said = user;

	if (!isatty(STDERR_FILENO) || counts->files / SAY_EVERY == *said)
		return;
	*said = counts->files / SAY_EVERY;
	(void)snprintf(line, sizeof(line), "\r%s files seen          \r",
		       str_count(count, sizeof(count), counts->files));
	(void)fs_write_all(STDERR_FILENO, line, strlen(line)); /* only to be looked at */
}

struct run {
	struct scopeopt paths;
	struct pool *pool;
	struct keyuse_opts opts;
	struct keyuse_watch watch;
	uint64_t said;
};

static int begin(const struct keycount *how, struct run *run, struct diag *reterr)
{
	int r = scopeopt_read(how->cli, SCOPE_POLICY, how->typed, how->n, &run->paths,
			      reterr);

	if (r == 0)
		r = pool_new(0, &run->pool, reterr);
	run->watch = (struct keyuse_watch){.progress = progress, .user = &run->said};
	run->opts = (struct keyuse_opts){.scope = run->paths.scope,
					 .paths = run->paths.path,
					 .n_paths = run->paths.n};
	return r;
}

static int end(struct run *run, int r)
{
	pool_free(run->pool);
	scopeopt_done(&run->paths);
	return r;
}

int keycount_use(const struct keycount *how, struct keyuse *ret, enum scope *ret_scope,
		 struct diag *reterr)
{
	struct run run = {0};
	int r = begin(how, &run, reterr);

	if (r == 0)
		r = keyuse_scan(run.pool, &how->cli->root, &run.opts, &run.watch, ret,
				reterr);
	*ret_scope = run.opts.scope;
	return end(&run, r);
}

int keycount_loss(const struct keycount *how, const struct keyhost *h,
		  const struct keyring_key *key, struct keyloss *l, struct diag *reterr)
{
	struct run run = {0};
	int r = begin(how, &run, reterr);

	if (r == 0)
		r = keyloss_count(l, h, key, run.pool, &run.opts, &run.watch, reterr);
	return end(&run, r);
}

int keycount_rotate(const struct keycount *how, struct rotate *rotate,
		    struct diag *reterr)
{
	struct run run = {0};
	int r = begin(how, &run, reterr);

	if (r == 0)
		r = rotate_count(rotate, run.pool, &run.opts, &run.watch, reterr);
	return end(&run, r);
}

/* The measurement list */

static bool is_long(struct cli *cli)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	uint64_t n = 0;

	if (root_is_recorded(&cli->root) ||
	    root_read(&cli->root, ROOT_LIST_COUNT, &text, NULL) < 0)
		return false;
	if (text.len && text.ptr[text.len - 1] == '\n')
		text.len--;
	return str_to_u64(strbuf_span(&text), &n) == 0 && n > LIST_MOST;
}

static int read_list(struct keycount_list *l, struct diag *reterr)
{
	int r = l->stream.live ? live_catch_up(l->stream.live, NULL, reterr)
			       : mstore_load(l->stream.store, reterr);

	if (r >= 0)
		r = keyseen_init(&l->seen, l->stream.store);
	while (r >= 0 && (r = keyseen_step(&l->seen, UINT_MAX)) > 0)
		;
	return r;
}

/* That there is none, or that others may not read it, is no failure: nothing was asked. */
int keycount_list(struct cli *cli, bool whole, struct keycount_list *ret,
		  struct diag *reterr)
{
	int r;

	ret->too_long = !whole && is_long(cli);
	if (ret->too_long)
		return 0;
	r = stream_open(&ret->stream, cli, NULL, LIVE_NO_TAIL, NULL, NULL);
	if (r >= 0)
		r = read_list(ret, NULL);
	ret->known = r >= 0;
	return r == -ENOMEM ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

void keycount_list_done(struct keycount_list *l)
{
	keyseen_done(&l->seen);
	if (l->stream.cli)
		stream_done(&l->stream);
}

/* What was counted */

static void strangers_text(struct cli *cli, const struct keyhost *h,
			   const struct keyuse *u, enum imaxattr_attr attr)
{
	struct tally_row row[STRANGERS];
	size_t n = keyhost_strangers(h, attr, u->ids[attr], row, STRANGERS);
	enum keyring_id ring;
	char files[48];

	if (!n)
		return;
	(void)keyhost_sees(h, attr, &ring);
	out_addf(cli->out, "Named, but not in %s:", keyring_name(ring));
	for (size_t i = 0; i < n; i++) {
		out_add(cli->out, i ? ", " : " ");
		strbuf_addhex(out_buf(cli->out), row[i].name);
		out_addf(cli->out, " (%s)",
			 str_counted(files, sizeof(files), row[i].weight, "file",
				     "files"));
	}
	out_add(cli->out, n == STRANGERS ? ", ..\n" : "\n");
}

static void attr_text(struct cli *cli, const struct keyhost *h, const struct keyuse *u,
		      enum imaxattr_attr attr)
{
	char n[32];

	out_addf(cli->out, "%s: %s signed", label_name(LABEL_SECURITY, attr),
		 str_count(n, sizeof(n), u->named[attr]));
	if (u->unreadable[attr])
		out_addf(cli->out, ", %s that cannot be read",
			 str_count(n, sizeof(n), u->unreadable[attr]));
	out_add(cli->out, ".\n");
	if (tally_error(u->ids[attr]))
		out_addf(cli->out,
			 "They name more than %d keys: each count may be too small by "
			 "%llu.\n",
			 KEYUSE_IDS, (unsigned long long)tally_error(u->ids[attr]));
	strangers_text(cli, h, u, attr);
}

void keycount_text(struct cli *cli, const struct keyhost *h, const struct keyuse *u,
		   enum scope scope)
{
	char n[48];

	out_addf(cli->out, "Looked at: %s, %s.\n",
		 str_counted(n, sizeof(n), u->counts.wanted, "file", "files"),
		 scope_words(scope));
	attr_text(cli, h, u, IMAXATTR_IMA);
	attr_text(cli, h, u, IMAXATTR_EVM);
	walk_skips_format(out_buf(cli->out), &u->skips, &u->counts, cli->out->ascii);
	out_add(cli->out,
		"Not looked at: signatures appended to files (modules), what is "
		"not mounted here.\n");
}

static void attr_json(struct json *j, const struct keyhost *h, const struct keyuse *u,
		      enum imaxattr_attr attr)
{
	struct tally_row row[STRANGERS];
	size_t n = keyhost_strangers(h, attr, u->ids[attr], row, STRANGERS);

	json_open(j, '{');
	json_kstr(j, "attribute", label_name(LABEL_SECURITY, attr));
	json_ku64(j, "signed", u->named[attr]);
	json_ku64(j, "unreadable", u->unreadable[attr]);
	json_ku64(j, "error", tally_error(u->ids[attr]));
	json_key(j, "unknown");
	if (!keyhost_sees(h, attr, NULL)) {
		json_null(j);
	} else {
		json_open(j, '[');
		for (size_t i = 0; i < n; i++) {
			json_open(j, '{');
			json_khex(j, "keyid", row[i].name);
			json_ku64(j, "files", row[i].weight);
			json_close(j, '}');
		}
		json_close(j, ']');
	}
	json_close(j, '}');
}

void keycount_json(struct json *j, const struct keyhost *h, const struct keyuse *u,
		   enum scope scope)
{
	json_open(j, '{');
	json_kstr(j, "scope", scope_word(scope));
	json_ku64(j, "files_looked_at", u->counts.wanted);
	json_key(j, "attributes");
	json_open(j, '[');
	attr_json(j, h, u, IMAXATTR_IMA);
	attr_json(j, h, u, IMAXATTR_EVM);
	json_close(j, ']');
	walk_skips_json(j, &u->skips);
	json_close(j, '}');
}
