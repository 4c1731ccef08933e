/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/journal-internal.h"
#include "core/base/pack.h"
#include "core/base/sha256.h"

#define FOLDER "changes"
static const char *const state_names[_JOURNAL_STATE_MAX] = {
	[JOURNAL_OPEN] = "open",     [JOURNAL_BACK] = "back",	  [JOURNAL_DONE] = "done",
	[JOURNAL_PARTLY] = "partly", [JOURNAL_UNDONE] = "undone",
};

const char *journal_state_name(enum journal_state state)
{
	return (unsigned)state < _JOURNAL_STATE_MAX ? state_names[state] : "unknown";
}

static void folder_name(char buf[32], unsigned id, enum journal_state state)
{
	(void)snprintf(buf, 32, "%06u.%s", id, state_names[state]);
}

void journal_segment_name(char buf[32], unsigned number)
{
	(void)snprintf(buf, 32, "%06u", number);
}

/* "000007.open" */
static bool parse_folder(const char *name, struct journal_entry *ret)
{
	const char *dot = strchr(name, '.');
	uint64_t id;

	if (!dot ||
	    str_to_u64((struct span){(const uint8_t *)name, (size_t)(dot - name)}, &id) <
		    0 ||
	    id == 0 || id > 999999999)
		return false;
	for (unsigned i = 0; i < _JOURNAL_STATE_MAX; i++) {
		if (strcmp(dot + 1, state_names[i]) == 0) {
			*ret = (struct journal_entry){(unsigned)id,
						      (enum journal_state)i};
			return true;
		}
	}
	return false;
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

int journal_cannot(const char *what, unsigned id, int err, struct diag *reterr)
{
	if (err == -EACCES || err == -EPERM)
		return diag_set(
			reterr, DIAG_PERMISSION, err,
			"Cannot %s the journal of change %u: %s, by its mode or by "
			"the policy in force.",
			what, id, diag_errno(err));
	return diag_set(reterr, *what == 'r' ? DIAG_READ : DIAG_WRITE, err,
			"Cannot %s the journal of change %u: %s.", what, id,
			diag_errno(err));
}

static int open_changes(int place)
{
	int fd = openat(place, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int by_id(const void *a, const void *b)
{
	const struct journal_entry *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Calls for every name in a folder; -errno. */
static int read_names(int dir, struct journal_entry **ret, size_t *ret_n)
{
	_cleanup_free_ struct journal_entry *list = NULL;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct journal_entry *more, entry;
	struct dirent *e;
	size_t n = 0;
	int r = d ? 0 : -errno;

	if (!d && fd >= 0)
		(void)close(fd); /* fdopendir() failed and did not take it */
	while (d && r == 0 && (errno = 0, e = readdir(d))) {
		if (!parse_folder(e->d_name, &entry))
			continue;
		more = reallocarray(list, n + 1, sizeof(*list));
		if (!more)
			r = -ENOMEM;
		else {
			list = more;
			list[n++] = entry;
		}
	}
	if (d && r == 0)
		r = -errno; /* of readdir(), 0 at the end */
	if (d)
		(void)closedir(d); /* read only */
	if (r < 0)
		return r;
	if (n)
		qsort(list, n, sizeof(*list), by_id);
	*ret = take_ptr(list);
	*ret_n = n;
	return 0;
}

int journal_list(const struct root *root, enum root_place place,
		 struct journal_entry **ret, struct diag *reterr)
{
	_cleanup_close_ int changes =
		root->dir[place] < 0 ? -ENOENT : open_changes(root->dir[place]);
	size_t n = 0;
	int r = changes;

	*ret = NULL;
	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = read_names(changes, ret, &n);
	return r < 0 ? journal_cannot("read", 0, r, reterr) : (int)n;
}

static void init(struct journal *j)
{
	*j = (struct journal){.changes = -1, .dir = -1};
}

void journal_done(struct journal *j)
{
	cleanup_closep(&j->changes);
	cleanup_closep(&j->dir);
	for (size_t i = 0; i < j->bodies_n; i++)
		free((void *)(uintptr_t)j->bodies[i].ptr);
	free(j->bodies);
	free(j->steps);
	free(j->head.command);
	plan_done(&j->plan);
	strbuf_done(&j->pending);
	init(j);
}

static void start_record(struct journal *j, enum journal_record type, size_t step)
{
	pack_u8(&j->pending, (uint8_t)type);
	pack_u64(&j->pending, step);
}

void journal_intent(struct journal *j, size_t step, struct span before)
{
	start_record(j, RECORD_INTENT, step);
	pack_span(&j->pending, before);
}

void journal_wanted(struct journal *j, size_t step, struct span state)
{
	start_record(j, RECORD_WANTED, step);
	pack_span(&j->pending, state);
}

void journal_note_done(struct journal *j, size_t step, const uint8_t actual[32])
{
	start_record(j, RECORD_DONE, step);
	pack_span(&j->pending, (struct span){actual, 32});
}

void journal_note_undone(struct journal *j, size_t step)
{
	start_record(j, RECORD_UNDONE, step);
	pack_span(&j->pending, (struct span){0});
}

void journal_note_failed(struct journal *j, size_t step, int err)
{
	uint8_t code[4];

	for (size_t i = 0; i < 4; i++)
		code[i] = (uint8_t)((uint32_t)(err < 0 ? -err : err) >> (8 * i));
	start_record(j, RECORD_FAILED, step);
	pack_span(&j->pending, (struct span){code, sizeof(code)});
}

static int write_segment(int dir, const char *name, struct span body)
{
	_cleanup_close_ int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		       0600);
	uint8_t hash[SHA256_SIZE];
	struct sha256 h;
	int r;

	if (fd < 0)
		return -errno;
	sha256_init(&h);
	sha256_add(&h, JOURNAL_MAGIC, strlen(JOURNAL_MAGIC));
	sha256_add(&h, name, 6); /* a segment cannot stand in for another one */
	sha256_add(&h, body.ptr, body.len);
	sha256_end(&h, hash);
	r = fs_write_all(fd, JOURNAL_MAGIC, strlen(JOURNAL_MAGIC));
	if (r == 0)
		r = fs_write_all(fd, body.ptr, body.len);
	if (r == 0)
		r = fs_write_all(fd, hash, sizeof(hash));
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(take_fd(&fd)) < 0 && r == 0)
		r = -errno;
	return r;
}

static int put_segment(int dir, unsigned number, struct span body)
{
	char name[32], tmp[40];
	int r;

	journal_segment_name(name, number);
	(void)snprintf(tmp, sizeof(tmp), "%s.new", name);
	r = write_segment(dir, tmp, body);
	if (r == 0 && renameat(dir, tmp, dir, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dir, tmp, 0); /* the next try truncates it anyway */
		return r;
	}
	return fspath_sync(dir);
}

int journal_sync(struct journal *j, struct diag *reterr)
{
	int r;

	if (j->pending.failed)
		return no_memory(reterr);
	if (j->pending.len == 0)
		return 0;
	r = put_segment(j->dir, j->next, strbuf_span(&j->pending));
	if (r < 0)
		return journal_cannot("write", j->id, r, reterr);
	j->next++;
	strbuf_clear(&j->pending);
	return 0;
}

int journal_set_state(struct journal *j, enum journal_state state, struct diag *reterr)
{
	char from[32], to[32];
	int r = journal_sync(j, reterr);

	if (r < 0 || state == j->state)
		return r;
	folder_name(from, j->id, j->state);
	folder_name(to, j->id, state);
	if (renameat(j->changes, from, j->changes, to) < 0)
		return journal_cannot("write", j->id, -errno, reterr);
	j->state = state;
	r = fspath_sync(j->changes);
	return r < 0 ? journal_cannot("write", j->id, r, reterr) : 0;
}

static void read_boot_id(const struct root *root, char ret[40])
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (root_read(root, ROOT_BOOT_ID, &b, NULL) == 0)
		(void)snprintf(ret, 40, "%.*s", (int)strcspn(strbuf_str(&b), "\n"),
			       strbuf_str(&b));
	else
		ret[0] = '\0'; /* a note for people, nothing rests on it */
}

static void pack_head(struct strbuf *out, const struct root *root,
		      const struct plan *plan, const char *command)
{
	char boot_id[40];

	read_boot_id(root, boot_id);
	pack_u8(out, RECORD_HEAD);
	pack_str(out, command);
	pack_u64(out, (uint64_t)time(NULL));
	pack_str(out, boot_id);
	pack_u32(out, getuid());
	plan_pack(out, plan);
}

/* One more than any number there; the lock keeps others from taking the same. */
static int next_id(int changes, unsigned *ret)
{
	_cleanup_free_ struct journal_entry *list = NULL;
	size_t n;
	int r = read_names(changes, &list, &n);

	if (r < 0)
		return r;
	*ret = n ? list[n - 1].id + 1 : 1;
	return 0;
}

/* The folder gets its name when the plan in it is safe, so that a journal without a plan
 * never appears. */
static int make_folder(struct journal *j, struct span head)
{
	char tmp[32], name[32], seg[32];
	int r;

	(void)snprintf(tmp, sizeof(tmp), "new");
	journal_segment_name(seg, 0);
	folder_name(name, j->id, JOURNAL_OPEN);
	if (mkdirat(j->changes, tmp, 0700) < 0 && errno != EEXIST)
		return -errno;
	j->dir = openat(j->changes, tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (j->dir < 0)
		return -errno;
	r = put_segment(j->dir, 0, head);
	if (r == 0 && renameat(j->changes, tmp, j->changes, name) < 0)
		r = -errno;
	if (r == 0)
		r = fspath_sync(j->changes);
	if (r <
	    0) /* not begun: nobody must find it. A crash here leaves an empty change */
		(void)renameat(j->changes, name, j->changes, tmp);
	return r;
}

static int make_changes(struct root *root, enum root_place place, int *ret,
			struct diag *reterr)
{
	int r = root_make_place(root, place, 0700, reterr);

	if (r < 0)
		return r;
	if (mkdirat(root->dir[place], FOLDER, 0700) < 0 && errno != EEXIST)
		return diag_set(reterr, DIAG_WRITE, errno,
				"Cannot make the folder for journals: %s.",
				diag_errno(errno));
	r = fspath_sync(root->dir[place]);
	if (r == 0)
		r = *ret = open_changes(root->dir[place]);
	return r < 0 ? diag_set(reterr, DIAG_WRITE, r,
				"Cannot use the folder for journals: %s.", diag_errno(r))
		     : 0;
}

int journal_create(struct journal *ret, struct root *root, enum root_place place,
		   const struct plan *plan, const char *command, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf head = {0};
	struct journal j;
	int r;

	init(&j);
	pack_head(&head, root, plan, command);
	j.steps = calloc(plan->n ? plan->n : 1, sizeof(*j.steps));
	r = head.failed || !j.steps ? no_memory(reterr)
				    : make_changes(root, place, &j.changes, reterr);
	if (r == 0) {
		r = next_id(j.changes, &j.id);
		if (r == 0)
			r = make_folder(&j, strbuf_span(&head));
		if (r < 0)
			(void)journal_cannot("write", j.id, r, reterr);
	}
	if (r < 0) {
		journal_done(&j);
		return r;
	}
	j.next = 1;
	*ret = j;
	return 0;
}

static int find(struct journal *j, unsigned id)
{
	_cleanup_free_ struct journal_entry *list = NULL;
	char name[32];
	size_t n;
	int r = read_names(j->changes, &list, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (list[i].id != id)
			continue;
		j->state = list[i].state;
		folder_name(name, id, j->state);
		j->dir = openat(j->changes, name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return j->dir < 0 ? -errno : 0;
	}
	return r < 0 ? r : -ENOENT;
}

/* An undo writes what the journal says was there, so it is taken from nobody but
 * ourselves and root. */
static int check_owner(const struct journal *j, struct diag *reterr)
{
	struct stat st;

	if (fstat(j->dir, &st) < 0)
		return journal_cannot("read", j->id, -errno, reterr);
	if ((st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & 022))
		return 0;
	return diag_set(reterr, DIAG_JOURNAL_BAD, EBADMSG,
			"The journal of change %u can be written by others (owner %u, "
			"mode %04o).",
			j->id, st.st_uid, st.st_mode & 07777);
}

/* The journal of another root may come from anywhere; none of its steps leads to this
 * machine. */
static int check_places(const struct journal *j, const struct root *root,
			struct diag *reterr)
{
	for (size_t i = 0; i < j->plan.n; i++)
		if (!root_owns_place(root, j->plan.steps[i].place))
			return diag_set(
				reterr, DIAG_JOURNAL_BAD, EBADMSG,
				"Step %zu of change %u lies outside of the root file "
				"system that was named.",
				i + 1, j->id);
	return 0;
}

int journal_load(struct journal *ret, const struct root *root, enum root_place place,
		 unsigned id, const struct action_set *set, struct diag *reterr)
{
	struct journal j;
	int r;

	init(&j);
	j.id = id;
	r = j.changes = root->dir[place] < 0 ? -ENOENT : open_changes(root->dir[place]);
	if (r >= 0)
		r = find(&j, id);
	if (r == -ENOENT)
		r = diag_set(reterr, DIAG_NO_CHANGE, ENOENT, "There is no change %u.",
			     id);
	else if (r < 0)
		r = journal_cannot("read", id, r, reterr);
	else
		r = check_owner(&j, reterr);
	if (r == 0)
		r = journal_read_segments(&j, set, reterr);
	if (r == 0)
		r = check_places(&j, root, reterr);
	if (r < 0) {
		journal_done(&j);
		return r;
	}
	*ret = j;
	return 0;
}
