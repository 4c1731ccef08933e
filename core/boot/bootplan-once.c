/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An entry that is started once. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/act-file.h"
#include "core/base/cleanup.h"
#include "core/boot/act-efivar.h"
#include "core/boot/act-grubenv.h"
#include "core/boot/bootentry.h"
#include "core/boot/bootplan-internal.h"
#include "core/boot/grubcfg.h"
#include "core/boot/grubenv.h"

#define TITLE "imactl: once, with other words for the kernel"
#define BEGIN "### BEGIN imactl: an entry for one start ###\n"
#define END   "### END imactl ###\n"
#define ONESHOT                                                                          \
	"firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

static int odd(const char *what, struct diag *reterr)
{
	return diag_set(reterr, DIAG_BOOT_NO_ONCE, EOPNOTSUPP,
			"No entry can be made for one start: %s.", what);
}

/* custom.cfg without what stands between our marks. */
static void without_own(struct span text, struct strbuf *out)
{
	const uint8_t *begin = text.len ? memmem(text.ptr, text.len, BEGIN, strlen(BEGIN))
					: NULL,
		      *end;
	size_t before;

	if (!begin) {
		strbuf_add(out, text.ptr, text.len);
		return;
	}
	before = (size_t)(begin - text.ptr);
	strbuf_add(out, text.ptr, before);
	end = memmem(begin, text.len - before, END, strlen(END));
	if (end) /* else ours is all that follows */
		strbuf_add(out, end + strlen(END),
			   (size_t)(text.ptr + text.len - end) - strlen(END));
}

/* What the default entry has but for its id, which ours has its own of. */
static void add_attrs(struct span attrs, struct strbuf *out)
{
	struct bytes in = bytes_of(attrs.ptr, attrs.len);
	struct span word;

	while (bytes_word(&in, " \t", &word)) {
		if (span_is(word, "--id") || span_is(word, "$menuentry_id_option") ||
		    span_is(word, "${menuentry_id_option}") ||
		    span_is(word, "--hotkey")) {
			(void)bytes_word(&in, " \t", &word);
			continue;
		}
		strbuf_addc(out, ' ');
		strbuf_add(out, word.ptr, word.len);
	}
}

static int grub_entry(const struct root *root, const struct bootwords *wish,
		      struct strbuf *out, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf cfg = {0}, env = {0};
	_cleanup_grubcfg_ struct grubcfg g = {0};
	const struct grubcfg_entry *e;
	struct span saved = {0}, words;
	struct bytes in;
	int r = bootloader_read(root, BOOT_GRUB_CFG, &cfg, reterr);

	if (r < 0)
		return r;
	if (grubcfg_parse(strbuf_span(&cfg), &g) < 0)
		return odd("grub.cfg cannot be read", reterr);
	(void)bootloader_read(root, BOOT_GRUB_ENV, &env, NULL); /* none: nothing saved */
	(void)grubenv_get(strbuf_span(&env), "saved_entry", &saved);
	e = grubcfg_default(&g, saved);
	in = e ? bytes_of(e->body.ptr, e->body.len) : (struct bytes){0};
	if (!e || !grubcfg_next_kernel(&in, &words))
		return odd("the entry that is started by default starts no Linux",
			   reterr);
	strbuf_adds(out, BEGIN "menuentry '" TITLE "'");
	add_attrs(e->attrs, out);
	strbuf_adds(out, " --id '" BOOT_TRIAL_ID "' {");
	grubcfg_edit(e->body, wish, out);
	strbuf_adds(out, "}\n" END);
	return 0;
}

/* custom.cfg, with an entry of ours or without. */
static int grub_custom(struct plan *plan, const struct root *root,
		       const struct bootwords *wish, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf old = {0}, text = {0};
	int r = bootloader_read(root, BOOT_GRUB_CUSTOM, &old, reterr);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT && !wish)
		return 0;
	without_own(strbuf_span(&old), &text);
	r = wish ? grub_entry(root, wish, &text, reterr) : 0;
	if (r < 0 || (!text.failed && span_equal(strbuf_span(&old), strbuf_span(&text))))
		return r;
	return bootplan_write(
		plan, root, BOOT_GRUB_CUSTOM, &text,
		wish ? "an entry like the default one, with the words as wished" : NULL,
		reterr);
}

static int grub_next(struct plan *plan, const struct root *root, bool on,
		     struct diag *reterr)
{
	const struct plan_spec at = {.place = ROOT_TARGET,
				     .path = BOOT_GRUB_ENV,
				     .danger = PLAN_BOOT,
				     .why = on ? "GRUB starts it once, and takes this out"
					       : NULL};

	return act_grubenv_add(plan, root, &at, "next_entry", on ? BOOT_TRIAL_ID : NULL,
			       reterr);
}

/* With owner and mode of the entry it is like: FAT knows no others. */
static int entry_file(struct plan *plan, const struct root *root,
		      const struct bootloader *b, const struct bootwords *wish,
		      struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf from = {0}, to = {0}, old = {0}, text = {0};
	struct plan_spec at = {.place = ROOT_TARGET, .danger = PLAN_BOOT};
	_cleanup_close_ int fd = -1;
	struct act_file_meta meta;
	struct stat st;
	int r;

	strbuf_addf(&from, "%s/%s", b->entries, b->chosen);
	strbuf_addf(&to, "%s/" BOOT_TRIAL_ID ".conf", b->entries);
	at.path = strbuf_str(&to);
	if (!wish)
		return act_file_remove(plan, root, &at, reterr);
	r = bootloader_read(root, strbuf_str(&from), &old, reterr);
	if (r >= 0)
		r = fd =
			root_openat(root, ROOT_TARGET, strbuf_str(&from), O_PATH, reterr);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return odd("the entry that is started by default cannot be read", reterr);
	bootentry_copy(strbuf_span(&old), TITLE, wish, &text);
	if (text.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	meta = (struct act_file_meta){st.st_mode & 07777, st.st_uid, st.st_gid, {0}};
	at.why = "an entry like the default one, with the words as wished";
	return act_file_replace(plan, root, &at, strbuf_span(&text), &meta, reterr);
}

static int entry_next(struct plan *plan, const struct root *root, bool on,
		      struct diag *reterr)
{
	const struct plan_spec at = {.place = ROOT_SYS,
				     .path = ONESHOT,
				     .danger = PLAN_BOOT,
				     .why = on ? "systemd-boot starts it once, and takes "
						 "this away"
					       : NULL};

	return act_efivar_add(plan, root, &at, on ? BOOT_TRIAL_ID ".conf" : NULL, reterr);
}

int bootplan_once(struct plan *plan, const struct root *root, const struct bootloader *b,
		  const struct bootwords *wish, struct diag *reterr)
{
	int r;

	if (*b->no_once)
		return odd(b->no_once, reterr);
	if (b->kind == BOOTLOADER_GRUB) {
		r = grub_custom(plan, root, wish, reterr);
		return r < 0 ? r : grub_next(plan, root, true, reterr);
	}
	r = entry_file(plan, root, b, wish, reterr);
	return r < 0 ? r : entry_next(plan, root, true, reterr);
}

int bootplan_once_remove(struct plan *plan, const struct root *root,
			 const struct bootloader *b, struct diag *reterr)
{
	int r = 0;

	if (b->kind == BOOTLOADER_GRUB) {
		r = grub_next(plan, root, false, reterr);
		return r < 0 ? r : grub_custom(plan, root, NULL, reterr);
	}
	if (b->kind != BOOTLOADER_SYSTEMD || !*b->entries)
		return 0;
	if (!*b->no_once)
		r = entry_next(plan, root, false, reterr);
	return r < 0 ? r : entry_file(plan, root, b, NULL, reterr);
}
