/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cannot be told from list and PCR alone, and is told by another copy of the list:
 * the forms a kernel writes it in, an older one, one that was forged as well.
 */
#include "tests/unit/bootgen.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/verify/verify-list.h"
#include "tests/unit/listgen.h"

enum { N = 60, NEW = 1000 };

static void list_file(struct bg *b, unsigned n)
{
	struct bg_entry e = bg_file(n);

	bg_list(b, &e);
}

/* A boot with an empty list whose PCRs know @n entries. */
static struct bg *boot(unsigned n)
{
	struct bg *b = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);

	for (unsigned i = 0; i < n; i++) {
		struct bg_entry e = bg_nth(b, i);

		bg_extend(b, &e);
	}
	return b;
}

static struct verify *verify_with(struct bg *b, const struct bg *copy)
{
	struct verify_options o = bg_options(b);
	struct verify *v;

	o.n_copies = 1;
	o.copy[0] = (struct verify_copy){"the copy", listgen_file(&copy->list), 0};
	assert_true(o.copy[0].fd >= 0);
	v = bg_verify(&o);
	close(o.copy[0].fd);
	return v;
}

static void says(const struct verify *v, enum verify_why why, uint64_t first,
		 uint64_t last, const char *text)
{
	const struct verify_reason *w = bg_reason(v, why);

	if (w && w->first == first && w->last == last && strcmp(w->text, text) == 0)
		return;
	bg_print(v);
	fail_msg("%s expected from %d to %d:\n%s", verify_why_name(why), (int)first,
		 (int)last, text);
}

/* @make changes the list; @copy is as it was measured. */
static void check(void (*make)(struct bg *b), uint64_t first, uint64_t last,
		  const char *text)
{
	_bg_ b = boot(N);
	_bg_ copy = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	_cleanup_(verify_freep) struct verify *v = NULL;

	make(b);
	bg_list_range(copy, 0, N);
	v = verify_with(b, copy);
	assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
	says(v, WHY_CHANGED, first, last, text);
	assert_int_equal(bg_causes(v), 1);
	assert_null(bg_reason(v, WHY_NONE));
	assert_int_equal(verify_result(v)->search.ms, 0); /* was not needed */
}

static void dropped(struct bg *b)
{
	bg_list_range(b, 0, 34);
	bg_list_range(b, 35, N);
}

static void several_dropped(struct bg *b)
{
	bg_list_range(b, 0, 34);
	bg_list_range(b, 38, N);
}

static void last_dropped(struct bg *b)
{
	bg_list_range(b, 0, 28); /* more than that would be a prefix with a change */
	bg_list_range(b, 29, N - 1);
}

static void changed(struct bg *b)
{
	bg_list_range(b, 0, 34);
	list_file(b, NEW);
	bg_list_range(b, 35, N);
}

static void inserted(struct bg *b)
{
	bg_list_range(b, 0, 34);
	list_file(b, NEW);
	list_file(b, NEW + 1);
	bg_list_range(b, 34, N);
}

static void swapped(struct bg *b)
{
	bg_list_range(b, 0, 34);
	bg_list_range(b, 35, 36);
	bg_list_range(b, 34, 35);
	bg_list_range(b, 36, N);
}

static void swapped_at_the_end(struct bg *b)
{
	bg_list_range(b, 0, N - 2);
	bg_list_range(b, N - 1, N);
	bg_list_range(b, N - 2, N - 1);
}

static void moved(struct bg *b)
{
	bg_list_range(b, 0, 34);
	bg_list_range(b, 35, 39);
	bg_list_range(b, 34, 35);
	bg_list_range(b, 39, N);
}

static void violation_changed(struct bg *b)
{
	struct bg_entry e = bg_violation(NEW);

	bg_list_range(b, 0, 13);
	bg_list(b, &e);
	bg_list_range(b, 14, 34);
	bg_list_range(b, 35, N);
}

static void test_copy__names_what_was_changed(void **state)
{
	check(dropped, 35, 35,
	      "Entry 35 of the copy (/usr/bin/tool-34) is missing here; the PCR proves the "
	      "copy.");
	check(several_dropped, 35, 35,
	      "Entries 35 to 38 of the copy, the first /usr/bin/tool-34, are missing here; "
	      "the PCR proves the copy.");
	check(last_dropped, 29, 29,
	      "Entry 29 of the copy (/usr/bin/tool-28) is missing here, and there is one "
	      "more difference; the PCR proves the copy.");
	check(changed, 35, 35,
	      "Entry 35 (/usr/bin/tool-1000) is another one in the copy "
	      "(/usr/bin/tool-34); the PCR proves the copy.");
	check(inserted, 35, 36,
	      "Entries 35 to 36, the first /usr/bin/tool-1000, do not stand in the copy; "
	      "the PCR proves the copy.");
	check(swapped, 35, 36,
	      "Entries 35 (/usr/bin/tool-35) and 36 stand the other way round in the copy; "
	      "the PCR proves the copy.");
	check(swapped_at_the_end, N - 1, N,
	      "Entries 59 (/usr/bin/tool-59) and 60 stand the other way round in the copy; "
	      "the PCR proves the copy.");
	check(moved, 35, 39,
	      "Entries 35 to 39, the first /usr/bin/tool-35, are others in the copy "
	      "(entries 35 to 39, the first /usr/bin/tool-34); the PCR proves the copy.");
	check(violation_changed, 14, 14,
	      "Entry 14 (/var/log/file-1000) is another one in the copy (/var/log/file-13), "
	      "and there is one more difference; the PCR proves the copy.");
}

/* Read earlier, right behind what was changed or long after it: the rest of the list stands
 * behind it. */
static void test_copy__older(void **state)
{
	static const unsigned ends[] = {35, 36, 40, 50, N};

	for (size_t i = 0; i < array_size(ends); i++) {
		_bg_ b = boot(N);
		_bg_ copy = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
		_cleanup_(verify_freep) struct verify *v = NULL;

		changed(b);
		bg_list_range(copy, 0, ends[i]);
		v = verify_with(b, copy);
		says(v, WHY_CHANGED, 35, 35,
		     "Entry 35 (/usr/bin/tool-1000) is another one in the copy "
		     "(/usr/bin/tool-34); the PCR proves the copy.");
	}
}

/* Taken later than the PCR's value. */
static void test_copy__newer(void **state)
{
	_bg_ b = boot(N);
	_bg_ copy = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	_cleanup_(verify_freep) struct verify *v = NULL;

	dropped(b);
	bg_list_range(copy, 0, N + 20);
	v = verify_with(b, copy);
	says(v, WHY_CHANGED, 35, 35,
	     "Entry 35 of the copy (/usr/bin/tool-34) is missing here; the PCR proves the "
	     "copy.");
}

/* Changed as well: that they differ is all there is to say. */
static void test_copy__forged_too(void **state)
{
	_bg_ b = boot(N);
	_bg_ copy = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	_cleanup_(verify_freep) struct verify *v = NULL;

	changed(b);
	bg_list_range(copy, 0, 50);
	list_file(copy, NEW + 7);
	bg_list_range(copy, 51, N);
	v = verify_with(b, copy);
	assert_int_equal(bg_causes(v), 0);
	assert_non_null(bg_reason(v, WHY_NONE));
	says(v, WHY_COPY_DIFFERS, 35, 35,
	     "the copy says something else from entry 35 on (places: 2); the PCR proves "
	     "neither.");
}

/* Nothing to be learned from these; what the search finds is found all the same. */
static void test_copy__of_no_use(void **state)
{
	static const struct {
		unsigned from, to;
		size_t cut;
	} copies[] = {{0, 0, 0}, {0, 30, 0}, {0, 40, 7}};

	for (size_t i = 0; i < array_size(copies); i++) {
		_bg_ b = boot(N);
		_bg_ copy = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
		_cleanup_(verify_freep) struct verify *v = NULL;

		bg_list_range(b, 0, 50);
		list_file(b, NEW);
		bg_list_range(b, 50, N);
		bg_list_range(copy, copies[i].from, copies[i].to);
		copy->list.len -= copies[i].cut;
		v = verify_with(b, copy);
		assert_int_equal(bg_causes(v), 1);
		assert_int_equal(bg_reason(v, WHY_INSERTED)->first, 51);
		assert_null(bg_reason(v, WHY_COPY_DIFFERS));
	}
}

/* A copy of something else altogether. */
static void test_copy__of_another_boot(void **state)
{
	_bg_ b = boot(N);
	_bg_ copy = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	_cleanup_(verify_freep) struct verify *v = NULL;

	changed(b);
	bg_list_range(copy, NEW + 100, NEW + 300);
	v = verify_with(b, copy);
	assert_int_equal(bg_causes(v), 0);
	says(v, WHY_COPY_DIFFERS, 1, N,
	     "the copy says something else from entry 1 on (places: 1); the PCR proves "
	     "neither.");
}

/* A file cut off within a record, and a whole one. */
static void test_copy__of_a_cut_list(void **state)
{
	_bg_ b = boot(N);
	_bg_ copy = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	_cleanup_(verify_freep) struct verify *v = NULL;

	bg_list_range(b, 0, 58);
	bg_list_range(copy, 0, N);
	b->list.len -= 7;
	v = verify_with(b, copy);
	assert_int_equal(bg_reason(v, WHY_DAMAGED)->first, 58);
	says(v, WHY_CHANGED, 57, 57,
	     "Entries 58 to 60 of the copy, the first /usr/bin/tool-57, are missing here; "
	     "the PCR proves the copy.");
	assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
}

static void read_fixture(const char *variant, const char *name, struct strbuf *out)
{
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/tests/fixtures/lists/%s/%s",
		       getenv("IMACTL_SOURCE"), variant, name);
	assert_int_equal(fs_read_at(AT_FDCWD, path, 1 << 20, out, NULL), 0);
}

/* The forms in which real kernels wrote the same boot. */
static void check_form(const char *variant, const char *name, uint8_t digest_size)
{
	_cleanup_strbuf_ struct strbuf text = {0}, copy = {0};
	_cleanup_(verify_freep) struct verify *v = NULL;
	_bg_ b = calloc(1, sizeof(*b));
	struct mlog_dialect d;
	struct mlog_entry e;
	struct verify_options o;
	struct bytes c;
	size_t from = 0;

	read_fixture(variant, "binary_runtime_measurements", &b->list);
	read_fixture(variant, "pcrs.json", &text);
	read_fixture(variant, name, &copy);
	assert_int_equal(pcrs_parse(&b->pcrs, strbuf_span(&text), _HASH_ALG_INVALID,
				    NULL),
			 0);
	assert_int_equal(mlog_sniff(strbuf_span(&b->list), 0, &d, NULL), 0);
	c = bytes_of(b->list.ptr, b->list.len);
	for (int i = 0; i < 4; i++) {
		from = c.pos;
		assert_int_equal(mlog_next(&d, &c, NULL, &e, NULL), 1);
	}
	assert_false(e.violation);
	memmove(b->list.ptr + from, b->list.ptr + c.pos, b->list.len - c.pos);
	b->list.len -= c.pos - from;
	o = bg_options(b);
	o.n_copies = 1;
	o.copy[0] = (struct verify_copy){"the copy", listgen_file(&copy), digest_size};
	v = bg_verify(&o);
	close(o.copy[0].fd);
	assert_non_null(bg_reason(v, WHY_CHANGED));
	assert_int_equal(bg_reason(v, WHY_CHANGED)->first, 4);
	assert_non_null(strstr(bg_reason(v, WHY_CHANGED)->text, "Entry 4 of the copy ("));
}

static void test_copy__every_form(void **state)
{
	check_form("61-sig", "ascii_runtime_measurements", 0);
	check_form("61-custom", "ascii_runtime_measurements", 0);
	check_form("61-modsig", "ascii_runtime_measurements", 0);
	check_form("612-ima", "ascii_runtime_measurements_sha256", 32);
	check_form("612-ima", "binary_runtime_measurements_sha384", 48);
	check_form("612-plain-ng", "binary_runtime_measurements_sha256", 32);
	check_form("612-sig", "binary_runtime_measurements_sha512", 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy__names_what_was_changed),
		cmocka_unit_test(test_copy__older),
		cmocka_unit_test(test_copy__newer),
		cmocka_unit_test(test_copy__forged_too),
		cmocka_unit_test(test_copy__of_no_use),
		cmocka_unit_test(test_copy__of_another_boot),
		cmocka_unit_test(test_copy__of_a_cut_list),
		cmocka_unit_test(test_copy__every_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
