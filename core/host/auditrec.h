/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One audit record, a line of text: as auditd writes it, raw or enriched; as ausearch -i
 * shows it; as the kernel log and the journal have it where there is no auditd. Pure: no
 * allocation, everything in a record is a borrowed view into the line.
 *
 * A line may come from anybody who may write the file that it stands in; of what the kernel
 * writes, names of files and programs are in quotes or in hexadecimal and cannot pass for
 * fields. What ausearch -i shows has neither (struct auditrec.interpreted): a name may pass
 * for anything there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/str.h"

/* The kernel's buffer grows with the record, auditd cuts at MAX_AUDIT_MESSAGE_LENGTH, 8970.
 */
enum { AUDITREC_LINE_MAX = 32 << 10 };

enum auditrec_type {
	AUDITREC_TYPELESS, /* the line does not say it */
#define AUDITREC_TYPE(id, number, name, layout) AUDITREC_##id = (number),
#include "core/host/auditrec-types.inc"
#undef AUDITREC_TYPE
};

enum auditrec_field {
#define AUDITREC_FIELD(id, name, kind) AUDITREC_FIELD_##id,
#include "core/host/auditrec-fields.inc"
#undef AUDITREC_FIELD
	_AUDITREC_FIELD_MAX,
};

struct auditrec {
	enum auditrec_type type;
	bool has_time;	  /* .sec, .msec: since 1970 */
	bool has_serial;  /* records with the same serial and time are one event */
	bool interpreted; /* names instead of numbers; a time without its zone */
	bool of_kernel;	  /* as the kernel log has it, whose lines end after 1 KiB */
	bool cut;	  /* and so does this one: fields are missing, and .part */
	uint64_t sec, serial;
	uint16_t msec;
	struct span node; /* node= of records that were sent elsewhere; empty */
	struct span body; /* all fields, as they stand */
	uint64_t has;	  /* 1 << enum auditrec_field */
	uint64_t hex;	  /* of them: those that stand in hexadecimal */
	uint64_t part; /* of them: a name, or the word of a rule that was not understood,
			   * whose end is missing; no other field is kept so */
	struct span at[_AUDITREC_FIELD_MAX]; /* as they stand, without quotes */
};

/* @line without its newline. 1: a record about integrity, or of its event. 0: a record of
 * another type; nothing but .type (its number, 0 where only its name is known), time and
 * serial is set. -EBADMSG (IMA-H012): no record, or a damaged one. */
int auditrec_parse(struct span line, struct auditrec *ret, struct diag *reterr);

/* The same in two steps, for who needs few records of many: the type, time and serial, with
 * what auditrec_parse() returns; then the fields of a record that gave 1. */
int auditrec_head(struct span line, struct auditrec *ret, struct diag *reterr);
int auditrec_fields(struct auditrec *r, struct diag *reterr);

static inline bool auditrec_has(const struct auditrec *r, enum auditrec_field field)
{
	return r->has >> field & 1;
}

/* Is only the beginning of it there? */
static inline bool auditrec_is_part(const struct auditrec *r, enum auditrec_field field)
{
	return r->part >> field & 1;
}

/* Appends the bytes that a field stands for. False: there is no such field. -ENOMEM shows
 * in @out. */
bool auditrec_text(const struct auditrec *r, enum auditrec_field field,
		   struct strbuf *out);
/* A field as a number, "-13" as its two's complement. False: there is none, or the field is
 * no number. */
bool auditrec_number(const struct auditrec *r, enum auditrec_field field, uint64_t *ret);

/* "INTEGRITY_DATA"; NULL: none of ours. */
const char *auditrec_type_name(enum auditrec_type type);
const char *auditrec_field_name(enum auditrec_field field);
