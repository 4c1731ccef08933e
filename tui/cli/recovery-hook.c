/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl recovery install-hook: the initramfs made anew, with the hook in it. */
#include "tui/cli/recovery-hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/json.h"
#include "core/base/sha256.h"
#include "tui/cli/change-ui.h"

extern char **environ;

struct rebuild {
	const char *argv[8];
	struct strbuf line; /* argv as text, escaped */
	uint8_t hash[SHA256_SIZE];
};

static const char *hook_of(enum initramfs_tool tool)
{
	return tool == INITRAMFS_TOOLS	  ? "usr/share/initramfs-tools/hooks/imactl"
	       : tool == INITRAMFS_DRACUT ? "usr/lib/dracut/modules.d/55imactl/"
					    "module-setup.sh"
					  : NULL;
}

/* Who makes the image here, and does it have our hook? */
static int look(struct cli *cli, struct initramfs *ret, struct diag *reterr)
{
	_cleanup_close_ int fd = -1;
	const char *hook;
	int r = initramfs_look(&cli->root, ret, reterr);

	if (r < 0)
		return r;
	hook = hook_of(ret->tool);
	if (!hook)
		return diag_set(reterr, DIAG_NO_INITRAMFS_TOOL, ENOTSUP,
				ret->tool == INITRAMFS_UNKNOWN
					? "Who makes the initramfs is not known here."
					: "There is no hook for mkinitcpio.");
	fd = root_openat(&cli->root, ROOT_TARGET, hook, O_PATH, NULL);
	return fd >= 0 ? 0
		       : diag_set(reterr, DIAG_NO_HOOK, -fd,
				  "The hook is not installed (/%s: %s).", hook,
				  diag_errno(-fd));
}

/* What --plan=HASH stands for: this command, and the image as it is now. */
static void hash_of(struct cli *cli, const char *release, struct rebuild *re)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_close_ int fd = -1;
	struct stat st = {0};
	char path[HOOKCHECK_PATH];

	fd = hookcheck_open(&cli->root, release, path, NULL);
	if (fd >= 0)
		(void)fstat(fd, &st);
	strbuf_addf(&text, "imactl recovery install-hook %s %lld %lld.%09ld",
		    strbuf_str(&re->line), (long long)st.st_size,
		    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	sha256_of(strbuf_span(&text), re->hash);
}

static void show(struct cli *cli, const struct rebuild *re)
{
	struct json j = json_to(out_buf(cli->out));

	if (!cli->json) {
		out_addf(
			cli->out,
			"Make the initramfs anew, with the hook of imactl in it:\n"
			"  run %s\n"
			"Nothing else is changed. What is in the image then is looked at.\n"
			"Plan hash: ",
			strbuf_str(&re->line));
		strbuf_addhex(out_buf(cli->out),
			      (struct span){re->hash, sizeof(re->hash)});
		out_add(cli->out, "\n");
		return;
	}
	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/recovery-install-hook/1");
	json_key(&j, "argv");
	json_open(&j, '[');
	for (size_t i = 0; re->argv[i]; i++)
		json_str(&j, re->argv[i]);
	json_close(&j, ']');
	json_khex(&j, "hash", (struct span){re->hash, sizeof(re->hash)});
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

/* imactl ignores SIGPIPE; shell scripts count on it. */
static int spawn(const struct rebuild *re, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int r = posix_spawn_file_actions_init(&files);

	if (r)
		return r;
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	r = posix_spawnattr_init(&attr);
	if (r == 0) {
		r = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO,
						     STDOUT_FILENO) ?:
		    posix_spawnattr_setsigdefault(&attr, &defaults) ?:
		    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF) ?:
		    posix_spawnp(ret, re->argv[0], &files, &attr,
				 (char *const *)(uintptr_t)re->argv, environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return r;
}

/* The machine's own tool; what it prints goes to standard error, where a person sees it. */
static int run_tool(const struct rebuild *re)
{
	pid_t pid;
	int status, r = spawn(re, &pid);

	if (r != 0)
		return -r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static int rebuild(struct cli *cli, const char *release, struct rebuild *re)
{
	struct diag d;
	int r;

	hash_of(cli, release, re);
	if (!cli->json || !opt_flag(cli->opts, "apply"))
		show(cli, re);
	r = change_ui_confirm(cli, PLAN_BOOT, re->hash, &d);
	if (r <= 0)
		return r < 0 ? cmd_fail(&d) : CMD_OK;
	if (out_flush(cli->out) < 0)
		return CMD_BAD;
	if (run_tool(re) < 0) {
		cmd_note("%s failed: the initramfs is as it left it", re->argv[0]);
		return CMD_PARTLY;
	}
	return recovery_hook_test(cli, release, NULL, false);
}

static int run(struct cli *cli)
{
	_cleanup_strbuf_ struct strbuf release = {0};
	struct initramfs tool;
	struct rebuild re = {{NULL}};
	struct diag d;
	int code;

	if (cli->root_dir)
		diag_set(&d, DIAG_LIVE_ONLY, EOPNOTSUPP,
			 "This runs this machine's tool, which knows no other root.");
	else
		d.id = DIAG_NONE;
	if (d.id || recovery_hook_release(cli, &release, &d) < 0 ||
	    look(cli, &tool, &d) < 0)
		return cmd_fail(&d);
	(void)initramfs_command(&tool, strbuf_str(&release), re.argv);
	for (size_t i = 0; re.argv[i]; i++) {
		strbuf_adds(&re.line, i ? " " : "");
		str_escape(&re.line, span_of(re.argv[i]), true);
	}
	code = rebuild(cli, strbuf_str(&release), &re);
	strbuf_done(&re.line);
	return code;
}

const struct cmd recovery_install_hook = {
	.name = "install-hook",
	.summary = "Make the initramfs anew, with the hook in it",
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.options =
		(const struct opt[]){
			{"kernel", 0, OPT_STRING, "RELEASE",
			 "Of this kernel, not the one that runs"},
			{NULL},
		},
	.run = run,
	.help = "Runs the tool that makes this machine's initramfs (update-initramfs, dracut),\n"
		"which finds the hook that the package brought and takes it along with\n"
		"imactl-recovery. The command is shown before it is run. Then the image is\n"
		"unpacked and looked at as 'recovery test' does, with its exit code.\n\n"
		"Packages do this by themselves when they are installed. It cannot be taken\n"
		"back as a change; an image without the hook is made once the hook is gone.",
};
