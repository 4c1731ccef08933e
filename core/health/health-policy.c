/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/base/kmsg.h"
#include "core/base/sha256.h"
#include "core/health/health-internal.h"
#include "core/policy/policydiff.h"
#include "core/policy/ruleset.h"

#define POLICY	  "etc/ima/ima-policy"
#define COMPLETED "ima: policy update completed"
#define PID1	  "systemd[1]: "

enum { POLICY_MAX = 16 << 20 };

/* What the kernel log says of the way from the gate to a policy in force. */
struct story {
	bool gate;	  /* its line with this boot's nonce */
	bool completed;	  /* behind it, by the kernel itself */
	bool passed_over; /* PID 1 went on without loading it */
	bool forgot;	  /* the log no longer goes back to its beginning */
	char pid1[160];	  /* what PID 1 last said of the policy; escaped */
};

static bool begins(struct span text, const char *with)
{
	return text.len >= strlen(with) && memcmp(text.ptr, with, strlen(with)) == 0;
}

static bool holds(struct span text, const char *part)
{
	return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void take(struct story *s, const struct kmsg_record *r, const char *gate)
{
	if (kmsg_by_kernel(r)) {
		s->completed |= s->gate && span_is(r->text, COMPLETED);
		return;
	}
	s->gate |= begins(r->text, gate);
	if (!s->gate || !begins(r->text, PID1) ||
	    (!holds(r->text, "IMA custom policy") &&
	     !holds(r->text, "IMA kernel interface")))
		return;
	s->passed_over |= holds(r->text, "ignoring");
	str_quote(s->pid1, sizeof(s->pid1), r->text);
}

static int read_story(const struct root *root, const char *nonce, struct story *ret)
{
	_cleanup_free_ char *buf = malloc(KMSG_RECORD_MAX);
	_cleanup_close_ int fd = buf ? kmsg_open(root) : -ENOMEM;
	struct kmsg_record r;
	struct span bytes;
	char gate[80];
	bool first = true;
	int err = fd < 0 ? fd : 0;

	(void)snprintf(gate, sizeof(gate), "imactl: gate %s: ", nonce);
	while (err == 0 && kmsg_next(fd, buf, &bytes) > 0) {
		if (!kmsg_parse(bytes, &r))
			continue;
		ret->forgot |= first && r.sequence > 0;
		first = false;
		take(ret, &r, gate);
	}
	return err;
}

int health_policy_text(const struct root *root, const struct health *h,
		       struct strbuf *out, struct diag *reterr)
{
	_cleanup_close_ int fd = root_openat(root, ROOT_TARGET, POLICY, O_RDONLY, reterr);
	uint8_t hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE];
	int r = fd < 0 ? fd : fs_read_fd(fd, POLICY_MAX, "the policy", out, reterr);

	if (r < 0)
		return r;
	sha256_of(strbuf_span(out), hash);
	hex_encode(hex, (struct span){hash, sizeof(hash)});
	return memcmp(hex, h->note.policy, sizeof(hex)) == 0
		       ? 0
		       : diag_set(reterr, DIAG_POLICY_OTHER, ESTALE,
				  "/" POLICY " is not what the gate saw.");
}

/* 1: the kernel's rules are those of the text; 0: others; -errno: they cannot be compared. */
static int compare(const struct root *root, struct span text, struct diag *reterr)
{
	_cleanup_policydiff_ struct policydiff diff = {0};
	_cleanup_ruleset_ struct ruleset meant = {0}, is = {0};
	_cleanup_(probe_freep) struct probe *probe = NULL;
	int r = probe_run(root, (struct span){0}, &probe, reterr);

	if (r == 0)
		r = ruleset_in_force(root, probe, &is, reterr);
	if (r == 0 && is.source != RULESET_READ && is.source != RULESET_DEFAULT)
		return -ENODATA;
	if (r == 0)
		r = ruleset_with(root, probe, text, &meant, reterr);
	if (r == 0)
		r = policydiff_run(&is.policy, &meant.policy, &diff, reterr);
	return r < 0 ? r : policydiff_same(&diff);
}

static void compare_rules(const struct root *root, struct health *h)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct diag d = {0};
	int r = health_policy_text(root, h, &text, &d);

	if (r < 0) {
		health_say(h, HEALTH_POLICY, HEALTH_FAILED, "%s", d.text);
		return;
	}
	r = compare(root, strbuf_span(&text), &d);
	h->read_back = r == 1;
	if (r == 0)
		health_say(h, HEALTH_POLICY, HEALTH_FAILED,
			   "the kernel goes by other rules than those of /" POLICY);
	else
		health_say(h, HEALTH_POLICY, HEALTH_PASSED,
			   r == 1 ? "PID 1 loaded it, and the kernel reads back its rules"
				  : "PID 1 loaded it; this kernel reads no rules back");
}

void health_policy(const struct root *root, struct health *h)
{
	struct story s = {0};
	int r;

	if (h->part[HEALTH_GATE].verdict == HEALTH_FAILED)
		return; /* nobody knows what should be in force */
	if (!*h->note.policy) {
		health_say(h, HEALTH_POLICY, HEALTH_PASSED,
			   "none is meant to be loaded in this boot");
		return;
	}
	r = read_story(root, h->note.nonce, &s);
	if (r < 0)
		health_say(h, HEALTH_POLICY, HEALTH_FAILED,
			   "the kernel log cannot be read: %s", diag_errno(-r));
	else if (s.completed && !s.passed_over)
		compare_rules(root, h);
	else if (!s.gate)
		health_say(
			h, HEALTH_POLICY, HEALTH_FAILED,
			s.forgot
				? "the kernel log does not go back to the gate any more: "
				  "log_buf_len= makes it larger"
				: "the gate's line is not in the kernel log");
	else
		health_say(h, HEALTH_POLICY, HEALTH_FAILED,
			   "no policy came into force%s%s", *s.pid1 ? ": " : "", s.pid1);
}
