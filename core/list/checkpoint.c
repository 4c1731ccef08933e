/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/base/str.h"

enum {
	BLOBS_MAX = 8,
	BLOB_MAX = 4 << 20,
	STATE_MAX = BLOBS_MAX * BLOB_MAX + 4096,
};

static const char state_name[] = "list.state";
static const char magic[] = "imactl-checkpoint 1";

struct blob {
	char name[32];
	uint8_t *ptr;
	size_t len;
};

struct checkpoint {
	int run;   /* folder of the state file, -1 */
	int cache; /* folder of the lists, -1 */
	int bytes; /* cache file, -1 */
	char list_name[64], aside_name[64];
	bool aside; /* the cache file is not of this list, and could not be renamed */
	bool writable;
	bool valid;
	struct checkpoint_state state;
	uint64_t appended; /* bytes of the cache file that belong to this list */
	uint64_t sum;	   /* over those */
	struct blob blob[BLOBS_MAX];
	size_t n_blobs;
};

uint64_t checkpoint_sum(uint64_t sum, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		sum = (sum ^ bytes.ptr[i]) * 0x100000001b3u;
	return sum;
}

static void drop_blobs(struct checkpoint *c)
{
	for (size_t i = 0; i < c->n_blobs; i++)
		free(c->blob[i].ptr);
	c->n_blobs = 0;
}

struct checkpoint *checkpoint_free(struct checkpoint *c)
{
	if (!c)
		return NULL;
	cleanup_closep(&c->run);
	cleanup_closep(&c->cache);
	cleanup_closep(&c->bytes); /* gives the lock back */
	drop_blobs(c);
	free(c);
	return NULL;
}

const struct checkpoint_state *checkpoint_state(const struct checkpoint *c)
{
	return c->valid ? &c->state : NULL;
}

bool checkpoint_writable(const struct checkpoint *c)
{
	return c->writable;
}

/* "name value\n" with exactly this name. */
static bool take_line(struct bytes *b, const char *name, struct span *ret)
{
	size_t len = strlen(name);
	struct span line;

	if (!bytes_until(b, '\n', &line) || line.len <= len || line.ptr[len] != ' ' ||
	    memcmp(line.ptr, name, len) != 0)
		return false;
	*ret = (struct span){line.ptr + len + 1, line.len - len - 1};
	return true;
}

static bool take_number(struct bytes *b, const char *name, uint64_t *ret)
{
	struct span s;

	return take_line(b, name, &s) && str_to_u64(s, ret) >= 0;
}

static struct blob *blob_named(struct checkpoint *c, struct span name)
{
	for (size_t i = 0; i < c->n_blobs; i++)
		if (span_is(name, c->blob[i].name))
			return &c->blob[i];
	return NULL;
}

static int set_blob(struct checkpoint *c, struct span name, struct span data)
{
	struct blob *b = blob_named(c, name);
	uint8_t *copy;

	if (name.len >= sizeof(b->name) || memchr(name.ptr, '\n', name.len) ||
	    data.len > BLOB_MAX || (!b && c->n_blobs == BLOBS_MAX))
		return -EINVAL;
	copy = malloc(data.len ? data.len : 1);
	if (!copy)
		return -ENOMEM;
	if (data.len)
		memcpy(copy, data.ptr, data.len);
	if (!b) {
		b = &c->blob[c->n_blobs++];
		*b = (struct blob){0};
		memcpy(b->name, name.ptr, name.len);
	}
	free(b->ptr);
	b->ptr = copy;
	b->len = data.len;
	return 0;
}

static bool take_blob(struct checkpoint *c, struct bytes *b)
{
	struct span name, len_text, data;
	uint64_t len;

	if (!take_line(b, "blob", &name) || !take_line(b, "length", &len_text) ||
	    str_to_u64(len_text, &len) < 0 || len > BLOB_MAX ||
	    name.len >= sizeof(c->blob[0].name) || !bytes_take(b, len, &data))
		return false;
	return set_blob(c, name, data) >= 0;
}

static bool parse_state(struct checkpoint *c, struct span text)
{
	struct bytes b = bytes_of(text.ptr, text.len);
	struct checkpoint_state *s = &c->state;
	uint64_t big_endian, digest_size, blobs;
	struct span line;

	if (!bytes_until(&b, '\n', &line) || !span_is(line, magic) ||
	    !take_line(&b, "boot", &line) || line.len >= sizeof(s->boot_id))
		return false;
	memcpy(s->boot_id, line.ptr, line.len);
	if (!take_number(&b, "big-endian", &big_endian) ||
	    !take_number(&b, "digest-size", &digest_size) || digest_size > 64 ||
	    !take_number(&b, "bytes", &s->bytes) ||
	    !take_number(&b, "count", &s->count) ||
	    !take_number(&b, "trimmed", &s->trimmed) ||
	    !take_number(&b, "trimmed-bytes", &s->trimmed_bytes) ||
	    !take_number(&b, "checksum", &s->checksum) ||
	    !take_number(&b, "blobs", &blobs))
		return false;
	s->dialect.big_endian = big_endian;
	s->dialect.digest_size = (uint8_t)digest_size;
	for (uint64_t i = 0; i < blobs; i++)
		if (!take_blob(c, &b))
			return false;
	return bytes_until(&b, '\n', &line) && span_is(line, "end") && !bytes_left(&b) &&
	       s->trimmed <= s->count && s->trimmed_bytes <= s->bytes;
}

static bool load_state(struct checkpoint *c, const char *boot_id)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct stat st;

	if (c->run < 0 || c->bytes < 0 || fstat(c->bytes, &st) < 0)
		return false;
	if (fs_read_at(c->run, state_name, STATE_MAX, &text, NULL) < 0)
		return false;
	if (!parse_state(c, (struct span){(const uint8_t *)strbuf_str(&text), text.len}))
		return false;
	return strcmp(c->state.boot_id, boot_id) == 0 &&
	       (uint64_t)st.st_size >= c->state.bytes;
}

/* Lists of earlier boots are of no use to anybody. */
static void drop_old(const struct checkpoint *c)
{
	int fd = openat(c->cache, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((d = readdir(dir)))
		if ((strncmp(d->d_name, "list-", 5) == 0 &&
		     strcmp(d->d_name, c->list_name) != 0) ||
		    (strncmp(d->d_name, "aside-", 6) == 0 &&
		     strcmp(d->d_name, c->aside_name) != 0))
			(void)unlinkat(dirfd(dir), d->d_name, 0); /* only space is lost */
	(void)closedir(dir);
}

/* The folder, made where it is missing; a descriptor of our own. Without permission there
 * is no checkpoint to write, perhaps one to read. */
static int folder(const struct root *root, enum root_place place)
{
	struct root copy = *root;
	int fd;

	(void)root_make_place(&copy, place, 0700, NULL);
	if (copy.dir[place] < 0)
		return -1;
	fd = openat(copy.dir[place], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy.dir[place] != root->dir[place])
		(void)close(copy.dir[place]);
	return fd;
}

/* --root may lead to a file system that others have filled: what lies there in place of
 * the file, a device say, is neither read nor written. */
static int open_bytes(int cache, const char *name, int flags)
{
	_cleanup_close_ int fd =
		openat(cache, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	return take_fd(&fd);
}

/* The cache file for writing, if nobody else has it. */
static bool own_bytes(struct checkpoint *c)
{
	c->bytes = open_bytes(c->cache, c->list_name, O_RDWR | O_CREAT);
	return c->bytes >= 0 && faccessat(c->run, ".", W_OK, AT_EACCESS) == 0 &&
	       flock(c->bytes, LOCK_EX | LOCK_NB) == 0;
}

static void open_files(struct checkpoint *c, const struct root *root, const char *boot_id)
{
	c->cache = folder(root, ROOT_CACHE);
	c->run = folder(root, ROOT_RUN);
	if (c->run < 0 || c->cache < 0)
		return;
	snprintf(c->list_name, sizeof(c->list_name), "list-%.40s", boot_id);
	snprintf(c->aside_name, sizeof(c->aside_name), "aside-%.40s", boot_id);
	c->writable = own_bytes(c);
	if (c->writable)
		drop_old(c);
	else if (c->bytes < 0)
		c->bytes = open_bytes(c->cache, c->list_name, O_RDONLY);
}

int checkpoint_open(const struct root *root, const char *boot_id, struct checkpoint **ret,
		    struct diag *reterr)
{
	struct checkpoint *c = calloc(1, sizeof(*c));

	if (!c)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	c->run = c->cache = c->bytes = -1;
	c->sum = CHECKPOINT_SUM;
	if (!root_is_recorded(root))
		open_files(c, root, boot_id);
	c->valid = load_state(c, boot_id);
	if (!c->valid)
		drop_blobs(c);
	if (c->valid) {
		c->appended = c->state.bytes;
		c->sum = c->state.checksum;
	}
	*ret = c;
	return 0;
}

int checkpoint_read(const struct checkpoint *c, uint64_t offset, void *buf, size_t len)
{
	uint8_t *p = buf;

	if (!c->valid || offset > c->state.bytes || len > c->state.bytes - offset)
		return -ENODATA;
	while (len) {
		ssize_t n = pread(c->bytes, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int checkpoint_append(struct checkpoint *c, struct span bytes)
{
	if (!c->writable)
		return -EACCES;
	c->sum = checkpoint_sum(c->sum, bytes);
	while (bytes.len) {
		ssize_t n = pwrite(c->bytes, bytes.ptr, bytes.len, (off_t)c->appended);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			/* Disk full: what was committed stays good. */
			c->writable = false;
			return -errno;
		}
		c->appended += (uint64_t)n;
		bytes.ptr += n;
		bytes.len -= (size_t)n;
	}
	return 0;
}

static void format_state(const struct checkpoint *c, struct strbuf *out)
{
	const struct checkpoint_state *s = &c->state;

	strbuf_addf(out,
		    "%s\nboot %s\nbig-endian %d\ndigest-size %u\nbytes %" PRIu64
		    "\ncount %" PRIu64 "\ntrimmed %" PRIu64 "\ntrimmed-bytes %" PRIu64
		    "\nchecksum %" PRIu64 "\nblobs %zu\n",
		    magic, s->boot_id, s->dialect.big_endian, s->dialect.digest_size,
		    s->bytes, s->count, s->trimmed, s->trimmed_bytes, s->checksum,
		    c->n_blobs);
	for (size_t i = 0; i < c->n_blobs; i++) {
		strbuf_addf(out, "blob %s\nlength %zu\n", c->blob[i].name,
			    c->blob[i].len);
		strbuf_add(out, c->blob[i].ptr, c->blob[i].len);
	}
	strbuf_adds(out, "end\n");
}

int checkpoint_commit(struct checkpoint *c, const struct checkpoint_state *state,
		      struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r;

	if (!c->writable)
		return -EACCES;
	c->state = *state;
	c->state.bytes = c->appended;
	c->state.checksum = c->sum;
	format_state(c, &text);
	if (text.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	r = fs_replace_at(c->run, state_name, text.ptr, text.len, 0600, reterr);
	if (r < 0)
		return r;
	c->valid = true;
	return 0;
}

static void forget_bytes(struct checkpoint *c)
{
	c->valid = false;
	c->appended = 0;
	c->sum = CHECKPOINT_SUM;
	/* the state goes first: bytes without a state are nothing, the reverse is a lie */
	if (c->writable && unlinkat(c->run, state_name, 0) < 0 && errno != ENOENT)
		c->writable = false;
}

void checkpoint_reset(struct checkpoint *c)
{
	forget_bytes(c);
	drop_blobs(c);
	if (c->writable && ftruncate(c->bytes, 0) < 0)
		c->writable = false;
}

/* What was set aside before is older, and so nearer to the truth. */
void checkpoint_set_aside(struct checkpoint *c)
{
	bool valid = c->valid;
	uint64_t len = c->state.bytes;

	forget_bytes(c);
	c->aside = valid && !c->writable;
	if (!c->writable)
		return;
	if (valid && ftruncate(c->bytes, (off_t)len) == 0 &&
	    renameat2(c->cache, c->list_name, c->cache, c->aside_name,
		      RENAME_NOREPLACE) == 0) {
		cleanup_closep(&c->bytes);
		c->writable = own_bytes(c);
	} else {
		c->writable = ftruncate(c->bytes, 0) == 0;
	}
}

int checkpoint_aside(const struct checkpoint *c)
{
	int fd = -1;

	if (c->cache < 0)
		return -ENOENT;
	fd = openat(c->cache, c->aside_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && c->aside)
		fd = openat(c->cache, c->list_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

struct span checkpoint_blob(const struct checkpoint *c, const char *name)
{
	for (size_t i = 0; i < c->n_blobs; i++)
		if (strcmp(c->blob[i].name, name) == 0)
			return (struct span){c->blob[i].ptr, c->blob[i].len};
	return (struct span){0};
}

int checkpoint_set_blob(struct checkpoint *c, const char *name, struct span data)
{
	return set_blob(c, span_of(name), data);
}
