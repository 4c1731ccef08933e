/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that has to be right before a trial: who is locked out, and what comes back. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/host/hookcheck.h"
#include "core/host/mounts.h"
#include "core/policy/deadly.h"
#include "core/rollout/rollout-internal.h"
#include "core/simulate/simulatetext.h"

enum { ROLES_MAX = 16, KERNELS_MAX = 16 };

/* How each of trialready.h's refusals is mended. */
static const char *ready_fix(enum trialready_id id)
{
	switch (id) {
	case TRIALREADY_CANDIDATE:
		return "imactl rollout stage FILE";
	case TRIALREADY_TRIAL:
		return "imactl rollout abort";
	case TRIALREADY_HOOK:
		return "imactl recovery install-hook";
	case TRIALREADY_MODE:
		return "imactl mode";
	case TRIALREADY_DISK:
		return "imactl recovery rollback";
	case TRIALREADY_ROOM:
		return "mount -o remount,rw /";
	default:
		return NULL;
	}
}

static void say_ready(struct rollout_work *w)
{
	/* Where no entry can be started once, only that way is left. */
	const struct trialready_ask ask = {.in_place = *w->loader.no_once};
	/* What was confirmed is meant to be on the disk. */
	bool kept = w->r->now.there && w->r->now.trial.state == TRIAL_PROVING;
	struct trialready ready;
	struct diag d = {0};

	if (trialready_look(w->root, w->release, &ask, &ready, &d) < 0) {
		w->failed = true;
		return;
	}
	for (unsigned i = 0; i < _TRIALREADY_MAX; i++) {
		const struct trialready_check *c = &ready.check[i];
		enum rollout_mark mark = c->verdict == TRIALREADY_REFUSED ? ROLLOUT_FAIL
					 : c->verdict == TRIALREADY_TOLD  ? ROLLOUT_WARN
									  : ROLLOUT_PASS;
		const char *fix;

		if (i == TRIALREADY_CANDIDATE && w->r->now.there)
			continue; /* it is tried already */
		if (i == TRIALREADY_DISK && kept)
			continue;
		if (i == TRIALREADY_TRIAL && mark == ROLLOUT_FAIL)
			mark = ROLLOUT_NOTE;
		fix = mark == ROLLOUT_FAIL ? ready_fix((enum trialready_id)i) : NULL;
		rollout_say(w, mark, fix,
			    fix && i == TRIALREADY_DISK ? "a goes back to it" : NULL,
			    "%s: %s", trialready_title((enum trialready_id)i), c->text);
	}
	w->r->goes_back =
		ready.check[TRIALREADY_DISK].verdict == TRIALREADY_REFUSED && !kept;
}

/* The deadly set, role by role (init, shell, sshd, ...). */

struct role {
	const char *name;
	unsigned files;
	const struct simulate_row *bad;
};

static struct role *role_of(struct role roles[ROLES_MAX], size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(roles[i].name, name) == 0)
			return &roles[i];
	if (*n == ROLES_MAX)
		return NULL;
	roles[*n] = (struct role){.name = name};
	return &roles[(*n)++];
}

static size_t find_roles(const struct rollout_work *w, struct role roles[ROLES_MAX])
{
	const struct simulate *s = &w->result;
	const struct deadly *d;
	struct stat st;
	size_t n = 0;

	for (size_t i = 0; (d = deadly_at(i)); i++) {
		struct role *role = role_of(roles, &n, d->role);

		if (role)
			role->files +=
				fstatat(w->root->dir[ROOT_TARGET], d->path, &st, 0) == 0;
	}
	for (size_t i = 0; i < s->n_rows; i++) {
		const char *name =
			s->row[i].rank == SIMULATE_EARLY
				? deadly_role(w->root, simulate_name(s, &s->row[i]))
				: NULL;
		struct role *role = name ? role_of(roles, &n, name) : NULL;

		if (role && (!role->bad || role->bad->unsure))
			role->bad = &s->row[i];
	}
	return n;
}

static void say_role(struct rollout_work *w, const struct role *role)
{
	const struct simulate_row *row = role->bad;
	_cleanup_strbuf_ struct strbuf word = {0}, fix = {0}, name = {0};
	char q[160];

	if (!row) {
		rollout_say(w, ROLLOUT_PASS, NULL, NULL, "%s would pass.", role->name);
		return;
	}
	strbuf_addf(&name, "/%s", simulate_name(&w->result, row));
	str_shell_word(&word, strbuf_span(&name));
	strbuf_adds(&fix, row->unsure ? "imactl file verify " : "imactl label apply ");
	str_escape(&fix, strbuf_span(&word), false);
	(void)str_quote(q, sizeof(q), strbuf_span(&name));
	rollout_say(w, row->unsure ? ROLLOUT_WARN : ROLLOUT_FAIL, strbuf_str(&fix),
		    "4 Files, F9", "%s %s out of reach: %s (%s).", role->name,
		    row->unsure ? "may be" : "would be", q, simulate_cause(row));
}

static void say_deadly(struct rollout_work *w)
{
	struct role roles[ROLES_MAX];
	size_t n = find_roles(w, roles);

	for (size_t i = 0; i < n; i++)
		if (roles[i].files || roles[i].bad)
			say_role(w, &roles[i]);
}

static void say_uses(struct rollout_work *w)
{
	const struct simulate *s = &w->result;
	const struct simulate_count *early = &s->rank[SIMULATE_EARLY],
				    *used = &s->rank[SIMULATE_USED];

	rollout_say(w, early->denied ? ROLLOUT_FAIL : ROLLOUT_PASS,
		    early->denied ? rollout_command(ROLLOUT_LABEL) : NULL, "3 Label",
		    "%llu uses of files that boot and login need, %llu would be denied.",
		    (unsigned long long)early->uses, (unsigned long long)early->denied);
	rollout_say(w, used->denied ? ROLLOUT_FAIL : ROLLOUT_PASS,
		    used->denied ? rollout_command(ROLLOUT_LABEL) : NULL, "3 Label",
		    "%llu uses of files seen here, %llu would be denied.",
		    (unsigned long long)used->uses, (unsigned long long)used->denied);
	if (s->lost) {
		char id[2 * IMAXATTR_KEYID + 1];

		(void)snprintf(id, sizeof(id), "%02x%02x%02x%02x", s->lost_keyid[0],
			       s->lost_keyid[1], s->lost_keyid[2], s->lost_keyid[3]);
		rollout_say(w, ROLLOUT_FAIL, "imactl rollout stage FILE --cert=CERT",
			    "6 Keys",
			    "A restart would lose key %s, which signs %llu files: no "
			    "certificate of it lies in /etc/keys/ima.",
			    id, (unsigned long long)s->lost);
	} else
		rollout_say(w, ROLLOUT_PASS, NULL, NULL,
			    "No file needs a key that the next boot has not got.");
}

/* What comes back */

static void say_good(struct rollout_work *w)
{
	enum gen_state state = GEN_UNKNOWN;
	struct diag why = {0};

	if (!w->r->good) {
		rollout_say(
			w, ROLLOUT_FAIL, "imactl generation record", NULL,
			"No generation is called good for this kernel: there is nothing "
			"to go back to.");
		return;
	}
	(void)gen_verify(w->root, w->r->good, &state, &why);
	if (state == GEN_GOOD)
		rollout_say(w, ROLLOUT_PASS, NULL, NULL,
			    "Generation %u is known good, and whole.", w->r->good);
	else
		rollout_say(w, ROLLOUT_FAIL, "imactl generation list", NULL,
			    "Generation %u would be gone back to, and is %s: %s",
			    w->r->good, gen_state_name(state), why.text);
}

/* Another kernel may be started after a trial that failed, and has an image of its own. */
static void say_kernel(struct rollout_work *w, const char *release)
{
	_cleanup_hookcheck_ struct hookcheck h = {0};
	char path[HOOKCHECK_PATH], q[100];
	_cleanup_close_ int fd = -1;
	struct diag d = {0};

	(void)str_quote(q, sizeof(q), span_of(release));
	fd = hookcheck_open(w->root, release, path, &d);
	if (fd >= 0 && hookcheck_run(w->root, fd, release, &h, &d) >= 0 &&
	    hookcheck_good(&h))
		rollout_say(w, ROLLOUT_PASS, NULL, NULL,
			    "The hook is in the initramfs of %s.", q);
	else
		rollout_say(w, ROLLOUT_WARN, "imactl recovery install-hook", NULL,
			    "The hook is not in the initramfs of kernel %s, which is "
			    "installed, too.",
			    q);
}

static void say_kernels(struct rollout_work *w)
{
	static const char prefix[] = "vmlinuz-";
	int fd = root_openat(w->root, ROOT_TARGET, "boot", O_RDONLY | O_DIRECTORY, NULL);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir && fd >= 0)
		(void)close(fd);
	for (unsigned n = 0; dir && n < KERNELS_MAX && (e = readdir(dir));)
		if (strncmp(e->d_name, prefix, sizeof(prefix) - 1) == 0 &&
		    strcmp(e->d_name + sizeof(prefix) - 1, w->release) != 0) {
			say_kernel(w, e->d_name + sizeof(prefix) - 1);
			n++;
		}
	if (dir)
		(void)closedir(dir);
}

static void say_boot(struct rollout_work *w)
{
	const struct bootnote *n = &w->r->now.note;

	if (!*n->nonce)
		rollout_say(w, ROLLOUT_WARN, "imactl recovery install-hook", NULL,
			    "No gate ran in this boot.");
	else if (n->healthy)
		rollout_say(w, ROLLOUT_PASS, NULL, NULL,
			    "A gate ran in this boot, and it was found healthy.");
	else
		rollout_say(
			w, ROLLOUT_WARN, "imactl recovery health", NULL,
			n->unhealthy
				? "This boot is not healthy: a trial would fail as it "
				  "does."
				: "Whether this boot is healthy was not looked at: a "
				  "trial must be.");
}

/* What is decided upon must be readable before anything else is mounted. */
static void say_var(struct rollout_work *w)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct mounts_line line;
	struct bytes in;
	bool apart = false;

	(void)root_read(w->root, ROOT_MOUNTS, &text, NULL);
	in = bytes_of(strbuf_str(&text), text.len);
	while (mounts_next(&in, &line))
		apart |= line.point.len > 1 &&
			 span_is((struct span){line.point.ptr + 1, line.point.len - 1},
				 "etc");
	if (apart)
		rollout_say(
			w, ROLLOUT_FAIL, NULL, NULL,
			"/etc is a file system of its own, so the initramfs finds neither "
			"trial nor generations.");
	else
		rollout_say(w, ROLLOUT_PASS, NULL, NULL,
			    "What recovery needs lies on the root file system.");
}

static void say_observed(struct rollout_work *w)
{
	enum rollout_state state = w->r->step[ROLLOUT_OBSERVE].state;

	if (state == ROLLOUT_DONE)
		rollout_say(w, ROLLOUT_PASS, NULL, NULL, "It was observed in log mode.");
	else if (state == ROLLOUT_SKIPPED)
		rollout_say(w, ROLLOUT_WARN, NULL, NULL,
			    "It was not observed in log mode: somebody skipped that.");
	else
		rollout_say(
			w, ROLLOUT_WARN, "imactl rollout observe", NULL,
			"It has not been observed in log mode for as long as was wished.");
}

/* Half of it is about the boot that it was found in. */
static void recall(struct rollout_work *w)
{
	rollout_forget(w, ROLLOUT_PREFLIGHT);
	rollout_recall(w, ROLLOUT_PREFLIGHT, false, NULL);
}

void rollout_see_preflight(struct rollout_work *w)
{
	struct rollout_step *s = w->step;

	s->state = w->r->finished ? ROLLOUT_DONE : ROLLOUT_WAITING;
	if (!w->has_rules || root_is_recorded(w->root) || w->r->finished)
		return;
	if (w->ask->brief) {
		recall(w);
		return;
	}
	w->looked = true;
	if (rollout_simulate(w)) {
		say_deadly(w);
		say_uses(w);
	} else
		rollout_say(w, ROLLOUT_FAIL, "imactl policy simulate", NULL, "%s",
			    w->not_simulated.text);
	say_good(w);
	say_ready(w);
	if (w->ask->whole)
		say_kernels(w);
	say_boot(w);
	say_var(w);
	say_observed(w);
	rollout_sum(w, "%zu checks: %zu pass, %zu warn, %zu FAIL", s->n,
		    s->count[ROLLOUT_PASS] + s->count[ROLLOUT_NOTE],
		    s->count[ROLLOUT_WARN], s->count[ROLLOUT_FAIL]);
	s->state = s->count[ROLLOUT_FAIL] ? ROLLOUT_BLOCKED : ROLLOUT_DONE;
}
