/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies held against this kernel, and generations put in place for this boot. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/hex.h"
#include "core/base/imaxattr.h"
#include "core/base/sha256.h"
#include "recovery/gate-internal.h"
#include "recovery/overmount.h"
#include "recovery/say.h"

#define KEYS "etc/keys/ima"
#define NONE "none" /* an empty folder in /run/imactl */

void gate_file_done(struct gate_file *f)
{
	strbuf_done(&f->text);
	strbuf_done(&f->label);
}

static int read_file(const struct root *target, const char *path, struct gate_file *f)
{
	/* PID 1 follows links, too */
	_cleanup_close_ int fd =
		fspath_open_in(target->dir[ROOT_TARGET], path, O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		return fd;
	(void)fs_get_xattr(fd, "security.ima", &f->label); /* none: it is not signed */
	return fs_read_fd(fd, GEN_FILE_MAX, "the policy", &f->text, NULL);
}

void gate_read(const struct root *target, const char *path, struct gate_file *ret)
{
	*ret = (struct gate_file){0};
	ret->err = read_file(target, path, ret);
}

/* What may come with a module is not held against it. */
static enum forecast_label label_of(const struct gate *g, const struct gate_file *f)
{
	_cleanup_strbuf_ struct strbuf crypto = {0};
	struct imaxattr x;

	imaxattr_decode(IMAXATTR_IMA, strbuf_span(&f->label), &x);
	if (!imaxattr_is_sig(&x))
		return FORECAST_UNSIGNED;
	if (g->keys.algorithm)
		return FORECAST_SIGNED_UNSURE;
	if (root_read(&g->here, ROOT_CRYPTO, &crypto, NULL) < 0 ||
	    x.hash == _HASH_ALG_INVALID)
		return FORECAST_SIGNED;
	return forecast_hashes(strbuf_span(&crypto)) >> x.hash & 1
		       ? FORECAST_SIGNED
		       : FORECAST_SIGNED_UNSURE;
}

void gate_ask(const struct gate *g, const struct gate_file *f, const char *path,
	      struct forecast *ret)
{
	_cleanup_strbuf_ struct strbuf full = {0};
	struct forecast_ask ask = {.here = &g->here, .target = &g->target};

	if (g->fix) {
		*ret = (struct forecast){FORECAST_UNKNOWN,
					 "in fix mode the kernel would write "
					 "labels when it is asked"};
		return;
	}
	strbuf_addf(&full, "/%s", path);
	ask.path = strbuf_str(&full);
	ask.label = label_of(g, f);
	if (f->err == 0)
		ask.text = strbuf_span(&f->text);
	forecast_ask(&ask, ret);
}

/* "No policy" is gone back to only where that is what was found, or where it is allowed. */
static bool may_be_without(const struct gate *g, unsigned number)
{
	_cleanup_strbuf_ struct strbuf origin = {0};

	return trial_unprotected(&g->target) ||
	       (gen_origin(&g->target, number, &origin, NULL) == 0 &&
		span_is(strbuf_span(&origin), "as-found"));
}

static bool no(struct diag *why, unsigned number, const char *text)
{
	diag_set(why, DIAG_GEN_NOT_TAKEN, EPERM, "Generation %u: %s.", number, text);
	return false;
}

/* A key whose algorithm may come with a module is no reason against it. */
static bool has_keys(struct gate *g, unsigned number, struct diag *why)
{
	g->keys.algorithm = false;
	return keyload_generation(&g->keys, number, why) == 0 || g->keys.algorithm;
}

static bool is_taken(struct gate *g, unsigned number, struct diag *why)
{
	_cleanup_gate_file_ struct gate_file f = {0};
	char path[64];
	struct forecast j;

	(void)snprintf(path, sizeof(path), GEN_FOLDER "/gen/%u/" GEN_POLICY, number);
	gate_read(&g->target, path, &f);
	if (f.err < 0)
		return no(why, number, diag_errno(-f.err));
	gate_ask(g, &f, path, &j);
	return j.verdict == FORECAST_TAKEN || j.verdict == FORECAST_UNKNOWN ||
	       no(why, number, j.why);
}

bool gate_accepts(struct gate *g, unsigned number, struct diag *why)
{
	const struct gen_entry *e = gen_find(&g->list, number);
	enum gen_state state;

	if (!e)
		return no(why, number, "it is not there");
	if (!e->allowed)
		return no(why, number,
			  "it is below the minimum, or a key of it was revoked");
	if (gen_verify(&g->target, number, &state, why) < 0 || state != GEN_GOOD)
		return false;
	if (e->no_policy)
		return may_be_without(g, number) || no(why, number, "it has no policy");
	return has_keys(g, number, why) && is_taken(g, number, why);
}

unsigned gate_find_good(struct gate *g, struct strbuf *passed)
{
	unsigned number = 0;

	while ((number = gen_newest_blessed(&g->list, number))) {
		struct diag why = {0};

		if (gate_accepts(g, number, &why))
			return number;
		strbuf_addf(passed, " %s", why.text);
		keyload_keep_only(&g->keys, 0);
	}
	return 0;
}

void gate_note_policy(struct gate *g, struct span text)
{
	uint8_t hash[SHA256_SIZE];

	g->policy[0] = '\0';
	if (!text.len)
		return;
	sha256_of(text, hash);
	hex_encode(g->policy, (struct span){hash, sizeof(hash)});
	g->policy[2 * SHA256_SIZE] = '\0';
}

/* Others load what lies there, before PID 1 or after it. */
static void bind_keys(struct gate *g, unsigned number)
{
	_cleanup_close_ int from = -1, there = -1;
	struct diag d = {0};
	char path[64];

	(void)snprintf(path, sizeof(path), GEN_FOLDER "/gen/%u/keys", number);
	from = root_openat(&g->target, ROOT_TARGET, path, O_PATH | O_DIRECTORY, NULL);
	there = root_openat(&g->target, ROOT_TARGET, KEYS, O_PATH | O_DIRECTORY, NULL);
	if (from >= 0 && there >= 0 && overmount_folder(&g->target, from, KEYS, &d) < 0)
		say_diag(&d); /* those that count are loaded */
}

int gate_bind(struct gate *g, unsigned number, struct diag *reterr)
{
	_cleanup_gate_file_ struct gate_file f = {0};
	_cleanup_close_ int from = -1;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), GEN_FOLDER "/gen/%u", number);
	from = root_openat(&g->target, ROOT_TARGET, path, O_PATH | O_DIRECTORY, reterr);
	if (from < 0)
		return from;
	r = overmount_folder(&g->target, from, GATE_BOUND, reterr);
	if (r < 0)
		return r;
	keyload_keep_only(&g->keys, number);
	g->generation = number;
	gate_read(&g->target, GATE_DISK, &f);
	gate_note_policy(g, strbuf_span(&f.text));
	bind_keys(g, number);
	return 0;
}

int gate_strip(struct gate *g, struct diag *reterr)
{
	_cleanup_close_ int from = -1;
	int r = root_make_place(&g->here, ROOT_RUN, 0755, reterr);

	if (r < 0)
		return r;
	if (mkdirat(g->here.dir[ROOT_RUN], NONE, 0755) < 0 && errno != EEXIST)
		return diag_set(reterr, DIAG_OVERMOUNT, errno,
				"An empty folder cannot be made: %s.", diag_errno(errno));
	from = root_openat(&g->here, ROOT_RUN, NONE, O_PATH | O_DIRECTORY, reterr);
	if (from < 0)
		return from;
	r = overmount_folder(&g->target, from, GATE_BOUND, reterr);
	if (r == 0)
		gate_note_policy(g, (struct span){0});
	return r;
}
