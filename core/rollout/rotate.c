/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rollout/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/bootnote.h"
#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/hex.h"
#include "core/base/pack.h"
#include "core/cert/keylive.h"
#include "core/label/samples.h"

DEFINE_CLEANUP(struct cert *, cert_free)

void rotate_done(struct rotate *r)
{
	keyhost_done(&r->host);
	genfound_done(&r->found);
	gen_list_done(&r->list);
	cert_free(r->kept);
	samples_done(r->files.sample, ROTATE_SAMPLES);
	*r = (struct rotate){0};
}

static bool is_id(const char *text)
{
	uint8_t id[CERT_KEYID];

	return strlen(text) == 2 * sizeof(id) && hex_decode(id, span_of(text)) == 0;
}

int rotate_pair_read(struct rotate_pair *ret, const char *old, const char *new_file,
		     struct diag *reterr)
{
	int r = cert_read_at(AT_FDCWD, new_file, &ret->new_cert, reterr);

	ret->old = old;
	if (r == 0 && !is_id(old))
		r = cert_read_at(AT_FDCWD, old, &ret->old_cert, reterr);
	return r;
}

void rotate_pair_done(struct rotate_pair *p)
{
	cert_free(p->old_cert);
	cert_free(p->new_cert);
	*p = (struct rotate_pair){0};
}

static bool has_id(const struct cert *c, const uint8_t id[CERT_KEYID])
{
	uint8_t own[CERT_KEYID];

	return c->spki.len && cert_keyid(c, own) && memcmp(own, id, sizeof(own)) == 0;
}

/* The old key's certificate */

static int take_cert(struct rotate *r, const struct cert *c, struct diag *reterr)
{
	if (r->old_cert && !span_equal(r->old_cert->spki, c->spki))
		return diag_set(reterr, DIAG_NO_KEY, EINVAL,
				"Several keys have the id of the old one: name it by its "
				"certificate.");
	if (!r->old_cert)
		r->old_cert = c;
	return 0;
}

static int find_usual(struct rotate *r, struct diag *reterr)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < r->host.certs.n; i++)
		if (has_id(r->host.certs.cert[i], r->old))
			err = take_cert(r, r->host.certs.cert[i], reterr);
	return err;
}

/* One of the keys of a generation: 1, and *ret. */
static int read_key(struct rotate *r, unsigned number, struct span name,
		    struct cert **ret)
{
	_cleanup_strbuf_ struct strbuf der = {0};
	char text[GEN_NAME_SIZE];

	if (name.len >= sizeof(text) || name.len < 5 || memcmp(name.ptr, "keys/", 5) != 0)
		return 0;
	(void)snprintf(text, sizeof(text), "%.*s", (int)name.len, (const char *)name.ptr);
	return gen_read(r->root, number, text, &der, NULL, NULL) == 0 &&
	       cert_read(strbuf_span(&der), ret, NULL) == 0;
}

/* When it lies nowhere else any more; a generation that cannot be read has none. */
static void find_kept(struct rotate *r)
{
	for (size_t i = r->list.n; i > 0 && !r->old_cert; i--) {
		_cleanup_strbuf_ struct strbuf names = {0};
		struct bytes in;
		struct span name;

		if (gen_files(r->root, r->list.of[i - 1].number, &names, NULL) < 0)
			continue;
		in = bytes_of(strbuf_str(&names), names.len);
		while (!r->old_cert && bytes_until(&in, '\n', &name)) {
			_cleanup_(cert_freep) struct cert *c = NULL;

			if (read_key(r, r->list.of[i - 1].number, name, &c) &&
			    has_id(c, r->old))
				r->old_cert = r->kept = take_ptr(c);
		}
	}
}

static int take_old(struct rotate *r, const struct rotate_ask *ask, struct diag *reterr)
{
	char q[80];

	if (ask->old_cert) {
		r->old_cert = ask->old_cert;
		return cert_keyid(ask->old_cert, r->old)
			       ? 0
			       : diag_set(reterr, DIAG_CERT, EBADMSG,
					  "The old key's certificate gives it no id.");
	}
	return strlen(ask->old) == 2 * sizeof(r->old) &&
			       hex_decode(r->old, span_of(ask->old)) == 0
		       ? 0
		       : diag_set(reterr, DIAG_NO_KEY, EINVAL,
				  "%s is no key id of 8 hexadecimal digits.",
				  str_quote(q, sizeof(q), span_of(ask->old)));
}

/* Facts */

static void look_at_ring(struct rotate *r)
{
	const struct keyhost *h = &r->host;
	_cleanup_strbuf_ struct strbuf name = {0};
	uint8_t id[CERT_KEYID];

	r->ring = keylive_ring(&h->rings, IMAXATTR_IMA);
	cert_description(r->new_cert, &name);
	for (int i = 0; i < h->rings.ring[r->ring].members; i++) {
		const struct keyring_key *k = keyring_member(&h->rings, r->ring, i);

		if (!k || k->dead || !keyring_is(k, "asymmetric"))
			continue;
		r->new_loaded |= span_equal(k->description, strbuf_span(&name));
		r->old_loaded |=
			keyhost_keyid(h, k, id) && memcmp(id, r->old, sizeof(id)) == 0;
	}
}

static void look_at_boot(struct rotate *r)
{
	const struct certstore *certs = &r->found.certs;

	r->new_at_boot = genfound_has_cert(&r->found, r->new_cert);
	for (size_t i = 0; i < certs->n; i++)
		r->old_at_boot |=
			genfound_at_boot(&r->found, i) && has_id(certs->cert[i], r->old);
}

static void look_at_policy(struct rotate *r)
{
	struct bytes in = bytes_of(r->found.xattrs.ptr, r->found.xattrs.len);
	struct span name, value;
	struct imaxattr x;
	uint32_t n;

	if (!bytes_u32(&in, &n) || !n || !unpack_span(&in, &name) ||
	    !unpack_span(&in, &value))
		return;
	imaxattr_decode(IMAXATTR_IMA, value, &x);
	r->policy_by_old = r->found.there && imaxattr_is_sig(&x) &&
			   span_equal(x.keyid, (struct span){r->old, sizeof(r->old)});
}

static void look_at_generations(struct rotate *r)
{
	char name[GEN_NAME_SIZE];

	r->there = genfound_same(r->root, &r->list, &r->found);
	if (!r->old_cert)
		find_kept(r);
	if (!r->old_cert || !r->old_cert->spki.len)
		return;
	gen_key_name(r->old_cert->spki, name);
	(void)snprintf(r->old_hash, sizeof(r->old_hash), "%s", strchr(name, '/') + 1);
	r->revoked = gen_revoked(r->root, span_of(r->old_hash)) > 0;
}

static int check_pair(const struct rotate *r, struct diag *reterr)
{
	bool known = r->old_cert || (r->live && r->old_loaded);

	if (memcmp(r->old, r->new_id, sizeof(r->old)) == 0)
		return diag_set(reterr, DIAG_ROTATE_SAME, EINVAL,
				"The new certificate names the key as the old one does.");
	if (!known)
		return diag_set(
			reterr, DIAG_NO_KEY, ENOENT,
			"The old key is neither in %s nor does its certificate lie "
			"in /etc/keys or in a generation.",
			keyring_name(r->ring));
	return 0;
}

/* What comes next */

static bool is_good(const struct rotate *r)
{
	const struct gen_entry *e = gen_find(&r->list, r->there);

	return e && e->blessed && e->allowed;
}

static bool is_gone(const struct rotate *r)
{
	return !r->old_at_boot && !(r->live && r->old_loaded);
}

static bool is_done(const struct rotate *r, enum rotate_phase phase)
{
	switch (phase) {
	case ROTATE_TRUST:
		return r->new_at_boot && r->there && (!r->live || r->new_loaded) &&
		       (!r->live || r->revoked || is_gone(r) || is_good(r));
	case ROTATE_POLICY:
		return !r->policy_by_old;
	case ROTATE_FILES:
		return is_gone(r) || (r->files.counted && !r->files.named);
	case ROTATE_RETIRE:
		return is_gone(r);
	case ROTATE_REVOKE:
		return r->revoked && r->list.minimum >= r->there &&
		       (!*r->release || is_good(r));
	case _ROTATE_PHASE_MAX:
		break;
	}
	return false;
}

static bool before_boot(const struct rotate *r, const char *path)
{
	_cleanup_close_ int fd =
		fspath_open(r->root->dir[ROOT_TARGET], path, O_PATH | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 &&
	       genfound_before_boot(r->root, &st.st_ctim);
}

/* Only a boot shows that a boot loads it: without, retiring the other one would be a leap. */
static bool new_was_loaded(const struct rotate *r)
{
	const struct certstore *certs = &r->found.certs;

	for (size_t i = 0; i < certs->n; i++)
		if (genfound_at_boot(&r->found, i) &&
		    span_equal(strbuf_span(&certs->cert[i]->der),
			       strbuf_span(&r->new_cert->der)) &&
		    before_boot(r, certs->from[i] + 1))
			return true;
	return false;
}

static void wait_retire(struct rotate *r)
{
	if (!r->old_cert)
		diag_set(
			&r->wait, DIAG_ROTATE_CERT, ENOENT,
			"Without the old key's certificate it can neither be put back nor "
			"be revoked.");
	else if (r->live && !new_was_loaded(r))
		diag_set(
			&r->wait, DIAG_ROTATE_RESTART, EAGAIN,
			"That a boot loads the new key is not shown: the machine was not "
			"started since its certificate lies in /" GENFOUND_KEYS ".");
}

static void wait_revoke(struct rotate *r, const struct bootnote *note)
{
	if (!r->live)
		diag_set(
			&r->wait, DIAG_LIVE_ONLY, EOPNOTSUPP,
			"A key is revoked when a boot without it was seen, on the machine "
			"itself.");
	else if (!r->old_cert)
		diag_set(&r->wait, DIAG_ROTATE_CERT, ENOENT,
			 "Without the old key's certificate it cannot be revoked.");
	else if (!before_boot(r, GENFOUND_KEYS))
		diag_set(&r->wait, DIAG_ROTATE_RESTART, EAGAIN,
			 "The machine was not started since /" GENFOUND_KEYS
			 " has changed: that it does without the old key is not shown.");
	else if (note->unhealthy)
		diag_set(&r->wait, DIAG_ROTATE_UNWELL, EAGAIN,
			 "This boot was found to be unhealthy.");
}

static void decide(struct rotate *r)
{
	struct bootnote note;

	bootnote_load(r->root, &note);
	r->wait = (struct diag){0};
	r->next = ROTATE_TRUST;
	while (r->next < _ROTATE_PHASE_MAX && is_done(r, r->next))
		r->next++;
	if (r->next == ROTATE_RETIRE)
		wait_retire(r);
	if (r->next == ROTATE_REVOKE)
		wait_revoke(r, &note);
	if (r->live && note.generation && r->next < _ROTATE_PHASE_MAX)
		diag_set(
			&r->wait, DIAG_ROTATE_UNWELL, EAGAIN,
			"This boot runs with generation %u, not with what is on the disk.",
			note.generation);
}

int rotate_load(struct rotate *r, const struct rotate_ask *ask, struct diag *reterr)
{
	int err;

	r->root = ask->root;
	r->new_cert = ask->new_cert;
	r->release = ask->release;
	r->live = root_is_live(ask->root);
	if (!cert_keyid(r->new_cert, r->new_id) || !r->new_cert->spki.len)
		return diag_set(reterr, DIAG_CERT, EBADMSG,
				"The new certificate gives its key no id.");
	err = take_old(r, ask, reterr);
	if (err == 0)
		err = keyhost_load(&r->host, r->root, reterr);
	if (err == 0)
		err = genfound_load(r->root, &r->found, reterr);
	if (err == 0)
		err = gen_list_load(r->root, r->release, &r->list, reterr);
	if (err == 0 && !r->old_cert)
		err = find_usual(r, reterr);
	if (err < 0)
		return err;
	look_at_ring(r);
	look_at_boot(r);
	look_at_policy(r);
	look_at_generations(r);
	err = check_pair(r, reterr);
	if (err == 0)
		decide(r);
	return err;
}

/* Counting */

bool rotate_needs_count(const struct rotate *r)
{
	return r->next == ROTATE_FILES && !r->files.counted;
}

static int found(void *user, const char *path, enum imaxattr_attr attr, struct span keyid)
{
	struct rotate *r = user;

	if (!span_equal(keyid, (struct span){r->old, sizeof(r->old)}) ||
	    strncmp(path, GEN_FOLDER "/", strlen(GEN_FOLDER "/")) == 0)
		return 0;
	if (attr == IMAXATTR_EVM) {
		r->files.evm++;
		return 0;
	}
	r->files.named++;
	return samples_keep(r->files.sample, ROTATE_SAMPLES, path);
}

int rotate_count(struct rotate *r, struct pool *pool, const struct keyuse_opts *opts,
		 const struct keyuse_watch *watch, struct diag *reterr)
{
	struct keyuse use = {0};
	struct keyuse_opts mine = *opts;
	int err;

	mine.found = found;
	mine.user = r;
	err = keyuse_scan(pool, r->root, &mine, watch, &use, reterr);
	if (err == -ENOMEM)
		diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (err < 0)
		return err;
	r->files.counted = true;
	r->files.scope = opts->scope;
	r->files.unreadable = use.unreadable[IMAXATTR_IMA];
	keyuse_done(&use);
	decide(r);
	return 0;
}

int rotate_rests(const struct rotate *r, struct diag *reterr)
{
	const struct rotate_files *f = &r->files;
	char n[48], q[140];

	return diag_set(
		reterr, DIAG_ROTATE_RESTS, EPERM,
		"%s the old key and cannot be signed anew, /%s among them: the old "
		"key cannot be retired.",
		str_counted(n, sizeof(n), f->named, "file names", "files name"),
		str_quote(q, sizeof(q), span_of(f->sample[0])));
}
