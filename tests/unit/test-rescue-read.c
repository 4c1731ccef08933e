/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "tui/rescue-internal.h"

#define HEAD  "rescue\t1\n"
#define GO_ON "choice\t8\tgo-on\tContinue as it is\t\ngo-on\t8\n"

static int parse(const char *text, struct rescue_facts *f, struct diag *d)
{
	return rescue_parse(span_of(text), f, d);
}

static void test_rescue_parse__something_else(void **state)
{
	static const char *const texts[] = {
		"",
		"rescue\t1",
		"rescue\t2\n" GO_ON,
		HEAD,
		HEAD "go-on\t8\n",
		HEAD "choice\t8\tgo-on\tContinue\t\n",
		HEAD "choice\tx\tgo-on\tContinue\t\ngo-on\t8\n",
	};
	struct rescue_facts f;
	struct diag d;

	for (size_t i = 0; i < array_size(texts); i++) {
		d = (struct diag){0};
		assert_int_equal(parse(texts[i], &f, &d), -EPROTO);
		assert_int_equal(d.id, DIAG_RECOVERY);
	}
}

static void test_rescue_parse__hostile(void **state)
{
	struct strbuf many = {0};
	struct rescue_facts f;

	strbuf_adds(&many,
		    HEAD GO_ON "fact\t\033[2J\t\033]0;x\a\nplace\n\tx\nseconds\t-1\n");
	for (int i = 0; i < 100; i++)
		strbuf_addf(&many, "choice\t%d\tword\ttext\n", i);
	assert_int_equal(parse(strbuf_str(&many), &f, NULL), 0);
	assert_int_equal(f.n, RESCUE_CHOICES_MAX);
	assert_int_equal(f.seconds, 0);
	assert_null(strchr(f.doc.text.ptr, '\033'));
	assert_null(strchr(f.doc.line[0].label, '\033'));
	rescue_facts_done(&f);
	strbuf_done(&many);
}

static void test_rescue_parse__all_of_it(void **state)
{
	struct rescue_facts f;

	assert_int_equal(
		parse(HEAD
		      "place\tinitramfs\nroot\t/root\nfact\tThis boot\trefused\n"
		      "fact\t\tbecause\n"
		      "choice\t3\tno-policy\tBoot once\tthe boot is past that\n" GO_ON
		      "default\t8\nseconds\t30\ngood\t6\nother\t7\nforbids\tpanic=\n",
		      &f, NULL),
		0);
	assert_int_equal(f.n, 2);
	assert_string_equal(f.choice[0].word, "no-policy");
	assert_string_equal(f.choice[0].why, "the boot is past that");
	assert_string_equal(f.choice[1].why, "");
	assert_int_equal(f.fallback, 8);
	assert_int_equal(f.seconds, 30);
	assert_int_equal(f.good, 6);
	assert_int_equal(f.other, 7);
	assert_string_equal(f.root, "/root");
	assert_string_equal(f.forbids, "panic=");
	assert_int_equal(f.doc.n, 3);
	rescue_facts_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rescue_parse__something_else),
		cmocka_unit_test(test_rescue_parse__hostile),
		cmocka_unit_test(test_rescue_parse__all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
