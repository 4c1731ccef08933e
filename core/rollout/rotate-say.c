/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far the rotation of a key is, for people and programs. */
#include "core/base/cleanup.h"
#include "core/label/samples.h"
#include "core/rollout/rotate.h"

static const struct {
	const char *word, *words;
} phases[_ROTATE_PHASE_MAX] = {
#define ROTATE_PHASE(id, word, words) [ROTATE_##id] = {word, words},
#include "core/rollout/rotate-phases.inc"
#undef ROTATE_PHASE
};

const char *rotate_phase_word(enum rotate_phase phase)
{
	return phase < _ROTATE_PHASE_MAX ? phases[phase].word : "done";
}

const char *rotate_phase_words(enum rotate_phase phase)
{
	return phase < _ROTATE_PHASE_MAX ? phases[phase].words : "all of it is done";
}

static const char *state_of(const struct rotate *r, enum rotate_phase phase)
{
	return phase < r->next	 ? "done"
	       : phase > r->next ? "later"
	       : r->wait.id	 ? "waits"
				 : "next";
}

static void add_key(struct strbuf *out, const char *what, const uint8_t id[CERT_KEYID],
		    const struct cert *c, bool ascii)
{
	strbuf_addf(out, "%s ", what);
	strbuf_addhex(out, (struct span){id, CERT_KEYID});
	if (c) {
		strbuf_adds(out, ", ");
		str_escape(out, strbuf_span(&c->name), ascii);
	}
	strbuf_addc(out, '\n');
}

static void add_files(struct strbuf *out, const struct rotate *r, bool ascii)
{
	const struct rotate_files *f = &r->files;
	char n[48];

	if (!f->counted)
		return;
	strbuf_addf(out, "%s signed by the old key, %s.\n",
		    str_counted(n, sizeof(n), f->named, "file is", "files are"),
		    scope_words(f->scope));
	for (size_t i = 0; i < ROTATE_SAMPLES && f->sample[i]; i++) {
		strbuf_adds(out, "  /");
		str_escape(out, span_of(f->sample[i]), ascii);
		strbuf_addc(out, '\n');
	}
	if (f->named > ROTATE_SAMPLES)
		strbuf_adds(out, "  ..\n");
	if (f->unreadable)
		strbuf_addf(out, "Not looked at: %s cannot be read.\n",
			    str_counted(n, sizeof(n), f->unreadable, "file whose label",
					"files whose labels"));
	if (f->evm)
		strbuf_addf(out,
			    "%s the old key in security.evm: the keyring for that is not "
			    "touched, and they stay ('imactl evm sign').\n",
			    str_counted(n, sizeof(n), f->evm, "file names",
					"files name"));
}

/* What the old key's end does not reach. */
static void add_elsewhere(struct strbuf *out, const struct rotate *r)
{
	if (r->live && r->old_loaded && !r->old_at_boot && r->next <= ROTATE_RETIRE)
		strbuf_adds(out,
			    "The old key's certificate does not lie in /" GENFOUND_KEYS
			    ": something else loads it at boot (the initramfs, the "
			    "kernel), which has to be changed as well.\n");
}

void rotate_format(const struct rotate *r, struct strbuf *out, bool ascii)
{
	add_key(out, "Old key:", r->old, r->old_cert, ascii);
	add_key(out, "New key:", r->new_id, r->new_cert, ascii);
	for (int i = 0; i < _ROTATE_PHASE_MAX; i++)
		strbuf_addf(out, "  %-5s  %-6s  %s\n", state_of(r, (enum rotate_phase)i),
			    phases[i].word, phases[i].words);
	add_files(out, r, ascii);
	add_elsewhere(out, r);
	if (r->wait.id)
		strbuf_addf(out, "%s\n", r->wait.text);
	else if (r->next == _ROTATE_PHASE_MAX)
		strbuf_adds(out, "Nothing is left to do.\n");
}

static void key_json(struct json *j, const char *member, const uint8_t id[CERT_KEYID],
		     const struct cert *c, bool loaded, bool at_boot)
{
	json_key(j, member);
	json_open(j, '{');
	json_khex(j, "keyid", (struct span){id, CERT_KEYID});
	if (c)
		json_kbytes(j, "name", strbuf_span(&c->name));
	json_kbool(j, "loaded", loaded);
	json_kbool(j, "at_boot", at_boot);
	json_close(j, '}');
}

static void files_json(struct json *j, const struct rotate_files *f)
{
	json_key(j, "files");
	json_open(j, '{');
	json_kbool(j, "counted", f->counted);
	if (f->counted) {
		json_kstr(j, "scope", scope_word(f->scope));
		json_ku64(j, "named", f->named);
		json_ku64(j, "evm", f->evm);
		json_ku64(j, "unreadable", f->unreadable);
		samples_json(j, f->sample, ROTATE_SAMPLES);
	}
	json_close(j, '}');
}

static void phases_json(struct json *j, const struct rotate *r)
{
	json_key(j, "phases");
	json_open(j, '[');
	for (int i = 0; i < _ROTATE_PHASE_MAX; i++) {
		json_open(j, '{');
		json_kstr(j, "phase", phases[i].word);
		json_kstr(j, "state", state_of(r, (enum rotate_phase)i));
		json_kstr(j, "text", phases[i].words);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void rotate_json(const struct rotate *r, struct json *j)
{
	json_open(j, '{');
	json_kstr(j, "schema", "imactl/rotate/1");
	json_kstr(j, "keyring", keyring_name(r->ring));
	key_json(j, "old", r->old, r->old_cert, r->old_loaded, r->old_at_boot);
	key_json(j, "new", r->new_id, r->new_cert, r->new_loaded, r->new_at_boot);
	json_kbool(j, "revoked", r->revoked);
	json_ku64(j, "generation", r->there);
	json_kstr(j, "next", rotate_phase_word(r->next));
	json_kstr(j, "waits", r->wait.id ? diag_code(r->wait.id) : NULL);
	json_kstr(j, "text", r->wait.id ? r->wait.text : NULL);
	phases_json(j, r);
	files_json(j, &r->files);
	json_close(j, '}');
}
