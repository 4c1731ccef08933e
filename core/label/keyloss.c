/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/keyloss.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/appraise/inspect.h"
#include "core/cert/keylive.h"
#include "core/label/samples.h"

/* Other keys of the keyring with the same id, and what it takes to check with them. */
struct others {
	struct keyset set, none;
	bool same_key; /* one of them is the same key under another name */
	struct evmstate evm;
	struct inspect inspect;
};

struct count {
	struct keyloss *loss;
	const struct keyhost *host;
	struct others others;
};

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

void keyloss_done(struct keyloss *l)
{
	samples_done(l->sample, KEYLOSS_SAMPLES);
	keyuse_done(&l->use);
	*l = (struct keyloss){0};
}

void keyloss_of(const struct keyhost *h, enum keyring_id ring,
		const struct keyring_key *key, struct keyloss *ret)
{
	bool files;

	ret->ring = ring;
	ret->attr = keylive_attr(ring, &files);
	ret->instead = files ? keylive_ring(&h->rings, ret->attr) : ring;
	if (!files || ret->instead != ring)
		ret->state = KEYLOSS_NO_FILES;
	else if (key->dead)
		ret->state = KEYLOSS_DEAD;
	else if (!keyhost_keyid(h, key, ret->keyid))
		ret->state = KEYLOSS_NO_ID;
}

/* Other keys with the id */

static bool is_same_key(const struct keyhost *h, const struct keyring_key *a,
			const struct keyring_key *b)
{
	const struct cert *x = keyhost_cert(h, a, NULL), *y = keyhost_cert(h, b, NULL);

	return x && y && x->spki.len && span_equal(x->spki, y->spki);
}

static int find_others(struct count *c, const struct keyring_key *key,
		       struct diag *reterr)
{
	const struct keyloss *l = c->loss;
	const struct keyring_ring *ring = &c->host->rings.ring[l->ring];
	uint8_t id[CERT_KEYID];
	int r = 0;

	for (int i = 0; r == 0 && i < ring->members; i++) {
		const struct keyring_key *k = keyring_member(&c->host->rings, l->ring, i);

		if (!k || k->serial == key->serial || k->dead ||
		    !keyring_is(k, "asymmetric") || !keyhost_keyid(c->host, k, id) ||
		    memcmp(id, l->keyid, sizeof(id)) != 0)
			continue;
		c->others.same_key |= is_same_key(c->host, key, k);
		r = keylive_add_key(&c->others.set, &c->host->certs, k,
				    keyring_name(l->ring), reterr);
	}
	return r;
}

static int prepare(struct count *c, const struct keyring_key *key, struct diag *reterr)
{
	struct others *o = &c->others;
	int r = find_others(c, key, reterr);

	if (r < 0 || !o->set.n)
		return r;
	o->inspect.keys[IMAXATTR_IMA] = o->inspect.keys[IMAXATTR_EVM] = &o->none;
	o->inspect.keys[c->loss->attr] = &o->set;
	o->inspect.root = c->host->root;
	o->inspect.rule_of_label = true;
	o->inspect.evm = &o->evm;
	r = evmstate_read(c->host->root, &o->evm, reterr);
	return r < 0 ? r : inspect_kernel(&o->inspect, c->host->root, reterr);
}

static void others_done(struct others *o)
{
	inspect_done(&o->inspect);
	evmstate_done(&o->evm);
	keyset_done(&o->set);
}

/* Does one of them verify it? What is unsure is SIG_IMPOSSIBLE. */
static enum sig_verdict verdict_of_others(struct count *c, const char *path)
{
	struct inspect *i = &c->others.inspect;
	struct inspect_result r = {0};
	_cleanup_close_ int fd = label_open(c->host->root->dir[ROOT_TARGET], path, NULL);
	bool evm = c->loss->attr == IMAXATTR_EVM;
	int err = fd < 0 ? fd
		  : evm	 ? inspect_evm(i, fd, &r, NULL)
			 : inspect_file(i, fd, path, &r, NULL);
	const struct inspect_sig *s = evm ? &r.evm : &r.ima;

	if (err < 0 || !s->is || (evm && (r.evm_data < 0 || r.no_inode)))
		return SIG_IMPOSSIBLE;
	return s->verdict;
}

/* Counting */

static int found(void *user, const char *path, enum imaxattr_attr attr, struct span keyid)
{
	struct count *c = user;
	struct keyloss *l = c->loss;
	enum sig_verdict v = SIG_NO_KEY;

	if (attr != l->attr ||
	    !span_equal(keyid, (struct span){l->keyid, sizeof(l->keyid)}))
		return 0;
	l->named++;
	if (c->others.same_key)
		v = SIG_GOOD;
	else if (c->others.set.n)
		v = verdict_of_others(c, path);
	if (v == SIG_GOOD)
		l->kept++;
	else if (v == SIG_IMPOSSIBLE)
		l->unsure++;
	else
		l->lost++;
	return v == SIG_GOOD || v == SIG_IMPOSSIBLE
		       ? 0
		       : samples_keep(l->sample, KEYLOSS_SAMPLES, path);
}

int keyloss_count(struct keyloss *l, const struct keyhost *h,
		  const struct keyring_key *key, struct pool *pool,
		  const struct keyuse_opts *opts, const struct keyuse_watch *watch,
		  struct diag *reterr)
{
	struct count c = {.loss = l, .host = h};
	struct keyuse_opts mine = *opts;
	int r = prepare(&c, key, reterr);

	mine.found = found;
	mine.user = &c;
	l->scope = opts->scope;
	if (r == 0)
		r = keyuse_scan(pool, h->root, &mine, watch, &l->use, reterr);
	if (r == -ENOMEM)
		(void)no_memory(reterr);
	if (r == 0)
		l->state = KEYLOSS_COUNTED;
	others_done(&c.others);
	return r;
}

/* Words */

const char *keyloss_attribute(const struct keyloss *l)
{
	return label_name(LABEL_SECURITY, l->attr);
}

static const char *files(char buf[48], uint64_t n)
{
	return str_counted(buf, 48, n, "file", "files");
}

void keyloss_phrase(struct strbuf *out, const struct keyloss *l)
{
	char n[48];

	if (l->state == KEYLOSS_NO_FILES && l->instead == l->ring)
		strbuf_adds(out, "certificates it has signed get in no more");
	else if (l->state == KEYLOSS_NO_FILES || l->state == KEYLOSS_DEAD)
		strbuf_adds(out, "nothing stops verifying");
	else if (l->state != KEYLOSS_COUNTED)
		strbuf_adds(out, "what it has signed is verified no more");
	else if (l->lost)
		strbuf_addf(out, "%s stop%s verifying", files(n, l->lost),
			    l->lost == 1 ? "s" : "");
	else if (!l->unsure)
		strbuf_adds(out, "no file that was looked at stops verifying");
	if (l->state == KEYLOSS_COUNTED && l->unsure)
		strbuf_addf(out, "%s%s may%s", l->lost ? ", and " : "",
			    files(n, l->unsure), l->lost ? "" : " stop verifying");
}

static void why_not_counted(struct strbuf *out, const struct keyloss *l)
{
	const char *ring = keyring_name(l->ring);

	if (l->state == KEYLOSS_DEAD)
		strbuf_adds(out, "It is revoked or has timed out: it verifies nothing "
				 "today.\n");
	else if (l->state == KEYLOSS_NO_ID)
		strbuf_adds(out,
			    "By which id signatures name it is not known without its "
			    "certificate (--cert): its files cannot be counted.\n");
	else if (l->state == KEYLOSS_NOT_COUNTED)
		strbuf_adds(out, "The files it has signed were not counted.\n");
	else if (l->instead == l->ring)
		strbuf_addf(out,
			    "Keys in %s verify certificates, not files: nothing that is "
			    "loaded already depends on it.\n",
			    ring);
	else
		strbuf_addf(out,
			    "This kernel verifies %s with %s: no file depends on %s.\n",
			    keyloss_attribute(l), keyring_name(l->instead), ring);
}

static void add_samples(struct strbuf *out, const struct keyloss *l, bool ascii)
{
	for (size_t i = 0; i < KEYLOSS_SAMPLES && l->sample[i]; i++) {
		strbuf_adds(out, "  /");
		str_escape(out, span_of(l->sample[i]), ascii);
		strbuf_addc(out, '\n');
	}
	if (l->lost > KEYLOSS_SAMPLES)
		strbuf_adds(out, "  ..\n");
}

static void add_counted(struct strbuf *out, const struct keyloss *l, bool ascii)
{
	char n[48];

	strbuf_addf(out, "%s name%s key ", files(n, l->named), l->named == 1 ? "s" : "");
	strbuf_addhex(out, (struct span){l->keyid, sizeof(l->keyid)});
	strbuf_addf(out, " in %s.\n", keyloss_attribute(l));
	if (l->lost)
		strbuf_addf(out, "%s stop%s verifying: no other key of %s fits.\n",
			    files(n, l->lost), l->lost == 1 ? "s" : "",
			    keyring_name(l->ring));
	add_samples(out, l, ascii);
	if (l->kept)
		strbuf_addf(out, "%s: another key of %s with the same id verifies.\n",
			    files(n, l->kept), keyring_name(l->ring));
	if (l->unsure)
		strbuf_addf(out,
			    "%s: another key of %s has the same id; whether it fits "
			    "cannot be told.\n",
			    files(n, l->unsure), keyring_name(l->ring));
}

static void add_limits(struct strbuf *out, const struct keyloss *l, bool ascii)
{
	uint64_t bad = l->use.unreadable[l->attr];
	char n[48];

	strbuf_addf(out, "Looked at: %s, %s.\n", files(n, l->use.counts.wanted),
		    scope_words(l->scope));
	if (bad)
		strbuf_addf(out, "Not looked at: %s whose %s cannot be read.\n",
			    files(n, bad), keyloss_attribute(l));
	walk_skips_format(out, &l->use.skips, &l->use.counts, ascii);
	strbuf_adds(out, "Not looked at: signatures appended to files (modules), what is "
			 "not mounted here.\n");
}

void keyloss_format(struct strbuf *out, const struct keyloss *l, bool ascii)
{
	if (l->state != KEYLOSS_COUNTED) {
		why_not_counted(out, l);
		return;
	}
	add_counted(out, l, ascii);
	add_limits(out, l, ascii);
}

static const char *const states[] = {
	[KEYLOSS_NOT_COUNTED] = "not-counted",
	[KEYLOSS_COUNTED] = "counted",
	[KEYLOSS_NO_FILES] = "no-files",
	[KEYLOSS_NO_ID] = "no-id",
	[KEYLOSS_DEAD] = "dead",
};

void keyloss_json(struct json *j, const struct keyloss *l)
{
	json_open(j, '{');
	json_kstr(j, "state", states[l->state]);
	if (l->state == KEYLOSS_COUNTED) {
		json_khex(j, "keyid", (struct span){l->keyid, sizeof(l->keyid)});
		json_kstr(j, "attribute", keyloss_attribute(l));
		json_kstr(j, "scope", scope_word(l->scope));
		json_ku64(j, "named", l->named);
		json_ku64(j, "lost", l->lost);
		json_ku64(j, "kept", l->kept);
		json_ku64(j, "unsure", l->unsure);
		json_ku64(j, "files_looked_at", l->use.counts.wanted);
		json_ku64(j, "unreadable", l->use.unreadable[l->attr]);
		samples_json(j, l->sample, KEYLOSS_SAMPLES);
		walk_skips_json(j, &l->use.skips);
	}
	json_close(j, '}');
}
