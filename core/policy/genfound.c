/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/genfound.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/fstate.h"
#include "core/base/imaxattr.h"
#include "core/base/pack.h"
#include "core/policy/rulescope.h"

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static int read_policy(const struct root *root, struct genfound *f, struct diag *reterr)
{
	_cleanup_close_ int fd = fspath_open(root->dir[ROOT_TARGET], GENFOUND_POLICY,
					     O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	_cleanup_strbuf_ struct strbuf value = {0};
	struct stat st;
	int r;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return diag_set(reterr,
				fd == -EACCES  ? DIAG_PERMISSION
				: fd == -ELOOP ? DIAG_NOT_A_FILE
					       : DIAG_OPEN,
				fd < 0 ? fd : errno,
				"Cannot open /" GENFOUND_POLICY ": %s.",
				diag_errno(fd < 0 ? -fd : errno));
	if (S_ISDIR(st.st_mode))
		return diag_set(reterr, DIAG_NOT_A_FILE, EISDIR,
				"Cannot change /" GENFOUND_POLICY ": %s.",
				diag_errno(EISDIR));
	r = fs_read_fd(fd, GEN_FILE_MAX, "/" GENFOUND_POLICY, &f->text, reterr);
	if (r < 0)
		return r;
	/* an empty one loads nothing (systemd ima-setup.c): as if there were none */
	f->there = f->text.len > 0;
	f->changed = st.st_ctim;
	if (fs_get_xattr(fd, "security.ima", &value) >= 0 && value.len)
		fstate_add_xattr(&f->xattrs, "security.ima", strbuf_span(&value));
	return value.failed || f->xattrs.failed ? no_memory(reterr) : 0;
}

static bool has_file(const struct genfound *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->file[i].name, name) == 0)
			return true;
	return false;
}

void genfound_take_key(struct genfound *f, const struct cert *cert)
{
	struct gen_file file = {.content = strbuf_span(&cert->der)};

	gen_key_name(cert->spki, file.name);
	if (cert->spki.len && f->n < GEN_FILES_MAX && !has_file(f, file.name))
		f->file[f->n++] = file;
}

bool genfound_at_boot(const struct genfound *f, size_t i)
{
	return strncmp(f->certs.from[i], "/" GENFOUND_KEYS "/",
		       strlen("/" GENFOUND_KEYS "/")) == 0;
}

bool genfound_has_cert(const struct genfound *f, const struct cert *cert)
{
	for (size_t i = 0; i < f->certs.n; i++)
		if (genfound_at_boot(f, i) &&
		    span_equal(strbuf_span(&f->certs.cert[i]->der),
			       strbuf_span(&cert->der)))
			return true;
	return false;
}

int genfound_load(const struct root *root, struct genfound *ret, struct diag *reterr)
{
	int r;

	ret->file = calloc(GEN_FILES_MAX, sizeof(*ret->file));
	if (!ret->file)
		return no_memory(reterr);
	r = read_policy(root, ret, reterr);
	if (r == 0)
		r = certstore_load(root, &ret->certs, reterr);
	if (r < 0)
		return r;
	ret->file[0] = (struct gen_file){.name = GEN_POLICY,
					 .content = strbuf_span(&ret->text),
					 .xattrs = strbuf_span(&ret->xattrs)};
	ret->n = 1;
	for (size_t i = 0; i < ret->certs.n; i++)
		if (genfound_at_boot(ret, i))
			genfound_take_key(ret, ret->certs.cert[i]);
	return 0;
}

void genfound_done(struct genfound *f)
{
	strbuf_done(&f->text);
	strbuf_done(&f->xattrs);
	certstore_done(&f->certs);
	free(f->file);
	*f = (struct genfound){0};
}

static bool is_signature(struct span packed)
{
	struct bytes in = bytes_of(packed.ptr, packed.len);
	struct span name, value;
	struct imaxattr x;
	uint32_t n;

	if (!bytes_u32(&in, &n) || !n || !unpack_span(&in, &name) ||
	    !unpack_span(&in, &value))
		return false;
	imaxattr_decode(IMAXATTR_IMA, value, &x);
	return imaxattr_is_sig(&x);
}

/* Words for the kernel are nothing that lies in /etc/ima: what was found never has them, and
 * is the generation with them all the same. */
static bool same_words(const struct root *root, unsigned number,
		       const struct gen_file *words)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = gen_read(root, number, GEN_CMDLINE, &text, NULL, NULL);

	return words ? r == 0 && span_equal(strbuf_span(&text), words->content)
		     : r == -ENOENT;
}

static const struct gen_file *words_of(const struct gen_file *file, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(file[i].name, GEN_CMDLINE) == 0)
			return &file[i];
	return NULL;
}

/* Does the generation hold just these files? */
static bool holds(const struct root *root, unsigned number, const struct gen_file *file,
		  size_t n, bool with_words)
{
	_cleanup_strbuf_ struct strbuf text = {0}, xattrs = {0}, names = {0};
	size_t lines = 0;

	if (gen_read(root, number, GEN_POLICY, &text, &xattrs, NULL) < 0 ||
	    gen_files(root, number, &names, NULL) < 0 ||
	    !span_equal(strbuf_span(&text), file->content))
		return false;
	if ((is_signature(strbuf_span(&xattrs)) || is_signature(file->xattrs)) &&
	    !span_equal(strbuf_span(&xattrs), file->xattrs))
		return false;
	for (size_t i = 0; i < names.len; i++)
		lines += names.ptr[i] == '\n';
	for (size_t i = 1; i < n; i++)
		if (!strstr(strbuf_str(&names), file[i].name))
			return false;
	if (with_words)
		return lines == n && same_words(root, number, words_of(file, n));
	return lines == n + (strstr(strbuf_str(&names), GEN_CMDLINE) ? 1 : 0);
}

static unsigned newest(const struct root *root, const struct gen_list *list,
		       const struct gen_file *file, size_t n, bool with_words)
{
	for (size_t i = list->n; i > 0; i--) {
		const struct gen_entry *e = &list->of[i - 1];

		if (!e->no_policy && holds(root, e->number, file, n, with_words))
			return e->number;
	}
	return 0;
}

unsigned genfound_holding(const struct root *root, const struct gen_list *list,
			  const struct gen_file *file, size_t n)
{
	return newest(root, list, file, n, true);
}

unsigned genfound_same(const struct root *root, const struct gen_list *list,
		       const struct genfound *f)
{
	if (f->there)
		return newest(root, list, f->file, f->n, false);
	for (size_t i = list->n; i > 0; i--)
		if (list->of[i - 1].no_policy)
			return list->of[i - 1].number;
	return 0;
}

/* Does that folder's file system have labels at all? One that is missing will lie in /etc. */
static bool takes_labels(const struct root *root, const char *folder)
{
	const char *const paths[] = {folder, "etc"};
	_cleanup_strbuf_ struct strbuf value = {0};

	for (size_t i = 0; i < array_size(paths); i++) {
		_cleanup_close_ int fd =
			fspath_open(root->dir[ROOT_TARGET], paths[i], O_PATH | O_CLOEXEC);

		if (fd >= 0)
			return fs_get_xattr(fd, "security.ima", &value) != -EOPNOTSUPP;
	}
	return false;
}

bool genfound_needs_labels(const struct root *root, const struct ruleset *rules,
			   const char *folder)
{
	struct rulescope scope;

	rulescope_init(&scope, rules);
	return rulescope_any(&scope) && takes_labels(root, folder);
}

enum { HUNDREDTHS = 100 };

static int64_t hundredths(const struct timespec *t)
{
	return (int64_t)t->tv_sec * HUNDREDTHS + t->tv_nsec / (1000000000 / HUNDREDTHS);
}

/* Hundredths of a second, as fs/proc/uptime.c has them: by whole seconds what was changed in the
 * second of the boot would lie before it now and then. */
bool genfound_before_boot(const struct root *root, const struct timespec *changed)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span seconds, rest;
	struct timespec now;
	uint64_t up, part;
	struct bytes in;

	if (root_read(root, ROOT_UPTIME, &text, NULL) < 0)
		return false;
	in = bytes_of(strbuf_str(&text), text.len);
	if (!bytes_until(&in, '.', &seconds) || str_to_u64(seconds, &up) < 0 ||
	    !bytes_until(&in, ' ', &rest) || str_to_u64(rest, &part) < 0 ||
	    clock_gettime(CLOCK_REALTIME, &now) < 0)
		return false;
	return hundredths(changed) < hundredths(&now) - (int64_t)(up * HUNDREDTHS + part);
}

bool genfound_is_good(const struct root *root, const struct genfound *f,
		      const char *release)
{
	_cleanup_policy_ struct policy p = {0};
	_cleanup_strbuf_ struct strbuf keep = {0};
	struct policy_kernel kernel;

	if (!*release || strcmp(root->target_path, "/") != 0)
		return false;
	if (!f->there)
		return true;
	if (!genfound_before_boot(root, &f->changed) ||
	    ruleset_kernel(root, &keep, &kernel, NULL) < 0 ||
	    policy_parse(strbuf_span(&f->text), &kernel, &p, NULL) < 0)
		return false;
	return !policy_count(&p, POLICY_ERROR);
}

int genfound_keep(struct plan *plan, const struct root *root, const struct genfound *f,
		  const struct gen_list *list, const char *release, bool label,
		  unsigned *next, struct genfound_kept *ret, struct diag *reterr)
{
	size_t skip = f->there ? 0 : 1;
	struct gen_spec spec = {*next, list->n ? "found" : "as-found", f->file + skip,
				f->n - skip, label};
	int r;

	*ret = (struct genfound_kept){.number = genfound_same(root, list, f)};
	if (ret->number)
		return 0;
	r = gen_add(plan, root, &spec, reterr);
	if (r < 0)
		return r;
	*ret = (struct genfound_kept){(*next)++, true,
				      genfound_is_good(root, f, release)};
	r = ret->good ? gen_bless(plan, root, spec.number, release, reterr) : 0;
	return r < 0 ? r : 0;
}
