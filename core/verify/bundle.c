/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verify/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/json.h"
#include "core/base/keyring.h"
#include "core/cert/certstore.h"
#include "core/host/dmesg.h"
#include "core/host/kconfig.h"
#include "core/cert/keycap.h"
#include "core/list/live.h"
#include "core/list/mlog.h"
#include "core/verify/tpm.h"

enum {
	CHUNK = 65536,
	AUDIT_SLICE = 4 << 20, /* the end of the audit log */
	LIST_MAX = 512 << 20,  /* of one list in memory */
	SHORT_LIST = 20000, /* entries: below this the kernel renders it again quickly */
	SETTLE_TRIES = 40,
	SETTLE_MS = 100, /* longer than a TPM takes for an extend */
};

struct writer {
	struct root *root;
	const struct bundle_options *options;
	int dir; /* the folder being written */
	struct bundle *b;
};

static struct bundle_item *add_item(struct writer *w, const char *name)
{
	struct bundle_item *i;

	/* More than there are rows: a defect. */
	if (w->b->n_items == BUNDLE_ITEMS_MAX)
		return &w->b->item[BUNDLE_ITEMS_MAX - 1];
	i = &w->b->item[w->b->n_items++];
	*i = (struct bundle_item){0};
	(void)snprintf(i->name, sizeof(i->name), "%s", name);
	return i;
}

static void missing(struct writer *w, const char *name, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void missing(struct writer *w, const char *name, int err, const char *fmt, ...)
{
	struct bundle_item *i = add_item(w, name);
	va_list ap;

	i->err = err;
	va_start(ap, fmt);
	(void)vsnprintf(i->why, sizeof(i->why), fmt, ap);
	va_end(ap);
}

static int put(struct writer *w, const char *name, const void *data, size_t len,
	       struct diag *reterr)
{
	int r = fs_replace_at(w->dir, name, data, len, 0600, reterr);
	struct bundle_item *i;

	if (r < 0)
		return r;
	i = add_item(w, name);
	i->written = true;
	i->bytes = len;
	return 0;
}

static int put_text(struct writer *w, const char *name, const struct strbuf *text,
		    struct diag *reterr)
{
	if (text->failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return put(w, name, strbuf_str(text), text->len, reterr);
}

/* A file nobody may read: the policy of a kernel without CONFIG_IMA_READ_POLICY. */
static bool unreadable(struct writer *w, enum root_file file, int r)
{
	struct stat st;

	return (r == -EACCES || r == -EPERM) && root_stat(w->root, file, &st) == 0 &&
	       !(st.st_mode & 0444);
}

/* One row: not being there is a remark, only a failed write is an error. */
static int copy_file(struct writer *w, enum root_file file, struct diag *reterr)
{
	const char *name = root_recorded_name(file);
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = root_read(w->root, file, &text, NULL);

	if (r == 0)
		return put_text(w, name, &text, reterr);
	if (unreadable(w, file, r))
		missing(w, name, -EOPNOTSUPP, "this kernel lets nobody read it");
	else
		missing(w, name, r, "%s", diag_errno(r));
	return 0;
}

/* All that can be read now, appended; the descriptor stays at the end for more. */
static int read_on(int fd, struct strbuf *out)
{
	_cleanup_free_ char *chunk = malloc(CHUNK);
	ssize_t n = chunk ? 1 : 0;

	if (!chunk)
		return -ENOMEM;
	while (n != 0) {
		n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		strbuf_add(out, chunk, (size_t)n);
		if (out->failed || out->len > LIST_MAX)
			return -EFBIG;
	}
	return 0;
}

/* Bytes of the first @max records, and their number into *ret_n. */
static size_t records(const struct strbuf *list, uint64_t max, uint64_t *ret_n)
{
	struct bytes in = bytes_of(strbuf_str(list), list->len);
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct mlog_dialect dialect;
	struct mlog_entry e;

	*ret_n = 0;
	if (mlog_sniff((struct span){in.ptr, in.len}, 0, &dialect, NULL) < 0)
		return 0;
	in.big_endian = dialect.big_endian;
	while (*ret_n < max && mlog_next(&dialect, &in, &scratch, &e, NULL) > 0)
		++*ret_n;
	return in.pos;
}

static int put_pcrs(struct writer *w, const struct pcrs *p, struct diag *reterr)
{
	int r = 0;

	for (size_t i = 0; i < p->n_banks && r >= 0; i++) {
		_cleanup_strbuf_ struct strbuf text = {0};
		char name[64];

		for (unsigned n = 0; n < PCRS_COUNT; n++) {
			struct span v;

			if (!pcrs_value(p, p->bank[i].alg, n, &v))
				continue;
			strbuf_addf(&text, "PCR-%02u: ", n);
			strbuf_addhex(&text, v);
			strbuf_addc(&text, '\n');
		}
		(void)snprintf(name, sizeof(name), "pcrs-%s.txt",
			       hash_alg_name(p->bank[i].alg));
		r = put_text(w, name, &text, reterr);
	}
	return r;
}

static void nap(void)
{
	const struct timespec t = {.tv_nsec = SETTLE_MS * 1000000L};

	(void)nanosleep(&t, NULL); /* a signal may cut it short: then we look earlier */
}

/* What has come to the list since; its number of entries in *ret. */
static int list_news(struct live *l, uint32_t *ret, struct diag *reterr)
{
	int r = live_poll(l, reterr);

	if (r > 0)
		r = live_catch_up(l, NULL, reterr);
	*ret = mstore_head(live_store(l));
	return r;
}

/* The PCRs while the list stands still; without a list the PCRs as they are. */
static int read_settled(struct writer *w, struct tpm *t, struct live *l, struct pcrs *ret,
			struct diag *reterr)
{
	uint32_t before = 0, after = 0;
	int r = 0;

	for (int i = 0; i < SETTLE_TRIES; i++) {
		nap(); /* the kernel appends first and extends then */
		r = l ? list_news(l, &before, reterr) : 0;
		if (r >= 0)
			r = tpm_read(t, (1u << PCRS_COUNT) - 1, ret, reterr);
		if (r >= 0 && l)
			r = list_news(l, &after, reterr);
		if (r < 0 || before == after)
			return r;
	}
	w->b->unsettled = true;
	return 0;
}

static int put_list(struct writer *w, const struct mstore *s, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf list = {0};
	struct span run;
	uint32_t n;

	for (mref ref = 0; (n = mstore_run(s, ref, &run)) > 0; ref += n)
		strbuf_add(&list, run.ptr, run.len);
	w->b->entries = mstore_head(s);
	return put_text(w, root_recorded_name(ROOT_LIST_BINARY), &list, reterr);
}

/* What cannot be had is a remark: the record is written without it. */
static struct live *open_list(struct writer *w)
{
	struct live *l = NULL;
	struct diag d = {0};
	int r = live_open(w->root, LIVE_NO_TAIL, NULL, &l, &d);

	if (r >= 0)
		r = live_catch_up(l, NULL, &d);
	if (r >= 0)
		return l;
	missing(w, root_recorded_name(ROOT_LIST_BINARY), r, "%s", diag_errno(r));
	return live_free(l);
}

/* The list and the PCRs; either may be missing. */
static int list_and_pcrs(struct writer *w, struct diag *reterr)
{
	_cleanup_(live_freep) struct live *l = open_list(w);
	_cleanup_free_ struct pcrs *p = calloc(1, sizeof(*p));
	struct tpm *t = NULL;
	struct diag d = {0};
	int r;

	if (!p)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r = tpm_open(w->root, w->options->tcti, &t, &d);
	if (r >= 0)
		r = read_settled(w, t, l, p, &d);
	(void)tpm_free(t);
	if (r < 0) {
		missing(w, "pcrs-ALG.txt", r == -ENODEV ? -ENOENT : r, "%.*s", 150,
			d.text);
		r = 0;
	} else {
		r = put_pcrs(w, p, reterr);
	}
	return r >= 0 && l ? put_list(w, live_store(l), reterr) : r;
}

/* A list of the same entries in another form, cut to those of the first. */
static int other_list(struct writer *w, enum root_file file, const char *suffix,
		      struct diag *reterr)
{
	_cleanup_close_ int fd = root_open_suffix(w->root, file, suffix, NULL);
	_cleanup_strbuf_ struct strbuf list = {0};
	char name[96];
	uint64_t n;
	int r = fd;

	(void)snprintf(name, sizeof(name), "%s%s%s", root_recorded_name(file),
		       suffix ? "_" : "", suffix ? suffix : "");
	if (fd == -ENOENT)
		return 0;
	if (fd >= 0 && w->b->entries > SHORT_LIST && !w->options->all_lists) {
		missing(w, name, -EFBIG,
			"%llu entries: its digests can be computed from the list (--all-lists takes it along)",
			(unsigned long long)w->b->entries);
		return 0;
	}
	if (fd >= 0)
		r = read_on(fd, &list);
	if (r < 0) {
		missing(w, name, r, "%s", diag_errno(r));
		return 0;
	}
	return put(w, name, strbuf_str(&list), records(&list, w->b->entries, &n), reterr);
}

static int other_lists(struct writer *w, struct diag *reterr)
{
	int r = other_list(w, ROOT_LIST_ASCII, NULL, reterr);

	for (int i = 0; i < _HASH_ALG_MAX && r >= 0; i++)
		r = other_list(w, ROOT_LIST_BINARY, hash_alg_name((enum hash_alg)i),
			       reterr);
	return r;
}

static int audit_log(struct writer *w, struct diag *reterr)
{
	const char *name = root_recorded_name(ROOT_AUDIT_LOG);
	_cleanup_close_ int fd = root_open(w->root, ROOT_AUDIT_LOG, NULL);
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span from, cut;
	struct bytes in;
	struct stat st;
	int r = fd;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > AUDIT_SLICE)
		(void)lseek(fd, st.st_size - AUDIT_SLICE, SEEK_SET);
	if (fd >= 0)
		r = read_on(fd, &text);
	if (r < 0) {
		missing(w, name, r, "%s", diag_errno(r));
		return 0;
	}
	in = bytes_of(strbuf_str(&text), text.len);
	if (text.len >= AUDIT_SLICE)
		(void)bytes_until(&in, '\n', &cut); /* a part of a line */
	(void)bytes_take(&in, bytes_left(&in), &from);
	return put(w, name, from.ptr, from.len, reterr);
}

static int kernel_log(struct writer *w, struct diag *reterr)
{
	const char *name = root_recorded_name(ROOT_DMESG);
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = dmesg_read(w->root, &text, NULL);

	if (r == 0)
		return put_text(w, name, &text, reterr);
	missing(w, name, r, "%s", diag_errno(r));
	return 0;
}

static int kernel_config(struct writer *w, struct diag *reterr)
{
	const char *name = root_recorded_name(ROOT_CONFIG);
	struct kconfig k;
	int r = kconfig_load(w->root, &k, NULL);

	if (r < 0) {
		missing(w, name, r, "%s", diag_errno(r));
		return 0;
	}
	r = put_text(w, name, &k.text, reterr);
	kconfig_done(&k);
	return r;
}

static int put_found(struct writer *w, enum root_file file, int r,
		     const struct strbuf *text, struct diag *reterr)
{
	const char *name = root_recorded_name(file);

	if (r >= 0)
		return put_text(w, name, text, reterr);
	missing(w, name, r, "%s", diag_errno(r));
	return 0;
}

/* What a keyring holds is told by system calls; the functions that judge certificates and
 * the certificates of known places, so that the record can be asked what it would take. */
static int keys(struct writer *w, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf rings = {0}, functions = {0}, pem = {0};
	_cleanup_keyring_ struct keyring_set set = {0};
	_cleanup_certstore_ struct certstore certs = {0};
	int r = keyring_load(w->root, &set, NULL);

	keyring_record(&set, &rings);
	r = put_found(w, ROOT_KEYRINGS, r, &rings, reterr);
	if (r >= 0)
		r = put_found(w, ROOT_KALLSYMS,
			      keycap_record_symbols(w->root, &functions), &functions,
			      reterr);
	if (r >= 0)
		r = certstore_load(w->root, &certs, reterr);
	certstore_pem(&certs, &pem);
	return r < 0 ? r : put_found(w, ROOT_CERTS, certs.n ? 0 : -ENOENT, &pem, reterr);
}

/* "NAME OCTAL" of what is there, "NAME -" of what one may not even look at. */
static int modes(struct writer *w, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct stat st;

	for (int i = 0; i < _ROOT_FILE_MAX; i++) {
		int r = root_stat(w->root, (enum root_file)i, &st);

		if (r == 0)
			strbuf_addf(&text, "%s %04o\n",
				    root_recorded_name((enum root_file)i),
				    st.st_mode & 07777u);
		else if (r != -ENOENT && r != -ENOTDIR)
			strbuf_addf(&text, "%s -\n",
				    root_recorded_name((enum root_file)i));
	}
	for (int i = 0; i < _HASH_ALG_MAX; i++) {
		const char *alg = hash_alg_name((enum hash_alg)i);
		int fd = root_open_suffix(w->root, ROOT_LIST_BINARY, alg, NULL);

		if (fd >= 0)
			(void)close(fd);
		if (fd != -ENOENT)
			strbuf_addf(&text, "%s_%s 0440\n",
				    root_recorded_name(ROOT_LIST_BINARY), alg);
	}
	return put_text(w, root_recorded_name(ROOT_MODES), &text, reterr);
}

static bool copied_elsewhere(enum root_file file)
{
	static const enum root_file special[] = {
		ROOT_LIST_BINARY, ROOT_LIST_ASCII, ROOT_AUDIT_LOG, ROOT_CONFIG_GZ,
		ROOT_PCRS,	  ROOT_PCRS_JSON,  ROOT_DMESG,	   ROOT_MODES,
		ROOT_CONFIG,	  ROOT_HOST_INFO,  ROOT_KEYRINGS,  ROOT_KALLSYMS,
		ROOT_CERTS,
	};

	for (size_t i = 0; i < array_size(special); i++)
		if (file == special[i])
			return true;
	return false;
}

static void items_json(struct json *j, const struct bundle *b, const char *key,
		       bool written)
{
	json_key(j, key);
	json_open(j, '[');
	for (size_t i = 0; i < b->n_items; i++) {
		if (b->item[i].written != written)
			continue;
		json_open(j, '{');
		json_kstr(j, "name", b->item[i].name);
		if (written)
			json_ku64(j, "bytes", b->item[i].bytes);
		else
			json_kstr(j, "why", b->item[i].why);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static int host_json(struct writer *w, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct json j = json_to(&text);
	time_t now = time(NULL);
	struct tm utc;
	char stamp[32] = "";

	if (gmtime_r(&now, &utc))
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &utc);
	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/host/1");
	json_kstr(&j, "version", IMACTL_VERSION);
	json_kstr(&j, "time", stamp);
	json_ku64(&j, "entries", w->b->entries);
	json_kbool(&j, "settled", !w->b->unsettled);
	items_json(&j, w->b, "files", true);
	items_json(&j, w->b, "missing", false);
	json_close(&j, '}');
	strbuf_addc(&text, '\n');
	return put_text(w, root_recorded_name(ROOT_HOST_INFO), &text, reterr);
}

static int write_all(struct writer *w, struct diag *reterr)
{
	static int (*const parts[])(struct writer * w, struct diag * reterr) = {
		list_and_pcrs, other_lists,   audit_log, kernel_log,
		keys,	       kernel_config, modes,	 host_json,
	};
	int r = 0;

	for (int i = 0; i < _ROOT_FILE_MAX && r >= 0; i++)
		if (!copied_elsewhere((enum root_file)i))
			r = copy_file(w, (enum root_file)i, reterr);
	for (size_t i = 0; i < array_size(parts) && r >= 0; i++)
		r = parts[i](w, reterr);
	return r;
}

/* What a run that failed leaves. */
static void remove_files(const char *path)
{
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir)))
		(void)unlinkat(fd, e->d_name, 0);
	(void)closedir(dir);
	(void)unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

static int cannot(const char *dir, int err, struct diag *reterr)
{
	char q[150];

	(void)str_quote(q, sizeof(q), span_of(dir));
	if (err == EEXIST || err == ENOTEMPTY)
		return diag_set(reterr, DIAG_EXISTS, EEXIST, "%s is there already.", q);
	return diag_set(reterr,
			err == EACCES || err == EPERM ? DIAG_PERMISSION : DIAG_WRITE, err,
			"Cannot write %s: %s.", q, diag_errno(err));
}

static int write_new(struct writer *w, const char *tmp, const char *dir,
		     struct diag *reterr)
{
	int r;

	w->dir = openat(AT_FDCWD, tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (w->dir < 0)
		return cannot(tmp, errno, reterr);
	r = write_all(w, reterr);
	if (r >= 0 && fsync(w->dir) < 0)
		r = cannot(tmp, errno, reterr);
	(void)close(w->dir);
	if (r >= 0 && renameat2(AT_FDCWD, tmp, AT_FDCWD, dir, RENAME_NOREPLACE) < 0)
		r = cannot(dir, errno, reterr);
	return r;
}

int bundle_write(struct root *root, const char *dir, const struct bundle_options *options,
		 struct bundle *ret, struct diag *reterr)
{
	struct writer w = {.root = root, .options = options, .dir = -1, .b = ret};
	_cleanup_strbuf_ struct strbuf tmp = {0};
	size_t len = strlen(dir);
	int r;

	memset(ret, 0, sizeof(*ret));
	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (len == 0)
		return cannot(dir, ENOENT, reterr);
	if (faccessat(AT_FDCWD, dir, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return cannot(dir, EEXIST, reterr);
	strbuf_add(&tmp, dir, len);
	strbuf_adds(&tmp, ".part-XXXXXX");
	if (tmp.failed)
		return cannot(dir, ENOMEM, reterr);
	if (!mkdtemp(tmp.ptr)) /* mode 0700 */
		return cannot(dir, errno, reterr);
	r = write_new(&w, tmp.ptr, dir, reterr);
	if (r < 0)
		remove_files(tmp.ptr);
	return r;
}
