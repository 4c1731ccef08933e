/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source "init": made-up roots with programs, libraries, units. */
#include "core/simulate/bootset-internal.h"
#include "tests/unit/test.h"

#include "tests/unit/elfgen.h"
#include "tests/unit/tree.h"
#include "tests/unit/uses.h"

static void put_elf(struct machine *m, const char *path, const struct elfgen *g)
{
	_cleanup_strbuf_ struct strbuf file = {0};

	elfgen_make(&file, g);
	put(m, path, "", 0755);
	machine_put(m, path, file.ptr, file.len, 0755);
}

#define LOADER "/lib64/ld-linux-x86-64.so.2"

static void put_libraries(struct machine *m)
{
	put(m, "etc/ld.so.conf", "# folders\ninclude ld.so.conf.d/*.conf # more\n", 0644);
	put(m, "etc/ld.so.conf.d/a.conf", "/usr/lib/arch\n", 0644);
	put(m, "etc/ld.so.conf.d/b.other", "/usr/lib/never\n", 0644);
	put_elf(m, "usr/lib64/ld-linux-x86-64.so.2", &(struct elfgen){0});
	put_elf(m, "usr/lib/arch/libc-2.36.so",
		&(struct elfgen){.needed = {"ld-linux-x86-64.so.2"}});
	link_to(m, "libc-2.36.so", "usr/lib/arch/libc.so.6");
	put_elf(m, "usr/lib/never/libtinfo.so.6", &(struct elfgen){0});
	/* first by order, but of the other class */
	put_elf(m, "usr/lib/arch/libtinfo.so.6", &(struct elfgen){.narrow = true});
	put_elf(m, "usr/lib/libtinfo.so.6", &(struct elfgen){0});
	put_elf(m, "usr/lib/arch/glibc-hwcaps/x86-64-v3/libtinfo.so.6",
		&(struct elfgen){0});
}

static void put_init(struct machine *m)
{
	assert_int_equal(fs_mkdirs_at(m->fd, "usr/lib64", 0755, NULL), 0);
	for (const char *const *name =
		     (const char *const[]){"bin", "sbin", "lib64", NULL};
	     *name; name++) {
		char to[32];

		snprintf(to, sizeof(to), "usr/%s", *name);
		link_to(m, to, *name);
	}
	put_libraries(m);
	put_elf(m, "usr/lib/systemd/systemd",
		&(struct elfgen){.interp = LOADER,
				 .runpath = "$ORIGIN/own",
				 .needed = {"libcore.so", "libshared.so", "libc.so.6"}});
	put_elf(m, "usr/lib/systemd/own/libcore.so",
		&(struct elfgen){.needed = {"libshared.so", "libmissing.so"}});
	put_elf(m, "usr/lib/systemd/own/libshared.so", &(struct elfgen){0});
	put(m, "usr/sbin/x", "", 0755);
	link_to(m, "/lib/systemd/systemd", "usr/sbin/init");
	put_elf(m, "usr/bin/bash",
		&(struct elfgen){.interp = LOADER,
				 .needed = {"libtinfo.so.6", "libc.so.6"}});
	put_elf(m, "usr/bin/busybox", &(struct elfgen){0});
	put_elf(m, "lib/i386-linux-gnu/libc.so.6", &(struct elfgen){.narrow = true});
	put(m, "usr/bin/su", "#! /usr/bin/env -S A=1 python3 -I\n", 0755);
	put_elf(m, "usr/bin/env", &(struct elfgen){0});
	put_elf(m, "usr/bin/python3", &(struct elfgen){0});
}

/* "lib" stands for itself: modules lie there in these trees. */
static void link_systemd(struct machine *m)
{
	assert_int_equal(fs_mkdirs_at(m->fd, "lib", 0755, NULL), 0);
	link_to(m, "../usr/lib/systemd", "lib/systemd");
}

static void check_init(const struct bootset *b)
{
	static const struct {
		const char *path;
		unsigned ops;
	} rows[] = {
		{"usr/lib/systemd/systemd", BIT(EXEC) | BIT(MMAP)},
		{"usr/lib64/ld-linux-x86-64.so.2", BIT(MMAP) | BIT(READ)},
		{"usr/lib/systemd/own/libcore.so", BIT(MMAP) | BIT(READ)},
		{"usr/lib/systemd/own/libshared.so", BIT(MMAP) | BIT(READ)},
		{"usr/lib/arch/libc-2.36.so", BIT(MMAP) | BIT(READ)},
		{"usr/lib/libtinfo.so.6", BIT(MMAP) | BIT(READ)},
		{"usr/lib/arch/glibc-hwcaps/x86-64-v3/libtinfo.so.6",
		 BIT(MMAP) | BIT(READ)},
		{"usr/bin/busybox", BIT(EXEC) | BIT(MMAP)},
		{"usr/bin/su", BIT(EXEC) | BIT(READ)},
		{"usr/bin/python3", BIT(EXEC) | BIT(MMAP)},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct bootset_use u = use_of(b, rows[i].path, 0);

		if (u.ops != rows[i].ops || !u.early || u.sources != FROM(INIT))
			fail_msg("%s: %x %d", rows[i].path, u.ops, u.early);
	}
	assert_false(has(b, "usr/lib/never/libtinfo.so.6"));
	assert_false(has(b, "usr/lib/arch/libtinfo.so.6"));
	assert_false(has(b, "usr/sbin/init"));
	/* nothing here is of that architecture */
	assert_false(has(b, "lib/i386-linux-gnu/libc.so.6"));
}

static void test_bootset_from_init__needs(void **state)
{
	struct machine m = machine_make();
	_cleanup_(bootset_freep) struct bootset *b = make(&m.root);
	struct bootset_said said;

	put_init(&m);
	link_systemd(&m);
	assert_int_equal(bootset_collect(b, FROM(INIT), NULL), 0);
	check_init(b);
	bootset_said(b, BOOTSET_FROM_INIT, &said);
	assert_int_equal(said.nameless, 1);
	assert_int_equal(said.why.id, DIAG_NO_LIBRARY);
	assert_non_null(strstr(said.why.text, "own/libcore.so needs libmissing.so"));
	machine_drop(&m);
}

/* Debian's loader knows the folders of its architecture without any configuration. */
static void test_bootset_from_init__multiarch(void **state)
{
	struct machine m = machine_make();
	_cleanup_(bootset_freep) struct bootset *b = make(&m.root);

	put_elf(&m, "bin/login", &(struct elfgen){.needed = {"libc.so.6"}});
	put_elf(&m, "usr/lib/x86_64-linux-gnu/libc.so.6", &(struct elfgen){0});
	assert_int_equal(bootset_collect(b, FROM(INIT), NULL), 0);
	assert_true(has(b, "usr/lib/x86_64-linux-gnu/libc.so.6"));
	machine_drop(&m);
}

/* Folders and libraries without end: it ends, and says so. */
static void test_bootset_needs__endless(void **state)
{
	struct machine m = machine_make();
	_cleanup_(bootset_freep) struct bootset *b = make(&m.root);
	_cleanup_bootset_needs_ struct bootset_needs n = {0};
	struct bootset_said said;

	put_elf(&m, "bin/login", &(struct elfgen){.needed = {"a.so", "b.so"}});
	put_elf(&m, "lib/b.so", &(struct elfgen){0});
	put(&m, "etc/ld.so.conf", "/one\n/two\n/three\n", 0644);
	assert_int_equal(bootset_needs_open(&n, b), 0);
	assert_int_equal(n.steps, n.folders.n);
	n.steps = BOOTSET_STEPS_MAX - 3;
	assert_int_equal(bootset_needs_add(&n, span_of("bin/login"), BOOTSET_PROGRAM), 1);
	assert_int_equal(bootset_needs_follow(&n), 0);
	assert_int_equal(n.steps, BOOTSET_STEPS_MAX);
	assert_false(has(b, "lib/b.so"));
	bootset_said(b, BOOTSET_FROM_INIT, &said);
	assert_int_equal(said.why.id, DIAG_TOO_LARGE);
	machine_drop(&m);
}

/* Programs that need each other, and what is no program, end it all the same. */
static void test_bootset_from_init__loops(void **state)
{
	struct machine m = machine_make();
	_cleanup_(bootset_freep) struct bootset *b = make(&m.root);

	put(&m, "bin/sh", "#!/bin/sh\n", 0755);
	put(&m, "bin/bash", "#!", 0755);
	put(&m, "sbin/init", "#!/gone/interpreter\n", 0755);
	put_elf(&m, "lib/a.so", &(struct elfgen){.needed = {"b.so"}});
	put_elf(&m, "lib/b.so", &(struct elfgen){.needed = {"a.so", "b.so"}});
	put_elf(&m, "bin/login", &(struct elfgen){.needed = {"a.so", "/lib/b.so"}});
	put(&m, "bin/mount",
	    "\x7f"
	    "ELF\x02\x01\x01 cut",
	    0755);
	assert_int_equal(bootset_collect(b, FROM(INIT), NULL), 0);
	assert_int_equal(use_of(b, "bin/sh", 0).ops, BIT(EXEC) | BIT(READ));
	assert_int_equal(use_of(b, "bin/mount", 0).ops, BIT(EXEC));
	assert_true(has(b, "lib/a.so") && has(b, "lib/b.so") && has(b, "sbin/init"));
	machine_drop(&m);
}

static void put_units(struct machine *m)
{
	put(m, "usr/lib/systemd/system/sysinit.target", "[Unit]\nWants=early.service\n",
	    0644);
	put(m, "usr/lib/systemd/system/early.service",
	    "[Service]\n# ExecStart=/usr/bin/never\nExecStart=-@/usr/bin/early \\\n"
	    "  --flag\nExecStartPre=!!by-name x\nExecStartPost=/usr/bin/%p\n",
	    0644);
	put(m, "usr/lib/systemd/system/early.service.d/more.conf",
	    "[Service]\n ExecStop = +/usr/bin/drop-in\n", 0644);
	put(m, "usr/lib/systemd/system/graphical.target", "[Unit]\n", 0644);
	link_to(m, "graphical.target", "usr/lib/systemd/system/default.target");
	put(m, "etc/systemd/system/graphical.target.wants/late@x.service", "", 0644);
	put(m, "usr/lib/systemd/system/late@.service",
	    "[Unit]\nRequires=two.socket masked.service\n"
	    "[Service]\nExecStart=/usr/bin/late\n"
	    "Environment=LANG=C \"LD_PRELOAD=/opt/a.so:/opt/b.so\" X=/opt/never.so\n",
	    0644);
	put(m, "usr/lib/systemd/system/two.socket", "[Socket]\n", 0644);
	put(m, "usr/lib/systemd/system/two.service",
	    "[Service]\nExecStart=\"/usr/bin/socketed\"\n", 0644);
	put(m, "usr/lib/systemd/system/masked.service",
	    "[Service]\nExecStart=/usr/bin/masked\n", 0644);
	link_to(m, "/dev/null", "etc/systemd/system/masked.service");
	put(m, "usr/lib/systemd/system/unwanted.service",
	    "[Service]\nExecStart=/usr/bin/never\n", 0644);
	put(m, "usr/lib/systemd/system-generators/fstab-generator", "x", 0755);
	put(m, "opt/a.so", "x", 0644);
	put(m, "opt/b.so", "x", 0644);
	put(m, "opt/never.so", "x", 0644);
	for (const char *const *name =
		     (const char *const[]){"early", "by-name", "drop-in", "late",
					   "socketed", "masked", "never", NULL};
	     *name; name++) {
		char path[64];

		snprintf(path, sizeof(path), "usr/bin/%s", *name);
		put(m, path, "x", 0755);
	}
}

static void test_bootset_from_init__units(void **state)
{
	struct machine m = machine_make();
	_cleanup_(bootset_freep) struct bootset *b = make(&m.root);

	put_units(&m);
	assert_int_equal(bootset_collect(b, FROM(INIT), NULL), 0);
	assert_true(use_of(b, "usr/bin/early", 0).early);
	assert_true(use_of(b, "usr/bin/by-name", 0).early);
	assert_true(use_of(b, "usr/bin/drop-in", 0).early);
	assert_true(
		use_of(b, "usr/lib/systemd/system-generators/fstab-generator", 0).early);
	assert_int_equal(use_of(b, "usr/lib/systemd/system/early.service", 0).ops,
			 BIT(READ));
	assert_false(use_of(b, "usr/bin/late", 0).early);
	assert_false(use_of(b, "usr/bin/socketed", 0).early);
	assert_false(has(b, "usr/bin/masked"));
	assert_false(has(b, "usr/bin/never"));
	assert_int_equal(use_of(b, "opt/a.so", 0).ops, BIT(MMAP) | BIT(READ));
	assert_true(has(b, "opt/b.so"));
	assert_false(has(b, "opt/never.so"));
	machine_drop(&m);
}

static void test_bootset_from_init__logins(void **state)
{
	struct machine m = machine_make();
	_cleanup_(bootset_freep) struct bootset *b = make(&m.root);

	put(&m, "etc/pam.d/login",
	    "auth [success=1 default=ignore] pam_unix.so nullok # pam_never.so\n"
	    "@include common-auth\nauth required /opt/pam_own.so\n",
	    0644);
	put(&m, "etc/nsswitch.conf", "passwd: files [NOTFOUND=return] ldap\n", 0644);
	put(&m, "etc/inittab", "# x\n1:2345:respawn:/sbin/agetty 38400 tty1\n", 0644);
	put(&m, "etc/modules", "# comment\nvirtio-net napi_tx=0\n", 0644);
	put(&m, "etc/modules-load.d/x.conf", "; no\nold_net\n", 0644);
	put(&m, "usr/lib/security/pam_unix.so", "x", 0644);
	put(&m, "usr/lib/security/pam_never.so", "x", 0644);
	put(&m, "opt/pam_own.so", "x", 0644);
	put(&m, "usr/lib/libnss_ldap.so.2", "x", 0644);
	put(&m, "sbin/agetty", "x", 0755);
	put_modules(&m);
	assert_int_equal(bootset_collect(b, FROM(INIT), NULL), 0);
	assert_int_equal(use_of(b, "usr/lib/security/pam_unix.so", 0).ops,
			 BIT(MMAP) | BIT(READ));
	assert_true(has(b, "opt/pam_own.so") && has(b, "usr/lib/libnss_ldap.so.2"));
	assert_false(has(b, "usr/lib/security/pam_never.so"));
	assert_int_equal(use_of(b, "etc/pam.d/login", 0).ops, BIT(READ));
	assert_int_equal(use_of(b, "sbin/agetty", 0).ops, BIT(EXEC));
	/* of another root: of each of its kernels */
	assert_true(has(b, "lib/modules/6.12.0/kernel/net/failover.ko.xz"));
	assert_true(has(b, "lib/modules/6.1.0/kernel/old-net.ko"));
	assert_false(has(b, "lib/modules/6.12.0/kernel/other.ko.xz"));
	machine_drop(&m);
}

static void test_bootset_from_init__no_init(void **state)
{
	struct tree *t = *state;
	_cleanup_(bootset_freep) struct bootset *b = make(&t->root);
	struct bootset_said said;

	assert_int_equal(bootset_collect(b, FROM(INIT), NULL), 0);
	bootset_said(b, BOOTSET_FROM_INIT, &said);
	assert_int_equal(said.why.id, DIAG_NO_SOURCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bootset_from_init__no_init,
						tree_setup, tree_teardown),
		cmocka_unit_test(test_bootset_from_init__needs),
		cmocka_unit_test(test_bootset_from_init__multiarch),
		cmocka_unit_test(test_bootset_needs__endless),
		cmocka_unit_test(test_bootset_from_init__loops),
		cmocka_unit_test(test_bootset_from_init__units),
		cmocka_unit_test(test_bootset_from_init__logins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
