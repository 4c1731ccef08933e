/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/namelink.h"
#include "core/base/remount.h"

static const struct {
	const char *word, *text;
} states[_TRIAL_STATE_MAX] = {
#define TRIAL_STATE(id, word, text) [TRIAL_##id] = {word, text},
#include "core/base/trial-states.inc"
#undef TRIAL_STATE
};

static const struct {
	const char *word, *text;
} causes[_TRIAL_CAUSE_MAX] = {
#define TRIAL_CAUSE(id, word, text) [TRIAL_CAUSE_##id] = {word, text},
#include "core/base/trial-causes.inc"
#undef TRIAL_CAUSE
};

static const char *const fallbacks[_TRIAL_FALLBACK_MAX] = {
	[TRIAL_FALLBACK_ROLLBACK] = "rollback",
	[TRIAL_FALLBACK_SHELL] = "shell",
	[TRIAL_FALLBACK_HALT] = "halt",
};

const char *trial_state_word(enum trial_state state)
{
	return states[state].word;
}

const char *trial_state_text(enum trial_state state)
{
	return states[state].text;
}

const char *trial_cause_word(enum trial_cause cause)
{
	return causes[cause].word;
}

const char *trial_cause_text(enum trial_cause cause)
{
	return causes[cause].text;
}

enum trial_cause trial_cause_from(struct span word)
{
	for (unsigned i = 0; i < _TRIAL_CAUSE_MAX; i++)
		if (span_is(word, causes[i].word))
			return (enum trial_cause)i;
	return _TRIAL_CAUSE_INVALID;
}

const char *trial_fallback_word(enum trial_fallback f)
{
	return fallbacks[f];
}

/* Text */

void trial_format(struct strbuf *out, const struct trial *t)
{
	strbuf_addf(out, "%s:%u:%s:", states[t->state].word, t->number, t->id);
	switch (t->state) {
	case TRIAL_ARMED:
	case TRIAL_NEXT:
		strbuf_addf(out, "%u", t->boots_left);
		break;
	case TRIAL_FAILED:
		strbuf_adds(out, causes[t->cause].word);
		break;
	default:
		strbuf_adds(out, t->boot_id);
	}
}

/* Names of ours: nothing in them that a shell, a terminal or a boot loader minds. */
static bool copy_word(struct span text, char *ret, size_t size)
{
	if (!text.len || text.len >= size)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i], lower = c | 0x20;

		if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '_' && c != '.')
			return false;
		ret[i] = (char)c;
	}
	ret[text.len] = '\0';
	return true;
}

static bool number(struct span text, uint64_t most, unsigned *ret)
{
	uint64_t v;

	if (str_to_u64(text, &v) < 0 || v > most)
		return false;
	*ret = (unsigned)v;
	return true;
}

static bool parse_state(struct span word, enum trial_state *ret)
{
	for (unsigned i = 0; i < _TRIAL_STATE_MAX; i++)
		if (span_is(word, states[i].word)) {
			*ret = (enum trial_state)i;
			return true;
		}
	return false;
}

static bool parse_rest(struct trial *t, struct span rest)
{
	if (t->state == TRIAL_ARMED || t->state == TRIAL_NEXT)
		return number(rest, TRIAL_BOOTS_MAX, &t->boots_left);
	if (t->state != TRIAL_FAILED)
		return copy_word(rest, t->boot_id, sizeof(t->boot_id));
	t->cause = trial_cause_from(rest);
	return (int)t->cause >= 0;
}

int trial_parse(struct span text, struct trial *ret)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span state, gen, id, rest;
	struct trial t = {0};

	if (!bytes_until(&in, ':', &state) || !bytes_until(&in, ':', &gen) ||
	    !bytes_until(&in, ':', &id) || !bytes_take(&in, bytes_left(&in), &rest) ||
	    !parse_state(state, &t.state) || !number(gen, GEN_MAX, &t.number) ||
	    !t.number || !copy_word(id, t.id, sizeof(t.id)) || !parse_rest(&t, rest))
		return -EBADMSG;
	*ret = t;
	return 0;
}

/* Names on the disk */

static int cannot_tell(const char *name, int err, struct diag *reterr)
{
	return diag_set(reterr, err == -ENOMEM ? DIAG_MEMORY : DIAG_TRIAL_UNKNOWN, -err,
			"/" GEN_FOLDER "/%s %s.", name,
			err == -EBADMSG ? "is not what imactl writes"
					: "cannot be looked at");
}

/* 1; 0: not there. -errno. */
static int get(const struct root *root, const char *folder, const char *name,
	       struct strbuf *out)
{
	_cleanup_close_ int at =
		fspath_open(root->dir[ROOT_TARGET], folder, O_PATH | O_DIRECTORY);
	int r = at < 0 ? at : namelink_read(at, name, out);

	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

struct setting {
	const char *name;
	bool acted;	  /* in the folder for restarts, which is made */
	const char *text; /* NULL: removed */
};

/* The folder that the name lies in, made where it is missing; below a folder that was not
 * there nothing was ever written, and nothing is to be removed: -ENOENT. */
static int open_folder(const struct root *root, const struct setting *s)
{
	_cleanup_close_ int at =
		fspath_open(root->dir[ROOT_TARGET], GEN_FOLDER, O_PATH | O_DIRECTORY);
	int r;

	if (at < 0 || !s->acted)
		return at < 0 ? at : take_fd(&at);
	if (s->text && mkdirat(at, TRIAL_ACTED, 0700) == 0) {
		r = fspath_sync(at);
		if (r < 0)
			return r;
	} else if (s->text && errno != EEXIST)
		return -errno;
	return fspath_open(at, TRIAL_ACTED, O_PATH | O_DIRECTORY);
}

static int apply(const struct root *root, const struct setting *s)
{
	_cleanup_close_ int at = open_folder(root, s);

	if (at < 0)
		return at == -ENOENT && !s->text ? 0 : at;
	return s->text ? namelink_write(at, s->name, s->text, true)
		       : namelink_remove(at, s->name, true);
}

static int set(const struct root *root, const struct setting *s, struct diag *reterr)
{
	struct remount m;
	int r = apply(root, s);

	if (r == -EROFS) {
		r = remount_writable(root->dir[ROOT_TARGET], &m);
		if (r == 0) {
			r = apply(root, s);
			(void)remount_back(&m); /* PID 1 mounts it as it likes it */
		}
	}
	if (r == 0)
		return 0;
	return diag_set(reterr, DIAG_TRIAL_WRITE, -r,
			"/" GEN_FOLDER "/%s%s cannot be written for good: %s.",
			s->acted ? TRIAL_ACTED "/" : "", s->name, diag_errno(-r));
}

int trial_read(const struct root *root, struct trial *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = get(root, GEN_FOLDER, TRIAL_LINK, &text), bad;

	if (r > 0) {
		bad = trial_parse(strbuf_span(&text), ret);
		r = bad < 0 ? bad : 1;
	}
	return r < 0 ? cannot_tell(TRIAL_LINK, r, reterr) : r;
}

int trial_write(const struct root *root, const struct trial *t, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct setting s = {.name = TRIAL_LINK};
	struct trial again;

	trial_format(&text, t);
	if (text.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (trial_parse(strbuf_span(&text), &again) < 0)
		return cannot_tell(TRIAL_LINK, -EBADMSG, reterr);
	s.text = strbuf_str(&text);
	return set(root, &s, reterr);
}

int trial_remove(const struct root *root, struct diag *reterr)
{
	return set(root, &(struct setting){.name = TRIAL_LINK}, reterr);
}

int trial_acted(const struct root *root, enum trial_cause cause,
		char ret[TRIAL_BOOT_SIZE], struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = get(root, GEN_FOLDER "/" TRIAL_ACTED, causes[cause].word, &text);
	char id[TRIAL_BOOT_SIZE];

	if (r > 0 && !copy_word(strbuf_span(&text), id, sizeof(id)))
		r = -EBADMSG;
	if (r < 0)
		return cannot_tell(TRIAL_ACTED, r, reterr);
	if (r > 0 && ret)
		memcpy(ret, id, sizeof(id));
	return r;
}

int trial_act(const struct root *root, enum trial_cause cause, const char *boot_id,
	      struct diag *reterr)
{
	return set(root, &(struct setting){causes[cause].word, true, boot_id}, reterr);
}

int trial_acted_clear(const struct root *root, struct diag *reterr)
{
	int r = 0;

	for (unsigned i = 0; i < _TRIAL_CAUSE_MAX && r == 0; i++)
		if (trial_acted(root, (enum trial_cause)i, NULL, NULL) != 0)
			r = set(root, &(struct setting){causes[i].word, true, NULL},
				reterr);
	return r;
}

enum trial_fallback trial_fallback(const struct root *root)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	if (get(root, GEN_FOLDER, TRIAL_ON_FAILURE, &text) > 0)
		for (unsigned i = 0; i < _TRIAL_FALLBACK_MAX; i++)
			if (span_is(strbuf_span(&text), fallbacks[i]))
				return (enum trial_fallback)i;
	return TRIAL_FALLBACK_ROLLBACK;
}

bool trial_unprotected(const struct root *root)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	return get(root, GEN_FOLDER, TRIAL_UNPROTECTED, &text) > 0 &&
	       span_is(strbuf_span(&text), "yes");
}

int trial_boot_id(const struct root *root, char ret[TRIAL_BOOT_SIZE], struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span id;
	int r = root_read(root, ROOT_BOOT_ID, &text, reterr);

	if (r < 0)
		return r;
	id = (struct span){(const uint8_t *)strbuf_str(&text),
			   strcspn(strbuf_str(&text), "\n")};
	return copy_word(id, ret, TRIAL_BOOT_SIZE)
		       ? 0
		       : diag_set(reterr, DIAG_READ, EBADMSG,
				  "The boot id of this kernel cannot be read.");
}
