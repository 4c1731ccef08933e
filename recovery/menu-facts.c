/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rescue knows, in lines: one text for people at the menu and at the console. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "core/base/bootnote.h"
#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/gen.h"
#include "core/base/sha256.h"
#include "core/base/trial.h"
#include "recovery/diagnose.h"
#include "recovery/evidence.h"
#include "recovery/klog.h"
#include "recovery/menu-internal.h"

void menu_facts_done(struct menu_facts *f)
{
	for (size_t i = 0; i < f->n; i++)
		strbuf_done(&f->of[i].text);
	f->n = 0;
}

/* The text is appended to what is returned. */
static struct strbuf *add(struct menu_facts *f, const char *label)
{
	struct menu_fact *fact = &f->of[f->n < MENU_FACTS_MAX ? f->n++ : f->n - 1];

	if (fact->label)
		strbuf_addc(&fact->text, ' '); /* too many: nothing is left out */
	else
		fact->label = label;
	return &fact->text;
}

static void read_log(const struct root *here, struct diagnose *d)
{
	struct klog log;
	struct span record;

	if (klog_open(here, true, &log) < 0)
		return;
	while (klog_next(&log, &record) > 0)
		(void)diagnose_add(d, record);
	klog_close(&log);
}

static void happened(const struct menu *m, struct menu_facts *f)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	struct bootnote n;

	bootnote_load(&m->here, &n);
	bootnote_why(&m->here, &why);
	strbuf_adds(add(f, "This boot"),
		    n.verdict	     ? bootnote_verdict_text(n.verdict)
		    : m->rules.asked ? "somebody asked for this menu (imactl=rescue)"
				     : "nothing has looked at its policy yet");
	if (why.len)
		str_escape(add(f, ""),
			   (struct span){(const uint8_t *)why.ptr,
					 strcspn(why.ptr, "\n")},
			   true);
}

static void said(const struct menu *m, struct menu_facts *f)
{
	struct diagnose d = {0};

	read_log(&m->here, &d);
	if (!diagnose_policy_stops(&d)) /* what asking leaves in the log says nothing */
		return;
	strbuf_adds(add(f, "PID 1 said"), d.why);
	if (d.line)
		strbuf_addf(add(f, ""), "that is line %u of the policy", d.line);
	if (d.kernel[0])
		strbuf_adds(add(f, "The kernel"), d.kernel);
}

/* ", blessed 2026-11-03 10:12" */
static void add_date(const struct menu *m, struct strbuf *out)
{
	char name[sizeof(GEN_FOLDER "/blessed/@") + 12 + GEN_RELEASE_MAX],
		leaf[FSPATH_LEAF_MAX];
	char date[40];
	_cleanup_close_ int folder = -1;
	struct utsname u;
	struct stat st;
	struct tm tm;

	(void)uname(&u); /* cannot fail */
	(void)snprintf(name, sizeof(name), GEN_FOLDER "/blessed/%u@%s", m->good,
		       u.release);
	folder = fspath_parent(m->target.dir[ROOT_TARGET], name, leaf);
	if (folder >= 0 && fstatat(folder, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    gmtime_r(&st.st_mtime, &tm) &&
	    strftime(date, sizeof(date), ", blessed %Y-%m-%d %H:%M UTC", &tm))
		strbuf_adds(out, date);
}

/* ", sha256 41c0..77ab", of its policy. */
static void add_hash(const struct menu *m, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	uint8_t digest[SHA256_SIZE];

	if (gen_read(&m->target, m->good, GEN_POLICY, &text, NULL, NULL) < 0)
		return;
	sha256_of(strbuf_span(&text), digest);
	strbuf_addf(out, ", sha256 %02x%02x..%02x%02x", digest[0], digest[1],
		    digest[SHA256_SIZE - 2], digest[SHA256_SIZE - 1]);
}

static const char *whole(const struct menu *m)
{
	enum gen_state state;

	if (gen_verify(&m->target, m->good, &state, NULL) < 0 || state == GEN_UNKNOWN)
		return "it cannot be read now";
	return state == GEN_GOOD ? "intact" : "damaged";
}

static void good(const struct menu *m, struct menu_facts *f)
{
	struct strbuf *out = add(f, "Known good");

	if (!m->good) {
		strbuf_adds(out, "nothing to go back to, for this kernel");
		return;
	}
	strbuf_addf(out, "generation %u", m->good);
	add_date(m, out);
	add_hash(m, out);
	strbuf_addf(out, " (%s)", whole(m));
}

static void trial(const struct menu *m, struct menu_facts *f)
{
	struct trial t;

	if (trial_read(&m->target, &t, NULL) > 0)
		strbuf_addf(add(f, "Trial"), "generation %u %s%s%s", t.number,
			    trial_state_text(t.state),
			    t.state == TRIAL_FAILED ? ": " : "",
			    t.state == TRIAL_FAILED ? trial_cause_text(t.cause) : "");
	else if (m->other)
		strbuf_addf(add(f, "Candidate"), "generation %u, not tried", m->other);
}

static void evidence(const struct menu *m, struct menu_facts *f)
{
	unsigned n = evidence_newest(m->target.dir[ROOT_TARGET]);

	if (n)
		strbuf_addf(add(f, "Evidence"), "/" EVIDENCE_FOLDER "/%u, the newest", n);
}

static void where(const struct menu *m, struct menu_facts *f)
{
	struct strbuf *out = add(f, "Root");

	if (!m->rootmnt) {
		strbuf_adds(out, "none was found");
		return;
	}
	str_escape(out, span_of(m->rootmnt), true);
	strbuf_adds(out, m->initramfs ? ", seen from the initramfs"
			 : m->before  ? ""
				      : ", the machine runs on it");
}

void menu_facts(const struct menu *m, struct menu_facts *ret)
{
	*ret = (struct menu_facts){.n = 0};
	happened(m, ret);
	said(m, ret);
	if (m->rootmnt) {
		good(m, ret);
		trial(m, ret);
		evidence(m, ret);
	}
	where(m, ret);
}
