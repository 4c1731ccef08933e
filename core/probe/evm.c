/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/probe/evm.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/base/cleanup.h"

enum { KEY_SIZE = 128, SIG_HEADER = 9 };

static const struct {
	const char *attribute;
	const char *enabled_by;
} names[_EVM_NAME_MAX] = {
#define EVM_NAME(id, attribute, enabled_by) [EVM_NAME_##id] = {attribute, enabled_by},
#include "core/probe/evm-names.inc"
#undef EVM_NAME
};

static const struct {
	const char *word;
	const char *means;
} statuses[_EVM_STATUS_MAX] = {
#define EVM_STATUS(id, word, means) [EVM_##id] = {word, means},
#include "core/probe/evm-statuses.inc"
#undef EVM_STATUS
};

static const struct evm_bit bits[] = {
#define EVM_BIT(id, value, word, name, means, writing, undo)                             \
	{(value), word, name, means, writing, undo},
#include "core/probe/evm-bits.inc"
#undef EVM_BIT
};

static const struct evm_attr *find(const struct evm_file *file, const char *name)
{
	for (size_t i = 0; i < file->n_attrs; i++)
		if (strcmp(file->attrs[i].name, name) == 0)
			return &file->attrs[i];
	return NULL;
}

/* Values alone, without names or lengths. Returns how many there were. */
static int add_attrs(const struct evm_kernel *kernel, const struct evm_file *file,
		     bool all, struct strbuf *out)
{
	int n = 0;

	for (size_t i = 0; i < _EVM_NAME_MAX + kernel->n_extra; i++) {
		bool extra = i >= _EVM_NAME_MAX;
		const struct evm_attr *a =
			find(file, extra ? kernel->extra[i - _EVM_NAME_MAX]
					 : names[i].attribute);

		/* added names are enabled: evm_secfs.c evm_write_xattrs() */
		if (!a || !(all || extra || kernel->enabled & 1u << i))
			continue;
		strbuf_add(out, a->value.ptr, a->value.len);
		n++;
	}
	return n;
}

static void add_int(struct strbuf *out, uint64_t v, size_t size, bool big_endian)
{
	for (size_t i = 0; i < size; i++)
		strbuf_addc(out, (char)(v >> 8 * (big_endian ? size - 1 - i : i)));
}

/* struct h_misc in the kernel's own layout: unsigned long ino, u32 generation, uid, gid,
 * u16 mode, zeros up to the alignment. */
static void add_misc(const struct evm_kernel *kernel, const struct evm_file *file,
		     bool portable, struct strbuf *out)
{
	bool be = kernel->big_endian;

	add_int(out, portable ? 0 : file->ino, kernel->bits32 ? 4 : 8, be);
	add_int(out, portable ? 0 : file->generation, 4, be);
	add_int(out, file->uid, 4, be);
	add_int(out, file->gid, 4, be);
	add_int(out, file->mode, 2, be);
	add_int(out, 0, 2, be);
	if (kernel->fsuuid && !portable)
		strbuf_add(out, file->uuid, sizeof(file->uuid));
}

int evm_data(const struct evm_kernel *kernel, const struct evm_file *file,
	     enum imaxattr_type type, struct strbuf *out, struct diag *reterr)
{
	bool portable = type == IMAXATTR_PORTABLE;

	if (!portable && type != IMAXATTR_HMAC && type != IMAXATTR_SIG)
		return diag_set(reterr, DIAG_INTERNAL, EINVAL,
				"Type %d is none of security.evm.", (int)type);
	if (portable && !find(file, names[EVM_NAME_IMA].attribute))
		return diag_set(reterr, DIAG_EVM_NO_IMA, ENOENT,
				"A portable signature needs security.ima on the file.");
	if (!add_attrs(kernel, file, portable, out))
		return diag_set(reterr, DIAG_EVM_NOTHING, ENODATA,
				"The file has no attribute that EVM would protect.");
	add_misc(kernel, file, portable, out);
	return out->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

/* The kernel keeps 128 bytes, zeros behind the key, and keys with all of them. */
int evm_hmac(struct span key, struct span data, uint8_t ret[IMAXATTR_HMAC_SIZE])
{
	uint8_t padded[KEY_SIZE] = {0};
	bool done;

	if (!key.len || key.len > sizeof(padded))
		return -EINVAL;
	memcpy(padded, key.ptr, key.len);
	done = HMAC(EVP_sha1(), padded, sizeof(padded), data.ptr, data.len, ret, NULL);
	explicit_bzero(padded, sizeof(padded));
	return done ? 0 : -ENOMEM;
}

/* evm_verify_hmac() where security.evm could not be read or holds nothing. */
static enum evm_status judge_absent(const struct evm_case *c)
{
	if (c->err == EOPNOTSUPP)
		return EVM_UNKNOWN;
	if (c->err != ENODATA || c->n_protected < 0)
		return EVM_FAIL;
	return c->n_protected ? EVM_NOLABEL : EVM_NOXATTRS;
}

/* The value cannot be checked at all: its type is none of EVM's, it is no whole HMAC, or
 * nothing stands behind the header of a signature. */
static bool hopeless(uint8_t type, size_t len)
{
	switch (type) {
	case IMAXATTR_HMAC:
		return len != 1 + IMAXATTR_HMAC_SIZE;
	case IMAXATTR_SIG:
	case IMAXATTR_PORTABLE:
		return len <= SIG_HEADER;
	default:
		return true;
	}
}

static enum evm_status judge_value(const struct evm_case *c)
{
	struct imaxattr x;

	imaxattr_decode(IMAXATTR_EVM, c->value, &x);
	if (hopeless(x.type, c->value.len))
		return EVM_FAIL;
	if (c->data == -ENODATA)
		return EVM_NOXATTRS;
	if (c->data < 0 || c->check < 0)
		return x.type == IMAXATTR_PORTABLE ? EVM_FAIL_IMMUTABLE : EVM_FAIL;
	return x.type == IMAXATTR_PORTABLE ? EVM_PASS_IMMUTABLE : EVM_PASS;
}

enum evm_status evm_judge(const struct evm_case *c)
{
	if (!(c->bits & (EVM_BIT_HMAC | EVM_BIT_SIGNATURES)) || c->ima_unprotected)
		return EVM_UNKNOWN;
	if (!(c->bits & EVM_BIT_SIGNATURES) && c->no_hmac_fs)
		return EVM_UNKNOWN;
	return c->err || !c->value.len ? judge_absent(c) : judge_value(c);
}

const char *evm_name(enum evm_name name)
{
	return names[name].attribute;
}

const char *evm_name_config(enum evm_name name)
{
	return names[name].enabled_by;
}

const char *evm_status_word(enum evm_status s)
{
	return statuses[s].word;
}

const char *evm_status_means(enum evm_status s)
{
	return statuses[s].means;
}

const struct evm_bit *evm_bit(size_t i)
{
	return i < array_size(bits) ? &bits[i] : NULL;
}

void evm_bits_text(struct strbuf *out, uint32_t set)
{
	const char *between = "";

	if (!set)
		strbuf_adds(out, "off");
	for (size_t i = 0; i < array_size(bits); i++) {
		if (!(set & bits[i].value))
			continue;
		strbuf_addf(out, "%s%s", between, bits[i].name);
		between = ", ";
		set &= ~bits[i].value;
	}
	if (set) /* of a kernel newer than the table */
		strbuf_addf(out, "%s0x%x", between, set);
}
