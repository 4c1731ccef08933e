/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real trees. What needs mounts runs in a mount namespace of its own, as root. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/host/walk.h"

#define ATTR	    "user.label"
#define TMPFS_MAGIC 0x01021994

struct tree {
	char dir[64];
	int fd;
	struct root root;
	struct pool *pool;
	struct strbuf log; /* a line a file, sorted by those who compare it */
	struct walk_counts counts;
	uint32_t uid;	   /* files of others are not wanted; -1: all are */
	size_t stop_after; /* files; 0: never */
	size_t files;
	int fail;
	const char *known; /* the end of paths whose label is not read */
};

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	(void)snprintf(t->dir, sizeof(t->dir), "/tmp/imactl-walk-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	t->fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	t->uid = (uint32_t)-1;
	assert_int_equal(root_open_live(&t->root, t->dir, NULL), 0);
	assert_int_equal(pool_new(2, &t->pool, NULL), 0);
	*state = t;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct tree *t = *state;

	pool_free(t->pool);
	root_done(&t->root);
	close(t->fd);
	strbuf_done(&t->log);
	assert_int_equal(nftw(t->dir, remove_one, 64, FTW_DEPTH | FTW_PHYS), 0);
	free(t);
	return 0;
}

static void folder(struct tree *t, const char *path)
{
	assert_int_equal(fs_mkdirs_at(t->fd, path, 0755, NULL), 0);
}

static int put(struct tree *t, const char *path, const char *label)
{
	int fd = openat(t->fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "content", 7), 7);
	if (label)
		assert_int_equal(fsetxattr(fd, ATTR, label, strlen(label), 0), 0);
	return fd;
}

static void file(struct tree *t, const char *path, const char *label)
{
	assert_int_equal(close(put(t, path, label)), 0);
}

static int take(void *user, const struct walk_file *f)
{
	struct tree *t = user;

	t->files++;
	strbuf_addf(&t->log, "%s %s%s", f->path, f->immutable ? "immutable " : "",
		    f->read_only ? "read-only " : "");
	if (f->known)
		strbuf_addf(&t->log, "known %d", f->known);
	else if (f->err)
		strbuf_adds(&t->log, f->err == ENODATA ? "none" : diag_errno(f->err));
	else
		strbuf_add(&t->log, f->value.ptr, f->value.len);
	strbuf_addc(&t->log, '\n');
	return t->fail;
}

static void skipped(void *user, const char *path, enum walk_skip why, int err)
{
	struct tree *t = user;

	strbuf_addf(&t->log, "%s -- %s\n", path, walk_skip_word(why));
}

static bool want(const void *user, const struct walk_file *f)
{
	const struct tree *t = user;

	return t->uid == (uint32_t)-1 || f->uid == t->uid;
}

static int known(const void *user, const char *path, const struct walk_file *f)
{
	const struct tree *t = user;
	size_t len = t->known ? strlen(t->known) : 0, at = strlen(path);

	return len && at >= len && strcmp(path + at - len, t->known) == 0 ? 7 : 0;
}

static bool no_tmpfs(const void *user, uint32_t magic, bool named)
{
	return named || magic != TMPFS_MAGIC;
}

static bool stop(void *user)
{
	struct tree *t = user;

	return t->stop_after && t->files >= t->stop_after;
}

static int walk(struct tree *t, const char *const *paths, size_t n, struct diag *reterr)
{
	struct walk_ops ops = {
		.want = want,
		.known = known,
		.enter = no_tmpfs,
		.file = take,
		.skip = skipped,
		.stop = stop,
		.user = t,
	};

	strbuf_clear(&t->log);
	t->files = 0;
	return walk_run(t->pool, &t->root, ATTR, paths, n, &ops, &t->counts, reterr);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The log's lines in order. */
static char *sorted(struct tree *t)
{
	char *text = strdup(strbuf_str(&t->log)), *save = NULL;
	_cleanup_free_ char **lines = calloc(t->log.len + 1, sizeof(char *));
	struct strbuf out = {0};
	size_t n = 0;

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		lines[n++] = l;
	qsort(lines, n, sizeof(char *), by_text);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&out, "%s\n", lines[i]);
	free(text);
	return n ? strbuf_take(&out) : strdup("");
}

static void assert_log(struct tree *t, const char *wanted)
{
	_cleanup_free_ char *found = sorted(t);

	assert_string_equal(found, wanted);
}

static void walk_all(struct tree *t)
{
	struct diag d = {0};

	if (walk(t, (const char *const[]){""}, 1, &d) < 0)
		fail_msg("%s", d.text);
}

static void test_run__what_is_not_there(void **state)
{
	struct tree *t = *state;
	struct diag d = {0};

	folder(t, "a");
	assert_int_equal(symlinkat("a", t->fd, "to-a"), 0);
	assert_int_equal(walk(t, (const char *const[]){"none"}, 1, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_OPEN);
	assert_int_equal(walk(t, (const char *const[]){"to-a/x"}, 1, &d), -ELOOP);
	walk_all(t);
	assert_log(t, "");
}

static void test_run__regular_files_only(void **state)
{
	struct tree *t = *state;

	folder(t, "usr/bin");
	file(t, "usr/bin/ls", "right");
	file(t, "usr/.hidden", NULL);
	file(t, "usr/\033[2J\xff", "");
	assert_int_equal(symlinkat("/etc/passwd", t->fd, "usr/link"), 0);
	assert_int_equal(symlinkat("usr", t->fd, "to-usr"), 0);
	assert_int_equal(mkfifoat(t->fd, "usr/fifo", 0600), 0);
	walk_all(t);
	assert_log(t, "usr/\033[2J\xff \n"
		      "usr/.hidden none\n"
		      "usr/bin/ls right\n");
	assert_int_equal(t->counts.files, 3);
	assert_int_equal(t->counts.wanted, 3);
	assert_int_equal(t->counts.folders, 3);
	assert_int_equal(t->counts.links, 2);
	assert_int_equal(t->counts.special, 1);
}

static void test_run__files_and_folders_that_overlap(void **state)
{
	struct tree *t = *state;

	folder(t, "a/b");
	folder(t, "c");
	file(t, "a/x", "1");
	file(t, "a/b/y", "2");
	file(t, "c/z", "3");
	file(t, "c/not", "4");
	assert_int_equal(walk(t, (const char *const[]){"c/z", "a/b", "a"}, 3, NULL), 0);
	assert_log(t, "a/b -- twice\n"
		      "a/b/y 2\n"
		      "a/x 1\n"
		      "c/z 3\n");
}

static void test_run__unwanted_files_are_only_counted(void **state)
{
	struct tree *t = *state;

	file(t, "mine", "x");
	t->uid = getuid() + 1;
	walk_all(t);
	assert_log(t, "");
	assert_int_equal(t->counts.files, 1);
	assert_int_equal(t->counts.wanted, 0);
}

static size_t n_found;

static int count_one(const char *path, const struct stat *st, int type)
{
	n_found += S_ISREG(st->st_mode);
	return 0;
}

/* Folders with more files than fit one hand-over, many folders, deep ones. */
static void test_run__known_files_are_not_asked_for_it(void **state)
{
	struct tree *t = *state;

	folder(t, "usr/bin");
	file(t, "usr/bin/ls", "right");
	file(t, "usr/bin/cp", "right");
	t->known = "usr/bin/ls";
	walk_all(t);
	assert_log(t, "usr/bin/cp right\n"
		      "usr/bin/ls known 7\n");
	assert_int_equal(t->counts.wanted, 2);
}

static int note_settled(void *user, const struct walk_file *f)
{
	*(bool *)user = f->settled;
	return 0;
}

/* A file is not settled in the seconds after a change, of whatever kind. */
static void test_run__settled(void **state)
{
	static const char *const all[] = {""};
	struct tree *t = *state;
	struct walk_counts counts;
	bool settled;
	struct walk_ops ops = {.file = note_settled, .user = &settled};

	file(t, "a", "right");
	assert_int_equal(walk_run(t->pool, &t->root, ATTR, all, 1, &ops, &counts, NULL),
			 0);
	assert_false(settled);
	sleep(4);
	assert_int_equal(walk_run(t->pool, &t->root, ATTR, all, 1, &ops, &counts, NULL),
			 0);
	assert_true(settled);
	assert_int_equal(fchmodat(t->fd, "a", 0600, 0), 0);
	assert_int_equal(walk_run(t->pool, &t->root, ATTR, all, 1, &ops, &counts, NULL),
			 0);
	assert_false(settled);
}

static void test_run__very_many(void **state)
{
	struct tree *t = *state;
	struct strbuf deep = {0};
	char name[64];

	for (int i = 0; i < 1700; i++) {
		(void)snprintf(name, sizeof(name), "file-%d", i);
		file(t, name, i % 2 ? "y" : NULL);
	}
	for (int i = 0; i < 900; i++) {
		(void)snprintf(name, sizeof(name), "many/%d/%d", i % 30, i);
		folder(t, name);
		(void)snprintf(name, sizeof(name), "many/%d/%d/f", i % 30, i);
		file(t, name, NULL);
	}
	strbuf_adds(&deep, "d");
	for (int i = 0; i <= 300; i++) {
		assert_int_equal(mkdirat(t->fd, strbuf_str(&deep), 0755), 0);
		strbuf_adds(&deep, i < 300 ? "/down" : "");
	}
	strbuf_adds(&deep, "/bottom");
	file(t, strbuf_str(&deep), "z");
	assert_int_equal(ftw(t->dir, count_one, 64), 0);
	assert_int_equal(n_found, 1700 + 900 + 1);
	walk_all(t);
	assert_int_equal(t->files, n_found);
	assert_int_equal(t->counts.folders, 1 + 1 + 30 + 900 + 301);
	strbuf_adds(&deep, " z\n");
	assert_non_null(strstr(strbuf_str(&t->log), strbuf_str(&deep)));
	strbuf_done(&deep);
}

static void test_run__stopped(void **state)
{
	struct tree *t = *state;
	struct diag d = {0};
	char name[32];

	for (int i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		file(t, name, NULL);
	}
	t->stop_after = 10;
	assert_int_equal(walk(t, (const char *const[]){""}, 1, &d), -ECANCELED);
	assert_int_equal(d.id, DIAG_NONE);
	assert_true(t->files >= 10 && t->files < 3000);
	t->stop_after = 0;
	t->fail = -EIO;
	assert_int_equal(walk(t, (const char *const[]){""}, 1, &d), -EIO);
	assert_int_equal(t->files, 1);
}

static void test_run__flags_and_values(void **state)
{
	struct tree *t = *state;
	_cleanup_free_ char *value = malloc(3000);
	int flags = FS_IMMUTABLE_FL, fd = put(t, "locked", "v");

	memset(value, 'v', 3000);
	value[2999] = '\0';
	file(t, "long", value);
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0) {
		close(fd);
		print_message("not tried: chattr +i is not possible here\n");
		skip();
	}
	walk_all(t);
	flags = 0;
	assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	close(fd);
	assert_non_null(strstr(strbuf_str(&t->log), "locked immutable v\n"));
	assert_non_null(strstr(strbuf_str(&t->log), value));
}

static void test_run__facts(void **state)
{
	struct tree *t = *state;
	struct walk_file a, b;
	int fd = put(t, "x", NULL);

	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(walk_facts(fd, &a), 0);
	assert_int_equal(a.mode, S_IFREG | 0640);
	assert_int_equal(a.stamp.size, 7);
	assert_int_equal(walk_facts(fd, &b), 0);
	assert_true(stamp_same(&a.stamp, &b.stamp));
	assert_int_equal(write(fd, "more", 4), 4);
	assert_int_equal(walk_facts(fd, &b), 0);
	assert_false(stamp_same(&a.stamp, &b.stamp));
	close(fd);
}

/* The mounts of the test below, in a namespace that goes with the process. 77: not here. */
static int mounts(struct tree *t)
{
	if (unshare(CLONE_NEWNS) < 0 || chdir(t->dir) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "tmp", "tmpfs", 0, NULL) < 0)
		return 77;
	/* below a place that sorts before the original */
	assert_int_equal(mount("c/sub", "a/again", NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount("a", "z", NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount("ro", "ro", NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, "ro", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL),
			 0);
	assert_int_equal(mount("a/x", "over", NULL, MS_BIND, NULL), 0);
	/* by the new namespace's names; the descriptor has the old one's */
	assert_int_equal(close(creat("tmp/not-seen", 0600)), 0);
	/* the pool's threads are the parent's */
	assert_int_equal(pool_new(2, &t->pool, NULL), 0);
	root_done(&t->root);
	assert_int_equal(root_open_live(&t->root, t->dir, NULL), 0);
	return 0;
}

static void in_namespace(struct tree *t)
{
	int r = mounts(t);

	if (r)
		_exit(r);
	walk_all(t);
	assert_log(t, "a/again -- twice\n"
		      "a/x 1\n"
		      "c/sub/y 2\n"
		      "over -- mounted\n"
		      "ro/r read-only 3\n"
		      "tmp -- file-system\n"
		      "z -- twice\n");
	assert_int_equal(walk(t, (const char *const[]){"a", "c"}, 2, NULL), 0);
	assert_log(t, "a/again/y 2\n"
		      "a/x 1\n"
		      "c/sub -- twice\n");
	assert_int_equal(walk(t, (const char *const[]){"tmp"}, 1, NULL), 0);
	assert_log(t, "tmp/not-seen none\n");
	_exit(0);
}

static void test_run__mounts(void **state)
{
	struct tree *t = *state;
	int status;
	pid_t pid;

	folder(t, "a/again");
	folder(t, "c/sub");
	folder(t, "ro");
	folder(t, "tmp");
	folder(t, "z");
	file(t, "a/x", "1");
	file(t, "c/sub/y", "2");
	file(t, "ro/r", "3");
	file(t, "over", "4");
	t->pool = pool_free(t->pool); /* as tree_fork() does */
	pid = fork();
	if (pid == 0)
		in_namespace(t);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("not tried: mounting is not permitted\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_run__what_is_not_there),
		TEST(test_run__regular_files_only),
		TEST(test_run__files_and_folders_that_overlap),
		TEST(test_run__unwanted_files_are_only_counted),
		TEST(test_run__known_files_are_not_asked_for_it),
		TEST(test_run__settled),
		TEST(test_run__very_many),
		TEST(test_run__stopped),
		TEST(test_run__flags_and_values),
		TEST(test_run__facts),
		TEST(test_run__mounts),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
