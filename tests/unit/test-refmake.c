/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <pthread.h>

#include "core/label/refmake.h"
#include "tests/unit/tree.h"

static struct refmake *maker(struct tree *t, const struct sig_key *key)
{
	struct refmake *r = NULL;

	assert_int_equal(refmake_new(t->pool, &t->root, key, 0, &r, NULL), 0);
	return r;
}

static struct refmake_ask hash(const char *path)
{
	return (struct refmake_ask){.path = path,
				    .what = REFMAKE_HASH,
				    .alg = HASH_SHA256};
}

static struct refmake_ask check(const char *path, struct span value)
{
	return (struct refmake_ask){.path = path, .what = REFMAKE_CHECK, .value = value};
}

static void test_take__what_cannot_be_read(void **state)
{
	struct tree *t = *state;
	struct refmake *r = maker(t, NULL);
	struct refmake_ask none = hash("none"), link = hash("link"), fifo = hash("fifo");
	struct refmake_ask odd = hash("file");
	struct refmake_answer a;
	struct diag d = {0};

	tree_put(t, "file", "x");
	assert_int_equal(symlinkat("file", t->fd, "link"), 0);
	assert_int_equal(mkfifoat(t->fd, "fifo", 0600), 0);
	assert_int_equal(refmake_take(r, &none, &a, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_READ);
	assert_int_equal(refmake_take(r, &link, &a, &d), -ELOOP);
	assert_int_equal(refmake_take(r, &fifo, &a, &d), -ESTALE); /* and does not wait */
	odd.alg = HASH_TGR192;
	assert_int_equal(refmake_take(r, &odd, &a, &d), -EOPNOTSUPP);
	assert_int_equal(d.id, DIAG_NO_HASH);
	refmake_free(r);
}

static void test_take__hashes_as_the_kernel_does(void **state)
{
	struct tree *t = *state;
	struct refmake *r = maker(t, NULL);
	struct refmake_ask ask = hash("a");
	struct refmake_answer a;
	struct stat st;
	uint8_t want[34];

	tree_put(t, "a", "hello\n");
	tree_hash_label("hello\n", want);
	assert_int_equal(refmake_take(r, &ask, &a, NULL), 0);
	assert_int_equal(a.value.len, sizeof(want));
	assert_memory_equal(a.value.ptr, want, sizeof(want));
	assert_int_equal(fstatat(t->fd, "a", &st, 0), 0);
	assert_int_equal(a.stamp.ino, st.st_ino);
	assert_int_equal(a.stamp.size, 6);
	assert_int_equal(a.stamp.ctime.nsec, st.st_ctim.tv_nsec);
	assert_false(a.being_written);
	assert_int_equal(refmake_bytes(r), 6);
	ask.alg = HASH_SHA1; /* without the byte that names the algorithm */
	assert_int_equal(refmake_take(r, &ask, &a, NULL), 0);
	assert_int_equal(a.value.len, 21);
	assert_int_equal(a.value.ptr[0], 1);
	refmake_free(r);
}

/* Far more than fit a group or what is done at once; some are left out when they are
 * taken, some were never announced. */
static void test_take__in_the_order_announced(void **state)
{
	enum { FILES = 200 };
	struct tree *t = *state;
	struct refmake *r = maker(t, NULL);
	struct refmake_answer a;
	char name[FILES][16];

	for (int i = 0; i < FILES; i++) {
		struct refmake_ask ask = hash(name[i]);

		(void)snprintf(name[i], sizeof(name[i]), "f%d", i);
		tree_put(t, name[i], name[i]);
		if (i % 7)
			assert_int_equal(refmake_ahead(r, &ask), 0);
	}
	for (int i = 0; i < FILES; i++) {
		struct refmake_ask ask = hash(name[i]);
		uint8_t want[34];

		if (i % 5 == 0)
			continue;
		assert_int_equal(refmake_take(r, &ask, &a, NULL), 0);
		tree_hash_label(name[i], want);
		assert_memory_equal(a.value.ptr, want, sizeof(want));
	}
	refmake_free(r);
}

static void test_free__while_it_works(void **state)
{
	struct tree *t = *state;
	struct refmake *r = maker(t, NULL);
	struct refmake_ask ask = hash("big");
	int fd = tree_open(t, "big", "");

	assert_int_equal(ftruncate(fd, (off_t)1 << 32), 0); /* 4 GiB take seconds */
	assert_int_equal(close(fd), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(refmake_ahead(r, &ask), 0);
	refmake_free(r);
}

static void test_take__signs(void **state)
{
	struct tree *t = *state;
	struct sig_key *key = tree_key();
	struct sig_ctx *ctx = sig_ctx_new();
	struct refmake *r = maker(t, key);
	struct refmake_ask ask = {.path = "a", .what = REFMAKE_SIGN, .alg = HASH_SHA256};
	struct refmake_answer a;
	struct imaxattr x;

	tree_put(t, "a", "content");
	assert_int_equal(refmake_take(r, &ask, &a, NULL), 0);
	imaxattr_decode(IMAXATTR_IMA, a.value, &x);
	assert_true(imaxattr_usable(&x));
	assert_int_equal(x.version, 2);
	assert_true(span_equal(x.keyid, sig_key_id(key)));
	assert_int_equal(sig_check(ctx, key, &x, &a.digest), SIG_GOOD);
	refmake_free(r);
	sig_ctx_free(ctx);
	sig_key_free(key);
}

static enum refmake_fit fit(struct refmake *r, struct span value)
{
	struct refmake_ask ask = check("a", value);
	struct refmake_answer a;

	assert_int_equal(refmake_take(r, &ask, &a, NULL), 0);
	return a.fit;
}

static void test_take__checks_labels(void **state)
{
	struct tree *t = *state;
	struct sig_key *key = tree_key(), *other = tree_key();
	struct refmake *mine = maker(t, key), *theirs = maker(t, other);
	struct refmake_ask ask = {.path = "a", .what = REFMAKE_SIGN, .alg = HASH_SHA256};
	_cleanup_strbuf_ struct strbuf sig = {0};
	struct refmake_answer a;
	uint8_t value[34];

	tree_put(t, "a", "content");
	tree_hash_label("content", value);
	assert_int_equal(fit(mine, (struct span){value, 34}), REFMAKE_FITS);
	value[33] ^= 1;
	assert_int_equal(fit(mine, (struct span){value, 34}), REFMAKE_DIFFERS);
	assert_int_equal(fit(mine, span_of("\x07junk")), REFMAKE_DIFFERS);
	assert_int_equal(refmake_take(mine, &ask, &a, NULL), 0);
	strbuf_add(&sig, a.value.ptr, a.value.len);
	assert_int_equal(fit(mine, strbuf_span(&sig)), REFMAKE_FITS);
	assert_int_equal(fit(theirs, strbuf_span(&sig)), REFMAKE_UNKNOWN_KEY);
	tree_put(t, "a", "other content");
	assert_int_equal(fit(mine, strbuf_span(&sig)), REFMAKE_DIFFERS);
	refmake_free(mine);
	refmake_free(theirs);
	sig_key_free(key);
	sig_key_free(other);
}

static void test_take__tells_who_has_it_open_for_writing(void **state)
{
	struct tree *t = *state;
	struct refmake *r = maker(t, NULL);
	struct refmake_ask ask = hash("log");
	struct refmake_answer a;
	int fd = tree_open(t, "log", "a line\n");

	assert_int_equal(refmake_take(r, &ask, &a, NULL), 0);
	assert_true(a.being_written);
	assert_int_equal(close(fd), 0);
	assert_int_equal(refmake_take(r, &ask, &a, NULL), 0);
	assert_false(a.being_written);
	refmake_free(r);
}

struct writer {
	int fd;
	atomic_bool stop;
};

static void *write_on(void *arg)
{
	struct writer *w = arg;

	while (!atomic_load(&w->stop))
		assert_int_equal(pwrite(w->fd, "y", 1, 0), 1);
	return NULL;
}

static void test_take__refuses_what_changes(void **state)
{
	struct tree *t = *state;
	struct refmake *r = maker(t, NULL);
	struct refmake_ask ask = hash("busy");
	struct writer w = {.fd = tree_open(t, "busy", "")};
	struct refmake_answer a;
	struct diag d = {0};
	pthread_t thread;
	int taken = 0;

	assert_int_equal(ftruncate(w.fd, 32 << 20),
			 0); /* reading it takes several ticks */
	assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
	/* On a busy machine the writer may not get his turn while it is read. */
	for (int i = 0; i < 500 && taken >= 0; i++)
		taken = refmake_take(r, &ask, &a, &d);
	assert_int_equal(taken, -ESTALE);
	assert_int_equal(d.id, DIAG_LABEL_CHANGING);
	atomic_store(&w.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(close(w.fd), 0);
	refmake_free(r);
}

/* A change right after the answer always shows in the file's times. */
static void test_take__waits_for_the_clock(void **state)
{
	struct tree *t = *state;
	struct refmake *r = maker(t, NULL);

	for (int i = 0; i < 50; i++) {
		struct refmake_ask ask = hash("new");
		struct refmake_answer a;
		struct stat st;

		tree_put(t, "new", "one");
		assert_int_equal(refmake_take(r, &ask, &a, NULL), 0);
		tree_put(t, "new", "two");
		assert_int_equal(fstatat(t->fd, "new", &st, 0), 0);
		assert_true(st.st_ctim.tv_sec != a.stamp.ctime.sec ||
			    st.st_ctim.tv_nsec != (long)a.stamp.ctime.nsec);
	}
	refmake_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
		TEST(test_take__what_cannot_be_read),
		TEST(test_take__hashes_as_the_kernel_does),
		TEST(test_take__in_the_order_announced),
		TEST(test_free__while_it_works),
		TEST(test_take__signs),
		TEST(test_take__checks_labels),
		TEST(test_take__tells_who_has_it_open_for_writing),
		TEST(test_take__refuses_what_changes),
		TEST(test_take__waits_for_the_clock),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
