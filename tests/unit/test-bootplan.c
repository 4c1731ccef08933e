/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans over boot loaders on files of a tree. That GRUB does with them what is meant is seen
 * in tests/lab/boot-grub.scenario. */
#include "tests/unit/test.h"

#include "core/base/change.h"
#include "core/boot/act-boot.h"
#include "core/boot/bootplan.h"
#include "core/boot/grubcfg.h"
#include "core/boot/grubenv.h"
#include "tests/unit/grub.h"
#include "tests/unit/tree.h"

#define DEFAULTS "GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet ima_appraise=off\"\n"
#define OWN	 "etc/default/grub.d/60-imactl.cfg"

static const struct bootwords log_mode = {{{"ima_appraise", "ima_appraise=log"}}, 1};

typedef int planner(struct plan *plan, const struct root *root,
		    const struct bootloader *b, const struct bootwords *wish,
		    struct diag *reterr);

static void read_file(struct tree *t, const char *path, struct strbuf *out)
{
	struct diag d = {0};

	if (fs_read_at(t->fd, path, 1 << 20, out, &d) < 0)
		fail_msg("%s", d.text);
}

static void assert_file(struct tree *t, const char *path, const char *want)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	read_file(t, path, &text);
	assert_string_equal(strbuf_str(&text), want);
}

static bool is_there(struct tree *t, const char *path)
{
	return faccessat(t->fd, path, F_OK, 0) == 0;
}

static struct change_ctx context(struct tree *t)
{
	return (struct change_ctx){.root = &t->root,
				   .place = ROOT_STATE,
				   .actions = &act_boot_rows,
				   .command = "test"};
}

/* What came of the plan; its steps in *ret_steps. */
static void change(struct tree *t, planner *make, const struct bootloader *b,
		   size_t *ret_steps, struct change_result *ret)
{
	struct change_ctx ctx = context(t);
	_cleanup_plan_ struct plan plan = {0};
	uint8_t hash[PLAN_HASH_SIZE];
	struct diag d = {0};

	assert_int_equal(plan_init(&plan, "test", NULL), 0);
	if (make(&plan, &t->root, b, &log_mode, &d) < 0)
		fail_msg("%s", d.text);
	plan_hash(&plan, hash);
	*ret_steps = plan.n;
	if (change_run(&ctx, &plan, hash, ret, &d) < 0)
		fail_msg("%s", d.text);
}

static void undo(struct tree *t, unsigned id)
{
	struct change_ctx ctx = context(t);
	struct change_result r;
	struct diag d = {0};

	if (change_undo(&ctx, id, false, &r, &d) < 0)
		fail_msg("%s", d.text);
	if (r.outcome != CHANGE_UNDONE)
		fail_msg("%s: %s", change_outcome_name(r.outcome), r.failure.text);
}

/* A generator that reads the same files as the real one, and prints as many kernel lines. */
static void put_generator(struct tree *t, const char *body)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	strbuf_addf(&text,
		    "#!/bin/sh\ncd %s\nGRUB_CMDLINE_LINUX=\n"
		    "for f in etc/default/grub etc/default/grub.d/*.cfg; do "
		    "[ -e \"$f\" ] && . \"./$f\"; done\n%s\n",
		    t->dir, body);
	tree_folder(t, "usr/sbin");
	tree_put(t, "usr/sbin/grub-mkconfig", strbuf_str(&text));
	assert_int_equal(fchmodat(t->fd, "usr/sbin/grub-mkconfig", 0755, 0), 0);
}

#define PRINTS                                                                           \
	"echo '### BEGIN /etc/grub.d/10_linux ###'; for k in 1 2; do echo \"linux /k$k " \
	"$GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT\"; done; echo '### END ###'"

static void make_grub(struct tree *t, struct bootloader *ret)
{
	*ret = (struct bootloader){.kind = BOOTLOADER_GRUB};
	tree_folder(t, "boot/grub");
	tree_folder(t, "etc/default");
	tree_put(t, "boot/grub/grub.cfg", GRUB_CFG);
	tree_put(t, "etc/default/grub", DEFAULTS);
}

static void test_words__grub(void **state)
{
	struct tree *t = *state;
	_cleanup_strbuf_ struct strbuf cfg = {0};
	struct change_result r;
	struct bootloader b;
	size_t n, lines;

	make_grub(t, &b);
	put_generator(t, PRINTS);
	change(t, bootplan_words, &b, &n, &r);
	if (r.outcome != CHANGE_DONE)
		fail_msg("%s: %s", change_outcome_name(r.outcome), r.failure.text);
	assert_int_equal(n, 4); /* the word elsewhere, the folder, the file, grub.cfg */
	read_file(t, "boot/grub/grub.cfg", &cfg);
	assert_true(grubcfg_fit(strbuf_span(&cfg), &log_mode, &lines));
	assert_int_equal(lines, 2);
	change(t, bootplan_words, &b, &n, &r);
	assert_int_equal(n, 0);
	undo(t, 1);
	assert_file(t, "boot/grub/grub.cfg", GRUB_CFG);
	assert_file(t, "etc/default/grub", DEFAULTS);
	assert_false(is_there(t, "etc/default/grub.d"));
}

/* Whatever the program does wrong: nothing of the change stays. */
static void test_words__generator_fails(void **state)
{
	static const struct {
		const char *body;
		enum diag_id id;
	} cases[] = {
		{PRINTS "; echo it is broken >&2; exit 3", DIAG_BOOT_PROGRAM},
		{"kill -9 $$", DIAG_BOOT_PROGRAM},
		{"echo '### BEGIN /etc/grub.d/10_linux ###'; echo 'linux /k quiet'",
		 DIAG_BOOT_NOT_TAKEN},
		{"true", DIAG_BOOT_NOT_TAKEN},
	};
	struct tree *t = *state;
	struct change_result r;
	struct bootloader b;
	size_t n;

	make_grub(t, &b);
	for (size_t i = 0; i < array_size(cases); i++) {
		put_generator(t, cases[i].body);
		change(t, bootplan_words, &b, &n, &r);
		assert_int_equal(r.outcome, CHANGE_ROLLED_BACK);
		assert_int_equal(r.failure.id, cases[i].id);
		assert_file(t, "boot/grub/grub.cfg", GRUB_CFG);
		assert_file(t, "etc/default/grub", DEFAULTS);
		assert_false(is_there(t, OWN));
	}
}

static void test_words__none_to_change(void **state)
{
	struct bootloader b = {.no_words = "so it is"};
	_cleanup_plan_ struct plan plan = {0};
	struct tree *t = *state;
	struct diag d = {0};

	assert_int_equal(plan_init(&plan, "test", NULL), 0);
	assert_int_equal(bootplan_words(&plan, &t->root, &b, &log_mode, &d), -EOPNOTSUPP);
	assert_int_equal(d.id, DIAG_BOOT_NO_WORDS);
	(void)snprintf(b.no_once, sizeof(b.no_once), "so it is");
	assert_int_equal(bootplan_once(&plan, &t->root, &b, &log_mode, &d), -EOPNOTSUPP);
	assert_int_equal(d.id, DIAG_BOOT_NO_ONCE);
}

static void assert_next(struct tree *t, const char *want)
{
	_cleanup_strbuf_ struct strbuf env = {0};
	struct span value = {0};

	read_file(t, "boot/grub/grubenv", &env);
	assert_int_equal(env.len, GRUBENV_SIZE);
	assert_int_equal(grubenv_get(strbuf_span(&env), "next_entry", &value),
			 want != NULL);
	if (want)
		assert_true(span_is(value, want));
}

/* As GRUB does it: set to nothing, in place. */
static void grub_takes_it(struct tree *t)
{
	_cleanup_strbuf_ struct strbuf env = {0};
	char *at;

	read_file(t, "boot/grub/grubenv", &env);
	at = strstr(env.ptr, "next_entry=");
	assert_non_null(at);
	at += strlen("next_entry=");
	memmove(at, strchr(at, '\n'), (size_t)(env.ptr + env.len - strchr(at, '\n')));
	memset(env.ptr + env.len - strlen(BOOT_TRIAL_ID), '#', strlen(BOOT_TRIAL_ID));
	tree_put(t, "boot/grub/grubenv", strbuf_str(&env));
}

static void test_once__grub(void **state)
{
	struct tree *t = *state;
	_cleanup_strbuf_ struct strbuf custom = {0}, env = {0};
	_cleanup_grubcfg_ struct grubcfg g;
	struct change_result r;
	struct bootloader b;
	struct bytes in;
	struct span words;
	size_t n;

	make_grub(t, &b);
	tree_put(t, "boot/grub/custom.cfg", "set color=1\n");
	assert_int_equal(grubenv_set((struct span){0}, "saved_entry", span_of("0"), &env),
			 0);
	tree_put(t, "boot/grub/grubenv", strbuf_str(&env));
	change(t, bootplan_once, &b, &n, &r);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_int_equal(n, 2);
	assert_next(t, BOOT_TRIAL_ID);
	read_file(t, "boot/grub/custom.cfg", &custom);
	assert_int_equal(grubcfg_parse(strbuf_span(&custom), &g), 0);
	assert_int_equal(g.n, 1);
	assert_string_equal(g.entry[0].id, BOOT_TRIAL_ID);
	in = bytes_of(g.entry[0].body.ptr, g.entry[0].body.len);
	assert_true(grubcfg_next_kernel(&in, &words));
	assert_true(span_is(words, " root=UUID=1 ro  quiet ima_appraise=log"));
	grub_takes_it(t);
	assert_next(t, NULL);
	undo(t, r.id);
	assert_file(t, "boot/grub/custom.cfg", "set color=1\n");
	assert_next(t, NULL);
	strbuf_clear(&env);
	read_file(t, "boot/grub/grubenv", &env);
	assert_non_null(strstr(strbuf_str(&env), "\nsaved_entry=0\n"));
}

static void test_once__grub_twice_and_away(void **state)
{
	struct tree *t = *state;
	_cleanup_plan_ struct plan plan = {0};
	_cleanup_strbuf_ struct strbuf custom = {0};
	struct change_ctx ctx = context(t);
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;
	struct bootloader b;
	size_t n;

	make_grub(t, &b);
	change(t, bootplan_once, &b, &n, &r);
	assert_int_equal(n, 2);
	change(t, bootplan_once, &b, &n, &r);
	assert_int_equal(n, 0);
	read_file(t, "boot/grub/custom.cfg", &custom);
	assert_null(strstr(strstr(strbuf_str(&custom), "menuentry ") + 1, "menuentry "));
	assert_int_equal(plan_init(&plan, "test", NULL), 0);
	assert_int_equal(bootplan_once_remove(&plan, &t->root, &b, NULL), 1);
	assert_int_equal(plan.n, 2);
	plan_hash(&plan, hash);
	assert_int_equal(change_run(&ctx, &plan, hash, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_next(t, NULL);
	assert_false(is_there(t, "boot/grub/custom.cfg"));
}

static void test_grubenv__no_block(void **state)
{
	struct tree *t = *state;
	_cleanup_plan_ struct plan plan = {0};
	struct bootloader b;
	struct diag d = {0};

	make_grub(t, &b);
	tree_put(t, "boot/grub/grubenv", "# GRUB Environment Block\nshort\n");
	assert_int_equal(plan_init(&plan, "test", NULL), 0);
	assert_int_equal(bootplan_once(&plan, &t->root, &b, &log_mode, &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_BOOT_ODD);
}

#define ENTRY                                                                            \
	"title Debian\nmachine-id 00000000000000000000000000000001\nlinux /k\noptions a b\n"
#define OTHER                                                                            \
	"title Other\nmachine-id 00000000000000000000000000000002\nlinux /k\noptions a b\n"

static void make_entries(struct tree *t, struct bootloader *ret)
{
	*ret = (struct bootloader){.kind = BOOTLOADER_SYSTEMD,
				   .entries = "efi/loader/entries",
				   .selected = "one.conf",
				   .chosen = "one.conf"};
	tree_folder(t, "efi/loader/entries");
	tree_folder(t, "etc/kernel");
	tree_put(t, "etc/machine-id", "00000000000000000000000000000001\n");
	tree_put(t, "etc/kernel/cmdline", "a b\n");
	tree_put(t, "efi/loader/entries/one.conf", ENTRY);
	tree_put(t, "efi/loader/entries/two.conf", ENTRY);
	tree_put(t, "efi/loader/entries/other.conf", OTHER);
}

static void test_words__systemd(void **state)
{
	struct tree *t = *state;
	struct change_result r;
	struct bootloader b;
	size_t n;

	make_entries(t, &b);
	change(t, bootplan_words, &b, &n, &r);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_int_equal(n, 3);
	assert_file(t, "etc/kernel/cmdline", "a b ima_appraise=log\n");
	assert_file(t, "efi/loader/entries/two.conf",
		    "title Debian\nmachine-id 00000000000000000000000000000001\nlinux "
		    "/k\noptions a b ima_appraise=log\n");
	assert_file(t, "efi/loader/entries/other.conf", OTHER);
	undo(t, r.id);
	assert_file(t, "etc/kernel/cmdline", "a b\n");
	assert_file(t, "efi/loader/entries/one.conf", ENTRY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words__generator_fails, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_words__none_to_change, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_grubenv__no_block, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_words__grub, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_once__grub, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_once__grub_twice_and_away,
						tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_words__systemd, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
