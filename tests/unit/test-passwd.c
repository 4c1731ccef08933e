/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/fs.h"
#include "core/health/passwd.h"
#include "tests/unit/tree.h"

static void test_parse__refuses(void **state)
{
	static const char *const lines[] = {
		"",
		"root",
		"root:x:0:0:root:/root",
		":x:0:0:root:/root:/bin/sh",
		"a:x:-1:0::/:/bin/sh",
		"a:x:4294967295:0::/:/bin/sh",
		"a:x:1000:0::/:",
		"a:x:1000:0::/:sh",
		"a-name-of-more-than-thirty-two-letters:x:1000:0::/:/bin/sh",
	};
	struct passwd_entry e;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (passwd_parse(span_of(lines[i]), &e))
			fail_msg("%s", lines[i]);
}

static void test_ordinary(void **state)
{
	struct passwd_entry e = {.name = "?"};
	struct tree t;

	tree_make(&t);
	assert_int_equal(passwd_ordinary(&t.root, &e), -ENOENT);
	tree_folder(&t, "etc");
	tree_put(&t, "etc/passwd",
		 "root:x:0:0:root:/root:/bin/bash\n"
		 "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
		 "broken\n"
		 "off:x:1000:1000::/home/off:/bin/false\n"
		 "ann:x:1001:1001:Ann,,,:/home/ann:/bin/sh\n"
		 "nobody:x:65534:65534::/nonexistent:/bin/sh\n");
	assert_int_equal(passwd_ordinary(&t.root, &e), 0);
	assert_string_equal(e.name, "ann");
	assert_int_equal(passwd_of(&t.root, 0, &e), 0);
	assert_string_equal(e.shell, "/bin/bash");
	assert_int_equal(passwd_of(&t.root, 7, &e), -ENOENT);
	assert_string_equal(e.name, "root");
	tree_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__refuses),
		cmocka_unit_test(test_ordinary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
