/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fault/scenario.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/act-file.h"
#include "core/base/act-folder.h"
#include "core/base/act-rename.h"
#include "core/base/act-xattr.h"
#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "tests/unit/test.h"

static void put(const char *dir, const char *name, const char *text, mode_t mode)
{
	struct timespec times[2] = {{.tv_sec = 1000000000},
				    {.tv_sec = 1000000000 + mode}};
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(futimens(fd, times), 0);
	assert_int_equal(close(fd), 0);
}

static void folder(const char *dir, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

void scenario_fill(const char *dir)
{
	char path[256];

	folder(dir, "etc");
	folder(dir, "etc/ima");
	folder(dir, "var");
	folder(dir, "var/lib");
	put(dir, "etc/ima/ima-policy", "measure func=BPRM_CHECK\n", 0640);
	put(dir, "etc/old.conf", "to be removed\n", 0604);
	put(dir, "etc/labelled", "x", 0600);
	put(dir, "etc/from", "renamed", 0600);
	put(dir, "etc/unchanged", "left alone", 0600);
	(void)snprintf(path, sizeof(path), "%s/etc/good", dir);
	assert_int_equal(symlink("gen/6", path), 0);
	(void)snprintf(path, sizeof(path), "%s/etc/ima/ima-policy", dir);
	assert_int_equal(setxattr(path, "user.kept", "old", 3, 0), 0);
	(void)snprintf(path, sizeof(path), "%s/etc/labelled", dir);
	assert_int_equal(setxattr(path, "user.drop", "bye", 3, 0), 0);
}

/* A folder on a file system with attributes; in memory where that can be had. */
static void temporary(char dir[64])
{
	const char *tops[] = {"/dev/shm", getenv("TMPDIR"), "/tmp", "/var/tmp"};

	for (size_t i = 0; i < array_size(tops); i++) {
		if (!tops[i] ||
		    snprintf(dir, 64, "%s/imactl-fault-XXXXXX", tops[i]) >= 64 ||
		    !mkdtemp(dir))
			continue;
		if (setxattr(dir, "user.try", "1", 1, 0) == 0 &&
		    removexattr(dir, "user.try") == 0)
			return;
		(void)rmdir(dir);
	}
	fail_msg("no folder with extended attributes to test in; set TMPDIR");
}

void scenario_reopen(struct scenario *s)
{
	if (s->root.target_path)
		root_done(&s->root);
	assert_int_equal(root_open_live(&s->root, s->dir, NULL), 0);
}

void scenario_new(struct scenario *s)
{
	*s = (struct scenario){0};
	temporary(s->dir);
	scenario_fill(s->dir);
	scenario_reopen(s);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void scenario_done(struct scenario *s)
{
	root_done(&s->root);
	assert_int_equal(nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static struct plan_spec at(const char *path)
{
	return (struct plan_spec){.place = ROOT_TARGET,
				  .path = path,
				  .danger = PLAN_REVERSIBLE};
}

void scenario_plan(struct scenario *s, struct plan *plan)
{
	const struct root *root = &s->root;
	struct plan_spec a;
	struct diag d = {0};

#define STEP(where, call)                                                                \
	do {                                                                             \
		a = at(where);                                                           \
		if ((call) != 1)                                                         \
			fail_msg("%s: %s", where, d.text);                               \
	} while (0)
	assert_int_equal(plan_init(plan, "change everything", &d), 0);
	STEP("etc/ima/ima-policy",
	     act_file_replace(plan, root, &a, span_of("appraise func=BPRM_CHECK\n"), NULL,
			      &d));
	STEP("etc/ima/new", act_file_replace(plan, root, &a, span_of("new\n"), NULL, &d));
	STEP("etc/ima/new",
	     act_xattr_set(plan, root, &a, "user.later", span_of("1"), &d));
	STEP("etc/old.conf", act_file_remove(plan, root, &a, &d));
	STEP("etc/good", act_file_symlink(plan, root, &a, "gen/7", &d));
	STEP("etc/labelled",
	     act_xattr_set(plan, root, &a, "user.label", span_of("sig"), &d));
	STEP("etc/labelled", act_xattr_remove(plan, root, &a, "user.drop", &d));
	STEP("etc/from", act_rename_add(plan, root, &a, "etc/ima/to", &d));
	STEP("etc/gen.new", act_folder_make(plan, root, &a, 0750, &d));
	STEP("etc/gen.new/policy",
	     act_file_replace(plan, root, &a, span_of("p"), NULL, &d));
	STEP("etc/gen.new/policy",
	     act_file_replace(plan, root, &a, span_of("q"), NULL, &d));
	STEP("etc/gen.new", act_rename_add(plan, root, &a, "etc/gen", &d));
	STEP("etc/gen/more", act_file_replace(plan, root, &a, span_of("m"), NULL, &d));
#undef STEP
}

struct change_ctx scenario_ctx(struct scenario *s)
{
	return (struct change_ctx){.root = &s->root,
				   .place = ROOT_STATE,
				   .actions = action_base_set(),
				   .command = "test",
				   .batch = 3};
}

int scenario_run(struct scenario *s, const struct plan *plan, struct change_result *ret,
		 struct diag *reterr)
{
	struct change_ctx ctx = scenario_ctx(s);
	uint8_t hash[PLAN_HASH_SIZE];

	plan_hash(plan, hash);
	return change_run(&ctx, plan, hash, ret, reterr);
}

static void look_at(const char *path, const char *name, struct strbuf *out, bool times)
{
	char data[1024];
	struct stat st;
	ssize_t n;

	assert_int_equal(lstat(path, &st), 0);
	strbuf_addf(out, "%s %06o %u", name, st.st_mode, st.st_uid);
	if (S_ISLNK(st.st_mode)) {
		n = readlink(path, data, sizeof(data));
		assert_true(n > 0);
		strbuf_addf(out, " -> %.*s\n", (int)n, data);
		return;
	}
	for (const char *const *x =
		     (const char *const[]){"user.kept", "user.later", "user.label",
					   "user.drop", NULL};
	     *x; x++) {
		n = lgetxattr(path, *x, data, sizeof(data));
		if (n >= 0)
			strbuf_addf(out, " %s=%.*s", *x, (int)n, data);
	}
	if (S_ISREG(st.st_mode)) {
		int fd = open(path, O_RDONLY);

		n = read(fd, data, sizeof(data));
		assert_true(n >= 0);
		assert_int_equal(close(fd), 0);
		if (times)
			strbuf_addf(out, " @%ld", (long)st.st_mtime);
		strbuf_addf(out, " [%.*s]", (int)n, data);
	}
	strbuf_addc(out, '\n');
}

static int skip_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

/* Folders are few and known: etc and what is below it, two levels. */
static void look_below(const char *dir, const char *name, struct strbuf *out, bool times,
		       unsigned depth)
{
	char path[512], below[512];
	struct dirent **list;
	int n = scandir(dir, &list, skip_dots, alphasort);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		(void)snprintf(below, sizeof(below), "%s/%s", name, list[i]->d_name);
		look_at(path, below, out, times);
		if (list[i]->d_type == DT_DIR && depth)
			look_below(path, below, out, times, depth - 1);
		free(list[i]);
	}
	free(list);
}

void scenario_look(const struct scenario *s, struct strbuf *out, bool times)
{
	char etc[128];

	(void)snprintf(etc, sizeof(etc), "%s/etc", s->dir);
	look_below(etc, "etc", out, times, 3);
	assert_false(out->failed);
}
