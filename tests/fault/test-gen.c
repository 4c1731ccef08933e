/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generations: what names say, what is damaged and what is only denied; and what is there
 * when the machine stops at any system call while two of them are made. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fstate.h"
#include "core/base/gen.h"
#include "tests/fault/scenario.h"
#include "tests/fault/shim.h"

#define KERNEL "6.1.0-56-amd64"
#define POLICY "measure func=BPRM_CHECK\n"

static char key_name[GEN_NAME_SIZE];

/* Generation @number: a policy with an attribute, and a key; or none of both. */
static void add(struct scenario *s, struct plan *plan, unsigned number, bool policy)
{
	_cleanup_strbuf_ struct strbuf xattrs = {0};
	struct gen_file file[2] = {{.name = GEN_POLICY, .content = span_of(POLICY)},
				   {.content = span_of("a certificate")}};
	struct gen_spec spec = {number, policy ? "installed" : "as-found", file,
				policy ? 2 : 0};
	struct diag d = {0};

	fstate_add_xattr(&xattrs, "user.label", span_of("a signature"));
	file[0].xattrs = strbuf_span(&xattrs);
	gen_key_name(span_of("its key"), file[1].name);
	memcpy(key_name, file[1].name, sizeof(key_name));
	if (gen_add(plan, &s->root, &spec, &d) < 0)
		fail_msg("%s", d.text);
}

/* 1: there was no policy, good for KERNEL; 2: the candidate. */
static void plan_two(struct scenario *s, struct plan *plan)
{
	assert_int_equal(plan_init(plan, "two generations", NULL), 0);
	assert_int_equal(gen_begin(plan, &s->root, NULL), 0);
	add(s, plan, 1, false);
	assert_int_equal(gen_bless(plan, &s->root, 1, KERNEL, NULL), 1);
	add(s, plan, 2, true);
	assert_int_equal(gen_set_candidate(plan, &s->root, 2, NULL), 1);
}

static void run(struct scenario *s, struct plan *plan)
{
	struct change_result r;
	struct diag d = {0};

	if (scenario_run(s, plan, &r, &d) < 0)
		fail_msg("%s", d.text);
	if (r.outcome != CHANGE_DONE && r.outcome != CHANGE_NOTHING)
		fail_msg("%s: %s", change_outcome_name(r.outcome), r.failure.text);
	plan_done(plan);
	assert_int_equal(plan_init(plan, "next", NULL), 0);
}

/* A machine with both, and an empty plan to go on with. */
static void made(struct scenario *s, struct plan *plan)
{
	scenario_new(s);
	plan_two(s, plan);
	run(s, plan);
}

static void assert_state(struct scenario *s, unsigned number, enum gen_state want)
{
	enum gen_state state;
	struct diag d = {0};

	assert_int_equal(gen_verify(&s->root, number, &state, &d), 0);
	if (state != want)
		fail_msg("generation %u is %s: %s", number, gen_state_name(state),
			 d.text);
	if (want != GEN_GOOD)
		assert_int_equal(d.id, want == GEN_UNKNOWN ? DIAG_GEN_UNKNOWN
							   : DIAG_GEN_DAMAGED);
}

static const char *path_in(const struct scenario *s, const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/etc/imactl/%s", s->dir, name);
	return path;
}

static void put(struct scenario *s, const char *name, const char *text)
{
	int fd = open(path_in(s, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(close(fd), 0);
}

static void test_list__nothing_there(void **state)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	struct scenario s;
	unsigned next;

	scenario_new(&s);
	assert_int_equal(gen_list_load(&s.root, KERNEL, &list, NULL), 0);
	assert_int_equal(list.n, 0);
	assert_int_equal(gen_newest_blessed(&list, 0), 0);
	assert_null(gen_find(&list, 1));
	assert_int_equal(gen_next(&s.root, &next, NULL), 0);
	assert_int_equal(next, 1);
	scenario_done(&s);
}

static void test_list__by_names(void **state)
{
	_cleanup_gen_list_ struct gen_list list = {0}, other = {0};
	_cleanup_plan_ struct plan plan = {0};
	struct scenario s;
	unsigned next;

	made(&s, &plan);
	/* names that are none of ours */
	assert_int_equal(mkdir(path_in(&s, "gen/03"), 0700), 0);
	assert_int_equal(mkdir(path_in(&s, "gen/x"), 0700), 0);
	assert_int_equal(symlink("nowhere", path_in(&s, "gen/4")), 0);
	assert_int_equal(symlink("nowhere", path_in(&s, "blessed/9@" KERNEL)), 0);
	assert_int_equal(gen_list_load(&s.root, KERNEL, &list, NULL), 0);
	assert_int_equal(list.n, 2);
	assert_true(list.of[0].no_policy && list.of[0].blessed && list.of[0].allowed);
	assert_false(list.of[0].candidate);
	assert_true(list.of[1].candidate && !list.of[1].blessed && !list.of[1].no_policy);
	assert_int_equal(list.candidate, 2);
	assert_int_equal(gen_newest_blessed(&list, 0), 1);
	assert_int_equal(gen_newest_blessed(&list, 1), 0);
	assert_int_equal(gen_list_load(&s.root, "6.12", &other, NULL), 0);
	assert_int_equal(gen_newest_blessed(&other, 0), 0);
	/* what was once used is not used again */
	assert_int_equal(gen_next(&s.root, &next, NULL), 0);
	assert_int_equal(next, 10);
	scenario_done(&s);
}

static void test_read__what_was_put_in(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0}, xattrs = {0}, files = {0}, want = {0};
	_cleanup_plan_ struct plan plan = {0};
	struct scenario s;

	made(&s, &plan);
	assert_state(&s, 1, GEN_GOOD);
	assert_state(&s, 2, GEN_GOOD);
	assert_int_equal(gen_read(&s.root, 2, GEN_POLICY, &text, &xattrs, NULL), 0);
	assert_string_equal(strbuf_str(&text), POLICY);
	fstate_add_xattr(&want, "user.label", span_of("a signature"));
	assert_true(span_equal(strbuf_span(&xattrs), strbuf_span(&want)));
	assert_int_equal(gen_read(&s.root, 1, GEN_POLICY, &text, NULL, NULL), -ENOENT);
	assert_int_equal(gen_files(&s.root, 2, &files, NULL), 0);
	assert_non_null(strstr(strbuf_str(&files), key_name));
	scenario_done(&s);
}

/* Each leaves generation 2 in another state than the one it was made in. */
static void test_verify__damaged(void **state)
{
	for (int i = 0; i < 9; i++) {
		_cleanup_plan_ struct plan plan = {0};
		_cleanup_strbuf_ struct strbuf text = {0};
		enum gen_state want = GEN_DAMAGED;
		struct scenario s;
		struct diag d = {0};

		made(&s, &plan);
		switch (i) {
		case 0:
			put(&s, "gen/2/" GEN_POLICY, "measure func=MMAP_CHECK\n");
			break;
		case 1:
			assert_int_equal(unlink(path_in(&s, "gen/2/" GEN_POLICY)), 0);
			break;
		case 2:
			put(&s, "gen/2/more", "");
			break;
		case 3:
			put(&s, "gen/2/keys/more.der", "");
			break;
		case 4:
			assert_int_equal(removexattr(path_in(&s, "gen/2/" GEN_POLICY),
						     "user.label"),
					 0);
			break;
		case 5:
			put(&s, "gen/2/" GEN_MANIFEST, "imactl-generation 1\n");
			break;
		case 6:
			assert_int_equal(unlink(path_in(&s, "gen/2/" GEN_MANIFEST)), 0);
			want = GEN_INCOMPLETE;
			break;
		case 7:
			assert_int_equal(symlink("none",
						 path_in(&s, "gen/2/" GEN_NO_POLICY)),
					 0);
			break;
		default: /* an empty generation is no generation without a policy */
			assert_int_equal(unlink(path_in(&s, "gen/1/" GEN_NO_POLICY)), 0);
			assert_state(&s, 1, GEN_INCOMPLETE);
			assert_int_equal(chmod(path_in(&s, "gen/2/" GEN_POLICY), 0622),
					 0);
		}
		assert_state(&s, 2, want);
		if (i == 0 || i == 4)
			assert_int_equal(gen_read(&s.root, 2, GEN_POLICY, &text, NULL,
						  &d),
					 -EBADMSG);
		assert_int_equal(text.len, 0);
		scenario_done(&s);
	}
}

/* Every byte of a manifest counts. */
static void test_verify__manifest_bytes(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	_cleanup_strbuf_ struct strbuf text = {0};
	struct scenario s;

	made(&s, &plan);
	assert_int_equal(fs_read_at(AT_FDCWD, path_in(&s, "gen/2/" GEN_MANIFEST), 1 << 16,
				    &text, NULL),
			 0);
	for (size_t i = 0; i <= text.len; i++) {
		char *copy = strdup(strbuf_str(&text));

		if (i < text.len)
			copy[i] ^= 1;
		put(&s, "gen/2/" GEN_MANIFEST, copy);
		assert_state(&s, 2, i < text.len ? GEN_DAMAGED : GEN_GOOD);
		copy[i] = '\0';
		if (i < text.len) {
			put(&s, "gen/2/" GEN_MANIFEST, copy);
			assert_state(&s, 2, GEN_DAMAGED);
		}
		free(copy);
	}
	scenario_done(&s);
}

/* As somebody who may not read the files; for root that is another user. */
static int verify_denied(const struct scenario *s, const struct root *root)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_gen_list_ struct gen_list list = {0};
	enum gen_state is;
	struct diag d = {0};

	if (geteuid() == 0 && seteuid(65534) < 0)
		return 10;
	if (gen_verify(root, 2, &is, &d) < 0 || is != GEN_UNKNOWN)
		return 11;
	if (d.id != DIAG_GEN_UNKNOWN ||
	    gen_read(root, 2, GEN_POLICY, &text, NULL, &d) != -EACCES)
		return 12;
	/* what decides is still known */
	if (gen_list_load(root, KERNEL, &list, &d) < 0 || list.n != 2 ||
	    gen_newest_blessed(&list, 0) != 1 || list.candidate != 2)
		return 13;
	return 0;
}

static void test_verify__denied_is_not_damaged(void **state)
{
	static const char *const denied[] = {"gen/2/" GEN_MANIFEST, "gen/2/" GEN_POLICY};
	static const char *const folders[] = {"",	 "gen",	      "gen/1",
					      "gen/2",	 "blessed",   "minimum",
					      "revoked", "gen/2/keys"};

	for (size_t i = 0; i < array_size(denied); i++) {
		_cleanup_plan_ struct plan plan = {0};
		struct scenario s;
		int status;
		pid_t pid;

		made(&s, &plan);
		assert_int_equal(chmod(s.dir, 0755), 0);
		for (size_t f = 0; f < array_size(folders); f++)
			assert_int_equal(chmod(path_in(&s, folders[f]), 0755), 0);
		if (i) /* the manifest may be read, and the policy's name is enough */
			assert_int_equal(chmod(path_in(&s, denied[0]), 0644), 0);
		assert_int_equal(chmod(path_in(&s, denied[i]), geteuid() ? 0 : 0600), 0);
		pid = fork();
		if (pid == 0)
			_exit(verify_denied(&s, &s.root));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		scenario_done(&s);
	}
}

static void test_add__refused(void **state)
{
	static const struct {
		const char *name, *content;
	} rows[] = {{"ima-policy", ""},	 {"../x", "x"},	     {"manifest", "x"},
		    {"keys/x.der", "x"}, {"no-policy", "x"}, {"", "x"}};
	_cleanup_plan_ struct plan plan = {0};
	struct scenario s;

	scenario_new(&s);
	assert_int_equal(plan_init(&plan, "t", NULL), 0);
	for (size_t i = 0; i < array_size(rows); i++) {
		struct gen_file f = {.content = span_of(rows[i].content)};
		struct gen_spec spec = {1, "installed", &f, 1};
		struct diag d = {0};

		(void)snprintf(f.name, sizeof(f.name), "%s", rows[i].name);
		assert_int_equal(gen_add(&plan, &s.root, &spec, &d), -EINVAL);
		assert_int_equal(d.id, DIAG_GEN_NAME);
	}
	assert_int_equal(gen_bless(&plan, &s.root, 1, "a/b", NULL), -EINVAL);
	assert_int_equal(gen_bless(&plan, &s.root, 1, "", NULL), -EINVAL);
	assert_int_equal(gen_revoke(&plan, &s.root, "0a", NULL), -EINVAL);
	assert_int_equal(plan.n, 0);
	scenario_done(&s);
}

/* The newest blessed with @release after what @what does. */
static unsigned newest(struct scenario *s)
{
	_cleanup_gen_list_ struct gen_list list = {0};

	assert_int_equal(gen_list_load(&s->root, KERNEL, &list, NULL), 0);
	return gen_newest_blessed(&list, 0);
}

static void test_revoke__for_good(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	char hash[GEN_KEY_HASH + 1];
	struct change_ctx ctx;
	struct change_result r;
	struct scenario s;

	made(&s, &plan);
	assert_int_equal(gen_bless(&plan, &s.root, 2, KERNEL, NULL), 1);
	run(&s, &plan);
	assert_int_equal(newest(&s), 2);
	(void)snprintf(hash, sizeof(hash), "%.*s", GEN_KEY_HASH, key_name + 5);
	assert_int_equal(gen_revoke(&plan, &s.root, hash, NULL), 1);
	assert_int_equal(plan_danger(&plan), PLAN_IRREVERSIBLE);
	run(&s, &plan);
	assert_int_equal(newest(&s), 1); /* the one without that key */
	ctx = scenario_ctx(&s);
	assert_int_equal(change_undo(&ctx, 3, false, &r, NULL), 0);
	assert_int_equal(newest(&s), 1);
	assert_int_equal(gen_revoke(&plan, &s.root, hash, NULL), 0);
	scenario_done(&s);
}

static void test_minimum__only_rises(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct scenario s;

	made(&s, &plan);
	assert_int_equal(gen_bless(&plan, &s.root, 2, KERNEL, NULL), 1);
	assert_int_equal(gen_set_minimum(&plan, &s.root, 2, NULL), 1);
	assert_int_equal(plan_danger(&plan), PLAN_IRREVERSIBLE);
	run(&s, &plan);
	assert_int_equal(gen_set_minimum(&plan, &s.root, 1, NULL), 0);
	assert_int_equal(gen_unbless(&plan, &s.root, 2, KERNEL, NULL), 1);
	run(&s, &plan);
	assert_int_equal(newest(&s), 0); /* 1 is good, and below it */
	scenario_done(&s);
}

static void test_undo__all_of_it(void **state)
{
	_cleanup_strbuf_ struct strbuf before = {0}, after = {0};
	_cleanup_plan_ struct plan plan = {0};
	struct change_ctx ctx;
	struct change_result r;
	struct scenario s;

	scenario_new(&s);
	scenario_look(&s, &before, true);
	plan_two(&s, &plan);
	run(&s, &plan);
	ctx = scenario_ctx(&s);
	assert_int_equal(change_undo(&ctx, 1, false, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	scenario_look(&s, &after, true);
	assert_string_equal(strbuf_str(&after), strbuf_str(&before));
	scenario_done(&s);
}

/* At any moment: what has a number is whole, and what is named is there. */
static void assert_usable(struct scenario *s)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	struct diag d = {0};

	if (gen_list_load(&s->root, KERNEL, &list, &d) < 0)
		fail_msg("%s", d.text);
	for (size_t i = 0; i < list.n; i++)
		assert_state(s, list.of[i].number, GEN_GOOD);
	if (list.candidate)
		assert_non_null(gen_find(&list, list.candidate));
}

static size_t kill_at(size_t at, bool back)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	struct change_ctx ctx;
	struct scenario s;
	unsigned open = 0;
	size_t n = 0;
	int status;
	pid_t pid;

	scenario_new(&s);
	pid = fork();
	if (pid == 0) {
		plan_two(&s, &plan);
		shim_set(SHIM_KILL_AFTER, at, 0);
		(void)scenario_run(&s, &plan, &r, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	scenario_reopen(&s);
	assert_usable(&s);
	assert_int_equal(change_find_open(&s.root, ROOT_STATE, &open, NULL), 0);
	ctx = scenario_ctx(&s);
	if (open && back)
		assert_int_equal(change_undo(&ctx, open, false, &r, NULL), 0);
	else if (open)
		assert_int_equal(change_resume(&ctx, open, &r, NULL), 0);
	assert_usable(&s);
	if (open)
		assert_int_equal(newest(&s), back ? 0 : 1);
	n = WIFSIGNALED(status);
	scenario_done(&s);
	return n;
}

static void test_kill__at_every_call(void **state)
{
	size_t n = 0;

	for (size_t at = 0; kill_at(at, at % 2) || kill_at(at, !(at % 2)); at++)
		n++;
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list__nothing_there),
		cmocka_unit_test(test_list__by_names),
		cmocka_unit_test(test_read__what_was_put_in),
		cmocka_unit_test(test_verify__damaged),
		cmocka_unit_test(test_verify__manifest_bytes),
		cmocka_unit_test(test_verify__denied_is_not_damaged),
		cmocka_unit_test(test_add__refused),
		cmocka_unit_test(test_revoke__for_good),
		cmocka_unit_test(test_minimum__only_rises),
		cmocka_unit_test(test_undo__all_of_it),
		cmocka_unit_test(test_kill__at_every_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
