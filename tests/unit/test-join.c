/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/str.h"
#include "core/triage/join.h"

/* What was given, a line each. */
static struct strbuf given;
static int refuse;

static int give(void *user, const struct denial *d)
{
	strbuf_addf(&given, "%llu %s %s ", (unsigned long long)d->serial,
		    denial_kind_name(d->kind), denial_denied_name(d->denied));
	strbuf_add(&given, d->cause.ptr, d->cause.len);
	strbuf_adds(&given, " ");
	strbuf_add(&given, d->path.ptr, d->path.len);
	strbuf_adds(&given, d->name == DENIAL_NAME_FOUND ? " found " : " ");
	strbuf_add(&given, denial_program(d).ptr, denial_program(d).len);
	strbuf_adds(&given, "\n");
	return refuse;
}

static struct join *new_join(void)
{
	struct join *j = NULL;

	strbuf_clear(&given);
	refuse = 0;
	assert_int_equal(join_new(give, NULL, &j, NULL), 0);
	return j;
}

static int line(struct join *j, const char *text)
{
	return join_line(j, span_of(text), DENIAL_FROM_LOG);
}

#define STAMP(serial) "msg=audit(1700000000.123:" serial "): "
#define DATA(serial, cause, name)                                                        \
	"type=INTEGRITY_DATA " STAMP(                                                    \
		serial) "pid=5 uid=0 auid=0 ses=1 op=appraise_data "                     \
			"cause=" cause " comm=\"sh\" name=" name                         \
			" dev=\"sda\" ino=77 res=0 errno=0"
#define SYSCALL(serial, how)                                                             \
	"type=SYSCALL " STAMP(serial) "arch=c000003e syscall=59 " how                    \
				      " pid=5 auid=1000 uid=0 comm=\"sh\" "              \
				      "exe=\"/usr/bin/dash\" key=(null)"

static void test_join_line__other_lines(void **state)
{
	_cleanup_(join_freep) struct join *j = new_join();

	assert_int_equal(line(j, ""), 0);
	assert_int_equal(line(j, "----"), 0);
	assert_int_equal(line(j, "time->Wed Nov 15 02:13:20 2023"), 0);
	assert_int_equal(line(j, "type=USER_LOGIN " STAMP("9") "pid=1"), 0);
	assert_int_equal(line(j, SYSCALL("9", "success=yes exit=0")), 0);
	assert_int_equal(join_counts(j)->damaged, 0);
	assert_int_equal(line(j, "type=1800 audit(1.000:1): op=x"), 0);
	assert_int_equal(join_counts(j)->damaged, 1);
	assert_int_equal(join_counts(j)->why.id, DIAG_AUDIT_RECORD);
	assert_int_equal(join_expire(j, 0), 0);
	assert_string_equal(strbuf_str(&given), "");
}

static void test_join_line__whole_event(void **state)
{
	_cleanup_(join_freep) struct join *j = new_join();

	assert_int_equal(line(j, DATA("7", "missing-hash", "\"/bin/x\"")), 1);
	assert_int_equal(line(j, DATA("7", "invalid-hash", "\"/bin/y\"")), 1);
	assert_int_equal(line(j, DATA("8", "missing-hash", "\"/bin/z\"")), 1);
	assert_int_equal(line(j, SYSCALL("7", "success=no exit=-13")), 1);
	assert_string_equal(strbuf_str(&given), "");
	assert_int_equal(line(j, "type=PROCTITLE " STAMP("7") "proctitle=\"sh\""), 1);
	assert_string_equal(strbuf_str(&given),
			    "7 access yes missing-hash /bin/x /usr/bin/dash\n"
			    "7 access yes invalid-hash /bin/y /usr/bin/dash\n");
	strbuf_clear(&given);
	assert_int_equal(line(j, SYSCALL("8", "success=yes exit=3")), 1);
	assert_int_equal(join_expire(j, 60000), 1);
	assert_int_equal(join_expire(j, 0), 0);
	assert_string_equal(strbuf_str(&given),
			    "8 access no missing-hash /bin/z /usr/bin/dash\n");
	assert_int_equal(join_counts(j)->denials, 3);
	assert_int_equal(join_counts(j)->last_serial, 8);
}

/* The name is a part of one that the system call was given. */
static void test_join_line__path(void **state)
{
	_cleanup_(join_freep) struct join *j = new_join();

	(void)line(j, DATA("7", "failed", "\"x\""));
	(void)line(j, "type=CWD " STAMP("7") "cwd=2F746D702F6120");
	(void)line(j, "type=PATH " STAMP("7") "item=0 name=\"x\" inode=3 dev=08:00");
	(void)line(j,
		   "type=PATH " STAMP("7") "item=1 name=\"bin/ax\" inode=77 dev=08:00");
	(void)line(j, "type=PATH " STAMP("7") "item=2 name=\"bin/x\" inode=77 dev=08:00");
	(void)line(j, "type=EOE " STAMP("7"));
	assert_string_equal(strbuf_str(&given),
			    "7 access unknown failed /tmp/a /bin/x found sh\n");
}

/* An event of which nothing more comes does not hold the others for ever. */
static void test_join_line__old(void **state)
{
	_cleanup_(join_freep) struct join *j = new_join();
	char text[256];

	(void)line(j, DATA("7", "missing-hash", "\"/bin/x\""));
	assert_int_equal(line(j, "type=1800 audit(1700000002.000:9): op=appraise_data "
				 "cause=invalid-hash comm=\"a\" res=0"),
			 1);
	assert_string_equal(strbuf_str(&given), "");
	assert_int_equal(line(j, "type=1800 audit(1700000003.000:9): op=appraise_data "
				 "cause=invalid-hash comm=\"a\" res=0"),
			 1);
	assert_string_equal(strbuf_str(&given),
			    "7 access unknown missing-hash /bin/x sh\n");
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text),
			 "type=1800 audit(1700000003.000:%u): op=appraise_data "
			 "cause=invalid-hash comm=\"a\" res=0",
			 10 + i);
		assert_int_equal(line(j, text), 1);
	}
	assert_int_equal(join_counts(j)->denials, 1003 - JOIN_MAX);
}

static void test_join_line__alone(void **state)
{
	_cleanup_(join_freep) struct join *j = new_join();

	join_set_alone(j, true);
	assert_int_equal(line(j, DATA("7", "missing-hash", "\"/x\"")), 1);
	assert_string_equal(strbuf_str(&given), "7 access unknown missing-hash /x sh\n");
}

static void test_join_line__mode(void **state)
{
	_cleanup_(join_freep) struct join *j = new_join();

	join_set_mode(j, DENIAL_MODE_ENFORCE, 1700000000122);
	(void)line(j, DATA("7", "missing-hash", "\"/x\""));
	(void)line(j, "type=1800 audit(1600000000.000:6): op=appraise_data "
		      "cause=invalid-hash comm=\"a\" res=0");
	(void)line(j, "type=1804 audit(1700000000.123:8): op=invalid_pcr cause=ToMToU "
		      "comm=\"a\" name=\"/y\" dev=\"sda\" ino=1 res=1");
	assert_int_equal(join_expire(j, 0), 0);
	assert_string_equal(strbuf_str(&given), "7 access yes missing-hash /x sh\n"
						"6 access unknown invalid-hash  a\n"
						"8 violation no ToMToU /y a\n");
}

static void test_join_line__policy(void **state)
{
	_cleanup_(join_freep) struct join *j = new_join();

	(void)line(j, "type=1807 audit(1700000000.123:7): action=measure UNKNOWN=a=b "
		      "res=0");
	(void)line(j, "type=1802 audit(1700000000.123:8): pid=1 op=policy_update "
		      "cause=signed policy required comm=\"cat\" res=0");
	(void)line(j, "type=1802 audit(1700000000.123:9): pid=1 op=policy_update "
		      "cause=completed comm=\"cat\" res=1");
	(void)line(j, "type=1806 audit(1700000000.123:10): xattr=\"security.x\" res=0");
	assert_int_equal(join_expire(j, 0), 0);
	assert_string_equal(strbuf_str(&given),
			    "7 policy yes refused action=measure UNKNOWN=a=b \n"
			    "8 policy yes signed policy required  cat\n"
			    "9 policy no completed  cat\n"
			    "10 policy no added security.x \n");
}

/* The question of imactl is no denial; what it finds out, and what others try meanwhile, is. */
static void test_join_line__policy_question(void **state)
{
	_cleanup_(join_freep) struct join *j = new_join();

	(void)line(j, "type=1807 audit(1700000000.123:7): UNKNOWN=refused res=0");
	(void)line(j, "type=1802 audit(1700000000.123:8): pid=5 op=update_policy "
		      "cause=invalid-policy comm=\"imactl\" res=0");
	(void)line(j, "type=1807 audit(1700000000.123:9): action=measure UNKNOWN=a "
		      "res=0");
	(void)line(j, "type=1802 audit(1700000000.123:10): pid=5 op=update_policy "
		      "cause=invalid-policy comm=\"imactl\" res=0");
	(void)line(j, "type=1802 audit(1700000000.123:11): pid=5 op=policy_update "
		      "cause=failed comm=\"imactl\" res=0");
	(void)line(j, "type=1802 audit(1700000000.123:12): pid=5 op=policy_update "
		      "cause=failed comm=\"imactl\" res=0");
	(void)line(j, "type=1807 audit(1700000000.123:13): UNKNOWN=refused res=0");
	(void)line(j, "type=1802 audit(1700000000.123:14): pid=5 op=update_policy "
		      "cause=invalid-policy comm=\"imactl\" res=0");
	(void)line(j, "type=1802 audit(1700000000.123:15): pid=1 op=policy_update "
		      "cause=failed comm=\"systemd\" res=0");
	assert_int_equal(join_expire(j, 0), 0);
	assert_string_equal(strbuf_str(&given),
			    "7 policy no asked UNKNOWN=refused \n"
			    "8 policy no asked  imactl\n"
			    "9 policy yes refused action=measure UNKNOWN=a \n"
			    "10 policy yes invalid-policy  imactl\n"
			    "11 policy no asked  imactl\n"
			    "12 policy yes failed  imactl\n"
			    "13 policy no asked UNKNOWN=refused \n"
			    "14 policy no asked  imactl\n"
			    "15 policy yes failed  systemd\n");
}

static void assert_cut_rule(const char *words, const char *want)
{
	_cleanup_(join_freep) struct join *j = new_join();
	char text[1200];

	snprintf(text, sizeof(text), "audit: type=1807 audit(1.000:7): %s%0900d", words,
		 0);
	(void)line(j, text);
	assert_int_equal(join_expire(j, 0), 0);
	assert_int_equal(join_counts(j)->damaged, 0);
	assert_memory_equal(strbuf_str(&given), want, strlen(want));
}

/* The kernel log had no room for its end, which says whether it was taken. */
static void test_join_line__policy_cut(void **state)
{
	assert_cut_rule("action=measure keyrings=.",
			"7 policy unknown cut-off action=measure keyrings=.00");
	assert_cut_rule("action=measure UNKNOWN=",
			"7 policy yes refused action=measure UNKNOWN=00");
	assert_cut_rule("file=/", "");
	assert_int_equal(given.len, 0);
}

static void test_join_line__interpreted(void **state)
{
	_cleanup_(join_freep) struct join *j = new_join();

	(void)line(j,
		   "type=INTEGRITY_DATA msg=audit(07/09/2020 12:30:27.778:1691) : pid=4 "
		   "uid=root op=appraise_data cause=missing-hash comm=bash "
		   "name=/usr/bin/a dev=\"dm-0\" ino=4 res=no");
	(void)line(j, "type=SYSCALL msg=audit(07/09/2020 12:30:27.778:1691) : "
		      "arch=x86_64 syscall=execve success=no exit=EACCES(Permission "
		      "denied) comm=bash exe=/usr/bin/bash");
	(void)line(j, "type=PROCTITLE msg=audit(07/09/2020 12:30:27.778:1691) : "
		      "proctitle=-bash");
	assert_string_equal(strbuf_str(&given),
			    "1691 access yes missing-hash /usr/bin/a /usr/bin/bash\n");
}

static void test_join_line__typeless(void **state)
{
	_cleanup_(join_freep) struct join *j = new_join();

	(void)line(j, "audit(1628066210.141:127): pid=1362 uid=0 op=set_data "
		      "cause=denied-hash-algorithm comm=\"evmctl\" name=\"/a\" "
		      "dev=\"dm-0\" ino=2 res=0");
	assert_int_equal(join_expire(j, 0), 0);
	assert_string_equal(strbuf_str(&given),
			    "127 label yes denied-hash-algorithm /a evmctl\n");
}

static void test_join_line__callback_fails(void **state)
{
	_cleanup_(join_freep) struct join *j = new_join();

	(void)line(j, DATA("7", "missing-hash", "\"/bin/x\""));
	refuse = -EPIPE;
	assert_int_equal(line(j, "type=EOE " STAMP("7")), -EPIPE);
	(void)line(j, DATA("8", "missing-hash", "\"/bin/x\""));
	assert_int_equal(join_expire(j, 0), -EPIPE);
}

static int done(void **state)
{
	strbuf_done(&given);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join_line__other_lines),
		cmocka_unit_test(test_join_line__whole_event),
		cmocka_unit_test(test_join_line__path),
		cmocka_unit_test(test_join_line__old),
		cmocka_unit_test(test_join_line__alone),
		cmocka_unit_test(test_join_line__mode),
		cmocka_unit_test(test_join_line__policy),
		cmocka_unit_test(test_join_line__policy_question),
		cmocka_unit_test(test_join_line__policy_cut),
		cmocka_unit_test(test_join_line__interpreted),
		cmocka_unit_test(test_join_line__typeless),
		cmocka_unit_test(test_join_line__callback_fails),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
