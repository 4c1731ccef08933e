/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/job.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/pack.h"
#include "core/base/sha256.h"

#define FOLDER	  "jobs"
#define STOP	  "stop"
#define LOCK_NAME "lock"

enum {
	LIMIT = 1 << 30,
	TRIES = 20, /* of reading what is being written */
};

static int open_folder(const struct root *root)
{
	int at = root->dir[ROOT_STATE];
	int fd = at < 0 ? -1
			: openat(at, FOLDER,
				 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 ? fd : at < 0 ? -ENOENT : -errno;
}

static int cannot(const char *what, int err, struct diag *reterr)
{
	return diag_set(reterr,
			err == -EACCES || err == -EPERM ? DIAG_PERMISSION : DIAG_WRITE,
			err, "Cannot %s a job: %s.", what, diag_errno(err));
}

static void name_of(unsigned id, char ret[16])
{
	(void)snprintf(ret, 16, "%06u", id);
}

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static int read_ids(int folder, unsigned **ret)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	_cleanup_free_ unsigned *ids = NULL;
	struct dirent *e;
	uint64_t id;

	if (!d) {
		if (fd >= 0)
			(void)close(fd); /* fdopendir() did not take it */
		return -errno;
	}
	while ((e = readdir(d))) {
		unsigned *more;

		if (str_to_u64(span_of(e->d_name), &id) < 0 || !id || id > 999999999)
			continue;
		more = reallocarray(ids, (size_t)n + 1, sizeof(*ids));
		if (!more) {
			(void)closedir(d); /* read only */
			return -ENOMEM;
		}
		ids = more;
		ids[n++] = (unsigned)id;
	}
	(void)closedir(d); /* read only */
	if (n)
		qsort(ids, (size_t)n, sizeof(*ids), by_number);
	*ret = take_ptr(ids);
	return n;
}

int job_list(const struct root *root, unsigned **ret, struct diag *reterr)
{
	_cleanup_close_ int folder = open_folder(root);
	int n = folder < 0 ? folder : read_ids(folder, ret);

	if (n == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	return n < 0 ? cannot("list", n, reterr) : n;
}

static int open_job(int folder, unsigned id)
{
	char name[16];
	int fd;

	name_of(id, name);
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int job_open(const struct root *root, unsigned id, struct diag *reterr)
{
	_cleanup_close_ int folder = open_folder(root);
	int fd = folder < 0 ? folder : open_job(folder, id);

	if (fd == -ENOENT)
		return diag_set(reterr, DIAG_NO_JOB, ENOENT, "There is no job %u.", id);
	return fd < 0 ? cannot("open", fd, reterr) : fd;
}

/* Two that make a job at once get different numbers. */
static int make(int folder, unsigned *ret_id)
{
	_cleanup_free_ unsigned *ids = NULL;
	int n = read_ids(folder, &ids);
	unsigned id = n > 0 ? ids[n - 1] + 1 : 1;
	char name[16];

	if (n < 0)
		return n;
	for (name_of(id, name); mkdirat(folder, name, 0700) < 0; name_of(++id, name))
		if (errno != EEXIST)
			return -errno;
	*ret_id = id;
	return open_job(folder, id);
}

int job_create(struct root *root, unsigned *ret_id, struct diag *reterr)
{
	_cleanup_close_ int folder = -1;
	int r = root_make_place(root, ROOT_STATE, 0700, reterr);

	if (r < 0)
		return r;
	if (mkdirat(root->dir[ROOT_STATE], FOLDER, 0700) < 0 && errno != EEXIST)
		return cannot("make", -errno, reterr);
	folder = open_folder(root);
	r = folder < 0 ? folder : make(folder, ret_id);
	return r < 0 ? cannot("make", r, reterr) : r;
}

static void empty(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			(void)close(fd); /* fdopendir() did not take it */
		return;
	}
	while ((e = readdir(d)))
		(void)unlinkat(dir, e->d_name, 0); /* "." and ".." stay */
	(void)closedir(d);			   /* read only */
}

/* A lock that can be looked at without being taken: somebody who only asks must not be in
 * the way of who begins. */
int job_lock(int dir, struct diag *reterr)
{
	_cleanup_close_ int fd =
		openat(dir, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fd < 0)
		return cannot("lock", -errno, reterr);
	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return take_fd(&fd);
	if (errno == EAGAIN || errno == EACCES)
		return diag_set(reterr, DIAG_BUSY, EBUSY,
				"Another process works on this job.");
	return cannot("lock", -errno, reterr);
}

bool job_is_running(int dir)
{
	_cleanup_close_ int fd =
		openat(dir, LOCK_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

void job_remove(const struct root *root, unsigned id)
{
	_cleanup_close_ int folder = open_folder(root);
	_cleanup_close_ int dir = folder < 0 ? -1 : open_job(folder, id);
	_cleanup_close_ int lock = -1;
	char name[16];

	if (dir < 0)
		return;
	lock = job_lock(dir, NULL);
	if (lock < 0)
		return;
	name_of(id, name);
	empty(dir);
	(void)unlinkat(folder, name, AT_REMOVEDIR); /* one too many does no harm */
}

static int add_sum(struct strbuf *out, struct span bytes)
{
	uint8_t sum[SHA256_SIZE];

	sha256_of(bytes, sum);
	strbuf_add(out, sum, sizeof(sum));
	pack_span(out, bytes);
	return out->failed ? -ENOMEM : 0;
}

static bool check_sum(struct span file, struct strbuf *ret)
{
	struct bytes b = bytes_of(file.ptr, file.len);
	struct span sum, bytes;
	uint8_t is[SHA256_SIZE];

	if (!bytes_take(&b, sizeof(is), &sum) || !unpack_span(&b, &bytes))
		return false;
	sha256_of(bytes, is);
	if (memcmp(is, sum.ptr, sizeof(is)) != 0)
		return false;
	strbuf_add(ret, bytes.ptr, bytes.len);
	return true;
}

int job_put(int dir, const char *name, struct span bytes, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (add_sum(&b, bytes) < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return fs_replace_at(dir, name, b.ptr, b.len, 0600, reterr);
}

int job_note(int dir, const char *name, struct span bytes, struct diag *reterr)
{
	_cleanup_close_ int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	_cleanup_strbuf_ struct strbuf b = {0};

	if (fd < 0)
		return cannot("note how far it is with", -errno, reterr);
	if (add_sum(&b, bytes) < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (pwrite(fd, b.ptr, b.len, 0) != (ssize_t)b.len)
		return cannot("note how far it is with", errno ? -errno : -EIO, reterr);
	return 0;
}

int job_get(int dir, const char *name, struct strbuf *ret, struct diag *reterr)
{
	const struct timespec nap = {.tv_nsec = 2000000};

	for (int i = 0; i < TRIES; i++) {
		_cleanup_strbuf_ struct strbuf file = {0};
		int r = fs_read_at(dir, name, LIMIT, &file, reterr);

		if (r < 0)
			return r;
		if (check_sum(strbuf_span(&file), ret))
			return ret->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM,
						      "Out of memory.")
					   : 0;
		(void)nanosleep(&nap, NULL); /* it may be just being written */
	}
	return diag_set(reterr, DIAG_JOURNAL_BAD, EBADMSG,
			"What a job has noted is damaged (%s).", name);
}

int job_ask_stop(int dir, struct diag *reterr)
{
	int fd = openat(dir, STOP, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return cannot("stop", -errno, reterr);
	(void)close(fd); /* it is there: nothing is in it */
	return 0;
}

bool job_is_asked_to_stop(int dir)
{
	return faccessat(dir, STOP, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void job_forget_stop(int dir)
{
	(void)unlinkat(dir, STOP, 0); /* mostly nothing is there */
}
