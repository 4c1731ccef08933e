/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rollout/trialnow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/hex.h"
#include "core/base/sha256.h"

#define EVIDENCE GEN_FOLDER "/evidence"
#define MOTD	 "run/motd.d"
#define OWN	 "imactl"

enum {
	EVIDENCE_FOLDERS = 99, /* recovery/evidence.h */
	WHY_MAX = 16384,
};

void trialnow_done(struct trialnow *now)
{
	strbuf_done(&now->systemd);
	strbuf_done(&now->kernel);
	strbuf_done(&now->gate);
}

static uint64_t uptime(const struct root *root)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span seconds;
	struct bytes in;
	uint64_t up;

	if (root_read(root, ROOT_UPTIME, &text, NULL) < 0)
		return 0;
	in = bytes_of(strbuf_str(&text), text.len);
	return bytes_until(&in, '.', &seconds) && str_to_u64(seconds, &up) == 0 ? up : 0;
}

/* The value of a line "KEY VALUE"; false: there is none. */
static bool value_of(struct span text, const char *key, struct span *ret)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span line, word;

	while (bytes_until(&in, '\n', &line)) {
		struct bytes l = bytes_of(line.ptr, line.len);

		if (bytes_until(&l, ' ', &word) && span_is(word, key))
			return bytes_take(&l, bytes_left(&l), ret);
	}
	return false;
}

/* Is that folder's about this trial? Takes what was said. */
static bool take_evidence(const struct root *root, unsigned n, struct trialnow *now)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_close_ int fd = -1;
	char path[64];
	struct span id, said;

	(void)snprintf(path, sizeof(path), EVIDENCE "/%u/why", n);
	fd = root_openat(root, ROOT_TARGET, path, O_RDONLY | O_NONBLOCK, NULL);
	if (fd < 0 || fs_read_fd(fd, WHY_MAX, "evidence", &text, NULL) < 0 ||
	    !value_of(strbuf_span(&text), "trial", &id) || !span_is(id, now->trial.id))
		return false;
	if (value_of(strbuf_span(&text), "systemd", &said))
		strbuf_add(&now->systemd, said.ptr, said.len);
	if (value_of(strbuf_span(&text), "kernel", &said))
		strbuf_add(&now->kernel, said.ptr, said.len);
	if (value_of(strbuf_span(&text), "gate", &said))
		strbuf_add(&now->gate, said.ptr, said.len);
	now->evidence = n;
	return true;
}

/* Of the same name there may be several; the newest has the highest number. */
static void find_evidence(const struct root *root, struct trialnow *now)
{
	for (unsigned n = EVIDENCE_FOLDERS; n > 0; n--)
		if (take_evidence(root, n, now))
			return;
}

static void see_proof(const struct root *root, struct trialnow *now)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	char hash[BOOTNOTE_POLICY_SIZE] = "";
	uint8_t bytes[SHA256_SIZE];

	if (gen_read(root, now->trial.number, GEN_POLICY, &text, NULL, NULL) < 0)
		return;
	sha256_of(strbuf_span(&text), bytes);
	hex_encode(hash, (struct span){bytes, sizeof(bytes)});
	now->on_disk = !now->note.generation &&
		       memcmp(hash, now->note.policy, sizeof(hash) - 1) == 0;
}

static void see_trial(const struct root *root, struct trialnow *now)
{
	const struct trial *t = &now->trial;
	char boot_id[TRIAL_BOOT_SIZE] = "";
	bool this;

	(void)trial_boot_id(root, boot_id, NULL); /* not known: then not this one */
	this = strcmp(t->boot_id, boot_id) == 0;
	now->here = this && (t->state == TRIAL_RUNNING || t->state == TRIAL_PASSED);
	now->rebooted = t->state == TRIAL_PROVING && !this;
	if (now->rebooted)
		see_proof(root, now);
	if (t->state == TRIAL_FAILED)
		find_evidence(root, now);
	/* also of one that was given up in this boot: the guard restarts it */
	now->guarded = now->note.generation == t->number && now->note.deadline &&
		       !now->note.confirmed;
	if (now->guarded && now->note.deadline > now->uptime)
		now->left = now->note.deadline - now->uptime;
}

static bool is_next(const struct root *root)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	struct bootloader b;

	return bootloader_look(root, &b, NULL) == 0 &&
	       bootloader_next_once(root, &b, &name) &&
	       strncmp(strbuf_str(&name), BOOT_TRIAL_ID, strlen(BOOT_TRIAL_ID)) == 0;
}

int trialnow_load(const struct root *root, struct trialnow *ret, struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	struct trialnow now = {.there = false};

	if (gen_list_load(root, NULL, &list, NULL) == 0)
		now.candidate = list.candidate;
	bootnote_load(root, &now.note);
	now.uptime = uptime(root);
	now.there = trial_read(root, &now.trial, &now.unknown) > 0;
	if (now.there)
		see_trial(root, &now);
	now.entry = is_next(root);
	if (now.systemd.failed || now.kernel.failed || now.gate.failed) {
		trialnow_done(&now);
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	}
	*ret = now;
	return 0;
}

/* Words */

static void add_left(const struct trialnow *now, struct strbuf *out)
{
	strbuf_addf(out, "%u min %02u s", (unsigned)(now->left / 60),
		    (unsigned)(now->left % 60));
}

static void say_deadline(const struct trialnow *now, struct strbuf *out)
{
	if (!now->guarded) {
		strbuf_adds(out, "No guard watches it: it does not end by itself.\n");
		return;
	}
	strbuf_adds(out,
		    "The machine restarts by itself, with the policy from before, in ");
	if (now->left)
		add_left(now, out);
	else
		strbuf_adds(out, "a moment");
	strbuf_adds(out, ".\n");
}

static void say_said(struct strbuf *out, const char *who, const struct strbuf *what)
{
	if (!what->len)
		return;
	strbuf_addf(out, "%s: ", who);
	str_escape(out, strbuf_span(what), false);
	strbuf_addc(out, '\n');
}

static void say_failed(const struct trialnow *now, struct strbuf *out)
{
	strbuf_addf(out, "Why: %s.\n", trial_cause_text(now->trial.cause));
	say_said(out, "systemd said", &now->systemd);
	say_said(out, "The kernel said", &now->kernel);
	say_said(out, "The gate said", &now->gate);
	if (now->evidence)
		strbuf_addf(out, "What was kept of it: /" EVIDENCE "/%u\n",
			    now->evidence);
	if (now->guarded)
		say_deadline(now, out);
}

static void say_proving(const struct trialnow *now, struct strbuf *out)
{
	if (!now->rebooted)
		strbuf_adds(out, "It was written to the disk in this boot.\n");
	else if (now->on_disk)
		strbuf_addf(out, "This boot loaded it from the disk%s.\n",
			    now->note.healthy ? " and is healthy"
					      : "; the health check has not passed yet");
	else
		strbuf_adds(out, "This boot loaded another one: what lies in /etc/ima is "
				 "not that policy.\n");
}

void trialnow_format(const struct trialnow *now, struct strbuf *out)
{
	const struct trial *t = &now->trial;

	if (!now->there) {
		strbuf_addf(out, "Trial: %s\n",
			    now->unknown.id ? now->unknown.text : "none");
		return;
	}
	strbuf_addf(out, "Trial: generation %u (%s) %s\n", t->number, t->id,
		    trial_state_text(t->state));
	if (t->state == TRIAL_ARMED)
		strbuf_addf(out, "%s; after %u other boots it expires.\n",
			    now->entry ? "The boot loader starts it next, once"
				       : "The boot loader does not start it by itself",
			    t->boots_left);
	else if (now->here)
		say_deadline(now, out);
	else if (t->state == TRIAL_FAILED)
		say_failed(now, out);
	else if (t->state == TRIAL_PROVING)
		say_proving(now, out);
}

const char *trialnow_next(const struct trialnow *now)
{
	if (!now->there)
		return now->unknown.id	? ""
		       : now->candidate ? "imactl rollout arm"
					: "imactl rollout stage FILE";
	switch (now->trial.state) {
	case TRIAL_ARMED:
	case TRIAL_NEXT:
		return "restart the machine: systemctl reboot";
	case TRIAL_RUNNING:
		return "wait for the health check: imactl recovery health";
	case TRIAL_PASSED:
		return now->here ? "imactl rollout confirm" : "imactl rollout abort";
	case TRIAL_FAILED:
		return "mend the policy and stage it, or: imactl rollout abort";
	case TRIAL_PROVING:
		return !now->rebooted ? "restart the machine: systemctl reboot"
		       : now->on_disk ? "imactl recovery health"
				      : "imactl change list";
	case _TRIAL_STATE_MAX:
		break;
	}
	return "";
}

void trialnow_short(const struct trialnow *now, struct strbuf *out)
{
	if (!now->here && !now->guarded)
		return;
	strbuf_addf(out, "TRIAL %u", now->trial.number);
	if (!now->guarded)
		return;
	strbuf_adds(out, ": ");
	add_left(now, out);
}

/* The message of the day */

static void format_motd(const struct trialnow *now, struct strbuf *out)
{
	time_t at = time(NULL) + (time_t)now->left;
	char clock[32] = "";
	struct tm tm;

	if (localtime_r(&at, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	strbuf_addf(out, "This boot tries the policy of generation %u.\n",
		    now->trial.number);
	if (now->trial.state == TRIAL_PASSED)
		strbuf_addf(out,
			    "It was found healthy. 'imactl rollout confirm' keeps it; at "
			    "%s the machine\nrestarts by itself, with the policy from "
			    "before.\n",
			    clock);
	else
		strbuf_addf(out,
			    "It was not found healthy. At the latest at %s the machine "
			    "restarts by itself,\nwith the policy from before; 'imactl "
			    "rollout status' says more.\n",
			    clock);
}

static int drop_motd(const struct root *root)
{
	_cleanup_close_ int fd =
		fspath_open(root->dir[ROOT_TARGET], MOTD, O_PATH | O_DIRECTORY);

	if (fd >= 0)
		(void)unlinkat(fd, OWN, 0);
	return 0;
}

int trialnow_motd(const struct root *root, const struct trialnow *now,
		  struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_close_ int fd = -1;
	int r;

	if (!now->here || !now->guarded)
		return drop_motd(root);
	format_motd(now, &text);
	r = fs_mkdirs_at(root->dir[ROOT_TARGET], MOTD, 0755, reterr);
	if (r < 0)
		return r;
	fd = fspath_open(root->dir[ROOT_TARGET], MOTD, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return diag_set(reterr, DIAG_WRITE, -fd, "Cannot write /" MOTD ": %s.",
				diag_errno(-fd));
	return fs_replace_at(fd, OWN, strbuf_str(&text), text.len, 0644, reterr);
}
