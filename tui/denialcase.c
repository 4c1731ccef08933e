/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/denialcase.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/triage/touch.h"
#include "tui/filetask.h"

/* The file that a record names, where it names one whole: below the target, as paths are
 * told from the root of the mount tree. */
static void take_path(struct denialcase *c)
{
	const struct denial *d = &c->d;
	_cleanup_strbuf_ struct strbuf name = {0};

	if (d->name != DENIAL_NAME_WHOLE && d->name != DENIAL_NAME_FOUND)
		return;
	strbuf_add(&name, d->path.ptr, d->path.len);
	if (strlen(strbuf_str(&name)) == name.len && name.len > 1 &&
	    fspath_valid(strbuf_str(&name) + 1))
		strbuf_adds(&c->path, strbuf_str(&name) + 1);
}

static int open_it(struct denialcase *c)
{
	int r = triage_open(&c->t, c->t.root, NULL, &c->why);

	c->opened = r >= 0;
	if (r >= 0 && c->cert_file)
		r = certstore_add(&c->t.certs, c->cert_file, &c->why);
	if (r >= 0 && c->key_file)
		r = filetask_key(c->key_file, &c->key, &c->why);
	c->t.key = c->key;
	c->t.key_from = c->key_file;
	return r;
}

static int look(struct denialcase *c)
{
	const struct triage_subject subject = {
		.path = c->path.len ? strbuf_str(&c->path) : NULL,
		.denial = &c->d,
		.uid = c->d.uid == UINT32_MAX ? 0 : c->d.uid,
	};
	int r = open_it(c);

	if (r >= 0)
		r = triage_look(&c->t, &subject, &c->found, &c->why);
	if (r >= 0 && c->found.first < c->found.n_ops &&
	    touch_can(c->found.op[c->found.first].word))
		c->op = c->found.op[c->found.first].word;
	return r;
}

static int prove(struct denialcase *c)
{
	c->tried = false;
	if (c->op)
		c->proof = touch_file(c->t.root, strbuf_str(&c->path), c->op,
				      c->d.uid == UINT32_MAX ? 0 : c->d.uid, &c->tried);
	return 0;
}

static void run(struct pool_job *job)
{
	struct denialcase *c = (struct denialcase *)job;

	c->why = (struct diag){0};
	switch (c->what) {
	case DENIALCASE_LOOK:
		c->err = look(c);
		break;
	case DENIALCASE_PLAN:
		c->err = remedyplan_make(&c->t, &c->found, c->remedy, &c->plan, &c->why);
		break;
	default:
		c->err = prove(c);
		break;
	}
}

struct denialcase *denialcase_new(const struct root *root, const struct denial *d,
				  uint32_t row)
{
	struct denialcase *c = calloc(1, sizeof(*c));
	struct span *const to[] = {&c->d.op,  &c->d.cause, &c->d.path,
				   &c->d.dev, &c->d.comm,  &c->d.exe};
	size_t at = 0;

	if (!c)
		return NULL;
	c->job.run = run;
	c->t.root = root;
	c->row = row;
	c->d = *d;
	for (size_t i = 0; i < array_size(to); i++)
		strbuf_add(&c->bytes, to[i]->ptr, to[i]->len);
	for (size_t i = 0; i < array_size(to); i++) {
		to[i]->ptr = (const uint8_t *)strbuf_str(&c->bytes) + at;
		at += to[i]->len;
	}
	take_path(c);
	return c->bytes.failed || c->path.failed ? denialcase_free(c) : c;
}

struct denialcase *denialcase_free(struct denialcase *c)
{
	if (!c)
		return NULL;
	remedyplan_done(&c->plan);
	triage_found_done(&c->found);
	if (c->opened)
		triage_close(&c->t);
	sig_key_free(c->key);
	free(c->key_file);
	free(c->cert_file);
	strbuf_done(&c->path);
	strbuf_done(&c->bytes);
	free(c);
	return NULL;
}
