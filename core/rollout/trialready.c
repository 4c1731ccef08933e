/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rollout/trialready.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/base/bootnote.h"
#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "core/base/trial.h"
#include "core/host/hookcheck.h"
#include "core/policy/genplan.h"
#include "core/rollout/rolloutobserve.h"
#include "core/rollout/trialplan.h"

enum { ROOM = 1 << 20 }; /* bytes: names, evidence, and a policy with its keys */

static const struct {
	enum diag_id diag;
	const char *word, *title;
} checks[_TRIALREADY_MAX] = {
#define TRIALREADY(id, diag, word, title) [TRIALREADY_##id] = {DIAG_##diag, word, title},
#include "core/rollout/trialready-checks.inc"
#undef TRIALREADY
};

struct work {
	const struct root *root;
	const char *release;
	struct trialready *ready;
	struct strbuf words; /* of the next start, as far as they are known */
};

const char *trialready_word(enum trialready_id id)
{
	return checks[id].word;
}

const char *trialready_title(enum trialready_id id)
{
	return checks[id].title;
}

const char *trialready_verdict_word(enum trialready_verdict v)
{
	return v == TRIALREADY_GOOD ? "good" : v == TRIALREADY_TOLD ? "told" : "refused";
}

static __attribute__((format(printf, 4, 5))) void say(struct work *w,
						      enum trialready_id id,
						      enum trialready_verdict v,
						      const char *fmt, ...)
{
	struct trialready_check *c = &w->ready->check[id];
	va_list ap;

	if (c->verdict == TRIALREADY_REFUSED)
		return; /* one reason is enough */
	c->verdict = v;
	va_start(ap, fmt);
	(void)vsnprintf(c->text, sizeof(c->text), fmt, ap);
	va_end(ap);
}

/* What is tried */

static void look_at_candidate(struct work *w)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	struct trialready *r = w->ready;
	const struct gen_entry *e;
	struct diag d = {0};

	if (gen_list_load(w->root, w->release, &list, &d) < 0) {
		say(w, TRIALREADY_CANDIDATE, TRIALREADY_REFUSED, "%s", d.text);
		return;
	}
	e = gen_find(&list, list.candidate);
	if (!e) {
		say(w, TRIALREADY_CANDIDATE, TRIALREADY_REFUSED,
		    "No policy was staged to be tried.");
		return;
	}
	r->number = e->number;
	if (!e->allowed)
		(void)genplan_barred(&list, e->number, &d);
	else if (genplan_check_whole(w->root, e->number, &d) == 0)
		(void)trialplan_mode(w->root, e->number, &r->mode, &d);
	if (d.id)
		say(w, TRIALREADY_CANDIDATE, TRIALREADY_REFUSED, "%s", d.text);
	else
		say(w, TRIALREADY_CANDIDATE, TRIALREADY_GOOD, "It is generation %u.",
		    e->number);
}

static void look_at_trial(struct work *w)
{
	struct diag d = {0};
	struct trial t;
	int r = trial_read(w->root, &t, &d);

	if (r < 0)
		say(w, TRIALREADY_TRIAL, TRIALREADY_REFUSED, "%s", d.text);
	else if (r == 0)
		say(w, TRIALREADY_TRIAL, TRIALREADY_GOOD, "There is none.");
	else if (t.state == TRIAL_FAILED)
		say(w, TRIALREADY_TRIAL, TRIALREADY_TOLD,
		    "The last one, of generation %u, failed: %s. This one takes its "
		    "place.",
		    t.number, trial_cause_text(t.cause));
	else
		say(w, TRIALREADY_TRIAL, TRIALREADY_REFUSED, "Generation %u %s.",
		    t.number, trial_state_text(t.state));
}

/* Who runs it */

/* No image where one is looked for: that its hook ran in this boot is something. */
static void hook_unseen(struct work *w, const struct diag *d)
{
	struct bootnote n;

	bootnote_load(w->root, &n);
	if (*n.nonce)
		say(w, TRIALREADY_HOOK, TRIALREADY_TOLD,
		    "It ran in this boot; whether it will in the next is not known. %s",
		    d->text);
	else
		say(w, TRIALREADY_HOOK, TRIALREADY_REFUSED,
		    "It did not run in this boot. %s", d->text);
}

static void look_at_hook(struct work *w)
{
	_cleanup_hookcheck_ struct hookcheck h = {0};
	char path[HOOKCHECK_PATH], q[HOOKCHECK_PATH];
	_cleanup_close_ int fd = -1;
	struct diag d = {0};

	fd = hookcheck_open(w->root, w->release, path, &d);
	if (fd < 0 || hookcheck_run(w->root, fd, w->release, &h, &d) < 0)
		hook_unseen(w, &d);
	else if (hookcheck_good(&h))
		say(w, TRIALREADY_HOOK, TRIALREADY_GOOD, "%s has it.",
		    str_quote(q, sizeof(q), span_of(path)));
	else
		say(w, TRIALREADY_HOOK, TRIALREADY_REFUSED,
		    "%s lacks some of it, or something there loads a policy by itself.",
		    str_quote(q, sizeof(q), span_of(path)));
}

static void look_at_entry(struct work *w)
{
	const struct bootloader *b = &w->ready->loader;

	if (w->ready->ask.in_place)
		say(w, TRIALREADY_ENTRY, TRIALREADY_TOLD,
		    "In place, the riskier way: the next boot is the trial whichever "
		    "entry starts it, once, and nothing watches it before the root is "
		    "mounted.");
	else if (*b->no_once)
		say(w, TRIALREADY_ENTRY, TRIALREADY_REFUSED, "%s: %s.", b->name,
		    b->no_once);
	else
		say(w, TRIALREADY_ENTRY, TRIALREADY_GOOD, "%s starts one.", b->name);
}

/* In place the words stay, so they must be right already. */
static void look_at_mode(struct work *w)
{
	struct probe *p = NULL;
	enum bootmode wish = w->ready->mode;
	const char *ignored = NULL;

	if (wish >= _BOOTMODE_MAX || probe_run(w->root, (struct span){0}, &p, NULL) < 0) {
		say(w, TRIALREADY_MODE, TRIALREADY_GOOD, "As it is.");
		return;
	}
	ignored = bootmode_ignored(p, wish);
	if (ignored)
		say(w, TRIALREADY_MODE, TRIALREADY_TOLD,
		    "This kernel will not heed ima_appraise=%s: %s.", bootmode_name(wish),
		    ignored);
	else if (w->ready->ask.in_place && bootmode_of(p, strbuf_span(&w->words)) != wish)
		say(w, TRIALREADY_MODE, TRIALREADY_REFUSED,
		    "In place the kernel is given nothing new, and the next start is in "
		    "the mode %s, not %s.",
		    bootmode_name(bootmode_of(p, strbuf_span(&w->words))),
		    bootmode_name(wish));
	else
		say(w, TRIALREADY_MODE, TRIALREADY_GOOD, "%s.", bootmode_name(wish));
	(void)probe_free(p);
}

/* A trial that fails comes back to what is on the disk. After observing that is the candidate,
 * which is harmless as long as ordinary starts only log. In place the mode of the trial is that
 * of every start. */
static void look_at_disk(struct work *w)
{
	struct probe *p = NULL;
	struct bootnote n;
	bool same = w->ready->number && rolloutobserve_on_disk(w->root, w->ready->number);

	bootnote_load(w->root, &n);
	if (n.generation) {
		say(w, TRIALREADY_DISK, TRIALREADY_TOLD,
		    "Generation %u lies over it in this boot.", n.generation);
		return;
	}
	say(w, TRIALREADY_DISK, TRIALREADY_GOOD, "Not the candidate.");
	if (!same || probe_run(w->root, (struct span){0}, &p, NULL) < 0)
		return;
	if (bootmode_of(p, strbuf_span(&w->words)) == BOOTMODE_ENFORCE ||
	    (w->ready->ask.in_place && w->ready->mode == BOOTMODE_ENFORCE))
		say(w, TRIALREADY_DISK, TRIALREADY_REFUSED,
		    "The candidate is on the disk already, and every start in enforce "
		    "mode would enforce it, also one after a trial that failed.");
	else
		say(w, TRIALREADY_DISK, TRIALREADY_TOLD,
		    "The candidate itself, in a mode in which nothing is denied.");
	(void)probe_free(p);
}

/* Boots that take long, or end elsewhere, look like one that hangs (recovery.md, rule 12) */

static const struct {
	const char *path, *why;
} long_boots[] =
	{
		{".autorelabel", "SELinux would label every file anew"},
		{"forcefsck", "the file systems would be checked"},
		{"system-update", "an update would be installed in it"},
		{"etc/system-update", "an update would be installed in it"},
},
  odd_words[] = {
	  {"autorelabel", "SELinux would label every file anew"},
	  {"init", "it would start something else than the system"},
	  {"rd.break", "it would stop in the initramfs"},
	  {"systemd.unit", "it would not start the whole system"},
	  {"single", "it would not start the whole system"},
	  {"emergency", "it would not start the whole system"},
	  {"rescue", "it would not start the whole system"},
};

static bool is_fsck_forced(struct span line)
{
	struct cmdline_word w;

	return cmdline_last(line, "fsck.mode", &w) && span_is(w.value, "force");
}

static void look_at_boot(struct work *w)
{
	struct span line = strbuf_span(&w->words);
	struct stat st;

	say(w, TRIALREADY_BOOT, TRIALREADY_GOOD, "Nothing makes the next one longer.");
	for (size_t i = 0; i < array_size(long_boots); i++)
		if (fstatat(w->root->dir[ROOT_TARGET], long_boots[i].path, &st,
			    AT_SYMLINK_NOFOLLOW) == 0)
			say(w, TRIALREADY_BOOT, TRIALREADY_REFUSED,
			    "The next boot is none to try a policy in: %s (/%s).",
			    long_boots[i].why, long_boots[i].path);
	for (size_t i = 0; i < array_size(odd_words); i++)
		if (bootwords_has(line, odd_words[i].path))
			say(w, TRIALREADY_BOOT, TRIALREADY_REFUSED,
			    "The next boot is none to try a policy in: %s (%s on the "
			    "kernel's command line).",
			    odd_words[i].why, odd_words[i].path);
	if (is_fsck_forced(line))
		say(w, TRIALREADY_BOOT, TRIALREADY_REFUSED,
		    "The next boot is none to try a policy in: the file systems would be "
		    "checked (fsck.mode=force).");
}

/* That the trial runs is written down before it has an effect: else it would never end. */
static void look_at_room(struct work *w)
{
	struct statvfs s;
	uint64_t left;

	if (fstatvfs(w->root->dir[ROOT_TARGET], &s) < 0) {
		say(w, TRIALREADY_ROOM, TRIALREADY_REFUSED, "It cannot be looked at: %s.",
		    diag_errno(errno));
		return;
	}
	left = (uint64_t)s.f_bavail * s.f_frsize;
	if (s.f_flag & ST_RDONLY)
		say(w, TRIALREADY_ROOM, TRIALREADY_REFUSED,
		    "The root file system is mounted read-only, so nothing can be "
		    "written "
		    "down.");
	else if (left < ROOM || (s.f_files && s.f_favail < 16))
		say(w, TRIALREADY_ROOM, TRIALREADY_REFUSED,
		    "The root file system is full: %llu KiB are left.",
		    (unsigned long long)left >> 10);
	else
		say(w, TRIALREADY_ROOM, TRIALREADY_GOOD, "%llu MiB are left.",
		    (unsigned long long)left >> 20);
}

static bool holds(struct span text, const char *what)
{
	return text.len && memmem(text.ptr, text.len, what, strlen(what));
}

/* Other words for the kernel are other measurements: GRUB extends PCR 8 with them,
 * systemd-stub PCR 12. Which PCRs a volume is sealed to stands in its header alone. */
static void look_at_volumes(struct work *w)
{
	static const char option[] = "tpm2-device=";
	_cleanup_strbuf_ struct strbuf tab = {0};
	struct bytes in;
	struct span line;
	bool sealed = holds(strbuf_span(&w->words), option);

	(void)bootloader_read(w->root, "etc/crypttab", &tab, NULL); /* none: no volume */
	in = bytes_of(strbuf_str(&tab), tab.len);
	while (bytes_until(&in, '\n', &line))
		sealed |= line.len && line.ptr[0] != '#' && holds(line, option);
	if (!sealed)
		say(w, TRIALREADY_SEALED, TRIALREADY_GOOD, "None is known here.");
	else if (w->ready->ask.in_place)
		say(w, TRIALREADY_SEALED, TRIALREADY_GOOD,
		    "The kernel is given what it is given now.");
	else
		say(w, TRIALREADY_SEALED,
		    w->ready->ask.passphrase ? TRIALREADY_TOLD : TRIALREADY_REFUSED,
		    "A TPM opens a volume here. The trial gives the kernel other words, "
		    "and sealed to PCR 8, 9 or 12 it will ask for a passphrase instead, "
		    "and wait.");
}

int trialready_look(const struct root *root, const char *release,
		    const struct trialready_ask *ask, struct trialready *ret,
		    struct diag *reterr)
{
	struct work w = {.root = root, .release = release, .ready = ret};
	int r;

	*ret = (struct trialready){.ask = *ask, .mode = _BOOTMODE_MAX};
	r = bootloader_look(root, &ret->loader, reterr);
	if (r < 0)
		return r;
	if (bootloader_next_words(root, &ret->loader, &w.words, NULL) < 0) {
		strbuf_clear(&w.words);
		(void)root_read_line(root, ROOT_CMDLINE, &w.words, NULL);
	}
	look_at_candidate(&w);
	look_at_trial(&w);
	look_at_hook(&w);
	look_at_entry(&w);
	look_at_mode(&w);
	look_at_disk(&w);
	look_at_boot(&w);
	look_at_room(&w);
	look_at_volumes(&w);
	r = w.words.failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
	strbuf_done(&w.words);
	return r;
}

int trialready_refuse(const struct trialready *ready, struct diag *reterr)
{
	for (unsigned i = 0; i < _TRIALREADY_MAX; i++)
		if (ready->check[i].verdict == TRIALREADY_REFUSED)
			return diag_set(reterr, checks[i].diag, EPERM, "%s",
					ready->check[i].text);
	return 0;
}
