/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/simulate/judge.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>

#include "core/policy/explain.h"
#include "core/cert/keylive.h"
#include "core/list/mlog.h"

/* Results are kept for each of these apart: ima_policy.c get_subaction(). */
enum judge_part {
	JUDGE_FILE,
	JUDGE_MMAP,
	JUDGE_BPRM,
	JUDGE_CREDS,
	JUDGE_READ,
};

enum { FUSE_MAGIC = 0x65735546 };

static enum judge_part part_of(const struct policymatch_result *match,
			       enum policy_func func)
{
	if (match->appraises_any)
		return JUDGE_FILE;
	switch (func) {
	case POLICY_FUNC_FILE_CHECK:
		return JUDGE_FILE;
	case POLICY_FUNC_MMAP_CHECK:
		return JUDGE_MMAP;
	case POLICY_FUNC_BPRM_CHECK:
		return JUDGE_BPRM;
	case POLICY_FUNC_CREDS_CHECK:
		return JUDGE_CREDS;
	default:
		return JUDGE_READ;
	}
}

/* ima_policy.c ima_appraise_flag(): a rule for what the kernel itself loads switches
 * appraisal on again, without denying anything. */
static bool switches_on(const struct policy_rule *r)
{
	return !r->refused && r->action == POLICY_APPRAISE &&
	       (r->func == POLICY_FUNC_MODULE_CHECK ||
		r->func == POLICY_FUNC_FIRMWARE_CHECK ||
		r->func == POLICY_FUNC_POLICY_CHECK ||
		r->func == POLICY_FUNC_KEXEC_KERNEL_CHECK);
}

static void settle_mode(struct judge *j)
{
	const struct policy *p = &j->rules->policy;

	if (j->inspect.kernel.mode != APPRAISE_MODE_OFF)
		return;
	j->no_appraise = true;
	for (size_t i = 0; i < p->n_rules; i++)
		if (switches_on(&p->rules[i]))
			j->no_appraise = false;
	if (!j->no_appraise)
		j->inspect.kernel.mode = APPRAISE_MODE_LOG;
}

static bool guesses_keys(const struct root *root)
{
	_cleanup_keyring_ struct keyring_set rings = {0};

	return !root_owns_place(root, ROOT_PROC) ||
	       keyring_load(root, &rings, NULL) < 0 ||
	       rings.ring[keylive_ring(&rings, IMAXATTR_IMA)].members < 0;
}

int judge_init(struct judge *j, const struct root *root, const struct probe *probe,
	       const struct ruleset *rules, struct diag *reterr)
{
	unsigned version = policy_version_of(span_of(probe->release));
	struct policy_kernel kernel;

	/* nothing but its version decides about hooks */
	policy_kernel_of_version(version, &kernel);
	j->late_creds = version >= POLICY_VERSION(7, 2);
	j->rules = rules;
	j->asks_reqprot = kernel.cap[POLICY_CAP_REQPROT] != POLICY_NO;
	j->pcr = (uint8_t)probe->pcr;
	if (probe->fact[PROBE_TEMPLATE].answer == PROBE_YES)
		j->template = span_of(probe->fact[PROBE_TEMPLATE].value);
	j->keys_guessed = guesses_keys(root);
	settle_mode(j);
	return 0;
}

void judge_done(struct judge *j)
{
	inspect_done(&j->inspect);
}

int judge_begin(struct judge *j, struct judge_file *file, struct diag *reterr)
{
	file->memory = (struct judge_memory){0};
	return inspect_begin(&j->inspect, &file->subject, reterr);
}

void judge_end(struct judge *j)
{
	inspect_end(&j->inspect);
}

/* ima_policy.c ima_match_policy(): options of rules add up, also those of accesses before
 * (iint->flags |= action). */
static void add_options(struct judge *j, const struct policymatch_result *m,
			struct appraise_rule *o)
{
	o->sig |= m->signature;
	o->sigv3 |= m->sigv3;
	o->modsig |= m->modsig;
	o->verity |= m->verity;
	o->blacklist |= m->blacklist;
	o->permit_directio |= m->directio;
	o->fail_securely |= m->by[POLICY_CLASS_APPRAISE].does && j->rules->fails_securely;
	o->algos = m->algos;
}

static void forget(struct judge_memory *m)
{
	m->collected = m->audited = false;
	m->pcrs = 0;
	m->appraised = 0;
}

/* What may change unseen is looked at each time. */
static void forget_unseen(const struct judge *j, struct judge_file *f)
{
	bool fuse = f->place.fsmagic == FUSE_MAGIC && !f->memory.options.fail_securely;
	bool overlay = f->place.fsmagic == OVERLAYFS_SUPER_MAGIC &&
		       j->inspect.kernel.overlay_changes;

	if (fuse || overlay)
		forget(&f->memory);
}

/* ima_queue.c ima_add_template_entry(): what is in the list is not added again. */
static bool add_entry(struct judge_memory *m, const struct judge_result *r)
{
	struct span format = mlog_template_format(r->template);
	bool fixed = m->sig_gone && policy_listed(format, span_of("sig"));

	for (uint8_t i = 0; i < m->n_entries; i++)
		if (m->entries[i].pcr == r->pcr && m->entries[i].fixed == fixed &&
		    span_equal(mlog_template_format(m->entries[i].template), format))
			return false;
	if (m->n_entries == JUDGE_ENTRIES)
		return true;
	m->entries[m->n_entries].pcr = r->pcr;
	m->entries[m->n_entries].fixed = fixed;
	m->entries[m->n_entries++].template = r->template;
	return true;
}

static void ask_about(struct judge *j, const struct judge_memory *m,
		      const struct policymatch_access *a, enum judge_part part,
		      bool appraises, struct span template)
{
	struct inspect *i = &j->inspect;

	i->rule = m->options;
	i->access = (struct appraise_access){
		.mmap = part == JUDGE_MMAP,
		.kexec_kernel =
			part == JUDGE_READ && a->func == POLICY_FUNC_KEXEC_KERNEL_CHECK,
		.write = a->mask & POLICY_MAY_WRITE,
		.direct_io = j->direct_io,
	};
	i->not_appraised = !appraises;
	i->label_unread = !appraises && span_is(template, "ima");
	i->collected.is = m->collected;
	i->collected.verity = m->collected_verity;
	i->collected.alg = m->collected_alg;
}

/* ima_appraise_measurement() alone keeps its result; what is refused after it found the
 * file right is refused the first time. */
static bool passes(const struct appraise_verdict *v)
{
	return !v->n_records || v->record[0] == APPRAISE_DENIED_HASH ||
	       v->record[0] == APPRAISE_MMAPPED_WRITERS;
}

static void remember(struct judge_memory *m, const struct inspect_result *r,
		     enum judge_part part, bool appraises)
{
	const struct appraise_verdict *v = &r->verdict;

	if (!m->collected && !r->digest_err) {
		m->collected = true;
		m->collected_verity = r->rule.verity;
		m->collected_alg = r->digest.alg;
	}
	m->digsig |= v->digsig;
	if (appraises && v->status == EVM_PASS && passes(v))
		m->appraised |= (uint8_t)(1 << part);
}

static void fail(const struct judge *j, struct appraise_verdict *v,
		 enum appraise_cause why)
{
	v->why = why;
	v->fails = true;
	v->denied = j->inspect.kernel.mode == APPRAISE_MODE_ENFORCE;
}

/* A label that was found right may be of a hash that this rule does not want: asked again
 * whenever there is something else to do. */
static void other_hash(const struct judge *j, struct judge_result *ret)
{
	struct appraise_verdict *v = &ret->verdict;
	uint32_t algos = ret->match.algos;

	if (!ret->appraised || !algos || algos >> ret->asked.label_alg & 1)
		return;
	v->record[v->n_records++] = APPRAISE_DENIED_HASH;
	fail(j, v, APPRAISE_DENIED_HASH);
}

/* What has been looked at for the same purpose is not looked at again; it was right, or
 * the kernel would. */
static void seen_before(const struct judge *j, const struct judge_memory *m,
			const struct policymatch_access *a, struct judge_result *ret)
{
	if (ret->appraised && a->mask & POLICY_MAY_WRITE && m->digsig)
		fail(j, &ret->verdict, APPRAISE_SIGNED_FOR_WRITING);
}

/* ima_template_lib.c ima_eventdigest_init(): the field d holds SHA-1 or MD5, for which the
 * contents are hashed once more; with O_DIRECT they cannot be, and there is no entry. */
static bool lacks_digest(const struct judge *j, const struct judge_result *r)
{
	enum hash_alg alg = j->inspect.kernel.ima_hash;

	return j->direct_io && r->asked.digest_err && alg != HASH_SHA1 &&
	       alg != HASH_MD5 &&
	       policy_listed(mlog_template_format(r->template), span_of("d"));
}

static void measure(const struct judge *j, struct judge_memory *m, uint32_t pcr,
		    struct judge_result *ret)
{
	struct appraise_verdict *v = &ret->verdict;

	if (!lacks_digest(j, ret)) {
		ret->measured = add_entry(m, ret);
		m->pcrs |= j->direct_io ? 0 : pcr;
		return;
	}
	memmove(v->record + 2, v->record + 1, sizeof(v->record[0]));
	v->record[1] = APPRAISE_FAILED;
	v->n_records++;
}

static int look(struct judge *j, struct judge_file *f, const struct policymatch_access *a,
		struct judge_result *ret, struct diag *reterr)
{
	struct judge_memory *m = &f->memory;
	enum judge_part part = part_of(&ret->match, a->func);
	uint32_t pcr = 1u << (ret->pcr & 31);
	bool measures = ret->match.by[POLICY_CLASS_MEASURE].does && !(m->pcrs & pcr);
	bool audits = ret->match.by[POLICY_CLASS_AUDIT].does && !m->audited;
	bool appraises = ret->appraised && !(m->appraised >> part & 1);
	int r;

	if (!measures && !audits && !appraises) {
		seen_before(j, m, a, ret);
		return 0;
	}
	ask_about(j, m, a, part, appraises, ret->template);
	r = inspect_ask(&j->inspect, &ret->asked, reterr);
	if (r < 0)
		return r;
	ret->verdict = ret->asked.verdict;
	if (measures && ret->asked.collected)
		measure(j, m, pcr, ret);
	ret->audited = audits && ret->asked.collected;
	if (!appraises && !ret->asked.digest_err)
		other_hash(j, ret);
	if (!appraises)
		seen_before(j, m, a, ret);
	m->audited |= ret->audited;
	remember(m, &ret->asked, part, appraises);
	if (!ret->verdict.writes)
		return 0;
	if (f->place.fsmagic == OVERLAYFS_SUPER_MAGIC) /* it was copied up for that */
		forget(m);
	m->sig_gone |= !j->inspect.label.err[IMAXATTR_IMA] &&
		       j->inspect.label.x[IMAXATTR_IMA].type == IMAXATTR_VERITY;
	return inspect_fixed(&j->inspect, &ret->asked, reterr);
}

static void say_unsure(const struct judge *j, struct judge_result *r)
{
	bool no_key = r->asked.ima.is && r->asked.ima.verdict == SIG_NO_KEY;

	for (int c = 0; c < _POLICY_CLASS_MAX; c++)
		r->unsure_rule |= r->match.by[c].unsure != SIZE_MAX;
	r->unsure_file = r->appraised && (r->asked.unsure || (no_key && j->keys_guessed));
	r->unread = r->appraised && r->asked.unread;
	r->unsure = r->unsure_rule || r->unsure_file || r->unread;
}

int judge_access(struct judge *j, struct judge_file *file,
		 const struct policymatch_access *access, struct judge_result *ret,
		 struct diag *reterr)
{
	struct policymatch_access a = file->place;
	int r = 0;

	a.func = access->func;
	a.mask = access->mask;
	a.uid = access->uid;
	a.euid = access->euid;
	a.suid = access->suid;
	a.gid = access->gid;
	a.egid = access->egid;
	a.sgid = access->sgid;
	a.may_setuid = access->may_setuid;
	a.may_setgid = access->may_setgid;
	a.no_appraise = j->no_appraise;
	*ret = (struct judge_result){.pcr = j->pcr, .template = j->template};
	policymatch_decide(&j->rules->policy, &a, &ret->match);
	if (ret->match.has_pcr)
		ret->pcr = ret->match.pcr;
	if (ret->match.template.len)
		ret->template = ret->match.template;
	ret->appraised = ret->match.by[POLICY_CLASS_APPRAISE].does;
	ret->hashed = ret->match.by[POLICY_CLASS_HASH].does;
	forget_unseen(j, file);
	add_options(j, &ret->match, &file->memory.options);
	r = look(j, file, &a, ret, reterr);
	say_unsure(j, ret);
	return r;
}

/* kernel/cred.c prepare_exec_creds(), fs/exec.c bprm_fill_uid(): who a program is run by.
 * A file of a group that may not execute it has the bit for mandatory locks. */
static void become(const struct judge_file *f, bool begun, bool runs,
		   struct policymatch_access *a)
{
	if (begun && f->mode & S_ISUID)
		a->euid = f->place.fowner;
	if (begun && f->mode & S_ISGID && f->mode & S_IXGRP)
		a->egid = f->place.fgroup;
	a->suid = a->euid;
	a->sgid = a->egid;
	if (runs && f->mode & S_ISUID) /* of the process, which is still the old one */
		a->may_setuid = a->may_setgid = a->euid == 0;
}

int judge_op(struct judge *j, struct judge_file *file, const char *op,
	     const struct policymatch_access *who,
	     struct judge_result ret[static JUDGE_STEPS], struct diag *reterr)
{
	static const struct policy_kernel any;
	struct policymatch_access a = *who;
	size_t n = 0;
	bool runs = false;
	int r;

	for (size_t i = 0; n < JUDGE_STEPS && explain_op(op, i, &any, &a); i++) {
		if (a.func == POLICY_FUNC_MMAP_CHECK_REQPROT && !j->asks_reqprot)
			continue;
		if (runs || a.func == POLICY_FUNC_CREDS_CHECK)
			become(file, runs || j->late_creds, runs, &a);
		runs |= a.func == POLICY_FUNC_CREDS_CHECK;
		r = judge_access(j, file, &a, &ret[n], reterr);
		if (r < 0)
			return r;
		if (ret[n++].verdict.denied)
			break;
	}
	return (int)n;
}
