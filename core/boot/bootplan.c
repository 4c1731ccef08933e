/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/bootplan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/act-file.h"
#include "core/base/act-folder.h"
#include "core/base/cleanup.h"
#include "core/boot/act-generate.h"
#include "core/boot/bootentry.h"
#include "core/boot/bootplan-internal.h"
#include "core/boot/grubcfg.h"
#include "core/boot/grubdefault.h"

#define KERNEL_CMDLINE "etc/kernel/cmdline"

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static int cannot(enum diag_id id, const char *what, const char *why, struct diag *reterr)
{
	return diag_set(reterr, id, EOPNOTSUPP, "%s: %s.", what, why);
}

/* Absent is empty. */
static int read_or_none(const struct root *root, const char *path, struct strbuf *out,
			bool *ret_there, struct diag *reterr)
{
	int r = bootloader_read(root, path, out, reterr);

	if (ret_there)
		*ret_there = r >= 0;
	return r == -ENOENT ? 0 : r;
}

int bootplan_write(struct plan *plan, const struct root *root, const char *path,
		   const struct strbuf *text, const char *why, struct diag *reterr)
{
	const struct plan_spec at = {.place = ROOT_TARGET,
				     .path = path,
				     .danger = PLAN_BOOT,
				     .why = why};

	if (text->failed)
		return no_memory(reterr);
	return text->len ? act_file_replace(plan, root, &at, strbuf_span(text), NULL,
					    reterr)
			 : act_file_remove(plan, root, &at, reterr);
}

/* Takes the words out of one file of grub-mkconfig's configuration. */
static int clean_default(struct plan *plan, const struct root *root, const char *path,
			 const struct bootwords *wish, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf old = {0}, text = {0};
	int r = read_or_none(root, path, &old, NULL, reterr);
	char q[120];

	if (r < 0)
		return r;
	r = grubdefault_without(strbuf_span(&old), wish, &text);
	if (r == -ENOTSUP)
		return diag_set(reterr, DIAG_BOOT_NO_WORDS, EOPNOTSUPP,
				"A word to be changed stands in /%s where only a shell "
				"can tell what it comes to.",
				str_quote(q, sizeof(q), span_of(path)));
	return r > 0 ? bootplan_write(plan, root, path, &text,
				      "a word of that name is taken out here", reterr)
		     : r;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_part(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && strcmp(e->d_name + n - 4, ".cfg") == 0 &&
	       strcmp(e->d_name, GRUB_DEFAULT_OWN) != 0;
}

static int clean_folder(struct plan *plan, const struct root *root,
			const struct bootwords *wish, struct diag *reterr)
{
	_cleanup_close_ int fd = root_openat(root, ROOT_TARGET, GRUB_DEFAULT_FOLDER,
					     O_RDONLY | O_DIRECTORY, NULL);
	struct dirent **names = NULL;
	int n = fd < 0 ? 0 : scandirat(fd, ".", &names, is_part, by_name), r = 0;

	for (int i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf path = {0};

		strbuf_addf(&path, GRUB_DEFAULT_FOLDER "/%s", names[i]->d_name);
		free(names[i]);
		if (r >= 0)
			r = clean_default(plan, root, strbuf_str(&path), wish, reterr);
	}
	free(names);
	return n < 0 ? no_memory(reterr) : r;
}

static int own_default(struct plan *plan, const struct root *root,
		       const struct bootwords *wish, struct diag *reterr)
{
	const struct plan_spec folder = {.place = ROOT_TARGET,
					 .path = GRUB_DEFAULT_FOLDER,
					 .danger = PLAN_BOOT};
	const char *path = GRUB_DEFAULT_FOLDER "/" GRUB_DEFAULT_OWN;
	_cleanup_strbuf_ struct strbuf old = {0}, text = {0};
	int r = read_or_none(root, path, &old, NULL, reterr);

	if (r < 0)
		return r;
	grubdefault_own(strbuf_span(&old), wish, &text);
	if (text.len)
		r = act_folder_make(plan, root, &folder, 0755, reterr);
	return r < 0 ? r : bootplan_write(plan, root, path, &text, NULL, reterr);
}

static int grub_words(struct plan *plan, const struct root *root,
		      const struct bootwords *wish, struct diag *reterr)
{
	const struct plan_spec cfg = {.place = ROOT_TARGET,
				      .path = BOOT_GRUB_CFG,
				      .danger = PLAN_BOOT,
				      .why = "what 'update-grub' does"};
	_cleanup_strbuf_ struct strbuf text = {0};
	size_t before = plan->n, lines;
	int r = bootloader_read(root, BOOT_GRUB_CFG, &text, reterr);

	if (r >= 0)
		r = clean_default(plan, root, GRUB_DEFAULT_FILE, wish, reterr);
	if (r >= 0)
		r = clean_folder(plan, root, wish, reterr);
	if (r >= 0)
		r = own_default(plan, root, wish, reterr);
	if (r < 0 || (plan->n == before && grubcfg_fit(strbuf_span(&text), wish, &lines)))
		return r;
	return act_generate_add(plan, root, &cfg, wish, reterr);
}

/* Is the entry one of this system, and not of another on the same disk? */
static bool is_own(const struct root *root, const struct bootloader *b, const char *name,
		   struct span text)
{
	_cleanup_strbuf_ struct strbuf id = {0};
	struct span machine, kernel;
	bool known =
		bootloader_read(root, "etc/machine-id", &id, NULL) == 0 && id.len > 32;

	if (bootentry_is(name, span_of(BOOT_TRIAL_ID)) ||
	    (!bootentry_get(text, "linux", &kernel) &&
	     !bootentry_get(text, "efi", &kernel)))
		return false;
	if (strcmp(name, b->selected) == 0 || strcmp(name, b->chosen) == 0)
		return true;
	return known && bootentry_get(text, "machine-id", &machine) &&
	       span_equal(machine, (struct span){(const uint8_t *)id.ptr, 32});
}

static int edit_entry(struct plan *plan, const struct root *root,
		      const struct bootloader *b, const char *name,
		      const struct bootwords *wish, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0}, old = {0}, text = {0};
	int r;

	strbuf_addf(&path, "%s/%s", b->entries, name);
	r = bootloader_read(root, strbuf_str(&path), &old, reterr);
	if (r < 0 || !is_own(root, b, name, strbuf_span(&old)))
		return r;
	bootentry_edit(strbuf_span(&old), wish, &text);
	if (!text.failed && span_equal(strbuf_span(&old), strbuf_span(&text)))
		return 0;
	return bootplan_write(plan, root, strbuf_str(&path), &text, NULL, reterr);
}

static int is_entry(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 5 && strcmp(e->d_name + n - 5, ".conf") == 0;
}

static int edit_entries(struct plan *plan, const struct root *root,
			const struct bootloader *b, const struct bootwords *wish,
			struct diag *reterr)
{
	_cleanup_close_ int fd = root_openat(root, ROOT_TARGET, b->entries,
					     O_RDONLY | O_DIRECTORY, reterr);
	struct dirent **names = NULL;
	int n = fd < 0 ? 0 : scandirat(fd, ".", &names, is_entry, by_name), r = 0;

	if (fd < 0)
		return fd;
	for (int i = 0; i < n; i++) {
		if (r >= 0)
			r = edit_entry(plan, root, b, names[i]->d_name, wish, reterr);
		free(names[i]);
	}
	free(names);
	return n < 0 ? no_memory(reterr) : r;
}

/* From which kernel-install makes the entries of kernels to come; where it is not there it
 * takes what this boot was given. */
static int edit_cmdline(struct plan *plan, const struct root *root,
			const struct bootwords *wish, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf old = {0}, text = {0};
	struct span line;
	bool there;
	int r = read_or_none(root, KERNEL_CMDLINE, &old, &there, reterr);

	if (r < 0 || !there)
		return r;
	line = strbuf_span(&old);
	while (line.len && line.ptr[line.len - 1] == '\n')
		line.len--;
	bootwords_edit(line, wish, &text);
	strbuf_add(&text, line.ptr + line.len, old.len - line.len);
	if (!text.failed && span_equal(strbuf_span(&old), strbuf_span(&text)))
		return 0;
	return bootplan_write(plan, root, KERNEL_CMDLINE, &text,
			      "for kernels that will be installed", reterr);
}

int bootplan_words(struct plan *plan, const struct root *root, const struct bootloader *b,
		   const struct bootwords *wish, struct diag *reterr)
{
	int r;

	if (*b->no_words)
		return cannot(DIAG_BOOT_NO_WORDS,
			      "imactl cannot change what the kernel is given here",
			      b->no_words, reterr);
	if (b->kind == BOOTLOADER_GRUB)
		return grub_words(plan, root, wish, reterr);
	r = edit_cmdline(plan, root, wish, reterr);
	return r < 0 ? r : edit_entries(plan, root, b, wish, reterr);
}

static void add_words(const struct bootwords *wish, bool gone, const char *before,
		      struct strbuf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < wish->n; i++)
		if (gone == !wish->of[i].word)
			strbuf_addf(out, "%s%s", n++ ? " " : before,
				    gone ? wish->of[i].name : wish->of[i].word);
	if (n && *before)
		strbuf_addc(out, '"');
}

static void say_words(const struct bootwords *wish, struct strbuf *out)
{
	for (size_t i = 0; i < wish->n; i++)
		if (wish->of[i].word)
			strbuf_addf(out, "  have %s, and no other %s=\n",
				    wish->of[i].word, wish->of[i].name);
		else
			strbuf_addf(out, "  have no %s=\n", wish->of[i].name);
}

void bootplan_by_hand(const struct bootloader *b, const struct bootwords *wish,
		      struct strbuf *out)
{
	switch (b->kind) {
	case BOOTLOADER_BLS:
		strbuf_adds(out, "  grubby --update-kernel=ALL");
		add_words(wish, false, " --args=\"", out);
		add_words(wish, true, " --remove-args=\"", out);
		strbuf_adds(out, "\n  zipl              (on s390x alone, afterwards)\n");
		break;
	case BOOTLOADER_GRUB:
		strbuf_adds(out, "  in /etc/default/grub, GRUB_CMDLINE_LINUX is to\n");
		say_words(wish, out);
		strbuf_adds(out, "  update-grub       (in the system itself)\n");
		break;
	case BOOTLOADER_UKI:
		strbuf_adds(out, "  in /etc/kernel/cmdline the line is to\n");
		say_words(wish, out);
		strbuf_adds(out,
			    "  kernel-install add RELEASE KERNEL   (or ukify; signed "
			    "where Secure Boot is on)\n");
		break;
	case BOOTLOADER_SYSTEMD:
	case BOOTLOADER_UNKNOWN:
	case _BOOTLOADER_MAX:
		strbuf_adds(out, "  the kernel's command line is to\n");
		say_words(wish, out);
		break;
	}
}
