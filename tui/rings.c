/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/rings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cert/keylive.h"

enum { SEEN_BATCH = 5000, SOON_DAYS = 30, DAY = 24 * 60 * 60 };

void rings_done(struct rings *r)
{
	planned_drop(&r->ready);
	keyseen_done(&r->seen);
	keyuse_done(&r->use);
	keyhost_done(&r->host);
	prompt_history_done(&r->files);
	prompt_history_done(&r->olds);
	prompt_history_done(&r->keys);
	rings_rotated_done(&r->rotated);
	free(r->row);
}

/* The keyring in use is shown also where it has yet to be made. */
static bool is_shown(const struct rings *r, enum keyring_id id)
{
	return r->host.rings.ring[id].serial ||
	       (r->host.rings.complete &&
		(id == keylive_ring(&r->host.rings, IMAXATTR_IMA) ||
		 id == keylive_ring(&r->host.rings, IMAXATTR_EVM)));
}

static void add_ring(struct rings *r, enum keyring_id id)
{
	r->row[r->n++] = (struct rings_row){.ring = id};
	for (int i = 0; i < r->host.rings.ring[id].members; i++) {
		const struct keyring_key *k = keyring_member(&r->host.rings, id, i);

		if (k && keyring_is(k, "asymmetric"))
			r->row[r->n++] = (struct rings_row){id, k};
	}
}

static size_t most_rows(const struct rings *r)
{
	size_t n = _KEYRING_MAX + 1;

	for (int i = 0; i < _KEYRING_MAX; i++)
		if (r->host.rings.ring[i].members > 0)
			n += (size_t)r->host.rings.ring[i].members;
	return n;
}

static void make_rows(struct rings *r)
{
	bool missing = false;

	free(r->row);
	r->n = 0;
	r->row = calloc(most_rows(r), sizeof(*r->row));
	for (int i = 0; r->row && i < _KEYRING_MAX; i++) {
		if (is_shown(r, (enum keyring_id)i))
			add_ring(r, (enum keyring_id)i);
		else
			missing = true;
	}
	if (r->n && missing && r->host.rings.complete)
		r->row[r->n++] = (struct rings_row){.ring = _KEYRING_MAX};
}

static void find_selected(struct rings *r)
{
	size_t at = r->list.sel;

	for (size_t i = 0; i < r->n; i++)
		if (r->row[i].ring == r->sel_ring &&
		    (r->row[i].key ? r->row[i].key->serial : 0) == r->sel_serial)
			at = i;
	list_fit(&r->list, r->n, r->list.rows);
	list_select(&r->list, at);
}

static bool is_wanted(const struct rings *r, const struct rings_row *row)
{
	uint8_t id[CERT_KEYID];

	return row->key && keylive_attr(row->ring, NULL) == IMAXATTR_IMA &&
	       keyhost_keyid(&r->host, row->key, id) &&
	       memcmp(id, r->wanted, sizeof(id)) == 0;
}

/* That of the keyring that files are verified with, else any. */
static void select_wanted(struct rings *r)
{
	enum keyring_id live = keylive_ring(&r->host.rings, IMAXATTR_IMA);
	size_t at = SIZE_MAX;

	for (size_t i = 0; i < r->n; i++)
		if (is_wanted(r, &r->row[i]) &&
		    (at == SIZE_MAX || r->row[i].ring == live))
			at = i;
	r->wants = false;
	if (at == SIZE_MAX) {
		app_note(r->app, STYLE_WARN,
			 "The file's signature names key %02x%02x%02x%02x, which none of "
			 "these keyrings has",
			 r->wanted[0], r->wanted[1], r->wanted[2], r->wanted[3]);
		return;
	}
	list_fit(&r->list, r->n, r->list.rows);
	list_select(&r->list, at);
	rings_moved(r);
}

void rings_want(struct rings *r, struct span keyid)
{
	if (keyid.len != sizeof(r->wanted)) /* version 1 has another kind of name */
		return;
	memcpy(r->wanted, keyid.ptr, sizeof(r->wanted));
	r->wants = true;
	if (r->loaded)
		select_wanted(r);
}

void rings_take(struct rings *r, struct keyhost *host)
{
	keyhost_done(&r->host);
	r->host = *host;
	r->host.now = (int64_t)r->app->model.wall;
	*host = (struct keyhost){0};
	r->loaded = true;
	r->failed = (struct diag){0};
	make_rows(r);
	find_selected(r);
	if (r->wants)
		select_wanted(r);
	r->app->dirty = true;
}

const struct rings_row *rings_selected(struct rings *r)
{
	list_fit(&r->list, r->n, r->list.rows);
	return r->list.sel < r->n ? &r->row[r->list.sel] : NULL;
}

void rings_moved(struct rings *r)
{
	const struct rings_row *row = rings_selected(r);

	if (!row)
		return;
	r->sel_ring = row->ring;
	r->sel_serial = row->key ? row->key->serial : 0;
}

int rings_step(struct rings *r)
{
	const struct mstore *store = r->app->model.store;
	int more;

	if (!store)
		return 0;
	if (!r->seen_on && keyseen_init(&r->seen, store) < 0)
		return 0;
	r->seen_on = true;
	more = keyseen_step(&r->seen, SEEN_BATCH);
	return more > 0;
}

const char *rings_until(const struct rings *r, const struct keyring_key *k, char *buf,
			enum style *ret_style)
{
	const struct cert *c = keyhost_cert(&r->host, k, NULL);
	int64_t now = (int64_t)r->app->model.wall;
	char date[24];

	*ret_style = STYLE_NORMAL;
	(void)snprintf(buf, 40, "%s", c ? cert_date(&c->not_after, date) : "-");
	if (k->dead) {
		*ret_style = STYLE_BAD;
		(void)snprintf(buf, 40, "revoked");
	} else if (c && c->not_after.known && c->not_after.seconds < now) {
		*ret_style = STYLE_BAD;
		(void)snprintf(buf, 40, "%s expired", date);
	} else if (c && c->not_after.known &&
		   c->not_after.seconds < now + SOON_DAYS * DAY) {
		*ret_style = STYLE_WARN;
		(void)snprintf(buf, 40, "%s soon", date);
	}
	return buf;
}

bool rings_files(const struct rings *r, const struct rings_row *row, uint64_t *ret)
{
	uint8_t id[CERT_KEYID];

	if (!r->counted || !row->key || !keyhost_keyid(&r->host, row->key, id))
		return false;
	*ret = keyuse_files(&r->use, keylive_attr(row->ring, NULL),
			    (struct span){id, sizeof(id)});
	return true;
}

bool rings_measured(const struct rings *r, const struct rings_row *row, uint64_t *ret)
{
	uint8_t id[CERT_KEYID];

	if (!r->seen_on || !row->key || !keyhost_keyid(&r->host, row->key, id))
		return false;
	*ret = keyseen_files(&r->seen, keylive_attr(row->ring, NULL),
			     (struct span){id, sizeof(id)});
	return true;
}

static bool takes_keys(const struct rings *r, enum keyring_id id)
{
	enum keyring_rule rule = keyring_rule(id);

	return rule != KEYRING_RULE_BOOT && rule != KEYRING_RULE_HASHES &&
	       is_shown(r, id);
}

size_t rings_targets(struct rings *r, enum keyring_id ret[_KEYRING_MAX])
{
	const struct rings_row *row = rings_selected(r);
	enum keyring_id first = keylive_ring(&r->host.rings, IMAXATTR_IMA);
	size_t n = 0;

	if (row && row->ring < _KEYRING_MAX && takes_keys(r, row->ring))
		first = row->ring;
	ret[n++] = first;
	for (int i = 0; i < _KEYRING_MAX; i++)
		if ((enum keyring_id)i != first && takes_keys(r, (enum keyring_id)i))
			ret[n++] = (enum keyring_id)i;
	return n;
}
