/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/hookcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/host/cpio.h"
#include "core/host/elffile.h"
#include "core/host/unpack.h"

#define LISTS "usr/share/imactl/initramfs/"

enum {
	LIST_MAX = 1 << 16,
	MODULES_DEP_MAX = 16 << 20,
	PARTS_MAX = 1024,
};

static const char *const group_words[] = {
#define HOOKCHECK_GROUP(id, word, title) [HOOKCHECK_##id] = word,
#include "core/host/hookcheck-groups.inc"
#undef HOOKCHECK_GROUP
};

static const char *const group_titles[] = {
#define HOOKCHECK_GROUP(id, word, title) [HOOKCHECK_##id] = title,
#include "core/host/hookcheck-groups.inc"
#undef HOOKCHECK_GROUP
};

const char *hookcheck_group_word(enum hookcheck_group group)
{
	return group_words[group];
}

const char *hookcheck_group_title(enum hookcheck_group group)
{
	return group_titles[group];
}

const char *hookcheck_state_word(enum hookcheck_state state)
{
	static const char *const words[_HOOKCHECK_STATE_MAX] = {"missing", "differs",
								"good"};

	return words[state];
}

void hookcheck_done(struct hookcheck *h)
{
	free(h->part);
	h->part = NULL;
}

/* What should be in it */

/* @group of any image; NULL when there is no room for more. */
static struct hookcheck_part *add(struct hookcheck *h, enum hookcheck_group group,
				  struct span name)
{
	struct hookcheck_part *p = NULL;

	if (h->n < PARTS_MAX && name.len < sizeof(p->name)) {
		p = &h->part[h->n++];
		*p = (struct hookcheck_part){.group = group};
		memcpy(p->name, name.ptr, name.len);
	}
	return p;
}

/* 0: hashed; -errno. */
static int hash_file(const struct root *root, const char *path, uint8_t ret[SHA256_SIZE])
{
	_cleanup_close_ int fd = root_openat(root, ROOT_TARGET, path, O_RDONLY, NULL);
	struct sha256 hash;
	uint8_t buf[2048];
	ssize_t n;

	if (fd < 0)
		return fd;
	sha256_init(&hash);
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			sha256_add(&hash, buf, (size_t)n);
	}
	sha256_end(&hash, ret);
	return 0;
}

static void want_copy(const struct root *root, struct hookcheck_part *p, const char *path)
{
	if (p)
		p->compared = hash_file(root, path, p->want) == 0;
}

static void add_fixed(const struct root *root, struct hookcheck *h)
{
	static const struct {
		enum initramfs_tool tool;
		enum hookcheck_group group;
		const char *name, *path;
	} rows[] = {
#define HOOKCHECK_PART(tool, group, name, path)                                          \
	{INITRAMFS_##tool, HOOKCHECK_##group, name, path},
#include "core/host/hookcheck-parts.inc"
#undef HOOKCHECK_PART
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct hookcheck_part *p = add(h, rows[i].group, span_of(rows[i].name));

		want_copy(root, p, rows[i].path);
		if (p)
			p->tool = rows[i].tool;
	}
}

static bool is_there(const struct root *root, const char *folder, struct span name)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	_cleanup_close_ int fd = -1;

	strbuf_addf(&path, "%s/", folder);
	strbuf_add(&path, name.ptr, name.len);
	if (!path.failed)
		fd = root_openat(root, ROOT_TARGET, strbuf_str(&path), O_PATH, NULL);
	return fd >= 0;
}

/* Of a module's file: "kernel/crypto/sha512_generic.ko.xz" is sha512_generic; "-" and "_" are
 * the same in names of modules. */
static bool is_module(struct span path, struct span name)
{
	struct span folder, file = path;
	size_t i;

	(void)span_cut_last(path, "/", &folder, &file);
	if (file.len < name.len + 3)
		return false;
	for (i = 0; i < name.len; i++) {
		uint8_t a = file.ptr[i], b = name.ptr[i];

		if ((a == '-' ? '_' : a) != (b == '-' ? '_' : b))
			return false;
	}
	return memcmp(file.ptr + i, ".ko", 3) == 0;
}

/* Is it among the kernel's? What is built in, or not there, is in no image. */
static bool kernel_has(const struct strbuf *dep, struct span name)
{
	struct bytes in = bytes_of(strbuf_str(dep), dep->len);
	struct span line, path;

	while (bytes_until(&in, '\n', &line)) {
		struct bytes words = bytes_of(line.ptr, line.len);

		if (bytes_until(&words, ':', &path) && is_module(path, name))
			return true;
	}
	return false;
}

static bool terminal_exists(const struct root *root, struct span name)
{
	return is_there(root, "etc/terminfo", name) ||
	       is_there(root, "lib/terminfo", name) ||
	       is_there(root, "usr/share/terminfo", name);
}

/* Those of the list that this machine has. IMA-R074: the list is not there. */
static int add_listed(const struct root *root, struct hookcheck *h, const char *list,
		      enum hookcheck_group group, const struct strbuf *dep,
		      struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_close_ int fd = root_openat(root, ROOT_TARGET, list, O_RDONLY, NULL);
	struct bytes in;
	struct span name;

	if (fd < 0)
		return diag_set(reterr, DIAG_NO_HOOK, -fd,
				"No hook for an initramfs is installed here (/%s: %s).",
				list, diag_errno(-fd));
	if (fs_read_fd(fd, LIST_MAX, list, &text, reterr) < 0)
		return -EIO;
	in = bytes_of(strbuf_str(&text), text.len);
	while (bytes_word(&in, " \n", &name))
		if (group == HOOKCHECK_MODULE ? kernel_has(dep, name)
					      : terminal_exists(root, name))
			(void)add(h, group, name);
	return 0;
}

/* Those that the program names itself; what these need the tools copy with them. */
static void add_libraries(const struct root *root, struct hookcheck *h)
{
	_cleanup_close_ int fd =
		root_openat(root, ROOT_TARGET, "usr/bin/imactl", O_RDONLY, NULL);
	struct elffile *e = calloc(1, sizeof(*e));

	if (e && fd >= 0 && elffile_read(fd, e) == 1)
		for (size_t i = 0; i < e->n_needed; i++)
			(void)add(h, HOOKCHECK_LIBRARY,
				  span_of(elffile_name(e, e->needed[i])));
	if (e)
		elffile_done(e);
	free(e);
}

static int add_console(const struct root *root, struct hookcheck *h, struct diag *reterr)
{
	h->console = is_there(root, "usr/bin", span_of("imactl")) &&
		     !is_there(root, "etc/imactl", span_of("no-console"));
	if (!h->console)
		return 0;
	want_copy(root, add(h, HOOKCHECK_CONSOLE, span_of("bin/imactl")),
		  "usr/bin/imactl");
	add_libraries(root, h);
	return add_listed(root, h, LISTS "terminals", HOOKCHECK_TERMINAL, NULL, reterr);
}

static int add_all(const struct root *root, const char *release, struct hookcheck *h,
		   struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0}, dep = {0};
	_cleanup_close_ int fd = -1;
	int r;

	strbuf_addf(&path, "lib/modules/%s/modules.dep", release);
	fd = root_openat(root, ROOT_TARGET, strbuf_str(&path), O_RDONLY, NULL);
	if (fd >= 0 && fs_read_fd(fd, MODULES_DEP_MAX, "modules.dep", &dep, reterr) < 0)
		return -EIO;
	add_fixed(root, h);
	r = add_listed(root, h, LISTS "modules", HOOKCHECK_MODULE, &dep, reterr);
	return r < 0 ? r : add_console(root, h, reterr);
}

/* What is in it */

/* Does the path end in those components? */
static bool ends_in(struct span path, const char *text)
{
	size_t n = strlen(text);
	struct bytes in = bytes_of(path.ptr, path.len);
	struct span tail;

	if (path.len < n || !bytes_skip(&in, path.len - n) || !bytes_take(&in, n, &tail))
		return false;
	return span_is(tail, text) &&
	       (path.len == n || path.ptr[path.len - n - 1] == '/');
}

static void see_name(struct hookcheck *h, struct span name)
{
	if (ends_in(name, "scripts/functions") || ends_in(name, "conf/initramfs.conf"))
		h->tool = INITRAMFS_TOOLS;
	if (ends_in(name, "dracut-lib.sh"))
		h->tool = INITRAMFS_DRACUT;
	h->systemd |= ends_in(name, "lib/systemd/systemd");
	h->policy |= span_is(name, "etc/ima/ima-policy");
	h->loader |= ends_in(name, "hooks/pre-pivot/62-ima-policy-load.sh");
}

static bool is_part(const struct hookcheck_part *p, struct span name)
{
	return p->group == HOOKCHECK_MODULE ? is_module(name, span_of(p->name))
					    : ends_in(name, p->name);
}

/* The rest of the entry. */
static int hash_entry(struct cpio *c, uint8_t ret[SHA256_SIZE], struct diag *reterr)
{
	struct sha256 hash;
	uint8_t buf[2048];
	ssize_t n;

	sha256_init(&hash);
	while ((n = cpio_read(c, buf, sizeof(buf), reterr)) > 0)
		sha256_add(&hash, buf, (size_t)n);
	sha256_end(&hash, ret);
	return (int)n;
}

static int see_part(struct hookcheck_part *p, const struct cpio_entry *e, struct cpio *c,
		    struct diag *reterr)
{
	uint8_t hash[SHA256_SIZE];
	int r = 0;

	if (p->compared && S_ISREG(e->mode)) {
		r = hash_entry(c, hash, reterr);
		p->state = memcmp(hash, p->want, sizeof(hash)) == 0 ? HOOKCHECK_GOOD
								    : HOOKCHECK_DIFFERS;
	} else if (!p->compared) {
		p->state = HOOKCHECK_GOOD;
	}
	if (p->state != HOOKCHECK_MISSING)
		(void)snprintf(p->found, sizeof(p->found), "%.*s",
			       (int)sizeof(p->found) - 1, e->name);
	return r;
}

static int see(struct hookcheck *h, const struct cpio_entry *e, struct cpio *c,
	       struct diag *reterr)
{
	struct span name = span_of(e->name);

	h->files += !S_ISDIR(e->mode);
	if (S_ISDIR(e->mode))
		return 0;
	see_name(h, name);
	for (size_t i = 0; i < h->n; i++)
		if (is_part(&h->part[i], name))
			return see_part(&h->part[i], e, c, reterr);
	return 0;
}

static int see_all(struct hookcheck *h, struct cpio *c, struct diag *reterr)
{
	struct cpio_entry *e = malloc(sizeof(*e));
	int r = e ? 1 : diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");

	while (r > 0) {
		r = cpio_next(c, e, reterr);
		if (r > 0) {
			int err = see(h, e, c, reterr);

			r = err < 0 ? err : r;
		}
	}
	free(e);
	return r;
}

/* What stands behind the plain archives is compressed, and an archive itself. */
static int see_packed(const struct root *root, struct hookcheck *h, int fd,
		      struct cpio *c, struct diag *reterr)
{
	struct span head = cpio_peek(c, UNPACK_HEAD);
	struct unpack u;
	int r;

	if (head.len == 0)
		return 0;
	if (lseek(fd, (off_t)c->at, SEEK_SET) < 0)
		return diag_set(reterr, DIAG_READ, errno,
				"The initramfs is no plain file: %s.", diag_errno(errno));
	r = unpack_start(root, fd, head, &u, reterr);
	if (r < 0)
		return r;
	cpio_init(c, u.fd);
	r = see_all(h, c, reterr);
	if (r == 0 && (h->files == 0 || cpio_peek(c, 1).len > 0))
		r = diag_set(reterr, DIAG_INITRAMFS_DAMAGED, EBADMSG,
			     "What %s makes of the initramfs is no archive.", u.program);
	unpack_end(&u);
	return r;
}

/* Parts of images of another tool are none of this one's. */
static void drop_others(struct hookcheck *h)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->part[i].tool == INITRAMFS_UNKNOWN || h->part[i].tool == h->tool)
			h->part[kept++] = h->part[i];
	h->n = kept;
}

int hookcheck_run(const struct root *root, int fd, const char *release,
		  struct hookcheck *ret, struct diag *reterr)
{
	struct cpio *c = malloc(sizeof(*c));
	_cleanup_hookcheck_ struct hookcheck h = {
		.part = calloc(PARTS_MAX, sizeof(*h.part))};
	int r;

	if (!c || !h.part)
		r = diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	else
		r = add_all(root, release, &h, reterr);
	if (r == 0) {
		cpio_init(c, fd);
		r = see_all(&h, c, reterr);
	}
	if (r == 0)
		r = see_packed(root, &h, fd, c, reterr);
	free(c);
	if (r < 0)
		return r;
	drop_others(&h);
	/* Where it is without a file of its own it does nothing. */
	h.loader = h.loader && is_there(root, "etc/sysconfig", span_of("ima-policy"));
	*ret = h;
	h.part = NULL;
	return 0;
}

bool hookcheck_good(const struct hookcheck *h)
{
	bool hooks = false;

	for (size_t i = 0; i < h->n; i++) {
		if (h->part[i].state != HOOKCHECK_GOOD)
			return false;
		hooks |= h->part[i].group == HOOKCHECK_HOOK;
	}
	return hooks && !(h->systemd && h->policy) && !h->loader;
}

int hookcheck_open(const struct root *root, const char *release, char ret[HOOKCHECK_PATH],
		   struct diag *reterr)
{
	/* initramfs-tools, and dracut on Debian; dracut on Fedora; on SUSE */
	static const char *const places[][2] = {{"boot/initrd.img-", ""},
						{"boot/initramfs-", ".img"},
						{"boot/initrd-", ""}};
	char q[130];

	for (size_t i = 0; i < array_size(places); i++) {
		int fd;

		(void)snprintf(ret, HOOKCHECK_PATH, "%s%s%s", places[i][0], release,
			       places[i][1]);
		fd = root_openat(root, ROOT_TARGET, ret, O_RDONLY, NULL);
		if (fd >= 0)
			return fd;
		if (fd != -ENOENT)
			return diag_set(reterr, DIAG_OPEN, -fd, "Cannot open /%s: %s.",
					str_quote(q, sizeof(q), span_of(ret)),
					diag_errno(-fd));
	}
	return diag_set(reterr, DIAG_NO_IMAGE, ENOENT,
			"No initramfs of kernel %s is found in /boot.",
			str_quote(q, sizeof(q), span_of(release)));
}
