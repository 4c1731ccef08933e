/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl recovery test: is in the initramfs what a boot needs to come back by itself? */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/json.h"
#include "tui/cli/recovery-hook.h"

static const char *tool_word(enum initramfs_tool tool)
{
	return tool == INITRAMFS_TOOLS	  ? "initramfs-tools"
	       : tool == INITRAMFS_DRACUT ? "dracut"
					  : "unknown";
}

static void text_part(struct out *o, const struct hookcheck_part *p)
{
	if (p->state == HOOKCHECK_GOOD)
		return;
	out_addf(o, "       %s ", p->name);
	out_add(o, p->state == HOOKCHECK_MISSING ? "is missing\n"
						 : "is not the one that is installed\n");
}

static void text_group(struct out *o, const struct hookcheck *h, enum hookcheck_group g)
{
	unsigned n = 0, good = 0;
	char title[24];

	for (size_t i = 0; i < h->n; i++) {
		n += h->part[i].group == g;
		good += h->part[i].group == g && h->part[i].state == HOOKCHECK_GOOD;
	}
	if (n == 0 && g != HOOKCHECK_HOOK)
		return;
	out_style(o, good == n && n ? OUT_GOOD : OUT_BAD,
		  good == n && n ? "[OK]" : "[!!]");
	(void)snprintf(title, sizeof(title), " %-10s ", hookcheck_group_title(g));
	out_add(o, title);
	if (n)
		out_addf(o, "%u of %u\n", good, n);
	else
		out_add(o, "imactl has none for an image of this kind\n");
	for (size_t i = 0; i < h->n; i++)
		if (h->part[i].group == g)
			text_part(o, &h->part[i]);
}

static void text_policy(struct out *o, const struct hookcheck *h)
{
	if (h->policy && h->systemd) {
		out_style(o, OUT_BAD, "[!!]");
		out_add(o,
			" policy     /etc/ima/ima-policy is in the image: systemd loads it "
			"there before any hook can judge it\n");
	} else if (h->policy) {
		out_style(o, OUT_WARN, "[--]");
		out_add(o,
			" policy     /etc/ima/ima-policy is in the image, where nothing "
			"loads it\n");
	}
	if (h->loader) {
		out_style(o, OUT_BAD, "[!!]");
		out_add(o,
			" loader     dracut's module integrity loads "
			"/etc/sysconfig/ima-policy, which nothing judges, before PID 1 "
			"loads its own\n");
	}
}

static void text(struct out *o, const struct hookcheck *h, const char *path)
{
	char n[40];

	out_foreign(o, span_of(path));
	out_addf(o, ": %s%s, %s\n", tool_word(h->tool), h->systemd ? " with systemd" : "",
		 str_counted(n, sizeof(n), h->files, "file", "files"));
	for (int g = 0; g < _HOOKCHECK_GROUP_MAX; g++)
		text_group(o, h, (enum hookcheck_group)g);
	if (!h->console) {
		out_style(o, OUT_WARN, "[--]");
		out_add(o, " console    left out\n");
	}
	text_policy(o, h);
}

/* What measuring rules add to the list because of the hook: recovery.md 3. */
static void text_entries(struct out *o, const struct hookcheck *h)
{
	const char *at = h->tool == INITRAMFS_DRACUT ? "/sysroot" : "/root";

	out_add(o,
		"\nUnder rules that measure what root runs and reads in the initramfs the "
		"list gains\n");
	for (size_t i = 0; i < h->n; i++) {
		const struct hookcheck_part *p = &h->part[i];

		if (p->state != HOOKCHECK_GOOD ||
		    (p->group != HOOKCHECK_PROGRAM && p->group != HOOKCHECK_HOOK))
			continue; /* a boot that goes well meets no other */
		out_add(o, "  sha256:");
		strbuf_addhex(out_buf(o), (struct span){p->want, sizeof(p->want)});
		out_add(o, " /");
		out_foreign(o, span_of(p->found));
		out_add(o, "\n");
	}
	out_addf(o,
		 "  policy and manifest of the newest good generation, as "
		 "%s/etc/imactl/gen/N/...\nand has the policy as %s/etc/ima/ima-policy, "
		 "not as /etc/ima/ima-policy.\n",
		 at, at);
}

static void json(struct cli *cli, const struct hookcheck *h, const char *path,
		 const char *release)
{
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/recovery-test/1");
	json_kbytes(&j, "image", span_of(path));
	json_kbytes(&j, "kernel", span_of(release));
	json_kstr(&j, "tool", tool_word(h->tool));
	json_kbool(&j, "systemd", h->systemd);
	json_ku64(&j, "files", h->files);
	json_kbool(&j, "good", hookcheck_good(h));
	json_kbool(&j, "console", h->console);
	json_kbool(&j, "policy_inside", h->policy);
	json_kbool(&j, "other_loader", h->loader);
	json_key(&j, "parts");
	json_open(&j, '[');
	for (size_t i = 0; i < h->n; i++) {
		const struct hookcheck_part *p = &h->part[i];

		json_open(&j, '{');
		json_kstr(&j, "group", hookcheck_group_word(p->group));
		json_kbytes(&j, "name", span_of(p->name));
		json_kstr(&j, "state", hookcheck_state_word(p->state));
		json_kbytes(&j, "path", span_of(p->found));
		if (p->compared)
			json_khex(&j, "sha256", (struct span){p->want, sizeof(p->want)});
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

int recovery_hook_release(struct cli *cli, struct strbuf *ret, struct diag *reterr)
{
	const char *given = opt_str(cli->opts, "kernel", NULL);
	int r;

	if (given) {
		strbuf_adds(ret, given);
		return strchr(given, '/')
			       ? diag_set(reterr, DIAG_VALUE, EINVAL,
					  "--kernel is a release as 'uname -r' shows it.")
			       : 0;
	}
	r = root_read(&cli->root, ROOT_OSRELEASE, ret, reterr);
	while (r == 0 && ret->len && ret->ptr[ret->len - 1] == '\n')
		ret->ptr[--ret->len] = '\0';
	return r;
}

/* The image that was named, or that of the kernel. */
static int open_image(struct cli *cli, const char *release, const char *given,
		      char ret[HOOKCHECK_PATH + 1], struct diag *reterr)
{
	char q[130];
	int fd;

	if (!given) {
		ret[0] = '/';
		return hookcheck_open(&cli->root, release, &ret[1], reterr);
	}
	(void)snprintf(ret, HOOKCHECK_PATH, "%s", given);
	fd = open(given, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd
		       : diag_set(reterr, DIAG_OPEN, errno, "Cannot open %s: %s.",
				  str_quote(q, sizeof(q), span_of(given)),
				  diag_errno(errno));
}

int recovery_hook_test(struct cli *cli, const char *release, const char *image,
		       bool entries)
{
	_cleanup_hookcheck_ struct hookcheck h = {0};
	_cleanup_close_ int fd = -1;
	char path[HOOKCHECK_PATH + 1];
	struct diag d;

	fd = open_image(cli, release, image, path, &d);
	if (fd < 0 || hookcheck_run(&cli->root, fd, release, &h, &d) < 0)
		return cmd_fail(&d);
	if (cli->json) {
		json(cli, &h, path, release);
	} else {
		text(cli->out, &h, path);
		if (entries)
			text_entries(cli->out, &h);
	}
	return hookcheck_good(&h) ? CMD_OK : CMD_BAD;
}

static int run(struct cli *cli)
{
	_cleanup_strbuf_ struct strbuf release = {0};
	struct diag d;

	if (recovery_hook_release(cli, &release, &d) < 0)
		return cmd_fail(&d);
	return recovery_hook_test(cli, strbuf_str(&release),
				  opt_str(cli->opts, "image", NULL),
				  opt_flag(cli->opts, "entries"));
}

const struct cmd recovery_test = {
	.name = "test",
	.summary = "See whether the initramfs can bring a boot back",
	.flags = CMD_JSON | CMD_LIVE,
	.options =
		(const struct opt[]){
			{"image", 0, OPT_STRING, "FILE",
			 "This image, not the one of the kernel in /boot"},
			{"kernel", 0, OPT_STRING, "RELEASE",
			 "Of this kernel, not the one that runs"},
			{"entries", 0, OPT_FLAG, NULL,
			 "List what the hook adds to the measurement list"},
			{NULL},
		},
	.run = run,
	.help = "Unpacks the image of the kernel's initramfs and looks for all that belongs\n"
		"there: imactl-recovery and its hooks, each byte for byte as installed; the\n"
		"modules with hashes and signatures that this kernel has and policies may\n"
		"name; the console with its libraries and terminals, where it is not left out\n"
		"(/etc/imactl/no-console).\n\n"
		"What loads a policy where no hook can judge it is named: a policy that lies\n"
		"in an image with systemd, and dracut's module integrity with a policy of its\n"
		"own. Exits 1 when something is missing, differs, or loads one. 'recovery\n"
		"install-hook' makes the image anew.",
};
