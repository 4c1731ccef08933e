/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/remedyplan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/appraise/evmsign.h"
#include "core/appraise/keyhost.h"
#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/cert/keylive.h"
#include "core/label/keyplan.h"
#include "core/policy/policyinstall.h"
#include "core/triage/exempt.h"

/* One plan in the making. */
struct making {
	struct triage *t;
	const struct triage_found *f;
	int fd;		  /* the file, O_PATH */
	const char *path; /* below the target */
	struct remedyplan *ret;
};

void remedyplan_done(struct remedyplan *p)
{
	plan_done(&p->plan);
	strbuf_done(&p->said);
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static int begin(struct making *m, const char *what, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf title = {0};

	strbuf_addf(&title, "%s /", what);
	str_escape(&title, strbuf_span(&m->f->path), true);
	return title.failed ? no_memory(reterr)
			    : plan_init(&m->ret->plan, strbuf_str(&title), reterr);
}

static struct labelstep step_of(const struct making *m, const struct label *label)
{
	return (struct labelstep){m->t->root, LABEL_SECURITY, m->path, label};
}

static int hash_contents(const struct making *m, enum hash_alg alg, struct digest *ret,
			 struct diag *reterr)
{
	_cleanup_close_ int data = label_open_contents(m->fd, m->path, reterr);

	return data < 0 ? data
			: label_hash(data, m->path, &m->t->judge.inspect.hash, alg, ret,
				     reterr);
}

/* What the kernel would write in fix mode, of what the file holds now. */
static int plan_label(struct making *m, bool rehash, struct diag *reterr)
{
	const struct triage_op *op =
		m->f->first < m->f->n_ops ? &m->f->op[m->f->first] : NULL;
	enum hash_alg alg = rehash && op ? hash_alg_best(op->asks.algos)
					 : m->t->judge.inspect.kernel.ima_hash;
	_cleanup_strbuf_ struct strbuf value = {0}, words = {0};
	_cleanup_label_ struct label label = {0};
	struct labelstep at = step_of(m, &label);
	struct digest digest;
	int r = begin(m, "label", reterr);

	if (r == 0)
		r = hash_contents(m, alg, &digest, reterr);
	if (r < 0)
		return r;
	(void)imaxattr_put_digest(&value, alg,
				  digest_span(&digest)); /* its size is right */
	strbuf_addf(&words, "%s of the contents", hash_alg_name(alg));
	if (value.failed || words.failed || label_read(m->fd, LABEL_SECURITY, &label) < 0)
		return no_memory(reterr);
	return labelstep_set(&at, &m->ret->plan, IMAXATTR_IMA, strbuf_span(&value),
			     (struct span){0}, strbuf_str(&words), reterr);
}

static struct filesign signing(const struct making *m, uint8_t version)
{
	return (struct filesign){
		.root = m->t->root,
		.key = m->t->key,
		.alg = sig_key_hash(m->t->key),
		.version = version,
	};
}

static int plan_sign(struct making *m, uint8_t version, struct diag *reterr)
{
	_cleanup_filesign_ struct filesign s = signing(m, version);
	int r = begin(m, "sign", reterr);

	return r < 0 ? r : filesign_add(&s, &m->ret->plan, m->fd, m->path, reterr);
}

static int plan_evm(struct making *m, struct diag *reterr)
{
	static const struct evmfile_given nothing;
	struct evm_kernel kernel = m->t->evm.kernel;
	struct evmsign s = {
		.file = signing(m, 2),
		.version = 2,
		.ima = m->f->label->err[IMAXATTR_IMA] ? EVMSIGN_HASH : EVMSIGN_KEEP,
		.kernel = &kernel,
		.given = &nothing,
	};
	int r = begin(m, "sign the metadata of", reterr);

	kernel.enabled |= 1u << EVM_NAME_IMA; /* whoever appraises checks it */
	s.alg = s.file.alg;
	if (r == 0)
		r = evmsign_add(&s, &m->ret->plan, m->fd, m->path, reterr);
	evmsign_done(&s);
	return r;
}

static int plan_clear(struct making *m, struct diag *reterr)
{
	_cleanup_label_ struct label label = {0};
	struct labelstep at = step_of(m, &label);
	int r = begin(m, "remove the label of", reterr);

	if (r == 0 && label_read(m->fd, LABEL_SECURITY, &label) < 0)
		r = no_memory(reterr);
	return r < 0 ? r : labelstep_clear(&at, &m->ret->plan, IMAXATTR_IMA, reterr);
}

/* The signature of the contents counts first, as it does for the kernel. */
static enum imaxattr_attr attr_of(const struct triage_found *f)
{
	return f->seen.ima.is && f->seen.ima.verdict == SIG_NO_KEY ? IMAXATTR_IMA
								   : IMAXATTR_EVM;
}

static int plan_key(struct making *m, struct diag *reterr)
{
	_cleanup_keyhost_ struct keyhost host = {0};
	int r = keyhost_load(&host, m->t->root, reterr);

	return r < 0 ? r
		     : keyplan_load(&host, m->f->cert,
				    keylive_ring(&host.rings, attr_of(m->f)),
				    &m->ret->plan, NULL, reterr);
}

static void say_exempt(const struct exempt *e, const struct policyplan *p,
		       struct strbuf *out)
{
	strbuf_addf(out, "Drafted, line %u of %s:\n", e->line,
		    e->edited ? "the policy for the boot"
			      : "a policy of the rules in force");
	exempt_diff(e, out);
	policyplan_format(p, out);
	strbuf_adds(out, "In force from the next boot on, when PID 1 loads it; now "
			 "nothing changes.\n");
}

static int plan_exempt(struct making *m, struct diag *reterr)
{
	_cleanup_exempt_ struct exempt e = {0};
	_cleanup_policyplan_ struct policyplan p = {.root = m->t->root, .name = "draft"};
	struct policyinstall in = {.judged = &p, .release = m->t->probe->release};
	struct policyinstall_said said = {0};
	int r = exempt_draft(m->t, m->f, &e, reterr);

	p.text = strbuf_span(&e.text);
	if (r == 0)
		r = policyplan_look(&p, reterr);
	if (r == 0)
		r = policyinstall_plan(&in, &m->ret->plan, &said, reterr);
	if (r == 0)
		say_exempt(&e, &p, &m->ret->said);
	return r < 0 ? r : m->ret->said.failed ? no_memory(reterr) : 0;
}

static int plan_it(struct making *m, enum remedy_id id, struct diag *reterr)
{
	switch ((int)id) {
	case REMEDY_LABEL:
		return plan_label(m, false, reterr);
	case REMEDY_REHASH:
		return plan_label(m, true, reterr);
	case REMEDY_SIGN:
		return plan_sign(m, 2, reterr);
	case REMEDY_SIGN_3:
		return plan_sign(m, 3, reterr);
	case REMEDY_LOAD_KEY:
		return plan_key(m, reterr);
	case REMEDY_SIGN_EVM:
		return plan_evm(m, reterr);
	case REMEDY_UNSIGN:
		return plan_clear(m, reterr);
	default: /* the only one left of those with a plan */
		return plan_exempt(m, reterr);
	}
}

/* Is it one of those that were found, possible, and done by plan? */
static int check(const struct triage_found *f, enum remedy_id id, struct diag *reterr)
{
	const char *word = remedy_of(id)->word;
	const struct triage_remedy *r = triage_remedy(f, span_of(word));

	if (!r)
		return diag_set(reterr, DIAG_NO_REMEDY, EINVAL,
				"%s is no remedy for this.", word);
	if (remedy_of(id)->kind != REMEDY_KIND_PLAN)
		return diag_set(reterr, DIAG_NO_REMEDY, EINVAL,
				"imactl does not carry out %s itself: it only shows it.",
				word);
	return r->possible ? 0
			   : diag_set(reterr, DIAG_REMEDY_CANNOT, EOPNOTSUPP,
				      "%s is not possible here: %s.", word, r->why);
}

int remedyplan_make(struct triage *t, const struct triage_found *f, enum remedy_id id,
		    struct remedyplan *ret, struct diag *reterr)
{
	struct making m = {.t = t, .f = f, .fd = -1, .ret = ret};
	_cleanup_close_ int fd = -1;
	char q[140];
	int r = check(f, id, reterr);

	if (r < 0)
		return r;
	m.path = strbuf_str(&f->path);
	m.fd = fd = fspath_open(t->root->dir[ROOT_TARGET], m.path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return diag_set(reterr, DIAG_OPEN, fd, "Cannot open /%s: %s.",
				str_quote(q, sizeof(q), strbuf_span(&f->path)),
				diag_errno(-fd));
	r = plan_it(&m, id, reterr);
	return r < 0 ? r : 0;
}
