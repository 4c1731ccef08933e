/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On this machine's own mounts: files in a folder of ours. */
#include "tests/unit/test.h"

#include <sys/sysmacros.h>

#include "core/host/mounts.h"
#include "core/triage/place.h"
#include "tests/unit/tree.h"

static struct root live;

/* How the kernel would name the file system of @dev: the type will do where there is no
 * block device. */
static bool fs_name(uint64_t dev, char ret[64])
{
	_cleanup_mounts_ struct mounts m;
	const struct mounts_type *type;

	assert_int_equal(mounts_load(&live, &m), 0);
	type = mounts_find(&m, dev);
	if (!type || major(dev))
		return false;
	(void)snprintf(ret, 64, "%.*s", (int)type->type.len, type->type.ptr);
	return true;
}

static void test_place_find__file(void **state)
{
	_cleanup_(place_freep) struct place *p = place_new(&live);
	struct tree t;
	char fs[64], want[160];
	struct stat st;
	struct denial d = {.name = DENIAL_NAME_PART, .path = span_of("needle")};
	struct span path;

	tree_make_at(&t, "/dev/shm");
	tree_folder(&t, "a/b c");
	tree_put(&t, "needle", "another of that name");
	tree_put(&t, "a/b c/needle", "x");
	assert_int_equal(fstatat(t.fd, "a/b c/needle", &st, 0), 0);
	if (!fs_name(st.st_dev, fs)) {
		tree_done(&t);
		skip();
	}
	d.dev = span_of(fs);
	d.ino = st.st_ino;
	path = place_find(p, &d);
	(void)snprintf(want, sizeof(want), "%s/a/b c/needle", t.dir);
	if (!span_is(path, want))
		fail_msg("%.*s", (int)path.len, path.ptr);
	/* from the root of its file system */
	(void)snprintf(want, sizeof(want), "%s/a/b c/needle", t.dir);
	d.path = span_of(want + strlen("/dev/shm"));
	path = place_find(p, &d);
	assert_true(span_is(path, want));
	/* the number is another's, or the name */
	d.ino++;
	assert_int_equal(place_find(p, &d).len, 0);
	d.ino = st.st_ino;
	d.path = span_of("thread");
	assert_int_equal(place_find(p, &d).len, 0);
	d.path = span_of("needle");
	d.dev = span_of("../../sda");
	assert_int_equal(place_find(p, &d).len, 0);
	d.name = DENIAL_NAME_OTHER;
	d.dev = span_of(fs);
	assert_int_equal(place_find(p, &d).len, 0);
	tree_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place_find__file),
	};
	int r;

	if (root_open_live(&live, NULL, NULL) < 0)
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	root_done(&live);
	return r;
}
