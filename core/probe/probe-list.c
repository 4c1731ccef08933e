/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/list/mlog.h"
#include "core/list/mreader.h"
#include "core/probe/probe-internal.h"
#include "core/verify/tpm.h"

enum { HEAD = 65536 };

static bool counter(struct look *l, enum probe_id id, enum root_file file, uint64_t *ret)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = root_read(l->root, file, &text, NULL);
	char value[40], path[120];

	if (r == 0 && str_to_u64(probe_line(&text), ret) == 0) {
		(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)*ret);
		probe_set(l, id, PROBE_YES, value, "%s",
			  root_live_path(file, path, sizeof(path)));
		return true;
	}
	probe_set_missing(l, id, file, r < 0 ? r : -EBADMSG);
	return false;
}

/* The first bytes of the list; -errno. */
static int list_head(const struct look *l, uint8_t *buf, size_t size, struct span *ret)
{
	int fd;
	ssize_t n;
	int err;

	if (l->head.len) {
		*ret = l->head;
		return 0;
	}
	fd = root_open(l->root, ROOT_LIST_BINARY, NULL);
	if (fd == -ENOENT && l->p->recorded)
		fd = root_open(l->root, ROOT_LIST_ASCII, NULL);
	if (fd < 0)
		return fd;
	n = read(fd, buf, size);
	err = errno;
	(void)close(fd);
	if (n < 0)
		return -err;
	*ret = (struct span){buf, (size_t)n};
	return 0;
}

static void from_first_entry(struct look *l, const struct mlog_dialect *dialect,
			     const struct mlog_entry *e)
{
	struct mlog_digest d;
	char value[20];

	(void)snprintf(value, sizeof(value), "%u", e->pcr);
	l->p->pcr = e->pcr;
	probe_set(l, PROBE_PCR, PROBE_YES, value, "the first entry");
	probe_set_foreign(l, PROBE_TEMPLATE, e->name, "the first entry");
	if (!mlog_file_digest(dialect, e, &d)) {
		probe_set(l, PROBE_HASH, PROBE_UNKNOWN, "",
			  "the first entry has no file digest");
		probe_set(l, PROBE_TPM_USED, PROBE_UNKNOWN, "",
			  "the first entry has no file digest");
		return;
	}
	probe_set(l, PROBE_HASH, PROBE_YES, hash_alg_name(d.alg), "the first entry");
	if (!mlog_is_boot_aggregate(dialect, e))
		probe_set(l, PROBE_TPM_USED, PROBE_UNKNOWN, "",
			  "the list does not begin with a boot aggregate");
	else if (span_all(d.value, 0))
		probe_set(l, PROBE_TPM_USED, PROBE_NO, "bypass",
			  "the boot aggregate is zero: IMA found no TPM");
	else
		probe_set(l, PROBE_TPM_USED, PROBE_YES, "",
			  "the boot aggregate is not zero");
}

static const enum probe_id of_first[] = {PROBE_TEMPLATE, PROBE_HASH, PROBE_PCR,
					 PROBE_TPM_USED};

static void no_first_entry(struct look *l, int r)
{
	for (size_t i = 0; i < array_size(of_first); i++) {
		if (r == -ENODATA)
			probe_set(l, of_first[i], PROBE_UNKNOWN, "", "the list is empty");
		else if (r == -EBADMSG)
			probe_set(l, of_first[i], PROBE_UNKNOWN, "",
				  "the list is damaged");
		else
			probe_set_missing(l, of_first[i], ROOT_LIST_BINARY, r);
	}
	if (probe_dmesg_says(l, "activating TPM-bypass"))
		probe_set(l, PROBE_TPM_USED, PROBE_NO, "bypass",
			  "the kernel log: activating TPM-bypass");
}

static int first_entry(struct look *l, uint8_t *buf)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct mlog_dialect dialect;
	struct mlog_entry e;
	struct bytes in;
	struct span head = {0};
	int r = list_head(l, buf, HEAD, &head);

	if (r < 0)
		return r;
	if (head.len == 0)
		return -ENODATA;
	in = bytes_of(head.ptr, head.len);
	r = mlog_sniff(head, 0, &dialect, NULL);
	if (r < 0)
		return -EBADMSG;
	in.big_endian = dialect.big_endian;
	r = mlog_next(&dialect, &in, &scratch, &e, NULL);
	if (r <= 0)
		return -EBADMSG;
	from_first_entry(l, &dialect, &e);
	return 0;
}

/* A recorded list without counters is short enough to be counted. */
static void count_recorded(struct look *l)
{
	_cleanup_(mreader_freep) struct mreader *r = NULL;
	_cleanup_close_ int fd = root_open(l->root, ROOT_LIST_BINARY, NULL);
	uint64_t entries = 0, violations = 0;
	struct mlog_entry e;
	char value[40];

	if (fd < 0 || mreader_new(fd, 0, &r, NULL) < 0)
		return;
	while (mreader_next(r, &e, NULL) > 0) {
		entries++;
		violations += e.violation;
	}
	l->p->entries = entries;
	l->p->violations = violations;
	(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)entries);
	probe_set(l, PROBE_ENTRIES, PROBE_YES, value, "counted in the recorded list");
	(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)violations);
	probe_set(l, PROBE_VIOLATIONS, PROBE_YES, value, "counted in the recorded list");
}

static void list(struct look *l)
{
	_cleanup_free_ uint8_t *buf = malloc(HEAD);
	int mode = probe_mode(l, ROOT_LIST_BINARY);
	int r = buf ? first_entry(l, buf) : -ENOMEM;
	bool counted;

	if (r == 0 || r == -ENODATA || r == -EBADMSG)
		probe_set(l, PROBE_LIST, PROBE_YES,
			  r == -EBADMSG ? "damaged" : "readable", "read");
	else if (r == -EBUSY)
		probe_set(l, PROBE_LIST, PROBE_UNKNOWN, "",
			  "a program that trims the list holds it");
	else if (probe_absent(l, ROOT_LIST_BINARY, r))
		probe_set(l, PROBE_LIST, PROBE_NO, "none", "there is no list");
	else
		probe_set_missing(l, PROBE_LIST, ROOT_LIST_BINARY, r);
	if (r < 0)
		no_first_entry(l, r);
	/* linux 7.2 ima_fs.c: lists that can be written are lists to trim. */
	if (mode >= 0)
		probe_set(l, PROBE_TRIM, mode & S_IWUSR ? PROBE_YES : PROBE_NO, "",
			  "the list has mode %04o", (unsigned)mode);
	else
		probe_set_missing(l, PROBE_TRIM,
				  l->p->recorded ? ROOT_MODES : ROOT_LIST_BINARY, mode);
	counted = counter(l, PROBE_ENTRIES, ROOT_LIST_COUNT, &l->p->entries);
	counted = counter(l, PROBE_VIOLATIONS, ROOT_VIOLATIONS, &l->p->violations) &&
		  counted;
	if (!counted && l->p->recorded)
		count_recorded(l);
}

static void add_name(char *buf, size_t size, const char *name)
{
	size_t n = strlen(buf);

	(void)snprintf(buf + n, size - n, "%s%s", n ? " " : "", name);
}

static void no_list(struct look *l)
{
	for (int i = 0; i < _PROBE_MAX; i++)
		if (probe_group_of((enum probe_id)i) == PROBE_LIST_GROUP ||
		    i == PROBE_TPM_USED)
			probe_set(l, (enum probe_id)i, PROBE_NO, "", "IMA is not active");
}

static bool has_bank_list(const struct look *l, const char *name)
{
	int fd = root_open_suffix(l->root, ROOT_LIST_BINARY, name, NULL);
	char full[80];

	if (fd >= 0)
		(void)close(fd);
	(void)snprintf(full, sizeof(full), "%s_%s", root_recorded_name(ROOT_LIST_BINARY),
		       name);
	return fd >= 0 || probe_is_denied(fd) || fd == -EBUSY ||
	       (l->p->recorded && probe_recorded_mode(l, full) >= 0);
}

/* Since 6.10 there is a list per bank; the sha1 one also without such a bank. */
static void bank_lists(struct look *l)
{
	char names[100] = "";

	for (int i = 0; i < _HASH_ALG_MAX; i++)
		if (has_bank_list(l, hash_alg_name((enum hash_alg)i)))
			add_name(names, sizeof(names), hash_alg_name((enum hash_alg)i));
	if (names[0])
		probe_set(l, PROBE_BANK_LISTS, PROBE_YES, names, "files of their own");
	else
		probe_set(l, PROBE_BANK_LISTS, PROBE_NO, "", "one list for all banks");
}

static void tpm_banks_of(struct look *l, struct tpm *t)
{
	enum hash_alg algs[PCRS_BANKS_MAX];
	int n = tpm_banks(t, algs, NULL);
	char names[100] = "";

	for (int i = 0; i < n; i++)
		add_name(names, sizeof(names), hash_alg_name(algs[i]));
	if (n > 0)
		probe_set(l, PROBE_BANKS, PROBE_YES, names, "%s", tpm_describe(t));
}

static void tpm(struct look *l)
{
	_cleanup_strbuf_ struct strbuf version = {0};
	struct tpm *t = NULL;
	struct diag d = {0};
	char value[40];
	int r = root_read(l->root, ROOT_TPM_VERSION, &version, NULL);

	if (r == 0) {
		(void)snprintf(value, sizeof(value), "%s",
			       span_is(probe_line(&version), "1") ? "1.2" : "2.0");
		probe_set_file(l, PROBE_TPM, PROBE_YES, value, ROOT_TPM_VERSION);
	} else if (probe_absent(l, ROOT_TPM_VERSION, r)) {
		probe_set_file(l, PROBE_TPM, PROBE_NO, "none", ROOT_TPM_VERSION);
	} else {
		probe_set_missing(l, PROBE_TPM, ROOT_TPM_VERSION, r);
	}
	r = probe_absent(l, ROOT_TPM_VERSION, r) ? -ENODEV
						 : tpm_open(l->root, NULL, &t, &d);
	if (r == -ENODEV && probe_is(l->p, PROBE_TPM, PROBE_NO))
		probe_set(l, PROBE_BANKS, PROBE_NO, "none", "no TPM");
	else if (r < 0)
		probe_set(l, PROBE_BANKS, PROBE_UNKNOWN, "", "%.*s", 190, d.text);
	else
		tpm_banks_of(l, t);
	if (t && l->p->recorded && probe_is(l->p, PROBE_TPM, PROBE_UNKNOWN))
		probe_set(l, PROBE_TPM, PROBE_YES, "", "PCR values were recorded");
	tpm_free(t);
}

void probe_list(struct look *l)
{
	if (probe_is(l->p, PROBE_IMA, PROBE_NO)) {
		no_list(l);
	} else {
		list(l);
		bank_lists(l);
	}
	tpm(l);
}
