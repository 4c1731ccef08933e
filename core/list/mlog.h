/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The measurement list, decoded: one record at a time out of bytes that somebody else
 * holds. Pure: no file, no allocation, no state but the dialect. Everything in an entry
 * is a borrowed view into the caller's bytes (ASCII: into the caller's scratch buffer).
 *
 * Formats: linux 6.1 and 6.12 security/integrity/ima/ima_fs.c ima_measurements_show() and
 * ima_ascii_measurements_show(), ima_template.c, ima_template_lib.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/str.h"
#include "core/host/hashalg.h"

enum {
	MLOG_FIELDS_MAX = 15,	    /* IMA_TEMPLATE_NUM_FIELDS_MAX */
	MLOG_NAME_MAX = 15 * 17,    /* a custom format: 15 ids of 16 and their bars */
	MLOG_RECORD_MAX = 16 << 20, /* ours: the kernel knows no bound on a buf field */
	MLOG_PCR_MAX = 64,	    /* pcr=N of a policy rule takes 0..63 */
};

enum mlog_field_id {
#define MLOG_FIELD(id, name, json, decode) MLOG_##id,
#include "core/list/mlog-fields.inc"
#undef MLOG_FIELD
	_MLOG_FIELD_MAX,
	_MLOG_FIELD_INVALID =
		-EINVAL, /* an id this version does not know: shown as hex */
};

/* What differs between lists, found once per list by mlog_sniff(). */
struct mlog_dialect {
	bool ascii;
	bool big_endian;
	uint8_t digest_size; /* of the template digest column: 20 unless a bank's own list
			      */
	/* ASCII only, set by the caller: more bytes follow those of the cursor. A file
	 * name may hold newlines, so a text record is over only when the next line begins
	 * another one or nothing follows. False: what the cursor has is all there is. */
	bool more;
};

struct mlog_entry {
	uint32_t size; /* bytes of the record in the list */
	uint32_t pcr;
	struct span digest; /* template digest column */
	struct span name;   /* template name as logged; a format string when custom */
	struct span
		data; /* template data: what the template digest covers, but for "ima" */
	bool legacy; /* template "ima": data is d (20 bytes, 16 for md5), u32 length, n */
	bool violation; /* digest column all zero (ima_add_template_entry) */
};

struct mlog_field {
	enum mlog_field_id id;
	struct span name;  /* the id as spelled in the format */
	struct span value; /* the bytes of the field, trailing NUL of strings included */
	bool big_endian;   /* of a number */
};

/* Digest field d, d-ng, d-ngv2, d-modsig split up. */
struct mlog_digest {
	struct span type;     /* "ima", "verity", or empty */
	struct span alg_name; /* as logged; empty for d */
	enum hash_alg alg; /* _HASH_ALG_INVALID when unknown; sha1 or md5 by size for d */
	struct span value;
};

/* Looks at the first bytes of a list (some KiB: the first two records, or all there is)
 * and says how to read it. @digest_size: what the caller knows from the file's name, 0 if
 * nothing: then the size is found by trying those of TPM banks. No bytes: a binary list
 * of this machine's byte order. IMA-L001 when it is no list. */
int mlog_sniff(struct span head, uint8_t digest_size, struct mlog_dialect *ret,
	       struct diag *reterr);

/*
 * Decodes the record at the cursor. 1: *ret_entry is set and the cursor stands behind the
 * record. 0: the bytes end before the record does (none, or a part of one; cursor
 * unmoved): get more, or, at the end of the list, call it truncated if bytes are left.
 * -EBADMSG: damaged; reterr says what (IMA-L002; where is for the caller to say, who
 * knows the offset of the window), the cursor stands at the record's first byte. Only the
 * frame is looked at: that the fields fit the format is mlog_fields()' to say.
 * @scratch is used for ASCII only (the decoded bytes), cleared on each call. -ENOMEM.
 */
int mlog_next(const struct mlog_dialect *dialect, struct bytes *cursor,
	      struct strbuf *scratch, struct mlog_entry *ret_entry, struct diag *reterr);

/* Moves the cursor to the first plausible record at or after it, in a window cut out of a
 * list (a jump to the tail): three records in a row must parse, fields included, or all
 * up to the end of the window. -ENODATA: none here, the cursor is unmoved. */
int mlog_resync(const struct mlog_dialect *dialect, struct bytes *cursor);

/* The number of fields (0..15), each decoded as far as its length; -EBADMSG (IMA-L003)
 * when lengths and format disagree. The fields of an unknown template have no known id
 * and the template's name; their values are the bytes as they are. */
int mlog_fields(const struct mlog_dialect *dialect, const struct mlog_entry *entry,
		struct mlog_field ret_fields[MLOG_FIELDS_MAX], struct diag *reterr);

/* Is the template one that kernels write, and do the fields fill the data exactly? The
 * template's name is not covered by any digest, so a verifier has to look. 0: yes;
 * -ENOENT: no such template; -EBADMSG: the fields do not fit. As quick as mlog_next(). */
int mlog_check(const struct mlog_dialect *dialect, const struct mlog_entry *entry);

/* Another built-in template that this very data looks like: no whole signature in ima-sig,
 * or one in ima-buf. NULL: none, or it is a violation, of which
 * nothing is covered. Cheap where there is neither field. */
const char *mlog_other_reading(const struct mlog_dialect *dialect,
			       const struct mlog_entry *entry);

/* The one field, without the rest: false when the entry's format does not have it.
 * Cheap: the console calls this for every row it shows. */
bool mlog_field(const struct mlog_dialect *dialect, const struct mlog_entry *entry,
		enum mlog_field_id id, struct span *ret_value);

/* The name of the thing measured (n or n-ng without the NUL), empty when there is none.
 */
struct span mlog_path(const struct mlog_dialect *dialect, const struct mlog_entry *entry);

/* The file digest (d, d-ng, d-ngv2); false when the entry has none or it is malformed. */
bool mlog_file_digest(const struct mlog_dialect *dialect, const struct mlog_entry *entry,
		      struct mlog_digest *ret);

int mlog_digest_parse(enum mlog_field_id id, struct span value, struct mlog_digest *ret);

/* Template "ima": the digest and the name (without length); false when they do not fit.
 */
bool mlog_legacy_split(const struct mlog_dialect *dialect, struct span data,
		       struct span *ret_digest, struct span *ret_name);

/* "boot_aggregate" by name; a later one means a kexec that carried the list. */
bool mlog_is_boot_aggregate(const struct mlog_dialect *dialect,
			    const struct mlog_entry *entry);

/* The format of a template name ("d-ng|n-ng"), or the name itself when it is a format. */
struct span mlog_template_format(struct span name);

/* A field's value as the kernel's ASCII list shows it (hex, decimal, alg:hex, text), but
 * escaped. For JSON, CSV and the detail pane. */
void mlog_field_text(const struct mlog_field *field, struct strbuf *out);

const char *mlog_field_name(enum mlog_field_id id);
const char *mlog_field_json(enum mlog_field_id id);
