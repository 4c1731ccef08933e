/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/triage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/cert/keylive.h"
#include "core/host/pkgdigest.h"
#include "core/triage/triage-internal.h"

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

/* The rules may be hidden: all the rest is told without them. */
static int see_rules(struct triage *t, const struct span *policy)
{
	int r;

	if (!policy && probe_is(t->probe, PROBE_IMA, PROBE_NO)) {
		diag_set(&t->no_rules, DIAG_NO_IMA, ENOSYS,
			 "IMA is not active on this machine.");
		return 0;
	}
	r = policy ? ruleset_with(t->root, t->probe, *policy, &t->rules, &t->no_rules)
		   : ruleset_in_force(t->root, t->probe, &t->rules, &t->no_rules);

	if (r == 0)
		t->no_rules = (struct diag){0};
	return r == -ENOMEM ? r : 0;
}

static int see_keys(struct triage *t, struct diag *reterr)
{
	int r = keylive_keys(t->root, t->own, reterr);

	if (r == 0)
		r = certstore_load(t->root, &t->certs, reterr);
	if (r >= 0 && root_owns_place(t->root, ROOT_PROC) &&
	    keyring_load(t->root, &t->rings, NULL) == 0)
		t->judge.inspect.rings = &t->rings;
	return r < 0 ? r : 0;
}

/* What fails is told in any mode, and all of it: the first that is denied hides none. */
static int make_judge(struct triage *t, struct diag *reterr)
{
	struct inspect *i = &t->judge.inspect;
	int r = inspect_kernel(i, t->root, reterr);

	if (r < 0)
		return r;
	t->mode = i->kernel.mode;
	i->root = t->root;
	i->evm = &t->evm;
	for (int a = IMAXATTR_IMA; a <= IMAXATTR_EVM; a++)
		i->keys[a] = &t->own[a];
	r = judge_init(&t->judge, t->root, t->probe, &t->rules, reterr);
	i->kernel.mode = APPRAISE_MODE_LOG;
	return r;
}

int triage_open(struct triage *t, const struct root *root, const struct span *policy,
		struct diag *reterr)
{
	int r;

	*t = (struct triage){.root = root};
	r = probe_run(root, (struct span){0}, &t->probe, reterr);
	if (r == 0 && see_rules(t, policy) < 0)
		r = no_memory(reterr);
	if (r == 0)
		r = evmstate_read(root, &t->evm, reterr);
	if (r == 0)
		r = see_keys(t, reterr);
	if (r == 0)
		r = pkgdb_new(&t->packages, reterr);
	if (r == 0)
		r = make_judge(t, reterr);
	if (r < 0)
		triage_close(t);
	return r;
}

void triage_close(struct triage *t)
{
	judge_done(&t->judge);
	pkgdb_free(t->packages);
	certstore_done(&t->certs);
	keyset_done(&t->own[IMAXATTR_IMA]);
	keyset_done(&t->own[IMAXATTR_EVM]);
	keyring_done(&t->rings);
	evmstate_done(&t->evm);
	ruleset_done(&t->rules);
	probe_free(t->probe);
	*t = (struct triage){0};
}

void triage_found_done(struct triage_found *f)
{
	for (size_t i = 0; i < f->n_remedies; i++)
		strbuf_done(&f->remedy[i].command);
	explain_done(&f->place);
	strbuf_done(&f->path);
	*f = (struct triage_found){0};
}

/* The numbers of device names in records are not known here: inodes must do. */
static enum triage_answer same_inode(const struct denial *d, const struct walk_file *f)
{
	if (!d || !d->ino)
		return TRIAGE_UNKNOWN;
	return d->ino == f->stamp.ino ? TRIAGE_YES : TRIAGE_NO;
}

/* A file of the target: 1; 0: none, and why. */
static int find_file(struct triage *t, const struct triage_subject *s,
		     struct triage_found *ret, int *ret_fd)
{
	struct diag d = {0};
	int r;

	ret->first = SIZE_MAX;
	ret->same = ret->again = TRIAGE_UNKNOWN;
	ret->package = "";
	if (!s->path)
		return 0;
	strbuf_adds(&ret->path, s->path);
	*ret_fd = fspath_open(t->root->dir[ROOT_TARGET], s->path, O_PATH | O_CLOEXEC);
	r = *ret_fd < 0 ? *ret_fd : walk_facts(*ret_fd, &ret->facts);
	if (r == 0 && !S_ISREG(ret->facts.mode))
		r = -EINVAL;
	if (r == 0)
		r = explain_file(t->root, s->path, &ret->place, &d);
	if (r == -ENOMEM)
		return r;
	ret->err = -r;
	ret->is_file = r == 0;
	ret->same = ret->is_file ? same_inode(s->denial, &ret->facts) : TRIAGE_UNKNOWN;
	return ret->is_file;
}

/* What its own label can satisfy, whatever the rules ask for. */
static int look_at_label(struct triage *t, struct triage_found *ret)
{
	struct inspect *i = &t->judge.inspect;
	struct diag d = {0};
	int r;

	i->rule = (struct appraise_rule){0};
	i->access = (struct appraise_access){0};
	i->not_appraised = i->label_unread = i->collected.is = false;
	i->rule_of_label = true;
	i->reading = INSPECT_ALL;
	r = inspect_ask(i, &ret->seen, &d);
	if (r < 0 && r != -ENOMEM) { /* then only what needs no reading */
		ret->read_err = d.err ? d.err : EIO;
		i->reading = INSPECT_LABELS;
		r = inspect_ask(i, &ret->seen, &d);
	}
	i->rule_of_label = false;
	i->reading = ret->read_err ? INSPECT_LABELS : INSPECT_NEEDED;
	ret->label = &i->label;
	return r == -ENOMEM ? r : 0;
}

/* The signature that names a key; NULL: there is none of version 2 or 3. */
static const struct imaxattr *signature_of(const struct label *l)
{
	for (int a = IMAXATTR_IMA; a <= IMAXATTR_EVM; a++)
		if (!l->err[a] && imaxattr_is_sig(&l->x[a]) &&
		    l->x[a].keyid.len == CERT_KEYID)
			return &l->x[a];
	return NULL;
}

static void look_for_cert(const struct triage *t, struct triage_found *ret)
{
	const struct imaxattr *x = signature_of(ret->label);
	uint8_t id[CERT_KEYID];

	for (size_t i = 0; x && i < t->certs.n && !ret->cert; i++) {
		if (!cert_keyid(t->certs.cert[i], id) ||
		    !span_equal(x->keyid, (struct span){id, sizeof(id)}))
			continue;
		ret->cert = t->certs.cert[i];
		ret->cert_file = t->certs.from[i];
	}
}

/* Held against the digest that the package lists. */
static int look_at_package(struct triage *t, struct triage_found *ret, int fd)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	struct digest listed, is;
	int r = pkgdb_is_loaded(t->packages) ? 0 : pkgdb_load(t->packages, t->root, NULL);

	if (r == -ENOMEM)
		return r;
	strbuf_addf(&path, "/%s", strbuf_str(&ret->path));
	ret->package =
		pkgdb_name(t->packages, pkgdb_owner(t->packages, strbuf_span(&path)));
	ret->shipped = *ret->package ? TRIAGE_UNTOLD : TRIAGE_UNOWNED;
	if (!*ret->package)
		return 0;
	r = pkgdigest_of(t->root, ret->package, strbuf_str(&ret->path), &listed);
	if (r <= 0)
		return r;
	ret->shipped = TRIAGE_UNREAD;
	if (!ret->read_err) {
		_cleanup_close_ int data = label_open_contents(fd, "", NULL);

		if (data < 0 || label_hash(data, "", &t->judge.inspect.hash, listed.alg,
					   &is, NULL) < 0)
			return 0;
		ret->shipped = span_equal(digest_span(&is), digest_span(&listed))
				       ? TRIAGE_AS_SHIPPED
				       : TRIAGE_CHANGED;
	}
	return 0;
}

static void take_step(struct triage_op *op, const struct judge_result *r)
{
	if (!r->appraised || op->fails)
		return;
	op->appraised = true;
	op->unsure |= r->match.by[POLICY_CLASS_APPRAISE].unsure != SIZE_MAX ||
		      r->unsure_file || r->unread;
	op->fails = r->verdict.fails;
	op->cause = r->verdict.why;
	op->rule = r->match.by[POLICY_CLASS_APPRAISE].rule;
	op->asks = (struct appraise_rule){
		.sig = r->match.signature,
		.sigv3 = r->match.sigv3,
		.modsig = r->match.modsig,
		.verity = r->match.verity,
		.algos = r->match.algos,
	};
	if (op->fails)
		op->unsure = false;
}

static int ask_op(struct triage *t, struct judge_file *file, const char *word,
		  uint32_t uid, struct triage_found *ret)
{
	const struct policymatch_access who = {
		.uid = uid,
		.euid = uid,
		.suid = uid,
		.gid = uid,
		.egid = uid,
		.sgid = uid,
		.may_setuid = !uid,
		.may_setgid = !uid,
	};
	struct judge_result r[JUDGE_STEPS];
	struct triage_op op = {.word = word, .rule = SIZE_MAX};
	struct diag d = {0};
	int n;

	if (ret->n_ops == TRIAGE_OPS)
		return 0;
	file->memory = (struct judge_memory){0};
	n = judge_op(&t->judge, file, word, &who, r, &d);
	if (n == -ENOMEM)
		return n;
	op.unsure = n < 0;
	for (int i = 0; i < n; i++)
		take_step(&op, &r[i]);
	ret->op[ret->n_ops++] = op;
	return 0;
}

/* What makes sense for such a file. */
static bool fits(const char *op, const struct triage_found *f)
{
	const char *name = strbuf_str(&f->path);

	if (strcmp(op, "exec") == 0)
		return f->facts.mode & 0111;
	if (strcmp(op, "mmap") == 0)
		return f->facts.mode & 0111 || strstr(name, ".so");
	if (strcmp(op, "module") == 0)
		return strstr(name, ".ko");
	return true;
}

static int ask_all(struct triage *t, const struct triage_subject *s,
		   struct judge_file *file, struct triage_found *ret)
{
	static const char *const ops[] = {"exec", "mmap", "module", "read", "write"};
	int r = 0;

	if (s->op)
		return ask_op(t, file, s->op, s->uid, ret);
	for (size_t i = 0; i < array_size(ops) && r == 0; i++)
		if (fits(ops[i], ret))
			r = ask_op(t, file, ops[i], s->uid, ret);
	return r;
}

/* That with the cause of the record, else the first that fails, else that is unsure. */
static void choose(struct triage_found *f)
{
	enum appraise_cause said = f->cause ? f->cause->appraise : APPRAISE_NONE;

	for (int round = 0; round < 3 && f->first == SIZE_MAX; round++)
		for (size_t i = 0; i < f->n_ops && f->first == SIZE_MAX; i++)
			if (round == 2
				    ? f->op[i].unsure
				    : f->op[i].fails && (round || f->op[i].cause == said))
				f->first = i;
	f->again = f->first == SIZE_MAX	   ? TRIAGE_NO
		   : f->op[f->first].fails ? TRIAGE_YES
					   : TRIAGE_UNKNOWN;
}

static int ask_rules(struct triage *t, const struct triage_subject *s,
		     struct judge_file *file, struct triage_found *ret)
{
	int r;

	if (t->no_rules.id != DIAG_NONE)
		return 0;
	r = ask_all(t, s, file, ret);
	choose(ret);
	/* reading is denied to us as it was to others */
	if (ret->again == TRIAGE_UNKNOWN && ret->read_err == EACCES &&
	    t->mode == APPRAISE_MODE_ENFORCE)
		ret->again = TRIAGE_YES;
	ret->denies = ret->again == TRIAGE_YES && t->mode == APPRAISE_MODE_ENFORCE;
	return r;
}

static int look_at_file(struct triage *t, const struct triage_subject *s, int fd,
			struct triage_found *ret, struct diag *reterr)
{
	struct judge_file file = {
		.subject = {.fd = fd,
			    .path = s->path,
			    .fs_magic = (uint32_t)ret->place.access.fsmagic},
		.place = ret->place.access,
		.mode = ret->facts.mode,
	};
	int r = judge_begin(&t->judge, &file, reterr);

	if (r < 0)
		return r;
	r = look_at_label(t, ret);
	if (r == 0)
		look_for_cert(t, ret);
	if (r == 0)
		r = look_at_package(t, ret, fd);
	if (r == 0)
		r = ask_rules(t, s, &file, ret);
	judge_end(&t->judge);
	return r < 0 ? no_memory(reterr) : 0;
}

static void take_cause(const struct triage_subject *s, struct triage_found *ret)
{
	const struct denial *d = s->denial;

	if (d)
		ret->cause = auditcause_find(d->type, d->op, d->cause);
	ret->of_record = ret->cause;
	if (ret->of_record)
		ret->word = d->cause;
}

int triage_look(struct triage *t, const struct triage_subject *s,
		struct triage_found *ret, struct diag *reterr)
{
	_cleanup_close_ int fd = -1;
	const struct triage_op *op;
	int r;

	take_cause(s, ret);
	r = find_file(t, s, ret, &fd);
	if (r > 0)
		r = look_at_file(t, s, fd, ret, reterr);
	if (r < 0)
		return no_memory(reterr);
	op = triage_first(ret);
	if (!ret->cause && op && op->fails) {
		ret->cause = auditcause_of(op->cause);
		ret->word = span_of(auditcause_word(ret->cause));
	}
	return triage_find_remedies(t, ret) < 0 || ret->path.failed ? no_memory(reterr)
								    : 0;
}
