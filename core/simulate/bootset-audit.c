/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source "audit": files that were denied, audited by a rule, or read while they were
 * written. In the files that auditd keeps, and in the kernel log, where records of the boot
 * before auditd go and all of them without it.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/host/auditlog.h"
#include "core/host/auditrec.h"
#include "core/simulate/bootset-internal.h"
#include "core/host/dmesg.h"
#include "core/host/lines.h"

/* Of all of them together, the newest: auditd keeps 40 MB unless it is told otherwise. */
#define BYTES_MAX ((uint64_t)512 << 20)

static const struct bootset_met by_name = {.source = BOOTSET_FROM_AUDIT};

static struct bootset_said *saying(struct bootset *b)
{
	return bootset_saying(b, BOOTSET_FROM_AUDIT);
}

static bool op_is(const struct auditrec *r, const char *op)
{
	return auditrec_has(r, AUDITREC_FIELD_OP) &&
	       span_is(r->at[AUDITREC_FIELD_OP], op);
}

static bool cause_is(const struct auditrec *r, const char *cause)
{
	return auditrec_has(r, AUDITREC_FIELD_CAUSE) &&
	       span_is(r->at[AUDITREC_FIELD_CAUSE], cause);
}

/* Is it a use of a file, in which field does its name stand, and what is known of how it was
 * used? Setting security.ima (set_data) is none. linux 6.12 ima_main.c, ima_appraise.c. */
static bool is_use(const struct auditrec *r, enum auditrec_field *ret_name,
		   uint16_t *ret_ops)
{
	*ret_name = AUDITREC_FIELD_NAME;
	*ret_ops = 0;
	switch (r->type) {
	case AUDITREC_DATA:
		if (op_is(r, "mmap_file") || cause_is(r, "failed-mprotect"))
			*ret_ops = 1 << BOOTSET_MMAP;
		return !op_is(r, "set_data");
	case AUDITREC_PCR:
		if (op_is(r, "invalid_pcr")) /* ToMToU, open_writers */
			*ret_ops = 1 << BOOTSET_READ | 1 << BOOTSET_WRITE;
		return op_is(r, "invalid_pcr") || op_is(r, "add_template_measure");
	case AUDITREC_USERSPACE: /* execveat(2) with AT_EXECVE_CHECK: a script */
		*ret_ops = 1 << BOOTSET_EXEC | 1 << BOOTSET_READ;
		return true;
	case AUDITREC_RULE:
		*ret_name = AUDITREC_FIELD_FILE;
		return auditrec_has(r, AUDITREC_FIELD_FILE);
	default:
		return false;
	}
}

/* What could not be hashed has its last component only: ima_api.c
 * ima_collect_measurement(). */
static int add_record(struct bootset *b, const struct auditrec *r, struct strbuf *name)
{
	struct bootset_met how = by_name;
	enum auditrec_field field;
	uint64_t uid;
	int e;

	if (!is_use(r, &field, &how.ops))
		return 0;
	strbuf_clear(name);
	if (auditrec_is_part(r, field) || !auditrec_text(r, field, name) ||
	    strbuf_str(name)[0] != '/') {
		saying(b)->nameless++;
		return name->failed ? -ENOMEM : 0;
	}
	if (auditrec_number(r, AUDITREC_FIELD_UID, &uid) && uid <= UINT32_MAX)
		how.uid = (uint32_t)uid;
	e = bootset_met(b, strbuf_span(name), &how);
	return e < 0 ? e : 0;
}

/* Lines of other programs are none of ours, damaged or not. */
static int add_line(struct bootset *b, struct span line, struct strbuf *name,
		    bool all_records)
{
	struct diag why = {0};
	struct auditrec r;
	int e = auditrec_parse(line, &r, &why);

	if (e > 0)
		return add_record(b, &r, name);
	if (e < 0 && all_records && line.len) {
		saying(b)->nameless++;
		if (!saying(b)->why.id)
			saying(b)->why = why;
	}
	return 0;
}

/* Leaves out what is more than @left from the beginning: 1, and then the line there is only
 * part of one. */
static int skip_old(struct bootset *b, int fd, uint64_t *left)
{
	char most[32];
	struct stat st;
	uint64_t size;

	if (fstat(fd, &st) < 0)
		return -errno;
	size = (uint64_t)st.st_size;
	if (size <= *left) {
		*left -= size;
		return 0;
	}
	(void)diag_set(&saying(b)->why, DIAG_TOO_LARGE, EFBIG,
		       "The audit log is long: the newest %s of it were read.",
		       str_bytes(most, sizeof(most), BYTES_MAX));
	size -= *left;
	*left = 0;
	return lseek(fd, (off_t)size, SEEK_SET) < 0 ? -errno : 1;
}

static int begin(struct bootset *b, int fd, uint64_t *left, struct lines *ret)
{
	struct span line;
	int cut = skip_old(b, fd, left);
	int r = cut < 0 ? cut : lines_open(ret, fd, AUDITREC_LINE_MAX);

	if (r >= 0 && cut)
		r = lines_next(ret, &line);
	return r;
}

static int add_file(struct bootset *b, int fd, uint64_t *left)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	_cleanup_lines_ struct lines l = {0};
	struct span line;
	int r = begin(b, fd, left, &l), e = 0;

	while (e >= 0 && r >= 0 && (r = lines_next(&l, &line)) > 0)
		e = add_line(b, line, &name, true);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return diag_set(&saying(b)->why, DIAG_READ, -r,
				"Cannot read the audit log: %s.", diag_errno(-r));
	return e;
}

static int add_logs(struct bootset *b)
{
	uint64_t left = BYTES_MAX;
	int r = 0;

	for (unsigned i = 0; i <= AUDITLOG_ROTATIONS_MAX && r >= 0 && left; i++) {
		_cleanup_close_ int fd =
			auditlog_open(bootset_root(b), i, i ? NULL : &saying(b)->why);

		if (fd == -ENOMEM)
			return fd;
		if (fd < 0 && i)
			return 0;
		r = fd < 0 ? 0 : add_file(b, fd, &left);
	}
	return r;
}

/* The kernel log is this kernel's. */
static int add_kernel_log(struct bootset *b)
{
	_cleanup_strbuf_ struct strbuf text = {0}, name = {0};
	const struct root *root = bootset_root(b);
	struct bytes at;
	struct span line;
	int r = 0;

	if (!root_is_recorded(root) && !root_owns_place(root, ROOT_PROC))
		return 0;
	if (dmesg_read(root, &text, NULL) < 0)
		return 0;
	at = bytes_of(strbuf_str(&text), text.len);
	while (r >= 0 && bytes_until(&at, '\n', &line))
		r = add_line(b, line, &name, false);
	return r;
}

int bootset_from_audit(struct bootset *b)
{
	int r = add_logs(b);

	return r == -ENOMEM ? r : add_kernel_log(b);
}
