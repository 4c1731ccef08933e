/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verify/pcrs.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/base/str.h"

enum {
	DIGITS_MAX = 2 * HASH_MAX_SIZE,
	COUNT_FROM = -1, /* a value without a number: the one after the last */
};

/* Where the text came to and what the lines above said. */
struct reader {
	struct pcrs *p;
	enum hash_alg given; /* by the caller: the file's name or an option */
	enum hash_alg bank;  /* by the last header or key */
	unsigned next;	     /* the PCR of a bare value */
	struct bytes in;     /* the line (JSON: the rest of the text) */
	unsigned line;
	size_t line_start; /* JSON: where the line began in @in */
	struct diag *reterr;
};

const struct pcr_bank *pcrs_find(const struct pcrs *p, enum hash_alg alg)
{
	for (size_t i = 0; i < p->n_banks; i++)
		if (p->bank[i].alg == alg)
			return &p->bank[i];
	return NULL;
}

struct pcr_bank *pcrs_bank(struct pcrs *p, enum hash_alg alg)
{
	struct pcr_bank *b;

	for (size_t i = 0; i < p->n_banks; i++)
		if (p->bank[i].alg == alg)
			return &p->bank[i];
	if (p->n_banks == PCRS_BANKS_MAX)
		return NULL;
	b = &p->bank[p->n_banks++];
	*b = (struct pcr_bank){.alg = alg};
	return b;
}

bool pcrs_value(const struct pcrs *p, enum hash_alg alg, unsigned index, struct span *ret)
{
	const struct pcr_bank *b = pcrs_find(p, alg);

	if (!b || index >= PCRS_COUNT || !(b->present & 1u << index))
		return false;
	*ret = (struct span){b->value[index], hash_alg_size(alg)};
	return true;
}

static int bad_at(const struct reader *r, size_t pos, const char *what)
{
	diag_set(r->reterr, DIAG_PCR_SYNTAX, EBADMSG, "%s.", what);
	(void)diag_at(r->reterr, r->line, (unsigned)(pos - r->line_start + 1));
	return -EBADMSG;
}

static int bad(const struct reader *r, const char *what)
{
	return bad_at(r, r->in.pos, what);
}

static int peek(const struct bytes *b)
{
	return bytes_left(b) ? b->ptr[b->pos] : -1;
}

static bool blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blank(struct bytes *b)
{
	while (blank(peek(b)))
		b->pos++;
}

static int digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The TPM's own bank of that size: the algorithms that share a size with it (sm3, sha3)
 * are never written without their name. */
static enum hash_alg alg_of_size(size_t size)
{
	static const enum hash_alg usual[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384,
					      HASH_SHA512};

	for (size_t i = 0; i < array_size(usual); i++)
		if (hash_alg_size(usual[i]) == size)
			return usual[i];
	return _HASH_ALG_INVALID;
}

static enum hash_alg bank_for(const struct reader *r, size_t size)
{
	if (r->bank != _HASH_ALG_INVALID)
		return r->bank;
	return r->given != _HASH_ALG_INVALID ? r->given : alg_of_size(size);
}

static int put(struct reader *r, unsigned index, const uint8_t *value, size_t size,
	       size_t pos)
{
	enum hash_alg alg = bank_for(r, size);
	struct pcr_bank *b;

	if (index >= PCRS_COUNT)
		return bad_at(r, pos, "There are 24 PCRs, 0 to 23");
	if (alg == _HASH_ALG_INVALID)
		return bad_at(r, pos, "No bank has values of this length");
	if (hash_alg_size(alg) != size)
		return bad_at(r, pos, "The value has not the length of its bank");
	b = pcrs_bank(r->p, alg);
	if (!b)
		return bad_at(r, pos, "There are more banks than a TPM has");
	if (b->present & 1u << index && memcmp(b->value[index], value, size) != 0)
		return bad_at(r, pos,
			      "The same PCR is given twice with different values");
	memcpy(b->value[index], value, size);
	b->present |= 1u << index;
	r->next = index + 1;
	return 0;
}

/* Hex digits up to the end of the line or a quote; blanks between bytes as evmctl and the
 * kernel's TPM 1.2 file write them; "0x" before them as tpm2_pcrread does. */
static int read_value(struct reader *r, int stop, uint8_t *value, size_t *ret_size)
{
	uint8_t digits[DIGITS_MAX];
	size_t n = 0;

	if (peek(&r->in) == '0' && bytes_left(&r->in) > 1 &&
	    (r->in.ptr[r->in.pos + 1] | 0x20) == 'x')
		r->in.pos += 2;
	for (; peek(&r->in) != stop; r->in.pos++) {
		int c = peek(&r->in);

		if (blank(c) && n % 2 == 0)
			continue;
		if (digit(c) < 0)
			return bad(r, "A hexadecimal digit is expected here");
		if (n == DIGITS_MAX)
			return bad(r, "The value is longer than any digest");
		digits[n++] = (uint8_t)c;
	}
	if (n == 0)
		return bad(r, "The value is missing");
	if (hex_decode(value, (struct span){digits, n}) < 0)
		return bad(r, "The value has an odd number of digits");
	*ret_size = n / 2;
	return 0;
}

/* "PCR-10:" or "10 :" before a value. COUNT_FROM when there is no colon. */
static int read_index(struct reader *r, int *ret)
{
	struct span key;
	uint64_t n;
	size_t start = r->in.pos;

	if (!bytes_until(&r->in, ':', &key)) {
		*ret = COUNT_FROM;
		return 0;
	}
	if (key.len > 4 && memcmp(key.ptr, "PCR-", 4) == 0)
		key = (struct span){key.ptr + 4, key.len - 4};
	while (key.len && blank(key.ptr[key.len - 1]))
		key.len--;
	if (str_to_u64(key, &n) < 0)
		return bad_at(r, start,
			      "A PCR number or the name of a bank is expected here");
	*ret = n < PCRS_COUNT ? (int)n : PCRS_COUNT;
	return 0;
}

/* The kernel's names, and tpm2-tools' where they differ. */
static enum hash_alg bank_from_name(struct span name)
{
	static const struct {
		const char *name;
		enum hash_alg alg;
	} aliases[] = {
		{"sm3_256", HASH_SM3},
		{"sha3_256", HASH_SHA3_256},
		{"sha3_384", HASH_SHA3_384},
		{"sha3_512", HASH_SHA3_512},
	};

	for (size_t i = 0; i < array_size(aliases); i++)
		if (span_is(name, aliases[i].name))
			return aliases[i].alg;
	return hash_alg_from_name(name);
}

/* "sha256:" on its own line, or "sha256 :". */
static bool read_header(struct reader *r)
{
	struct span line = {r->in.ptr + r->in.pos, bytes_left(&r->in)};
	enum hash_alg alg;

	while (line.len && blank(line.ptr[line.len - 1]))
		line.len--;
	if (line.len < 2 || line.ptr[line.len - 1] != ':')
		return false;
	line.len--;
	while (line.len && blank(line.ptr[line.len - 1]))
		line.len--;
	alg = bank_from_name(line);
	if (alg == _HASH_ALG_INVALID)
		return false;
	r->bank = alg;
	r->next = 0;
	return true;
}

/* Who names a bank wants that one: the values of another would prove something else. */
static int check_bank(const struct reader *r, size_t pos)
{
	if (r->given == _HASH_ALG_INVALID || r->given == r->bank)
		return 0;
	return bad_at(r, pos, "The values are of another bank than was named");
}

static int read_line(struct reader *r)
{
	uint8_t value[HASH_MAX_SIZE];
	size_t start, size;
	int index, n;

	skip_blank(&r->in);
	if (peek(&r->in) < 0 || peek(&r->in) == '#')
		return 0;
	if (read_header(r))
		return check_bank(r, r->in.pos);
	n = read_index(r, &index);
	if (n < 0)
		return n;
	skip_blank(&r->in);
	start = r->in.pos;
	n = read_value(r, -1, value, &size);
	if (n < 0)
		return n;
	return put(r, index == COUNT_FROM ? r->next : (unsigned)index, value, size,
		   start);
}

static int read_lines(struct reader *r, struct span text)
{
	struct bytes all = bytes_of(text.ptr, text.len);
	struct span line;
	int n;

	while (bytes_left(&all)) {
		if (!bytes_until(&all, '\n', &line) &&
		    !bytes_take(&all, bytes_left(&all), &line))
			break;
		r->in = bytes_of(line.ptr, line.len);
		r->line++;
		n = read_line(r);
		if (n < 0)
			return n;
	}
	return 0;
}

static void json_space(struct reader *r)
{
	for (; blank(peek(&r->in)) || peek(&r->in) == '\n'; r->in.pos++)
		if (peek(&r->in) == '\n') {
			r->line++;
			r->line_start = r->in.pos + 1;
		}
}

/* True and consumed when @c is next. */
static bool json_is(struct reader *r, int c)
{
	json_space(r);
	if (peek(&r->in) != c)
		return false;
	r->in.pos++;
	return true;
}

/* A key and its colon; escapes cannot be in the names of banks and PCRs. */
static int json_name(struct reader *r, struct span *ret)
{
	if (!json_is(r, '"'))
		return bad(r, "A quoted name is expected here");
	if (!bytes_until(&r->in, '"', ret))
		return bad(r, "The name has no closing quote");
	return json_is(r, ':') ? 0 : bad(r, "A colon is expected here");
}

static int json_pcr(struct reader *r)
{
	uint8_t value[HASH_MAX_SIZE];
	size_t start, size;
	struct span name;
	uint64_t index;
	int n;

	json_space(r);
	start = r->in.pos;
	n = json_name(r, &name);
	if (n < 0)
		return n;
	if (str_to_u64(name, &index) < 0 || index >= PCRS_COUNT)
		return bad_at(r, start, "A PCR number, 0 to 23, is expected here");
	if (!json_is(r, '"'))
		return bad(r, "A quoted value is expected here");
	start = r->in.pos;
	n = read_value(r, '"', value, &size);
	if (n < 0)
		return n;
	r->in.pos++; /* the quote read_value() stopped at */
	return put(r, (unsigned)index, value, size, start);
}

static int json_bank(struct reader *r)
{
	struct span name;
	size_t start;
	int n;

	json_space(r);
	start = r->in.pos;
	n = json_name(r, &name);
	if (n < 0)
		return n;
	r->bank = bank_from_name(name);
	if (r->bank == _HASH_ALG_INVALID)
		return bad_at(r, start, "The name of a bank is expected here");
	n = check_bank(r, start);
	if (n < 0)
		return n;
	if (!json_is(r, '{'))
		return bad(r, "An object with the PCRs of the bank is expected here");
	if (json_is(r, '}'))
		return 0;
	do {
		n = json_pcr(r);
	} while (n == 0 && json_is(r, ','));
	if (n < 0)
		return n;
	return json_is(r, '}') ? 0
			       : bad(r, "A comma or a closing brace is expected here");
}

static int read_json(struct reader *r, struct span text)
{
	int n = 0;

	r->in = bytes_of(text.ptr, text.len);
	r->line = 1;
	if (!json_is(r, '{'))
		return bad(r, "An opening brace is expected here");
	if (!json_is(r, '}')) {
		do {
			n = json_bank(r);
		} while (n == 0 && json_is(r, ','));
		if (n < 0)
			return n;
		if (!json_is(r, '}'))
			return bad(r, "A comma or a closing brace is expected here");
	}
	json_space(r);
	return bytes_left(&r->in) ? bad(r, "Nothing may follow the closing brace") : 0;
}

int pcrs_parse(struct pcrs *p, struct span text, enum hash_alg alg, struct diag *reterr)
{
	struct reader r = {.p = p,
			   .given = alg,
			   .bank = _HASH_ALG_INVALID,
			   .reterr = reterr};
	size_t i = 0;

	while (i < text.len && (blank(text.ptr[i]) || text.ptr[i] == '\n'))
		i++;
	if (i < text.len && text.ptr[i] == '{')
		return read_json(&r, text);
	return read_lines(&r, text);
}
