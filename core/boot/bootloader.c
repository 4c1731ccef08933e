/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/bootloader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/boot/act-generate.h"
#include "core/boot/bootentry.h"
#include "core/boot/bootloader-internal.h"
#include "core/boot/efivar.h"
#include "core/boot/grubcfg.h"
#include "core/boot/grubenv.h"

enum { FILE_MAX = 4 << 20 };

static const char *const kind_names[_BOOTLOADER_MAX] = {
	[BOOTLOADER_UNKNOWN] = "unknown", [BOOTLOADER_GRUB] = "grub",
	[BOOTLOADER_BLS] = "grub-bls",	  [BOOTLOADER_SYSTEMD] = "systemd-boot",
	[BOOTLOADER_UKI] = "uki",
};

const char *bootloader_kind_name(enum bootloader_kind kind)
{
	return kind < _BOOTLOADER_MAX ? kind_names[kind] : "unknown";
}

int bootloader_read(const struct root *root, const char *path, struct strbuf *out,
		    struct diag *reterr)
{
	_cleanup_close_ int fd = root_openat(root, ROOT_TARGET, path, O_RDONLY, reterr);

	return fd < 0 ? fd : fs_read_fd(fd, FILE_MAX, path, out, reterr);
}

static bool has(const struct root *root, const char *path)
{
	_cleanup_close_ int fd = root_openat(root, ROOT_TARGET, path, O_PATH, NULL);

	return fd >= 0;
}

static bool holds(const struct strbuf *text, const char *what)
{
	return text->len && memmem(text->ptr, text->len, what, strlen(what)) != NULL;
}

/* The text of a variable, of the firmware that started what is looked at. */
static bool variable(const struct root *root, enum root_file file, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf raw = {0};

	if (!root_is_recorded(root) && !root_owns_place(root, ROOT_SYS))
		return false;
	return root_read(root, file, &raw, NULL) == 0 &&
	       efivar_text(strbuf_span(&raw), out);
}

static void set(struct bootloader *b, enum bootloader_kind kind, const char *name,
		const char *evidence)
{
	b->kind = kind;
	(void)str_quote(b->name, sizeof(b->name), span_of(name));
	(void)snprintf(b->evidence, sizeof(b->evidence), "%s", evidence);
}

/* What the boot loader says of itself in EFI variables (systemd.io/BOOT_LOADER_INTERFACE). */
static void look_at_variables(const struct root *root, struct bootloader *b)
{
	_cleanup_strbuf_ struct strbuf info = {0}, stub = {0};
	bool has_info = variable(root, ROOT_LOADER_INFO, &info);

	if (variable(root, ROOT_STUB_INFO, &stub))
		set(b, BOOTLOADER_UKI, strbuf_str(&stub), "the EFI variable StubInfo");
	else if (has_info && strncmp(strbuf_str(&info), "systemd-boot", 12) == 0)
		set(b, BOOTLOADER_SYSTEMD, strbuf_str(&info),
		    "the EFI variable LoaderInfo");
	else if (has_info && strncmp(strbuf_str(&info), "GRUB", 4) != 0) {
		set(b, BOOTLOADER_UNKNOWN, strbuf_str(&info),
		    "the EFI variable LoaderInfo");
		(void)snprintf(b->no_words, sizeof(b->no_words),
			       "imactl does not know this boot loader");
	}
}

static void look_at_files(const struct root *root, struct bootloader *b)
{
	_cleanup_strbuf_ struct strbuf cfg = {0};

	if (bootloader_read(root, BOOT_GRUB_CFG, &cfg, NULL) == 0) {
		set(b, holds(&cfg, "\nblscfg") ? BOOTLOADER_BLS : BOOTLOADER_GRUB, "GRUB",
		    "there is "
		    "/" BOOT_GRUB_CFG);
	} else if (bootloader_read(root, "boot/grub2/grub.cfg", &cfg, NULL) == 0 ||
		   has(root, "etc/zipl.conf")) {
		set(b, BOOTLOADER_BLS, cfg.len ? "GRUB" : "zipl",
		    cfg.len ? "there is a folder grub2 in /boot"
			    : "there is a configuration of zipl");
	} else if (*b->entries) {
		set(b, BOOTLOADER_SYSTEMD, "systemd-boot", "there are loader entries");
	} else
		set(b, BOOTLOADER_UNKNOWN, "not known",
		    "neither EFI variables nor files tell");
}

/* Where the ESP or XBOOTLDR is mounted, in the order in which bootctl looks. */
static void find_entries(const struct root *root, struct bootloader *b)
{
	static const char *const at[] = {"boot/loader/entries", "efi/loader/entries",
					 "boot/efi/loader/entries"};

	for (size_t i = 0; i < array_size(at) && !*b->entries; i++)
		if (has(root, at[i]))
			(void)snprintf(b->entries, sizeof(b->entries), "%s", at[i]);
}

static void look_at_grub(const struct root *root, struct bootloader *b)
{
	_cleanup_strbuf_ struct strbuf cfg = {0};
	_cleanup_grubcfg_ struct grubcfg g = {0};

	if (!root_is_live(root))
		(void)snprintf(b->no_words, sizeof(b->no_words),
			       "grub-mkconfig makes grub.cfg for the system that runs");
	else if (!act_generate_can(root))
		(void)snprintf(b->no_words, sizeof(b->no_words),
			       "grub-mkconfig is not installed");
	if (bootloader_read(root, BOOT_GRUB_CFG, &cfg, NULL) < 0 ||
	    grubcfg_parse(strbuf_span(&cfg), &g) < 0)
		(void)snprintf(b->no_once, sizeof(b->no_once), "grub.cfg cannot be read");
	else if (!g.takes_next)
		(void)snprintf(b->no_once, sizeof(b->no_once),
			       "grub.cfg does not heed next_entry");
	else if (!g.takes_custom)
		(void)snprintf(b->no_once, sizeof(b->no_once),
			       "grub.cfg does not read custom.cfg");
	else
		bootloader_grub_writes(root, b->no_once);
}

static void look_at_systemd(const struct root *root, struct bootloader *b)
{
	_cleanup_strbuf_ struct strbuf selected = {0}, chosen = {0};
	bool has_selected = variable(root, ROOT_LOADER_SELECTED, &selected),
	     has_chosen = variable(root, ROOT_LOADER_DEFAULT, &chosen);

	if (!*b->entries) {
		(void)snprintf(b->no_words, sizeof(b->no_words),
			       "its folder loader/entries is not mounted");
		(void)snprintf(b->no_once, sizeof(b->no_once), "%s", b->no_words);
		return;
	}
	bootloader_find_entries(root, b, has_selected ? strbuf_str(&selected) : "",
				has_chosen ? strbuf_str(&chosen) : "");
	if (!root_is_live(root))
		(void)snprintf(b->no_once, sizeof(b->no_once),
			       "EFI variables are those of the system that runs");
	else if (root->dir[ROOT_SYS] < 0 || !has_selected)
		(void)snprintf(b->no_once, sizeof(b->no_once),
			       "EFI variables cannot be read");
	else if (!*b->chosen)
		(void)snprintf(b->no_once, sizeof(b->no_once),
			       "which entry is started by default is not known");
}

static void look_at_others(struct bootloader *b)
{
	const char *why =
		b->kind == BOOTLOADER_UKI
			? "the words stand in the image that the firmware checks"
		: b->kind == BOOTLOADER_BLS ? "imactl does not write its entries"
					    : "the boot loader is not known";

	if (!*b->no_words)
		(void)snprintf(b->no_words, sizeof(b->no_words), "%s", why);
	(void)snprintf(b->no_once, sizeof(b->no_once), "%s", why);
}

int bootloader_look(const struct root *root, struct bootloader *ret, struct diag *reterr)
{
	struct bootloader b = {0};

	find_entries(root, &b);
	look_at_variables(root, &b);
	if (!b.kind && !*b.name)
		look_at_files(root, &b);
	if (b.kind == BOOTLOADER_GRUB)
		look_at_grub(root, &b);
	else if (b.kind == BOOTLOADER_SYSTEMD)
		look_at_systemd(root, &b);
	else
		look_at_others(&b);
	*ret = b;
	return 0;
}

static int unknown(const char *why, struct diag *reterr)
{
	return diag_set(reterr, DIAG_BOOT_UNKNOWN, ENOENT,
			"What the kernel is given at the next start is not known: %s.",
			why);
}

static int grub_next(const struct root *root, struct strbuf *out, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf cfg = {0}, env = {0};
	_cleanup_grubcfg_ struct grubcfg g = {0};
	struct span saved = {0}, words;
	const struct grubcfg_entry *e;
	struct bytes in;

	if (bootloader_read(root, BOOT_GRUB_CFG, &cfg, NULL) < 0 ||
	    grubcfg_parse(strbuf_span(&cfg), &g) < 0)
		return unknown("grub.cfg cannot be read", reterr);
	(void)bootloader_read(root, BOOT_GRUB_ENV, &env, NULL); /* none: nothing saved */
	(void)grubenv_get(strbuf_span(&env), "saved_entry", &saved);
	e = grubcfg_default(&g, saved);
	if (!e)
		return unknown("grub.cfg has no entry", reterr);
	in = bytes_of(e->body.ptr, e->body.len);
	if (!grubcfg_next_kernel(&in, &words))
		return unknown("the first entry of grub.cfg starts no Linux", reterr);
	strbuf_add(out, words.ptr, words.len);
	return 0;
}

static int entry_next(const struct root *root, const struct bootloader *b,
		      struct strbuf *out, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0}, text = {0};

	if (!*b->chosen)
		return unknown("which entry is started by default is not known", reterr);
	strbuf_addf(&path, "%s/%s", b->entries, b->chosen);
	if (bootloader_read(root, strbuf_str(&path), &text, NULL) < 0)
		return unknown("its entry cannot be read", reterr);
	bootentry_words(strbuf_span(&text), out);
	return 0;
}

int bootloader_next_words(const struct root *root, const struct bootloader *b,
			  struct strbuf *out, struct diag *reterr)
{
	if (b->kind == BOOTLOADER_GRUB)
		return grub_next(root, out, reterr);
	if (b->kind == BOOTLOADER_SYSTEMD)
		return entry_next(root, b, out, reterr);
	return unknown(*b->no_words ? b->no_words : "the boot loader is not known",
		       reterr);
}

bool bootloader_next_once(const struct root *root, const struct bootloader *b,
			  struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf env = {0};
	struct span name;

	if (b->kind == BOOTLOADER_SYSTEMD)
		return variable(root, ROOT_LOADER_ONCE, out) && out->len;
	if (b->kind != BOOTLOADER_GRUB ||
	    bootloader_read(root, BOOT_GRUB_ENV, &env, NULL) < 0 ||
	    !grubenv_get(strbuf_span(&env), "next_entry", &name))
		return false;
	strbuf_add(out, name.ptr, name.len);
	return true;
}
