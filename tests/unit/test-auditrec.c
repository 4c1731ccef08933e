/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <json.h>

#include "core/host/auditrec.h"
#include "core/base/cleanup.h"
#include "core/base/fs.h"

#define HEAD                                                                             \
	"type=INTEGRITY_DATA msg=audit(1670857707.178:126): pid=1438 uid=1000 auid=0 ses=3 "
#define EVENT "op=appraise_data cause=missing-hash comm=\"cat\" "

static int parse(const char *line, struct auditrec *ret, struct diag *reterr)
{
	return auditrec_parse(span_of(line), ret, reterr);
}

static void assert_refused(const char *line, const char *why)
{
	struct auditrec r = {.serial = 7};
	struct diag d = {0};

	if (parse(line, &r, &d) != -EBADMSG)
		fail_msg("taken: %s", line);
	assert_int_equal(d.id, DIAG_AUDIT_RECORD);
	if (!strstr(d.text, why))
		fail_msg("%s: %s", line, d.text);
	assert_int_equal(r.serial, 7); /* untouched */
}

static const char *text_of(const struct auditrec *r, enum auditrec_field field)
{
	static struct strbuf b;

	strbuf_clear(&b);
	return auditrec_text(r, field, &b) ? strbuf_str(&b) : NULL;
}

static struct auditrec record(const char *line)
{
	struct auditrec r;
	struct diag d = {0};

	if (parse(line, &r, &d) != 1)
		fail_msg("%s: %s", line, d.text);
	return r;
}

static void test_auditrec_parse__no_record(void **state)
{
	static char longest[AUDITREC_LINE_MAX + 2];

	memset(longest, 'a', sizeof(longest) - 1);
	assert_refused(longest, "longer");
	assert_refused("", "no audit record");
	assert_refused("Nov  1 kernel: hello", "no audit record");
	assert_refused("a b c d e f g h i j k l m n type=1800 audit(1.000:1): a=1",
		       "no audit record");
	/* what stands in quotes is somebody's own */
	assert_refused("sshd: user \"type=1800 audit(1.000:1): op=x cause=y comm=z res=1",
		       "no audit record");
}

static void test_auditrec_parse__damaged_head(void **state)
{
	static const char *const heads[] = {
		"type=1800 audit(evm): res=1",
		"type=1800 audit([...]): res=1",
		"type=1800 audit(1.000:): res=1",
		"type=1800 audit(1.00:1): res=1",
		"type=1800 audit(1.000:1) res=1",
		"type=1800 audit(1.000:1",
		"type=1800 audit(1.000:99999999999999999999): res=1",
		"type=1800 res=1",
		"type= audit(1.000:1): res=1",
		"type=integrity audit(1.000:1): res=1",
		"type=",
		"audit[12: INTEGRITY_DATA res=1",
		"audit(",
	};

	for (size_t i = 0; i < array_size(heads); i++)
		assert_refused(heads[i], "no type, time");
}

static void test_auditrec_parse__damaged_fields(void **state)
{
	assert_refused(HEAD "op=appraise_data cause=missing-hash comm=\"cat", "quote");
	assert_refused(HEAD EVENT "name=\"/a\"b\" res=0", "quote");
	assert_refused(HEAD EVENT "name=/a\"b res=0", "quote");
	assert_refused("type=1800 audit(1.000:1): stray op=x", "no field");
	assert_refused(HEAD EVENT "name=\"/a\" name=\"/b\" res=0", "twice");
	assert_refused(HEAD EVENT "name=\"/a\"", "cut off");
	assert_refused(HEAD, "cut off");
	assert_refused("type=1807 audit(1.000:1): action=measure", "cut off");
	assert_refused("type=1805 audit(1.000:1): file=\"/a\" hash=\"x\" pid=1",
		       "cut off");
}

static void test_auditrec_parse__other_types(void **state)
{
	struct auditrec r = {0};

	assert_int_equal(parse("type=USER_LOGIN msg=audit(1.002:77): pid=\"1 x", &r,
			       NULL),
			 0);
	assert_int_equal(r.type, 0);
	assert_int_equal(r.serial, 77);
	assert_int_equal(parse("type=1130 audit(1.002:78): pid=1", &r, NULL), 0);
	assert_int_equal(r.type, 1130);
	assert_int_equal(parse("audit[1]: SERVICE_START pid=1", &r, NULL), 0);
	assert_int_equal(r.has, 0);
}

static void test_auditrec_parse__heads(void **state)
{
	struct auditrec r = record(HEAD EVENT "res=0");

	assert_int_equal(r.type, AUDITREC_DATA);
	assert_true(r.has_time && r.has_serial && !r.interpreted);
	assert_int_equal(r.sec, 1670857707);
	assert_int_equal(r.msec, 178);
	assert_int_equal(r.serial, 126);
	r = record("node=web07 type=UNKNOWN[1808] msg=audit(1.000:1): " EVENT "res=1");
	assert_int_equal(r.type, AUDITREC_USERSPACE);
	assert_true(span_is(r.node, "web07"));
	r = record("Oct 24 02:26:32 web07 audit[7]: <audit-1808> " EVENT "res=1");
	assert_int_equal(r.type, AUDITREC_USERSPACE);
	assert_false(r.has_time);
	r = record("type=EOE msg=audit(1.000:1): ");
	assert_int_equal(r.type, AUDITREC_EOE);
}

static void test_auditrec_text__foreign(void **state)
{
	struct auditrec r = record(HEAD EVENT "name=2F746D702F6120 res=0");
	_cleanup_strbuf_ struct strbuf b = {0};

	assert_string_equal(text_of(&r, AUDITREC_FIELD_NAME), "/tmp/a ");
	assert_null(text_of(&r, AUDITREC_FIELD_FILE));
	/* nothing in it would have been written in hexadecimal: it is a name */
	r = record(HEAD EVENT "name=2F6162 res=0");
	assert_string_equal(text_of(&r, AUDITREC_FIELD_NAME), "2F6162");
	r = record(HEAD EVENT "name=\"ABCD\" dev=CAFE res=0");
	assert_string_equal(text_of(&r, AUDITREC_FIELD_NAME), "ABCD");
	assert_string_equal(text_of(&r, AUDITREC_FIELD_DEV), "\xca\xfe");
	r = record(HEAD EVENT "name=6100 res=0");
	assert_true(auditrec_text(&r, AUDITREC_FIELD_NAME, &b));
	assert_int_equal(b.len, 2); /* the NUL is there */
	r = record(
		"type=INTEGRITY_DATA msg=audit(07/09/2020 12:30:27.778:1) : op=a cause=b "
		"comm=cat name=CAFE dev=sda ino=1 res=no");
	assert_string_equal(text_of(&r, AUDITREC_FIELD_NAME), "CAFE");
	assert_true(r.interpreted && !r.has_time && r.has_serial);
}

static void test_auditrec_text__words(void **state)
{
	struct auditrec r = record(
		"type=1802 audit(1.000:1): pid=1 subj=my app (enforce) op=policy_update "
		"cause=signed policy required comm=\"a=b c=d\"  res=0\x1d"
		"AUID=\"root\" res=7");

	assert_string_equal(text_of(&r, AUDITREC_FIELD_CAUSE), "signed policy required");
	assert_string_equal(text_of(&r, AUDITREC_FIELD_SUBJ), "my app (enforce)");
	assert_string_equal(text_of(&r, AUDITREC_FIELD_COMM), "a=b c=d");
	assert_string_equal(text_of(&r, AUDITREC_FIELD_RES), "0");
}

/* The uid= of a rule is not that of who loads it. */
static void test_auditrec_parse__rule(void **state)
{
	struct auditrec r = record("type=1807 audit(1.000:1): action=appraise "
				   "func=BPRM_CHECK uid>1000 fowner=0 res=1");

	assert_string_equal(text_of(&r, AUDITREC_FIELD_FUNC), "BPRM_CHECK");
	assert_false(auditrec_has(&r, AUDITREC_FIELD_UID));
	r = record("type=1807 audit(1.000:1): UNKNOWN=res=1 res=0");
	assert_string_equal(text_of(&r, AUDITREC_FIELD_UNKNOWN), "res=1");
	assert_string_equal(text_of(&r, AUDITREC_FIELD_RES), "0");
}

static void test_auditrec_number__signs(void **state)
{
	struct auditrec r =
		record(HEAD EVENT "ino=11529215046068473654 res=0 errno=-13 exit=x");
	uint64_t n;

	assert_true(auditrec_number(&r, AUDITREC_FIELD_INO, &n));
	assert_true(n == 11529215046068473654u);
	assert_true(auditrec_number(&r, AUDITREC_FIELD_ERRNO, &n));
	assert_int_equal((int64_t)n, -13);
	assert_false(auditrec_number(&r, AUDITREC_FIELD_EXIT, &n));
	assert_false(auditrec_number(&r, AUDITREC_FIELD_KEY, &n));
	assert_int_equal(n, -13);
}

/* Fields of a record that the fixture expects: characters there are bytes here. */
static void check_field(const struct auditrec *r, enum auditrec_field field,
			const char *want, const char *line)
{
	_cleanup_strbuf_ struct strbuf bytes = {0};
	struct bytes b = bytes_of(want, strlen(want));
	const char *found = text_of(r, field);
	uint32_t c;

	while (bytes_left(&b)) {
		size_t n = str_utf8((struct span){b.ptr + b.pos, bytes_left(&b)}, &c);

		assert_true(n && bytes_skip(&b, n) && c < 256);
		strbuf_addc(&bytes, (char)c);
	}
	if (!found || strcmp(found, strbuf_str(&bytes)) != 0)
		fail_msg("%s: %s is %s in %s", want, auditrec_field_name(field),
			 found ? found : "not there", line);
}

static void check_number(const struct auditrec *r, const char *key,
			 struct json_object *want, const char *line)
{
	char text[64];

	if (strcmp(key, "ts") == 0) {
		snprintf(text, sizeof(text), "%llu.%03u", (unsigned long long)r->sec,
			 r->msec);
		assert_string_equal(text, json_object_get_string(want));
	} else if ((uint64_t)json_object_get_int64(want) !=
		   (strcmp(key, "type") == 0 ? (uint64_t)r->type : r->serial))
		fail_msg("%s: %s", key, line);
}

static void check_record(const struct auditrec *r, struct json_object *expect,
			 const char *line)
{
	json_object_object_foreach(expect, key, want)
	{
		bool found = false;

		for (int f = 0; f < _AUDITREC_FIELD_MAX; f++) {
			if (strcmp(key, auditrec_field_name((enum auditrec_field)f)) != 0)
				continue;
			found = true;
			check_field(r, (enum auditrec_field)f,
				    json_object_get_string(want), line);
		}
		if (!found)
			check_number(r, key, want, line);
	}
}

/* Records from 11 kinds of places, with what they say as somebody read it. */
static void test_auditrec_parse__collected(void **state)
{
	const char *shared = getenv("IMACTL_SHARED");
	struct json_object *all, *one, *line, *expect, *raw;
	char path[512];

	snprintf(path, sizeof(path), "%s%s/fixtures/audit/records.json",
		 shared ? "" : getenv("IMACTL_SOURCE"), shared ? shared : "/../shared");
	all = json_object_from_file(path);
	if (!all) {
		print_message("not tried: no %s\n", path);
		skip();
	}
	assert_int_equal(json_object_array_length(all), 55);
	for (size_t i = 0; i < json_object_array_length(all); i++) {
		const char *text;
		struct auditrec r;
		int got;

		one = json_object_array_get_idx(all, i);
		assert_true(json_object_object_get_ex(one, "line", &line) &&
			    json_object_object_get_ex(one, "expect", &expect));
		text = json_object_get_string(line);
		got = parse(text, &r, NULL);
		if (json_object_object_get_ex(expect, "reject_or_raw", &raw)) {
			assert_int_equal(got, -EBADMSG);
			continue;
		}
		if (got != 1)
			fail_msg("refused: %s", text);
		check_record(&r, expect, text);
	}
	json_object_put(all);
}

/* A line of a real kernel log: that with the serial. */
static struct auditrec line_of_log(const char *serial, struct strbuf *keep)
{
	char path[512];
	struct bytes in;
	struct span line;

	snprintf(path, sizeof(path), "%s/tests/fixtures/audit/cut.log",
		 getenv("IMACTL_SOURCE"));
	assert_int_equal(fs_read_at(AT_FDCWD, path, 1 << 16, keep, NULL), 0);
	in = bytes_of(strbuf_str(keep), keep->len);
	while (bytes_until(&in, '\n', &line))
		if (memmem(line.ptr, line.len, serial, strlen(serial))) {
			struct auditrec r;
			struct diag d = {0};

			if (auditrec_parse(line, &r, &d) != 1)
				fail_msg("%s: %s", serial, d.text);
			return r;
		}
	fail_msg("no %s in %s", serial, path);
	return (struct auditrec){0};
}

/* What is there is used; the end is missing, and said to be. */
static void test_auditrec_parse__cut_in_quotes(void **state)
{
	_cleanup_strbuf_ struct strbuf log = {0};
	struct auditrec r = line_of_log(":6):", &log);

	assert_true(r.cut && auditrec_is_part(&r, AUDITREC_FIELD_NAME));
	assert_string_equal(text_of(&r, AUDITREC_FIELD_CAUSE), "missing-hash");
	assert_string_equal(text_of(&r, AUDITREC_FIELD_COMM), "appraise-files");
	assert_memory_equal(text_of(&r, AUDITREC_FIELD_NAME), "/m/nnnn", 7);
	assert_false(auditrec_has(&r, AUDITREC_FIELD_RES));
	assert_false(auditrec_has(&r, AUDITREC_FIELD_INO));
}

static void test_auditrec_parse__cut_in_digits(void **state)
{
	_cleanup_strbuf_ struct strbuf log = {0};
	struct auditrec r = line_of_log(":4):", &log);
	const char *name = text_of(&r, AUDITREC_FIELD_NAME);

	assert_true(r.cut && auditrec_is_part(&r, AUDITREC_FIELD_NAME));
	assert_memory_equal(name, "/m/\033\033", 5);
	assert_int_equal(r.at[AUDITREC_FIELD_NAME].len, strlen(name) * 2);
	r = line_of_log(":5):", &log); /* one that had room */
	assert_false(r.cut || auditrec_is_part(&r, AUDITREC_FIELD_NAME));
}

/* One that was taken, and one that was refused. */
static void test_auditrec_parse__cut_policy(void **state)
{
	_cleanup_strbuf_ struct strbuf log = {0};
	struct auditrec r = line_of_log("156.299:2):", &log);

	assert_true(r.cut && r.type == AUDITREC_POLICY_RULE);
	assert_string_equal(text_of(&r, AUDITREC_FIELD_FUNC), "KEY_CHECK");
	assert_false(auditrec_has(&r, AUDITREC_FIELD_RES));
	assert_false(auditrec_has(&r, AUDITREC_FIELD_UNKNOWN));
	r = line_of_log("156.599:4):", &log);
	assert_true(r.cut && auditrec_is_part(&r, AUDITREC_FIELD_UNKNOWN));
	assert_string_equal(text_of(&r, AUDITREC_FIELD_ACTION), "audit");
}

/* Wherever the end falls: what is kept is never wrong. */
static void test_auditrec_parse__cut_anywhere(void **state)
{
	static const char text[] =
		"audit: type=1800 audit(1.000:1): pid=1 op=appraise_data "
		"cause=missing-hash comm=\"cat\" subj=%0900d name=%s dev=\"ubda\" "
		"ino=1234 res=0 errno=0";
	static const char *const names[] = {"\"/m/whole\"", "2F6D2F612062"};
	static const char *const stand_for[] = {"/m/whole", "/m/a b"};
	char line[1200];

	for (size_t i = 0; i < array_size(names); i++) {
		int len = snprintf(line, sizeof(line), text, 0, names[i]);
		int before = (int)(strstr(line, " name=") - line);

		for (int n = before; n < len; n++) {
			struct span s = {(const uint8_t *)line, (size_t)n};
			const char *name;
			struct auditrec r;

			assert_int_equal(auditrec_parse(s, &r, NULL), 1);
			assert_int_equal(r.cut, n <= len - 9); /* before "0 errno=0" */
			name = text_of(&r, AUDITREC_FIELD_NAME);
			if (name && !auditrec_is_part(&r, AUDITREC_FIELD_NAME))
				assert_string_equal(name, stand_for[i]);
			else if (name)
				assert_memory_equal(name, stand_for[i], strlen(name));
			if (auditrec_has(&r, AUDITREC_FIELD_INO))
				assert_string_equal(text_of(&r, AUDITREC_FIELD_INO),
						    "1234");
		}
	}
}

/* A rule, and a file that a rule "audit" met: whether it was taken stands at the end. */
static void test_auditrec_parse__cut_rule(void **state)
{
	static const struct {
		const char *begin, *end;
	} rules[] = {
		{"action=measure keyrings=.", "|.ima res=1"},
		{"action=measure keyrings=.", " UNKNOWN=bogus res=0"},
		{"file=\"/m/", "\" hash=\"sha256:00\" pid=1 uid=7 comm=\"cat\" res=1"},
		{"file=2F6D", "20 hash=\"sha256:00\" pid=1 uid=7 comm=\"cat\" res=1"},
	};
	char body[1200], line[1400];

	for (size_t i = 0; i < array_size(rules); i++) {
		int len = snprintf(body, sizeof(body), "%s%0900d%s", rules[i].begin, 0,
				   rules[i].end);
		size_t end = (size_t)(strstr(body, i < 2 ? " res=" : " comm=") - body);

		snprintf(line, sizeof(line), "audit: type=%d audit(1.000:1): %s",
			 i < 2 ? 1807 : 1805, body);
		for (size_t n = 900; n <= end; n++) {
			struct span s = {(const uint8_t *)line,
					 strlen(line) - (size_t)len + n};
			struct auditrec r;

			assert_int_equal(auditrec_parse(s, &r, NULL), 1);
			assert_true(r.cut);
			assert_int_equal(auditrec_has(&r, AUDITREC_FIELD_ACTION), i < 2);
			assert_int_equal(auditrec_has(&r, AUDITREC_FIELD_FILE), i >= 2);
			assert_int_equal(auditrec_has(&r, AUDITREC_FIELD_UNKNOWN),
					 memmem(body, n, "UNKNOWN=", 8) != NULL);
			assert_false(auditrec_has(&r, AUDITREC_FIELD_RES));
		}
		assert_false(record(line).cut);
	}
}

/* auditd's lines have no such end, short ones of the kernel neither. */
static void test_auditrec_parse__cut_by_others(void **state)
{
	char line[1200];

	snprintf(line, sizeof(line), HEAD EVENT "name=\"/%01000d", 0);
	assert_refused(line, "quote");
	snprintf(line, sizeof(line), "type=1800 audit(1.000:1): " EVENT "name=\"/%0800d",
		 0);
	assert_refused(line, "quote");
	snprintf(line, sizeof(line),
		 "type=1800 audit(1.000:1): op=appraise_data "
		 "cause=missing-hash comm=%01000d",
		 0);
	assert_refused(line, "cut off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auditrec_parse__no_record),
		cmocka_unit_test(test_auditrec_parse__damaged_head),
		cmocka_unit_test(test_auditrec_parse__damaged_fields),
		cmocka_unit_test(test_auditrec_parse__other_types),
		cmocka_unit_test(test_auditrec_parse__heads),
		cmocka_unit_test(test_auditrec_text__foreign),
		cmocka_unit_test(test_auditrec_text__words),
		cmocka_unit_test(test_auditrec_parse__rule),
		cmocka_unit_test(test_auditrec_number__signs),
		cmocka_unit_test(test_auditrec_parse__cut_in_quotes),
		cmocka_unit_test(test_auditrec_parse__cut_in_digits),
		cmocka_unit_test(test_auditrec_parse__cut_policy),
		cmocka_unit_test(test_auditrec_parse__cut_anywhere),
		cmocka_unit_test(test_auditrec_parse__cut_rule),
		cmocka_unit_test(test_auditrec_parse__cut_by_others),
		cmocka_unit_test(test_auditrec_parse__collected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
