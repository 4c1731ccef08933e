/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sources and the trail over a recorded host and over a tree. */
#include "tests/unit/test.h"

#include "core/triage/trail.h"
#include "tests/unit/tree.h"

static struct strbuf given;

static int give(void *user, const struct denial *d)
{
	strbuf_addf(&given, "%llu %s %s ", (unsigned long long)d->serial,
		    denial_source_name(d->source), denial_denied_name(d->denied));
	strbuf_add(&given, d->path.ptr, d->path.len);
	strbuf_addc(&given, '\n');
	return 0;
}

#define BODY(sec, serial, name)                                                          \
	"audit(" sec ".000:" serial                                                      \
	"): pid=1 uid=0 op=appraise_data cause=missing-hash "                            \
	"comm=\"sh\" name=" name " dev=\"sda\" ino=7 res=0\n"
#define LOG(sec, serial, name)	  "type=INTEGRITY_DATA msg=" BODY(sec, serial, name)
#define KERNEL(sec, serial, name) "[    1.0] audit: type=1800 " BODY(sec, serial, name)

static void put(const struct tree *t, const char *name, const char *text)
{
	const char *slash = strrchr(name, '/');
	_cleanup_free_ char *folder = strndup(name, slash ? (size_t)(slash - name) : 0);

	if (slash)
		assert_int_equal(fs_mkdirs_at(t->fd, folder, 0700, NULL), 0);
	assert_int_equal(fs_replace_at(t->fd, name, text, strlen(text), 0600, NULL), 0);
}

static void read_all(const struct root *root, struct trail_options how,
		     struct trail_state *ret)
{
	_cleanup_(trail_freep) struct trail *t = NULL;
	struct diag d = {0};
	int r = trail_open(root, &how, give, NULL, &t, &d);

	strbuf_clear(&given);
	if (r < 0)
		fail_msg("%s", d.text);
	do
		r = trail_read(t, &d);
	while (r > 0);
	assert_int_equal(r, 0);
	trail_state(t, ret);
}

static void open_host(const struct tree *t, struct root *root)
{
	put(t, "host.json", "{}");
	assert_int_equal(root_open_host(root, t->dir, NULL), 0);
}

static void test_trail_open__nothing(void **state)
{
	struct trail *trail = NULL;
	struct root root;
	struct diag d = {0};

	open_host(*state, &root);
	assert_int_equal(trail_open(&root, &(struct trail_options){.fd = -1}, give, NULL,
				    &trail, &d),
			 -ENOENT);
	assert_int_equal(d.id, DIAG_NO_RECORDS);
	root_done(&root);
}

/* What both logs have is told once; what the kernel log alone has, in its place. */
static void test_trail_read__both_logs(void **state)
{
	struct trail_state s;
	struct root root;

	put(*state, "audit.log",
	    LOG("1700000001", "5", "\"/a\"") LOG("1700000003", "7", "\"/c\"")
		    LOG("1700000004", "8", "\"/d\""));
	put(*state, "dmesg.txt",
	    "[    0.9] hello\n" KERNEL("1700000000", "2", "\"/k\"") KERNEL("1700000003",
									   "7", "\"/c\"")
		    KERNEL("1700000002", "6",
			   "\"/b\"") "[    2.0] kauditd_printk_skb: 12 callbacks suppressed\n"
				     "[    2.1] audit: type=1800 audit(1700000005.000:9): pid=1 "
				     "uid=0 op=appraise_data cause=missing-hash comm=\"sh\" "
				     "name=\"/cut\n");
	put(*state, "cmdline", "ima_appraise=enforce\n");
	open_host(*state, &root);
	read_all(&root, (struct trail_options){.fd = -1}, &s);
	assert_string_equal(strbuf_str(&given), "2 kernel yes /k\n5 log yes /a\n"
						"6 kernel yes /b\n7 log yes /c\n"
						"8 log yes /d\n");
	assert_int_equal(s.lost, 12);
	assert_int_equal(s.damaged, 1);
	assert_int_equal(s.mode, DENIAL_MODE_ENFORCE);
	read_all(&root, (struct trail_options){.fd = -1, .kernel = true}, &s);
	assert_string_equal(strbuf_str(&given), "2 kernel yes /k\n6 kernel yes /b\n"
						"7 kernel yes /c\n");
	root_done(&root);
}

/* Another root's kernel log is not this machine's; the oldest file comes first. */
static void test_trail_read__rotations(void **state)
{
	struct tree *t = *state;
	struct trail_state s;

	put(t, "etc/audit/auditd.conf", "log_file = /log/a\n");
	put(t, "log/a", LOG("1700000003", "3", "\"/c\""));
	put(t, "log/a.1", LOG("1700000002", "2", "\"/b\""));
	put(t, "log/a.2", LOG("1700000001", "1", "\"/a\""));
	put(t, "log/a.4", LOG("1600000001", "1", "\"/gone\""));
	read_all(&t->root, (struct trail_options){.fd = -1}, &s);
	assert_string_equal(strbuf_str(&given), "1 log unknown /a\n2 log unknown /b\n"
						"3 log unknown /c\n");
}

static int line_count(void *user, struct span line)
{
	strbuf_add(user, line.ptr, line.len);
	strbuf_addc(user, '|');
	return 0;
}

/* The log grows, is renamed and begun anew: nothing is given twice, nothing half. */
static void test_source_open_log__follow(void **state)
{
	_cleanup_(source_freep) struct source *s = NULL;
	_cleanup_strbuf_ struct strbuf lines = {0};
	struct tree *t = *state;
	_cleanup_close_ int fd = -1;

	put(t, "etc/audit/auditd.conf", "log_file = /log/a\n");
	put(t, "log/a", "before\n");
	assert_int_equal(source_open_log(&t->root, true, true, &s, NULL), 0);
	assert_int_equal(source_read(s, line_count, &lines, NULL), 0);
	assert_string_equal(strbuf_str(&lines), "");
	fd = openat(t->fd, "log/a", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "one\ntw", 6), 6);
	assert_int_equal(source_read(s, line_count, &lines, NULL), 0);
	assert_string_equal(strbuf_str(&lines), "one|");
	assert_int_equal(renameat(t->fd, "log/a", t->fd, "log/a.1"), 0);
	assert_int_equal(write(fd, "o\nlast\n", 7), 7);
	assert_int_equal(source_read(s, line_count, &lines, NULL), 0);
	put(t, "log/a", "new\n");
	assert_int_equal(source_read(s, line_count, &lines, NULL), 0);
	assert_string_equal(strbuf_str(&lines), "one|two|last|new|");
}

static void test_source_open_file__all(void **state)
{
	struct tree *t = *state;
	struct trail_state s;
	int fd;

	put(t, "log/a",
	    "----\n" LOG(
		    "1700000003", "3",
		    "\"/c\"") "garbage audit(x) \n"
			      "type=INTEGRITY_DATA msg=audit(1700000004.000:4): op=a cause=b comm=\"c\" "
			      "name=2F0A1B res=0");
	fd = openat(t->fd, "log/a", O_RDONLY | O_CLOEXEC);
	read_all(&t->root, (struct trail_options){.fd = fd}, &s);
	assert_string_equal(strbuf_str(&given), "3 file unknown /c\n"
						"4 file unknown /\n\x1b\n");
	assert_int_equal(s.damaged, 1);
	assert_false(s.live);
}

static int teardown(void **state)
{
	strbuf_done(&given);
	given = (struct strbuf){0};
	return tree_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_trail_open__nothing, tree_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_trail_read__both_logs, tree_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_trail_read__rotations, tree_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_source_open_log__follow, tree_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_source_open_file__all, tree_setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
