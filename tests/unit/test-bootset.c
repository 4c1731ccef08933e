/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/policy/explain.h"
#include "tests/unit/tree.h"
#include "tests/unit/uses.h"

static int meet(struct bootset *b, const char *path)
{
	return bootset_met(b, span_of(path),
			   &(struct bootset_met){.source = BOOTSET_FROM_MAPPING});
}

/* Whatever makes sense for it, by root. */
static void test_bootset_add_path__named(void **state)
{
	struct tree *t = *state;
	struct bootset *b = make(&t->root);
	struct bootset_use u;
	struct diag d = {0};

	tree_folder(t, "usr/lib");
	tree_put(t, "usr/lib/libx.so.1", "x");
	assert_int_equal(symlinkat("libx.so.1", t->fd, "usr/lib/libx.so"), 0);
	assert_int_equal(bootset_add_path(b, "/usr/lib/libx.so", &d), 0);
	assert_int_equal(bootset_add_path(b, "usr/lib/gone", &d), 0);
	assert_int_equal(bootset_add_path(b, "usr/lib", &d), -EINVAL);
	assert_int_equal(d.id, DIAG_NOT_PLAIN);
	u = use_of(b, "usr/lib/libx.so.1", 0);
	assert_int_equal(u.ops, BIT(READ) | BIT(MMAP));
	assert_int_equal(u.sources, FROM(NAMED));
	assert_false(BOOTSET_ALL & FROM(NAMED));
	assert_int_equal(use_of(b, "usr/lib/gone", 0).mode, 0);
	bootset_free(b);
}

/* Words of operations are those that rules are explained by, all of them. */
static void test_bootset_op_word__known(void **state)
{
	_cleanup_strbuf_ struct strbuf all = {0}, mine = {0};
	struct policy_kernel any;
	struct policymatch_access a;

	policy_kernel_of_version(POLICY_VERSION(6, 12), &any);
	for (int op = 0; op < _BOOTSET_OP_MAX; op++) {
		assert_true(
			explain_op(bootset_op_word((enum bootset_op)op), 0, &any, &a));
		strbuf_addf(&mine, "%s%s", op ? ", " : "",
			    bootset_op_word((enum bootset_op)op));
	}
	explain_ops(&all);
	assert_string_equal(strbuf_str(&mine), strbuf_str(&all));
}

static void test_bootset_ops_of__names(void **state)
{
	static const struct {
		const char *path;
		uint16_t mode;
		unsigned ops;
	} rows[] = {
		{"usr/bin/ls", 0100755, BIT(EXEC) | BIT(MMAP)},
		{"usr/bin/ls", 0, BIT(EXEC) | BIT(MMAP)},
		{"usr/libexec/x/y", 0, BIT(EXEC) | BIT(MMAP)},
		{"usr/lib/libc.so.6", 0100644, BIT(MMAP) | BIT(READ)},
		{"usr/lib/libc.so.6", 0100755, BIT(MMAP) | BIT(READ)},
		{"usr/bin/find.sorted", 0100755, BIT(EXEC) | BIT(MMAP)},
		{"usr/lib/modules/6.1/a.ko.xz", 0100644, BIT(MODULE) | BIT(READ)},
		{"usr/lib/firmware/a.bin", 0100644, BIT(FIRMWARE) | BIT(READ)},
		{"boot/vmlinuz-6.1", 0100644, BIT(KEXEC) | BIT(READ)},
		{"boot/initrd.img-6.1", 0100644, BIT(INITRAMFS) | BIT(READ)},
		{"boot/grub/grub.cfg", 0100644, BIT(READ)},
		{"etc/ima/ima-policy", 0100600, BIT(POLICY) | BIT(READ)},
		{"etc/passwd", 0100644, BIT(READ)},
		{"etc/passwd", 0, BIT(READ) | BIT(EXEC) | BIT(MMAP)},
	};

	for (size_t i = 0; i < array_size(rows); i++)
		if (bootset_ops_of(rows[i].path, rows[i].mode) != rows[i].ops)
			fail_msg("%s %o: %x", rows[i].path, rows[i].mode,
				 bootset_ops_of(rows[i].path, rows[i].mode));
}

/* Names that are no plain file's. */
static void test_bootset_met__no_file(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	struct bootset_said said;
	static char longest[5000];

	memset(longest, 'x', sizeof(longest) - 1);
	tree_folder(t, "usr/bin");
	assert_int_equal(symlinkat("/usr", t->fd, "folder"), 0);
	assert_int_equal(symlinkat("/loop", t->fd, "loop"), 0);
	assert_int_equal(meet(b, ""), 0);
	assert_int_equal(meet(b, "///"), 0);
	assert_int_equal(meet(b, longest), 0);
	assert_int_equal(bootset_met(b, (struct span){(const uint8_t *)"/a\0b", 4},
				     &(struct bootset_met){0}),
			 0);
	assert_int_equal(meet(b, "/usr/bin"), 0);
	assert_int_equal(meet(b, "/folder"), 0);
	assert_int_equal(meet(b, "/usr/../../.."), 0);
	assert_int_equal(meet(b, "/not/../there"), 0);
	assert_int_equal(bootset_count(b), 0);
	bootset_said(b, BOOTSET_FROM_MAPPING, &said);
	assert_int_equal(said.nameless, 3);
	assert_int_equal(said.uses, 0);
}

/* However it was named, a file is one. */
static void test_bootset_met__resolved(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	struct bootset_use u;

	tree_folder(t, "usr/bin");
	tree_put(t, "usr/bin/dash", "x");
	assert_int_equal(fchmodat(t->fd, "usr/bin/dash", 0755, 0), 0);
	assert_int_equal(symlinkat("dash", t->fd, "usr/bin/sh"), 0);
	assert_int_equal(symlinkat("usr/bin", t->fd, "bin"), 0);
	assert_int_equal(meet(b, "/bin/sh"), 1);
	assert_int_equal(meet(b, "/bin/dash"), 1);
	assert_int_equal(meet(b, "usr/bin/dash"), 1);
	assert_int_equal(meet(b, "/usr/bin/../bin//dash"), 1);
	assert_int_equal(bootset_count(b), 1);
	u = use_of(b, "usr/bin/dash", 0);
	assert_int_equal(u.mode & 07777, 0755);
	assert_int_equal(u.ops, BIT(EXEC) | BIT(MMAP));
	assert_false(has(b, "usr/bin/sh"));
}

static void test_bootset_met__adds_up(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	struct bootset_said said;
	struct bootset_use u;
	struct bootset_met how = {.source = BOOTSET_FROM_AUDIT,
				  .uid = 1000,
				  .ops = BIT(READ)};

	tree_put(t, "z", "x");
	tree_put(t, "a", "x");
	for (int i = 0; i < 3; i++)
		assert_int_equal(bootset_met(b, span_of("/z"), &how), 1);
	how = (struct bootset_met){.source = BOOTSET_FROM_INIT,
				   .uid = 1000,
				   .early = true};
	how.ops = BIT(EXEC);
	assert_int_equal(bootset_met(b, span_of("/z"), &how), 1);
	how.uid = 0;
	assert_int_equal(bootset_met(b, span_of("/z"), &how), 1);
	assert_int_equal(meet(b, "/gone"), 1);
	assert_int_equal(meet(b, "/a"), 1);
	bootset_sort(b);
	assert_int_equal(bootset_count(b), 4);
	bootset_at(b, 0, &u);
	assert_string_equal(u.path, "a");
	assert_false(u.early);
	bootset_at(b, 2, &u);
	assert_string_equal(u.path, "z");
	assert_int_equal(u.uid, 0);
	assert_int_equal(u.sources, FROM(INIT));
	u = use_of(b, "z", 1000);
	assert_int_equal(u.sources, FROM(INIT) | FROM(AUDIT));
	assert_int_equal(u.ops, BIT(EXEC) | BIT(READ));
	assert_true(u.early);
	bootset_said(b, BOOTSET_FROM_AUDIT, &said);
	assert_int_equal(said.uses, 1);
	bootset_said(b, BOOTSET_FROM_MAPPING, &said);
	assert_int_equal(said.uses, 2);
	assert_int_equal(said.gone, 1);
	assert_int_equal(use_of(b, "gone", 0).mode, 0);
}

static void put_list(struct machine *m)
{
	_cleanup_strbuf_ struct strbuf list = {0};
	static const struct made rows[] = {
		{.path = "boot_aggregate"},
		{.path = "/usr/bin/ls", .seed = 1},
		{.path = "/usr/bin/ls", .seed = 2},
		{.path = "/usr/lib/libc.so.6", .seed = 3},
		{.path = "/etc/gone", .seed = 4},
		{.path = ".ima", .seed = 5},
	};

	for (size_t i = 0; i < array_size(rows); i++)
		listgen_record(&list, &rows[i]);
	machine_list(m, &list, array_size(rows), 0440);
}

static void check_list(const struct bootset *b)
{
	struct bootset_said said;

	bootset_said(b, BOOTSET_FROM_LIST, &said);
	assert_int_equal(said.uses, 3);
	assert_int_equal(said.nameless, 2);
	assert_int_equal(use_of(b, "usr/bin/ls", 0).sources, FROM(LIST));
	assert_int_equal(use_of(b, "usr/lib/libc.so.6", 0).ops, BIT(MMAP) | BIT(READ));
}

/* Another root's list is not this kernel's. */
static void test_bootset_collect__list_of_another_root(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	struct bootset_said said;

	assert_int_equal(bootset_collect(b, FROM(LIST), NULL), 0);
	assert_int_equal(bootset_count(b), 0);
	bootset_said(b, BOOTSET_FROM_LIST, &said);
	assert_int_equal(said.why.id, DIAG_NO_SOURCE);
}

static void test_bootset_collect__live_list(void **state)
{
	struct machine m = own_machine();
	_cleanup_(bootset_freep) struct bootset *b = make(&m.root);
	struct bootset_said said;

	put_list(&m);
	put(&m, "usr/bin/ls", "x", 0755);
	assert_int_equal(bootset_collect(b, FROM(LIST), NULL), 0);
	check_list(b);
	bootset_said(b, BOOTSET_FROM_LIST, &said);
	assert_int_equal(said.gone, 2);
	assert_int_equal(said.why.id, DIAG_NONE);
	assert_int_equal(use_of(b, "usr/bin/ls", 0).mode & 0777, 0755);
	machine_drop(&m);
}

/* A recorded host has no files to look at. */
static void test_bootset_collect__recorded_list(void **state)
{
	struct machine m = machine_make();
	_cleanup_(bootset_freep) struct bootset *b = NULL;
	struct bootset_said said;
	struct root host;
	char path[128];

	put_list(&m);
	snprintf(path, sizeof(path), "%s/" MACHINE_IMA, m.dir);
	assert_int_equal(root_open_host(&host, path, NULL), 0);
	b = make(&host);
	assert_int_equal(bootset_collect(b, FROM(LIST), NULL), 0);
	check_list(b);
	bootset_said(b, BOOTSET_FROM_LIST, &said);
	assert_int_equal(said.gone, 3);
	root_done(&host);
	machine_drop(&m);
}

static void test_bootset_add_list__damaged(void **state)
{
	_cleanup_strbuf_ struct strbuf list = {0};
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	_cleanup_close_ int fd = -1;
	struct bootset_said said;

	listgen_many(&list, 1, 3);
	list.len -= 10;
	fd = listgen_file(&list);
	assert_true(fd >= 0 && lseek(fd, 0, SEEK_SET) == 0);
	assert_int_equal(bootset_add_list(b, fd, 0, NULL), 0);
	assert_int_equal(bootset_count(b), 2);
	bootset_said(b, BOOTSET_FROM_LIST, &said);
	assert_int_equal(said.why.id, DIAG_LIST_TRUNCATED);
}

#define RECORD(type, serial) "type=" type " msg=audit(1700000000.000:" serial "): "
#define WHO(uid)	     "pid=7 uid=" uid " auid=0 ses=1 "

static const char audit_log[] = RECORD("USER_LOGIN", "1") "pid=1\n" RECORD("INTEGRITY_DATA", "2") WHO(
	"1000") "op=appraise_data cause=missing-hash "
		"comm=\"sh\" name=\"/usr/bin/tool\" dev=\"sda1\" ino=1 res=0 errno=0\n" RECORD(
			"INTEGRITY_DATA", "3")
			WHO("0") "op=collect_data cause=failed comm=\"sh\" "
				 "name=\"tool\" dev=\"sda1\" ino=1 res=0 errno=0\n" RECORD(
					 "INTEGRITY_DATA", "4")
					 WHO("0") "op=set_data cause=denied-hash-algorithm "
						  "comm=\"sh\" name=\"/never\" dev=\"sda1\" ino=1 res=0 errno=0\n" RECORD(
							  "INTEGRITY_DATA", "5")
							  WHO("0") "op=mmap_file cause=mmapped_writers "
								   "comm=\"sh\" name=2F6120622E736F dev=\"sda1\" ino=1 res=0 errno=0\n" RECORD(
									   "INTEGRITY_DATA",
									   "6")
									   WHO("0") "op=appraise_data cause=cut\n";

static const char older_log[] = RECORD("INTEGRITY_PCR", "1") WHO(
	"0") "op=invalid_pcr cause=ToMToU comm=\"sh\" name=\"/var/log/x\" dev=\"sda1\" ino=1 "
	     "res=1 errno=0\n" RECORD(
		     "INTEGRITY_RULE",
		     "2") "file=\"/etc/passwd\" hash=\"sha256:00\" ppid=1 pid=2 "
			  "auid=0 uid=999 comm=\"cat\"\n" RECORD(
				  "INTEGRITY_RULE",
				  "3") "action=\"audit\" func=\"BPRM_CHECK\" res=1\n";

static void test_bootset_collect__no_audit_log(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	struct bootset_said said;

	assert_int_equal(bootset_collect(b, FROM(AUDIT), NULL), 0);
	bootset_said(b, BOOTSET_FROM_AUDIT, &said);
	assert_int_equal(said.uses, 0);
	assert_int_equal(said.why.id, DIAG_OPEN);
	assert_int_equal(said.why.err, ENOENT);
}

static void test_bootset_collect__audit_log(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	struct bootset_said said;

	tree_folder(t, "var/log/audit");
	tree_folder(t, "usr/bin");
	tree_put(t, "usr/bin/tool", "x");
	assert_int_equal(fchmodat(t->fd, "usr/bin/tool", 0755, 0), 0);
	tree_put(t, "var/log/audit/audit.log", audit_log);
	tree_put(t, "var/log/audit/audit.log.1", older_log);
	assert_int_equal(bootset_collect(b, FROM(AUDIT), NULL), 0);
	bootset_said(b, BOOTSET_FROM_AUDIT, &said);
	assert_int_equal(said.uses, 4);
	assert_int_equal(said.gone, 3);
	assert_int_equal(said.nameless, 2);
	assert_int_equal(said.why.id, DIAG_AUDIT_RECORD);
	assert_int_equal(use_of(b, "usr/bin/tool", 1000).ops, BIT(EXEC) | BIT(MMAP));
	assert_int_equal(use_of(b, "a b.so", 0).ops, BIT(MMAP));
	assert_int_equal(use_of(b, "var/log/x", 0).ops, BIT(READ) | BIT(WRITE));
	assert_int_equal(use_of(b, "etc/passwd", 999).sources, FROM(AUDIT));
	assert_false(has(b, "never"));
}

static void assert_root_uses(struct bootset *b, uint64_t n)
{
	struct bootset_said said;

	assert_int_equal(bootset_collect(b, FROM(AUDIT), NULL), 0);
	bootset_said(b, BOOTSET_FROM_AUDIT, &said);
	assert_int_equal(said.uses, n);
	assert_int_equal(said.why.id, DIAG_TOO_LARGE);
}

/* A file without an end: what is newest is read, and nothing of the older files. */
static void test_bootset_collect__audit_log_without_end(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	_cleanup_close_ int fd = -1;

	tree_folder(t, "var/log/audit");
	tree_put(t, "var/log/audit/audit.log.1", audit_log);
	fd = tree_open(t, "var/log/audit/audit.log", audit_log);
	if (ftruncate(fd, (off_t)1 << 42) < 0)
		skip(); /* no file system for such files */
	assert_int_equal(lseek(fd, 0, SEEK_END), (off_t)1 << 42);
	assert_int_equal(
		dprintf(fd, "\n%s",
			RECORD("INTEGRITY_DATA", "2")
				WHO("0") "op=appraise_data cause=x comm=x "
					 "name=\"/usr/bin/new\" dev=\"vda1\" ino=1 res=0 "
					 "errno=0\n") > 0,
		true);
	assert_root_uses(b, 1);
	assert_true(has(b, "usr/bin/new"));
}

/* As many users of one file as there are numbers; more than a glance at each takes too long
 * for the test to end. */
static void test_bootset_collect__audit_log_of_many_users(void **state)
{
	enum { USERS = 300000 };
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	_cleanup_close_ int fd = -1;
	struct bootset_use u;
	FILE *f;

	tree_folder(t, "var/log/audit");
	fd = tree_open(t, "var/log/audit/audit.log", "");
	f = fdopen(dup(fd), "w");
	for (int i = 0; i < USERS; i++)
		assert_true(
			fprintf(f,
				RECORD("INTEGRITY_DATA",
				       "2") "pid=7 uid=%d auid=0 ses=1 "
					    "op=appraise_data cause=missing-hash comm=\"sh\" "
					    "name=\"/x\" dev=\"sda1\" ino=1 res=0 errno=0\n",
				i) > 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(bootset_collect(b, FROM(AUDIT), NULL), 0);
	bootset_sort(b);
	assert_int_equal(bootset_count(b), USERS);
	assert_true(bootset_find(b, "x", USERS - 1, &u));
	assert_false(bootset_find(b, "x", USERS, &u));
}

/* auditd.conf says where the log is. */
static void test_bootset_collect__audit_log_elsewhere(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);

	tree_folder(t, "etc/audit");
	tree_folder(t, "srv");
	tree_put(t, "etc/audit/auditd.conf",
		 "#log_file = /never\nlog_format = RAW\nlog_file = /srv/log\n");
	tree_put(t, "srv/log.1", older_log);
	tree_put(t, "srv/log", audit_log);
	tree_put(t, "srv/log.3", "no record\n"); /* behind a gap */
	assert_int_equal(bootset_collect(b, FROM(AUDIT), NULL), 0);
	assert_true(has(b, "a b.so") && has(b, "var/log/x"));
	assert_int_equal(bootset_count(b), 4);
}

/* Without auditd the records stand in the kernel log. */
static void test_bootset_collect__kernel_log(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = NULL;
	struct root host;

	tree_put(t, "dmesg.txt",
		 "[    1.500000] Linux version 6.12\n"
		 "[    2.500000] audit: type=1800 audit(1700000000.000:2): pid=1 uid=0 "
		 "auid=0 ses=1 op=appraise_data cause=missing-hash comm=\"init\" "
		 "name=\"/usr/sbin/init\" dev=\"sda1\" ino=1 res=0 errno=0\n"
		 "[    2.600000] audit: cut\n");
	assert_int_equal(root_open_host(&host, t->dir, NULL), 0);
	b = make(&host);
	assert_int_equal(bootset_collect(b, FROM(AUDIT), NULL), 0);
	assert_int_equal(use_of(b, "usr/sbin/init", 0).ops, BIT(EXEC) | BIT(MMAP));
	assert_int_equal(bootset_count(b), 1);
	root_done(&host);
}

static void put_process(struct machine *m)
{
	put(m, "proc/42/status", "Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t1\t1\n", 0444);
	put(m, "proc/42/maps",
	    "55d0-55d1 r--p 00000000 fe:01 12         /etc/read-only\n"
	    "55d1-55d2 r-xp 00000000 fe:01 12         /usr/bin/tool\n"
	    "55d2-55d3 r-xp 00000000 fe:01 13         /usr/lib/libc.so.6 (deleted)\n"
	    "55d3-55d4 r-xp 00000000 00:01 14         /memfd:jit (deleted)\n"
	    "55d4-55d5 r-xp 00000000 fe:01 15         /opt/a b/plugin.so\n"
	    "7ff0-7ff1 r-xp 00000000 00:00 0          [vdso]\n"
	    "7ff1-7ff2 r-xp 00000000 00:00 0 \n",
	    0444);
	link_to(m, "/usr/bin/tool", "proc/42/exe");
	link_to(m, m->dir, "proc/42/root");
	put(m, "proc/43/maps", "1-2 r-xp 0 fe:01 12 /usr/lib/other.so\n", 0444);
	link_to(m, "/usr/bin/contained", "proc/43/exe");
	link_to(m, "/tmp", "proc/43/root");
	put(m, "usr/bin/tool", "x", 0755);
	put(m, "usr/lib/libc.so.6", "x", 0644);
	put(m, "opt/a b/plugin.so", "x", 0644);
	put(m, "proc/modules", "virtio_net 61440 0 - Live 0x0000000000000000\n", 0444);
	put(m, "proc/sys/kernel/osrelease", "6.12.0\n", 0444);
	put_modules(m);
}

static void test_bootset_collect__running(void **state)
{
	struct machine m = own_machine();
	_cleanup_(bootset_freep) struct bootset *b = make(&m.root);
	struct bootset_said said;
	struct bootset_use u;

	put_process(&m);
	assert_int_equal(bootset_collect(b, FROM(MAPPING), NULL), 0);
	u = use_of(b, "usr/bin/tool", 1000);
	assert_int_equal(u.ops, BIT(EXEC) | BIT(MMAP));
	assert_int_equal(u.sources, FROM(MAPPING));
	assert_int_equal(use_of(b, "usr/lib/libc.so.6", 1000).ops, BIT(READ) | BIT(MMAP));
	(void)use_of(b, "opt/a b/plugin.so", 1000);
	u = use_of(b, "lib/modules/6.12.0/kernel/net/failover.ko.xz", 0);
	assert_int_equal(u.ops, BIT(MODULE) | BIT(READ));
	assert_true(u.early);
	assert_true(has(b, "lib/modules/6.12.0/kernel/drivers/virtio-net.ko.xz"));
	assert_int_equal(bootset_count(b), 5);
	bootset_said(b, BOOTSET_FROM_MAPPING, &said);
	assert_int_equal(said.uses, 5);
	assert_int_equal(said.gone, 0);
	assert_int_equal(said.why.id, DIAG_NONE);
	machine_drop(&m);
}

static void test_bootset_collect__packages(void **state)
{
	struct machine m = machine_make();
	_cleanup_(bootset_freep) struct bootset *b = make(&m.root);
	struct bootset_said said;

	assert_int_equal(fs_mkdirs_at(m.fd, "usr/bin", 0755, NULL), 0);
	link_to(&m, "usr/bin", "bin");
	put(&m, "var/lib/dpkg/info/tool.list",
	    "/.\n/bin\n/bin/tool\n/usr/share/doc/tool/run.sh\n/usr/share/tool/data\n"
	    "/usr/lib/libtool.so.1\n/usr/lib/libtool.so\n/usr/bin/gone\n",
	    0644);
	put(&m, "var/lib/dpkg/info/other.list", "/bin\n/usr/lib/firmware/a.bin\n", 0644);
	put(&m, "usr/bin/tool", "x", 0755);
	put(&m, "usr/share/doc/tool/run.sh", "x", 0755);
	put(&m, "usr/share/tool/data", "x", 0644);
	put(&m, "usr/lib/libtool.so.1", "x", 0644);
	put(&m, "usr/lib/firmware/a.bin", "x", 0644);
	link_to(&m, "libtool.so.1", "usr/lib/libtool.so");
	assert_int_equal(bootset_collect(b, FROM(PACKAGE), NULL), 0);
	assert_int_equal(use_of(b, "usr/bin/tool", 0).ops, BIT(EXEC) | BIT(MMAP));
	assert_true(has(b, "usr/lib/libtool.so.1") && has(b, "usr/lib/firmware/a.bin"));
	assert_int_equal(bootset_count(b), 3);
	bootset_said(b, BOOTSET_FROM_PACKAGE, &said);
	assert_int_equal(said.uses, 3);
	assert_int_equal(said.gone, 0);
	machine_drop(&m);
}

static void test_bootset_collect__no_packages(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	struct bootset_said said;

	assert_int_equal(bootset_collect(b, FROM(PACKAGE), NULL), 0);
	bootset_said(b, BOOTSET_FROM_PACKAGE, &said);
	assert_int_equal(said.why.id, DIAG_NO_SOURCE);
}

static void test_bootset_collect__not_running(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	struct bootset_said said;

	assert_int_equal(bootset_collect(b, FROM(MAPPING), NULL), 0);
	bootset_said(b, BOOTSET_FROM_MAPPING, &said);
	assert_int_equal(said.why.id, DIAG_NO_SOURCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bootset_add_path__named, tree_setup,
						tree_teardown),
		cmocka_unit_test(test_bootset_op_word__known),
		cmocka_unit_test(test_bootset_ops_of__names),
		cmocka_unit_test_setup_teardown(test_bootset_met__no_file, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_bootset_met__resolved, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_bootset_met__adds_up, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(
			test_bootset_collect__list_of_another_root, tree_setup,
			tree_teardown),
		cmocka_unit_test(test_bootset_collect__live_list),
		cmocka_unit_test(test_bootset_collect__recorded_list),
		cmocka_unit_test_setup_teardown(test_bootset_add_list__damaged,
						tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_bootset_collect__no_audit_log,
						tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_bootset_collect__audit_log,
						tree_setup, tree_teardown),
		cmocka_unit_test(test_bootset_collect__running),
		cmocka_unit_test(test_bootset_collect__packages),
		cmocka_unit_test_setup_teardown(test_bootset_collect__no_packages,
						tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_bootset_collect__not_running,
						tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(
			test_bootset_collect__audit_log_without_end, tree_setup,
			tree_teardown),
		cmocka_unit_test_setup_teardown(
			test_bootset_collect__audit_log_of_many_users, tree_setup,
			tree_teardown),
		cmocka_unit_test_setup_teardown(test_bootset_collect__audit_log_elsewhere,
						tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_bootset_collect__kernel_log,
						tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
