/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/act-generate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/act-file.h"
#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fstate.h"
#include "core/base/pack.h"
#include "core/base/program.h"
#include "core/boot/act-boot.h"
#include "core/boot/grubcfg.h"

#define GENERATOR "grub-mkconfig"
#define MAKES	  "usr/sbin/" GENERATOR
#define CHECKS	  "usr/bin/grub-script-check"
#define SEARCHED  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum {
	WISH = 0xff, /* the first byte of what is wished; those of fstate.h are smaller */
	OUTPUT_MAX = 4 << 20,
	ENV_MAX = 256,
};

extern char **environ;

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static bool has_program(const struct root *root, const char *path)
{
	_cleanup_close_ int fd = root_openat(root, ROOT_TARGET, path, O_PATH, NULL);

	return fd >= 0;
}

bool act_generate_can(const struct root *root)
{
	return has_program(root, MAKES);
}

static void pack_wish(struct strbuf *out, const struct bootwords *wish)
{
	pack_u8(out, WISH);
	for (size_t i = 0; i < wish->n; i++) {
		pack_str(out, wish->of[i].name);
		pack_str(out, wish->of[i].word ? wish->of[i].word : "");
	}
}

/* The texts are kept in @keep. */
static bool unpack_wish(struct span bytes, struct bootwords *ret, struct strbuf *keep)
{
	struct bytes in = bytes_of(bytes.ptr, bytes.len);
	size_t at[2 * BOOTWORDS_MAX];
	struct span text;
	uint8_t tag;

	*ret = (struct bootwords){0};
	if (!bytes_u8(&in, &tag) || tag != WISH)
		return false;
	for (; ret->n < BOOTWORDS_MAX && bytes_left(&in); ret->n++)
		for (size_t half = 0; half < 2; half++) {
			if (!unpack_span(&in, &text))
				return false;
			at[2 * ret->n + half] = keep->len;
			strbuf_add(keep, text.ptr, text.len);
			strbuf_addc(keep, '\0');
		}
	for (size_t i = 0; i < ret->n && !keep->failed; i++) {
		const char *word = keep->ptr + at[2 * i + 1];

		ret->of[i] =
			(struct bootword){keep->ptr + at[2 * i], *word ? word : NULL};
	}
	return !bytes_left(&in) && !keep->failed;
}

static int probe_file(const struct action_env *env, const struct plan_step *step,
		      struct strbuf *out, struct diag *reterr)
{
	return act_file_ops.probe(env, step, out, reterr);
}

static int apply_file(const struct action_env *env, const struct plan_step *step,
		      struct span state, struct diag *reterr)
{
	return act_file_ops.apply(env, step, state, reterr);
}

static void sweep_file(const struct action_env *env, const struct plan_step *step)
{
	act_file_ops.sweep(env, step);
}

/* Ours, but for PATH: who was started with a short one runs the same programs. */
static void fill_env(const char *env[ENV_MAX])
{
	size_t n = 0;

	env[n++] = SEARCHED;
	for (size_t i = 0; environ[i] && n < ENV_MAX - 1; i++)
		if (strncmp(environ[i], "PATH=", strlen("PATH=")) != 0)
			env[n++] = environ[i];
	env[n] = NULL;
}

/* Runs a program of the machine with @in as its input; what it prints is appended. Its exit
 * status; -errno. */
static int run(const struct root *root, const char *path, const char *const words[],
	       struct span in, struct strbuf *out, struct strbuf *err)
{
	_cleanup_close_ int fd_in = memfd_create("in", MFD_CLOEXEC),
			    fd_out = memfd_create("out", MFD_CLOEXEC),
			    fd_err = memfd_create("err", MFD_CLOEXEC);
	_cleanup_strbuf_ struct strbuf full = {0};
	const char *env[ENV_MAX];
	pid_t pid;
	int r;

	strbuf_addf(&full, "%s/%s",
		    strcmp(root->target_path, "/") ? root->target_path : "", path);
	if (fd_in < 0 || fd_out < 0 || fd_err < 0 || full.failed)
		return -ENOMEM;
	fill_env(env);
	r = fs_write_all(fd_in, in.ptr, in.len);
	if (r == 0 && lseek(fd_in, 0, SEEK_SET) < 0)
		r = -errno;
	if (r == 0)
		r = program_start(strbuf_str(&full), words, env,
				  (const int[3]){fd_in, fd_out, fd_err}, &pid);
	if (r == 0)
		r = program_wait(pid);
	if (r < 0 || lseek(fd_out, 0, SEEK_SET) < 0 || lseek(fd_err, 0, SEEK_SET) < 0)
		return r < 0 ? r : -errno;
	if (fs_read_fd(fd_out, OUTPUT_MAX, path, out, NULL) < 0 ||
	    fs_read_fd(fd_err, OUTPUT_MAX, path, err, NULL) < 0)
		return -EFBIG;
	return r;
}

/* The last line of what it said, which is where programs say what went wrong. */
static struct span last_line(const struct strbuf *err)
{
	struct span all = strbuf_span(err), before, line;

	while (all.len && all.ptr[all.len - 1] == '\n')
		all.len--;
	return span_cut_last(all, "\n", &before, &line) ? line : all;
}

static int program_failed(const char *name, int r, const struct strbuf *err,
			  struct diag *reterr)
{
	char q[160];

	if (r < 0)
		return diag_set(reterr, DIAG_BOOT_PROGRAM, r, "Cannot run %s: %s.", name,
				diag_errno(r));
	return diag_set(reterr, DIAG_BOOT_PROGRAM, EIO, "%s failed (exit %d): %s", name,
			r, str_quote(q, sizeof(q), last_line(err)));
}

static int check_script(const struct root *root, struct span text, struct diag *reterr)
{
	static const char *const words[] = {"grub-script-check", NULL};
	_cleanup_strbuf_ struct strbuf out = {0}, err = {0};
	int r;

	if (!has_program(root, CHECKS))
		return 0;
	r = run(root, CHECKS, words, text, &out, &err);
	return r ? program_failed(words[0], r, &err, reterr) : 0;
}

static int check_lines(struct span text, const struct bootwords *wish,
		       struct diag *reterr)
{
	size_t lines;

	if (grubcfg_fit(text, wish, &lines) && lines)
		return 0;
	if (!lines)
		return diag_set(reterr, DIAG_BOOT_NOT_TAKEN, EIO,
				"grub-mkconfig makes a grub.cfg without a kernel.");
	return diag_set(reterr, DIAG_BOOT_NOT_TAKEN, EIO,
			"grub-mkconfig makes a grub.cfg in which not each of %zu kernels "
			"has the words as wished.",
			lines);
}

static int generate(const struct root *root, const struct bootwords *wish,
		    struct strbuf *ret, struct diag *reterr)
{
	static const char *const words[] = {GENERATOR, NULL};
	_cleanup_strbuf_ struct strbuf err = {0};
	int r = run(root, MAKES, words, (struct span){0}, ret, &err);

	if (r)
		return program_failed(GENERATOR, r, &err, reterr);
	r = check_script(root, strbuf_span(ret), reterr);
	return r < 0 ? r : check_lines(strbuf_span(ret), wish, reterr);
}

/* As the file there is, with another content. */
static int pack_new(struct span now, struct span content, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf xattrs = {0};
	struct fstate was = {0}, s = {.kind = FSTATE_FILE,
				      .mode = 0600,
				      .uid = geteuid(),
				      .gid = getegid(),
				      .mtime_nsec = (uint32_t)UTIME_NOW,
				      .content = content};

	if (fstate_unpack(now, &was) && was.kind == FSTATE_FILE) {
		s.mode = was.mode;
		s.uid = was.uid;
		s.gid = was.gid;
	}
	if (fstate_inherit_xattrs(was.xattrs, (struct span){0}, &xattrs) < 0)
		return -ENOMEM;
	s.xattrs = strbuf_span(&xattrs);
	fstate_pack(out, &s);
	return out->failed ? -ENOMEM : 0;
}

static int resolve(const struct action_env *env, const struct plan_step *step,
		   struct span now, struct strbuf *out, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0}, keep = {0};
	struct bootwords wish;
	int r;

	if (!unpack_wish(step->after, &wish, &keep))
		return diag_set(reterr, DIAG_INTERNAL, EBADMSG, "The state is damaged.");
	r = generate(env->root, &wish, &text, reterr);
	if (r < 0)
		return r;
	return pack_new(now, strbuf_span(&text), out) < 0 ? no_memory(reterr) : 0;
}

static bool is_wish(struct span state)
{
	return state.len && state.ptr[0] == WISH;
}

static bool same(struct span actual, struct span wanted)
{
	return !is_wish(wanted) && fstate_same(actual, wanted);
}

static void describe(struct strbuf *out, struct span state)
{
	if (is_wish(state))
		strbuf_adds(out, "what '" GENERATOR "' prints");
	else
		act_file_ops.describe(out, state);
}

const struct action_ops act_generate_ops = {
	.probe = probe_file,
	.apply = apply_file,
	.resolve = resolve,
	.same = same,
	.fingerprint = fstate_fingerprint,
	.sweep = sweep_file,
	.describe = describe,
};

int act_generate_add(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, const struct bootwords *wish,
		     struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf after = {0};
	struct plan_spec spec = *at;

	pack_wish(&after, wish);
	if (after.failed)
		return no_memory(reterr);
	spec.action = act_boot(ACT_BOOT_GENERATE);
	spec.after = strbuf_span(&after);
	return plan_add(plan, root, &spec, reterr);
}
