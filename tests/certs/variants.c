/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hex.h"
#include "core/base/ber.h"
#include "tests/certs/certgen.h"

/* Replaces the first @from by @to, both hexadecimal; there must be one. */
static void swap(struct strbuf *b, const char *from, const char *to)
{
	uint8_t want[64], with[64];
	size_t n = strlen(from) / 2, m = strlen(to) / 2;
	struct strbuf out = {0};
	const char *hit;

	if (hex_decode(want, span_of(from)) < 0 || hex_decode(with, span_of(to)) < 0)
		abort();
	hit = memmem(b->ptr, b->len, want, n);
	if (!hit) {
		(void)fprintf(stderr, "no %s to change\n", from);
		abort();
	}
	strbuf_add(&out, b->ptr, (size_t)(hit - b->ptr));
	strbuf_add(&out, with, m);
	strbuf_add(&out, hit + n, b->len - (size_t)(hit - b->ptr) - n);
	strbuf_done(b);
	*b = out;
}

static void swap_all(struct strbuf *b, const char *from, const char *to)
{
	uint8_t want[64];

	if (hex_decode(want, span_of(from)) < 0)
		abort();
	while (memmem(b->ptr, b->len, want, strlen(from) / 2))
		swap(b, from, to);
}

/* The header of the outermost SEQUENCE, made anew. */
static void rewrap(struct strbuf *b, const char *header, const char *trailer)
{
	struct bytes in = bytes_of(b->ptr, b->len);
	struct strbuf out = {0};
	uint8_t bytes[16];
	struct ber seq;

	if (ber_any(&in, &seq) < 0 || hex_decode(bytes, span_of(header)) < 0)
		abort();
	strbuf_add(&out, bytes, strlen(header) / 2);
	strbuf_add(&out, seq.content.ptr, seq.content.len);
	if (hex_decode(bytes, span_of(trailer)) < 0)
		abort();
	strbuf_add(&out, bytes, strlen(trailer) / 2);
	strbuf_done(b);
	*b = out;
}

static void long_header(struct strbuf *b, const char *tag, int digits)
{
	struct bytes in = bytes_of(b->ptr, b->len);
	char header[24];
	struct ber seq;

	if (ber_any(&in, &seq) < 0)
		abort();
	(void)snprintf(header, sizeof(header), "%s%0*x", tag, digits,
		       (unsigned)seq.content.len);
	rewrap(b, header, "");
}

static void indefinite(struct strbuf *b)
{
	rewrap(b, "3080", "0000");
}

static void three_length_bytes(struct strbuf *b)
{
	long_header(b, "3083", 6);
}

static void primitive_sequence(struct strbuf *b)
{
	long_header(b, "1082", 4);
}

static void behind(struct strbuf *b)
{
	strbuf_adds(b, "something behind");
}

static void cut(struct strbuf *b)
{
	b->len -= 5;
}

static void half(struct strbuf *b)
{
	b->len /= 2;
}

static void flip_last(struct strbuf *b)
{
	b->ptr[b->len - 1] ^= 1;
}

static void garbage(struct strbuf *b)
{
	strbuf_clear(b);
	strbuf_adds(b, "this is no certificate at all");
}

static void one_byte(struct strbuf *b)
{
	b->len = 1;
}

static void too_long(struct strbuf *b)
{
	for (int i = 0; i < 8192; i++)
		strbuf_adds(b, "8 bytes.");
}

/* Algorithms under names of the same length. */
static void to_md5(struct strbuf *b)
{
	swap_all(b, "2a864886f70d01010b", "2a864886f70d010104");
}

static void to_md4(struct strbuf *b)
{
	swap_all(b, "2a864886f70d01010b", "2a864886f70d010103");
}

static void to_pss(struct strbuf *b)
{
	swap_all(b, "2a864886f70d01010b", "2a864886f70d01010a");
}

static void to_unheard_of(struct strbuf *b)
{
	swap_all(b, "2a864886f70d01010b", "2a864886f70d01017f");
}

static void to_gost(struct strbuf *b)
{
	swap_all(b, "2a8648ce3d040302", "2a85030701010302");
}

static void to_ecdsa_sha384(struct strbuf *b)
{
	swap_all(b, "2a8648ce3d040302", "2a8648ce3d040303");
}

/* Inside another one than outside: the last name is changed. */
static void outside_sha384(struct strbuf *b)
{
	char *at = b->ptr + b->len - 300;

	if (!memmem(at, 300, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9))
		abort();
	at = memmem(at, 300, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9);
	at[8] = 0x0c;
}

static void key_unheard_of(struct strbuf *b)
{
	swap(b, "2a864886f70d010101", "2a864886f70d01017f");
}

static void unused_bits(struct strbuf *b)
{
	swap(b, "0382010f00", "0382010f01");
}

/* The validity: UTCTime 17 0d YYMMDDHHMMSSZ twice, in a SEQUENCE of 30 bytes. */
static char *first_date(struct strbuf *b)
{
	char *hit = memmem(b->ptr, b->len, "\x30\x1e\x17\x0d", 4);

	if (!hit)
		abort();
	return hit + 4;
}

static void set_date(struct strbuf *b, bool second, const char *text)
{
	memcpy(first_date(b) + (second ? 15 : 0), text, 13);
}

static void expired(struct strbuf *b)
{
	set_date(b, false, "200101000000Z");
	set_date(b, true, "210101000000Z");
}

static void not_yet(struct strbuf *b)
{
	set_date(b, false, "480101000000Z");
	set_date(b, true, "490101000000Z");
}

static void backwards(struct strbuf *b)
{
	set_date(b, false, "480101000000Z");
	set_date(b, true, "210101000000Z");
}

static void month_13(struct strbuf *b)
{
	set_date(b, true, "331301000000Z");
}

static void february_29(struct strbuf *b)
{
	set_date(b, true, "330229000000Z");
}

static void leap_day(struct strbuf *b)
{
	set_date(b, true, "320229000000Z");
}

static void midnight_24(struct strbuf *b)
{
	set_date(b, true, "330301240000Z");
}

static void leap_second(struct strbuf *b)
{
	set_date(b, true, "330301235960Z");
}

static void before_1970(struct strbuf *b)
{
	set_date(b, false, "690101000000Z");
}

static void no_zone(struct strbuf *b)
{
	set_date(b, true, "3303010000000");
}

/* Another SEQUENCE of dates in place of the two; the TBS header follows. */
static void set_validity(struct strbuf *b, const char *hex)
{
	struct bytes in = bytes_of(b->ptr, b->len);
	size_t at = (size_t)(first_date(b) - b->ptr) - 4, old = 32;
	struct strbuf out = {0};
	uint8_t bytes[64];
	char header[16];
	struct ber seq;
	size_t n = strlen(hex) / 2, skip;

	if (hex_decode(bytes, span_of(hex)) < 0 || ber_any(&in, &seq) < 0)
		abort();
	skip = seq.whole.len - seq.content.len;
	(void)snprintf(header, sizeof(header), "3082%04x",
		       (unsigned)(seq.content.len - old + n));
	strbuf_add(&out, b->ptr, at);
	strbuf_add(&out, bytes, n);
	strbuf_add(&out, b->ptr + at + old, b->len - at - old);
	strbuf_done(b);
	*b = out;
	if (skip != 4 || hex_decode((uint8_t *)b->ptr, span_of(header)) < 0)
		abort();
}

#define UTC(hex) "170d" hex
#define UTC_2026 UTC("3236303130313030303030305a")
#define GEN_2060                                                                         \
	"180f"                                                                           \
	"32303630303130313030303030305a"
#define GEN_2040                                                                         \
	"180f"                                                                           \
	"32303430303130313030303030305a"
#define UTC_NO_SECOND                                                                    \
	"170b"                                                                           \
	"333630313031303030305a"

static void one_date(struct strbuf *b)
{
	set_validity(b, "300f" UTC_2026);
}

static void no_date(struct strbuf *b)
{
	set_validity(b, "3000");
}

static void general_2060(struct strbuf *b)
{
	set_validity(b, "3020" UTC_2026 GEN_2060);
}

static void general_2040(struct strbuf *b)
{
	set_validity(b, "3020" UTC_2026 GEN_2040);
}

static void no_seconds(struct strbuf *b)
{
	set_validity(b, "301c" UTC_2026 UTC_NO_SECOND);
}

/* A SEQUENCE with its primitive tag, inside what is signed. */
static void primitive_validity(struct strbuf *b)
{
	swap(b, "301e170d", "101e170d");
}

static void version_1(struct strbuf *b)
{
	swap(b, "a003020102", "a003020100");
}

/* [3] becomes [4], which nobody knows; basicConstraints comes first in it. */
static void no_extensions_left(struct strbuf *b)
{
	char *first = memmem(b->ptr, b->len, "\x30\x0c\x06\x03\x55\x1d\x13", 7);

	if (!first || (uint8_t)first[-4] != 0xa3)
		abort();
	first[-4] = (char)0xa4;
}

static void critical_not_bool(struct strbuf *b)
{
	swap(b, "0603551d130101ff", "0603551d130102ff");
}

#define RAW_SKID "0414aabbccddeeff00112233445566778899aabbccdd"

const struct certgen_recipe certgen_variants[] = {
	/* kinds of keys and signatures */
	{.name = "good"},
	{.name = "rsa-3072", .key = "rsa:3072"},
	{.name = "rsa-4096", .key = "rsa:4096"},
	{.name = "rsa-1024", .key = "rsa:1024"},
	{.name = "rsa-2056", .key = "rsa:2056"},
	{.name = "ec-p256", .key = "ec:P-256"},
	{.name = "ec-p384", .key = "ec:P-384"},
	{.name = "ec-p521", .key = "ec:P-521"},
	{.name = "ec-p192", .key = "ec:P-192"},
	{.name = "ec-p224", .key = "ec:P-224"},
	{.name = "ec-k256", .key = "ec:secp256k1"},
	{.name = "ed25519", .key = "ed25519"},
	{.name = "sm2", .key = "sm2"},
	{.name = "sha1", .md = "SHA1"},
	{.name = "sha224", .md = "SHA224"},
	{.name = "sha384", .md = "SHA384"},
	{.name = "sha512", .md = "SHA512"},
	{.name = "sha3-256", .md = "SHA3-256"},
	{.name = "md5", .tbs = to_md5, .whole = to_md5},
	{.name = "md4", .tbs = to_md4, .whole = to_md4},
	{.name = "rsa-pss", .tbs = to_pss, .whole = to_pss},
	{.name = "unheard-of", .tbs = to_unheard_of, .whole = to_unheard_of},
	{.name = "key-unheard-of", .tbs = key_unheard_of},
	{.name = "key-unused-bits", .tbs = unused_bits},
	{.name = "two-algorithms", .whole = outside_sha384},

	/* who signed it */
	{.name = "stranger", .by = BY_STRANGER},
	{.name = "impostor", .by = BY_IMPOSTOR},
	{.name = "by-leaf", .by = BY_LEAF},
	{.name = "broken-signature", .whole = flip_last},
	{.name = "self", .by = BY_ITSELF},
	{.name = "self-ec", .by = BY_ITSELF, .key = "ec:P-256"},
	{.name = "self-ec-sha512", .by = BY_ITSELF, .key = "ec:P-256", .md = "SHA512"},
	{.name = "self-ec-wrong-hash",
	 .by = BY_ITSELF,
	 .key = "ec:P-256",
	 .tbs = to_ecdsa_sha384,
	 .whole = to_ecdsa_sha384},
	{.name = "self-gost",
	 .by = BY_ITSELF,
	 .key = "ec:P-256",
	 .tbs = to_gost,
	 .whole = to_gost},
	{.name = "self-broken", .by = BY_ITSELF, .whole = flip_last},
	{.name = "self-rsa-2056", .by = BY_ITSELF, .key = "rsa:2056"},
	{.name = "self-rsa-1000", .by = BY_ITSELF, .key = "rsa:1000"},
	{.name = "self-rsa-1024", .by = BY_ITSELF, .key = "rsa:1024"},
	{.name = "self-sha1", .by = BY_ITSELF, .md = "SHA1"},
	{.name = "self-sha3", .by = BY_ITSELF, .md = "SHA3-256"},
	{.name = "self-p521", .by = BY_ITSELF, .key = "ec:P-521", .md = "SHA512"},
	{.name = "self-p192", .by = BY_ITSELF, .key = "ec:P-192"},
	{.name = "self-ed25519", .by = BY_ITSELF, .key = "ed25519", .md = ""},
	{.name = "self-sm2", .by = BY_ITSELF, .key = "sm2", .md = "SM3"},
	{.name = "self-no-akid", .by = BY_ITSELF, .akid = ""},
	{.name = "self-no-ids", .by = BY_ITSELF, .akid = "", .skid = ""},
	{.name = "self-broken-no-akid", .by = BY_ITSELF, .akid = "", .whole = flip_last},
	{.name = "self-other-akid",
	 .by = BY_ITSELF,
	 .akid = "raw:30168014aabbccddeeff00112233445566778899aabbccdd"},
	{.name = "self-both-ids", .by = BY_ITSELF, .akid = "keyid:always,issuer:always"},
	{.name = "self-half-ids",
	 .by = BY_ITSELF,
	 .skid = "raw:" RAW_SKID,
	 .subject = "CN=x",
	 .akid = "raw:302b8014aabbccddeeff00112233445566778899aabbccdd"
		 "a110a40e300c310a300806035504030c0178820112"},
	{.name = "named-as-issuer", .subject = "O=Lab;CN=Lab IMA CA"},
	{.name = "named-as-issuer-no-akid", .subject = "O=Lab;CN=Lab IMA CA", .akid = ""},
	{.name = "a-ca",
	 .constraints = "critical,CA:TRUE",
	 .usage = "critical,keyCertSign"},

	/* who says it was signed */
	{.name = "no-akid", .akid = ""},
	{.name = "no-akid-other-issuer", .akid = "", .issuer = "O=Lab;CN=Nobody"},
	{.name = "other-issuer", .issuer = "O=Lab;CN=Nobody"},
	{.name = "akid-wrong",
	 .akid = "raw:30168014aabbccddeeff00112233445566778899aabbccdd"},
	{.name = "akid-both", .akid = "keyid:always,issuer:always"},
	{.name = "akid-issuer", .akid = "issuer:always"},
	{.name = "akid-serial",
	 .akid = "raw:302ca124a4223020310c300a060355040a0c034c6162"
		 "3110300e06035504030c074e6f2073756368820412345678"},
	{.name = "akid-serial-alone", .akid = "raw:3006820412345678"},
	{.name = "akid-empty", .akid = "raw:3000"},
	{.name = "akid-empty-id", .akid = "raw:30028000"},
	{.name = "akid-empty-names", .akid = "raw:3002a100"},
	{.name = "akid-uri", .akid = "raw:3008a106860475726e3a"},
	{.name = "akid-damaged", .akid = "raw:301680"},
	{.name = "akid-not-sequence", .akid = "raw:0400"},
	{.name = "akid-too-much", .akid = "raw:300480000500"},

	/* subjectKeyIdentifier */
	{.name = "no-skid", .skid = ""},
	{.name = "skid-raw", .skid = "raw:" RAW_SKID},
	{.name = "skid-one-byte", .skid = "raw:0401aa"},
	{.name = "skid-empty", .skid = "raw:0400"},
	{.name = "skid-not-octets", .skid = "raw:0302aabb"},
	{.name = "skid-wrong-length", .skid = "raw:0405aabb"},
	{.name = "skid-twice", .more = "2.5.29.14;plain;" RAW_SKID},

	/* keyUsage and basicConstraints */
	{.name = "no-usage", .usage = ""},
	{.name = "usage-all", .usage = "critical,digitalSignature,keyCertSign"},
	{.name = "usage-cert-sign", .usage = "keyCertSign,cRLSign"},
	{.name = "usage-encipher", .usage = "keyEncipherment"},
	{.name = "usage-raw-long", .usage = "raw:0303070480"},
	{.name = "usage-empty", .usage = "raw:030100"},
	{.name = "usage-not-bits", .usage = "raw:04020780"},
	{.name = "usage-unused-9", .usage = "raw:03020980"},
	{.name = "no-constraints", .constraints = ""},
	{.name = "ca-true", .constraints = "critical,CA:TRUE"},
	{.name = "ca-explicit-false", .constraints = "raw:3003010100"},
	{.name = "ca-true-as-1", .constraints = "raw:3003010101"},
	{.name = "path-length-alone", .constraints = "raw:3003020100"},
	{.name = "constraints-damaged", .constraints = "raw:3005010100"},
	{.name = "constraints-not-sequence", .constraints = "raw:0500"},
	{.name = "no-usage-no-constraints", .usage = "", .constraints = ""},
	{.name = "critical-not-bool", .tbs = critical_not_bool},
	{.name = "unknown-critical", .more = "1.2.3.4.5;critical;0500"},

	/* dates */
	{.name = "expired", .tbs = expired},
	{.name = "not-yet", .tbs = not_yet},
	{.name = "backwards", .tbs = backwards},
	{.name = "month-13", .tbs = month_13},
	{.name = "february-29", .tbs = february_29},
	{.name = "leap-day", .tbs = leap_day},
	{.name = "midnight-24", .tbs = midnight_24},
	{.name = "leap-second", .tbs = leap_second},
	{.name = "before-1970", .tbs = before_1970},
	{.name = "no-zone", .tbs = no_zone},
	{.name = "one-date", .tbs = one_date},
	{.name = "no-date", .tbs = no_date},
	{.name = "general-2060", .tbs = general_2060},
	{.name = "general-2040", .tbs = general_2040},
	{.name = "no-seconds", .tbs = no_seconds},

	/* names */
	{.name = "no-subject", .subject = ""},
	{.name = "only-country", .subject = "C=AA"},
	{.name = "only-email", .subject = "emailAddress=root@lab"},
	{.name = "same-start", .subject = "O=Laboratory;CN=Laboratory key"},
	{.name = "seven-letters", .subject = "O=Laboratory One;CN=Laboratory Two"},
	{.name = "two-common-names", .subject = "CN=first;CN=second"},
	{.name = "hostile-name", .subject = "CN=\x1b[2J\xe2\x80\xae: key"},
	{.name = "long-name",
	 .subject =
		 "CN=0123456789012345678901234567890123456789012345678901234567890123456789"
		 "012345678901234567890123456789012345678901234567890123456789012345678901"
		 "234567890123456789012345678901234567890123456789012345678901234567890123"
		 "4567890123456789012345678901234567890123456789 more than a byte counts"},

	/* the encoding */
	{.name = "version-1", .tbs = version_1},
	{.name = "extensions-unknown", .tbs = no_extensions_left},
	{.name = "primitive-sequence", .whole = primitive_sequence},
	{.name = "primitive-validity", .tbs = primitive_validity},
	{.name = "indefinite", .whole = indefinite},
	{.name = "three-length-bytes", .whole = three_length_bytes},
	{.name = "behind", .whole = behind},
	{.name = "too-long", .whole = too_long},
	{.name = "cut", .whole = cut},
	{.name = "half", .whole = half},
	{.name = "one-byte", .whole = one_byte},
	{.name = "garbage", .whole = garbage},
	{.name = NULL},
};

const struct certgen_recipe *certgen_find(const char *name)
{
	for (const struct certgen_recipe *r = certgen_variants; r->name; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	return NULL;
}
