/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/host/hashalg.h"
#include "tests/fault/labels.h"

#define FOREIGN_SIG ((struct span){(const uint8_t *)"\x03\x02\x04KEYI\x00\x04sign", 13})

/* What file number @i is. */
enum sort { BARE, WRONG, RIGHT, FOREIGN, PACKAGED, PACKAGED_HASH, _SORT_MAX };

static void name_of(size_t i, char ret[64])
{
	enum sort sort = i % _SORT_MAX;

	(void)snprintf(ret, 64, "%s/d%zu/%zu", sort >= PACKAGED ? "usr" : "srv", i / 50,
		       i);
}

static void text_of(size_t i, char ret[64])
{
	(void)snprintf(ret, 64, "contents of file %zu\n", i);
}

static void make_one(struct labels *l, size_t i, struct strbuf *list)
{
	char name[64], text[64];
	uint8_t hash[34];

	name_of(i, name);
	text_of(i, text);
	tree_put(&l->tree, name, text);
	tree_hash_label(text, hash);
	switch ((enum sort)(i % _SORT_MAX)) {
	case WRONG:
		hash[10] ^= 1;
		tree_set(&l->tree, name, TREE_IMA, (struct span){hash, 34});
		break;
	case RIGHT:
	case PACKAGED_HASH:
		tree_set(&l->tree, name, TREE_IMA, (struct span){hash, 34});
		break;
	case FOREIGN:
		tree_set(&l->tree, name, TREE_IMA, FOREIGN_SIG);
		break;
	default:
		break;
	}
	if (i % _SORT_MAX >= PACKAGED)
		strbuf_addf(list, "/%s\n", name);
}

static size_t files;

void labels_make(struct labels *l, const char *top, size_t n)
{
	_cleanup_strbuf_ struct strbuf list = {0};
	char name[64];

	*l = (struct labels){0};
	files = n;
	tree_make_at(&l->tree, top);
	for (size_t i = 0; i <= n / 50; i++) {
		(void)snprintf(name, sizeof(name), "usr/d%zu", i);
		tree_folder(&l->tree, name);
		(void)snprintf(name, sizeof(name), "srv/d%zu", i);
		tree_folder(&l->tree, name);
	}
	for (size_t i = 0; i < n; i++)
		make_one(l, i, &list);
	tree_folder(&l->tree, "var/lib/dpkg/info");
	tree_put(&l->tree, "var/lib/dpkg/info/package.list", strbuf_str(&list));
	l->key = tree_key();
}

void labels_done(struct labels *l)
{
	sig_key_free(l->key);
	tree_done(&l->tree);
}

void labels_reopen(struct labels *l)
{
	root_done(&l->tree.root);
	assert_int_equal(root_open_live(&l->tree.root, l->tree.dir, NULL), 0);
}

struct change_ctx labels_begin(struct labels *l, size_t batch)
{
	struct change_ctx ctx = {.root = &l->tree.root,
				 .place = ROOT_STATE,
				 .command = "label apply"};

	if (!l->tree.pool)
		assert_int_equal(pool_new(2, &l->tree.pool, NULL), 0);
	assert_int_equal(refmake_new(l->tree.pool, &l->tree.root, l->key, 0, &l->refs,
				     NULL),
			 0);
	l->act = (struct act_label){.refs = l->refs, .key = l->key};
	act_label_use(&l->act, &ctx);
	if (batch)
		ctx.batch = batch;
	return ctx;
}

void labels_end(struct labels *l)
{
	l->refs = refmake_free(l->refs);
}

void labels_plan(struct labels *l, struct relabel *ret)
{
	static const char *const paths[] = {"usr", "srv"};
	struct relabel_opts opts = {.scope = SCOPE_NAMED,
				    .paths = paths,
				    .n_paths = 2,
				    .alg = HASH_SHA256,
				    .key = l->key};
	struct diag d = {0};

	if (relabel_plan(l->tree.pool, &l->tree.root, NULL, &opts, NULL, ret, &d) < 0)
		fail_msg("%s", d.text);
}

int labels_apply(struct labels *l, size_t batch, struct change_result *ret,
		 struct diag *reterr)
{
	struct change_ctx ctx = labels_begin(l, batch);
	uint8_t hash[PLAN_HASH_SIZE];
	struct relabel plan;
	int r;

	labels_plan(l, &plan);
	plan_hash(&plan.plan, hash);
	r = change_run(&ctx, &plan.plan, hash, ret, reterr);
	relabel_done(&plan);
	labels_end(l);
	return r;
}

char *labels_look(struct labels *l)
{
	struct strbuf b = {0};
	uint8_t value[1024];
	char name[64];
	ssize_t n;

	for (size_t i = 0; i < files; i++) {
		name_of(i, name);
		n = tree_get(&l->tree, name, TREE_IMA, value, sizeof(value));
		strbuf_addf(&b, "%s ", name);
		if (n >= 0)
			strbuf_addhex(&b, (struct span){value, (size_t)n});
		else
			strbuf_adds(&b, "none");
		strbuf_addc(&b, '\n');
	}
	return strbuf_take(&b);
}

static bool is_signed(struct labels *l, struct sig_ctx *ctx, const char *name,
		      const char *text)
{
	struct digest d = {.alg = HASH_SHA256, .size = 32};
	uint8_t value[1024];
	ssize_t n = tree_get(&l->tree, name, TREE_IMA, value, sizeof(value));
	struct imaxattr x;

	assert_int_equal(hash_of(HASH_SHA256, span_of(text), &d, NULL), 0);
	imaxattr_decode(IMAXATTR_IMA, (struct span){value, n < 0 ? 0 : (size_t)n}, &x);
	return imaxattr_is_sig(&x) && span_equal(x.keyid, sig_key_id(l->key)) &&
	       sig_check(ctx, l->key, &x, &d) == SIG_GOOD;
}

void labels_assert_right(struct labels *l, const char *where)
{
	struct sig_ctx *ctx = sig_ctx_new();
	uint8_t value[64];
	char name[64], text[64];
	bool right;

	for (size_t i = 0; i < files; i++) {
		enum sort sort = i % _SORT_MAX;

		name_of(i, name);
		text_of(i, text);
		if (sort >= PACKAGED)
			right = is_signed(l, ctx, name, text);
		else if (sort == FOREIGN)
			right = tree_get(&l->tree, name, TREE_IMA, value,
					 sizeof(value)) == (ssize_t)FOREIGN_SIG.len &&
				memcmp(value, FOREIGN_SIG.ptr, FOREIGN_SIG.len) == 0;
		else
			right = tree_has_hash(&l->tree, name, text);
		if (!right)
			fail_msg("%s: the label of %s is not right", where, name);
	}
	sig_ctx_free(ctx);
}
