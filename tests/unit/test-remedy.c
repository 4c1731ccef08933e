/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "core/triage/remedy.h"

static void says(enum remedy_id id, const struct remedy_about *about, const char *want)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	remedy_command(id, about, &b);
	assert_string_equal(strbuf_str(&b), want);
}

static void test_from_word__unknown(void **state)
{
	assert_int_equal(remedy_from_word(span_of("labe")), _REMEDY_INVALID);
	assert_int_equal(remedy_from_word(span_of("")), _REMEDY_INVALID);
}

static void test_from_word__round(void **state)
{
	for (int i = 0; i < _REMEDY_MAX; i++) {
		const struct remedy *r = remedy_of((enum remedy_id)i);

		assert_int_equal(remedy_from_word(span_of(r->word)), i);
		assert_true(*r->title);
		assert_int_equal(!*r->trusts, !*r->undo);
		assert_true(*r->trusts || r->kind == REMEDY_KIND_SHOW);
		assert_int_equal(!*r->command, r->kind == REMEDY_KIND_ADVICE);
	}
}

/* A name is one word, whatever is in it. */
static void test_words__foreign(void **state)
{
	const struct remedy_about about = {
		.path = span_of("/x y --force;rm"),
		.root = "/sys root",
	};
	_cleanup_strbuf_ struct strbuf b = {0};
	static const char want[] =
		"imactl\0--root=/sys root\0label\0apply\0/x y --force;rm";

	assert_int_equal(remedy_words(REMEDY_LABEL, &about, &b), 5);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.ptr, want, sizeof(want));
	says(REMEDY_LABEL, &about,
	     "imactl '--root=/sys root' label apply '/x y --force;rm'");
}

static void test_command__what_is_known(void **state)
{
	struct remedy_about about = {.path = span_of("/x"), .package = span_of("p")};

	says(REMEDY_SIGN, &about, "imactl file sign --key=KEY /x");
	about.key = span_of("/k.pem");
	says(REMEDY_SIGN, &about, "imactl file sign --key=/k.pem /x");
	says(REMEDY_REINSTALL, &about, "apt-get install --reinstall p");
	about.rpm = true;
	says(REMEDY_REINSTALL, &about, "dnf reinstall p");
	says(REMEDY_LOAD_KEY, &about, "imactl key load CERT");
	says(REMEDY_REPLACE, &about, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_word__unknown),
		cmocka_unit_test(test_from_word__round),
		cmocka_unit_test(test_words__foreign),
		cmocka_unit_test(test_command__what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
