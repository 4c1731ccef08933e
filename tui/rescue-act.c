/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Through imactl-recovery: what is known, and what is done. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/program.h"
#include "tui/rescue-internal.h"

enum { SAID_MAX = 1 << 20 };

/* Where it is installed, in an initramfs too. */
static const char *program_of(const struct rescue_config *config)
{
	static const char *const places[] = {"/usr/sbin/imactl-recovery",
					     "/usr/local/sbin/imactl-recovery"};

	if (config->recovery)
		return config->recovery;
	return access(places[0], X_OK) == 0 || access(places[1], X_OK) < 0 ? places[0]
									   : places[1];
}

static int no_program(const struct rescue_config *config, int err, struct diag *reterr)
{
	char quoted[100];

	return diag_set(reterr, DIAG_RECOVERY, -err, "%s cannot be started: %s.",
			str_quote(quoted, sizeof(quoted), span_of(program_of(config))),
			diag_errno(-err));
}

/* `imactl-recovery menu @option [@word] [ROOT]`. */
static int start(const struct rescue_config *config, const char *option, const char *word,
		 const int fds[3], pid_t *ret)
{
	const char *words[6] = {"imactl-recovery", "menu", option};
	size_t n = 3;

	if (word)
		words[n++] = word;
	if (config->root)
		words[n++] = config->root;
	return program_start(program_of(config), words, (const char *const *)environ, fds,
			     ret);
}

/* What it says, and then its exit status; -errno (IMA-R025). */
static int hear(const struct rescue_config *config, const char *option, const char *word,
		struct strbuf *out, struct diag *reterr)
{
	_cleanup_close_ int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	_cleanup_close_ int from = -1, to = -1;
	int pair[2], r, status;
	pid_t pid;

	if (nothing < 0 || pipe2(pair, O_CLOEXEC) < 0)
		return no_program(config, -errno, reterr);
	from = pair[0];
	to = pair[1];
	r = start(config, option, word, (const int[]){nothing, to, nothing}, &pid);
	if (r < 0)
		return no_program(config, r, reterr);
	cleanup_closep(&to);
	to = -1;
	r = fs_read_fd(from, SAID_MAX, "what imactl-recovery says", out, reterr);
	cleanup_closep(&from); /* one that says too much is not waited for to say it */
	from = -1;
	status = program_wait(pid);
	return r < 0 ? r : status;
}

int rescue_load(const struct rescue_config *config, struct rescue_facts *ret,
		struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf said = {0};
	int r = hear(config, "--facts", NULL, &said, reterr);

	if (r > 0)
		return diag_set(
			reterr, DIAG_RECOVERY, EIO,
			"imactl-recovery cannot say what is known (exit status %d).", r);
	return r < 0 ? r : rescue_parse(strbuf_span(&said), ret, reterr);
}

int rescue_hear(const struct rescue_config *config, const char *word, struct doc *out,
		struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf said = {0};
	int r = hear(config, "--do", word, &said, reterr);
	struct bytes in = bytes_of(strbuf_str(&said), said.len);
	struct span line;

	while (r >= 0 && bytes_until(&in, '\n', &line)) {
		_cleanup_strbuf_ struct strbuf escaped = {0};

		str_escape(&escaped, line, true);
		doc_text(out, STYLE_NORMAL, "%s", strbuf_str(&escaped));
	}
	return r < 0 ? r : 0;
}

int rescue_on_disk(const struct rescue_config *config, struct strbuf *out,
		   struct diag *reterr)
{
	int r = hear(config, "--do", "diff", out, reterr);

	return r > 0 ? -ENOENT : r;
}

int rescue_act(const struct rescue_config *config, const char *word, struct diag *reterr)
{
	static const int fds[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
	pid_t pid;
	int r = start(config, "--do", word, fds, &pid);

	if (r < 0)
		return no_program(config, r, reterr);
	return program_wait(pid) != 0;
}
