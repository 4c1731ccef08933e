/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/policies/act.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/kexec.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/keysys.h"

#define POLICY "/sys/kernel/security/integrity/ima/policy"

enum { BASE = 0x400000, UNKNOWN = 200 };

/* exit(0): mov eax, 60; xor edi, edi; syscall */
static const uint8_t code[] = {0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05};

int act_make_program(const char *path)
{
	enum { HEADS = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) };
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr load;
		uint8_t code[sizeof(code) + 7];
	} p = {
		.head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				     ELFDATA2LSB, EV_CURRENT},
			 .e_type = ET_EXEC,
			 .e_machine = EM_X86_64,
			 .e_version = EV_CURRENT,
			 .e_entry = BASE + HEADS,
			 .e_phoff = sizeof(Elf64_Ehdr),
			 .e_ehsize = sizeof(Elf64_Ehdr),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 1},
		.load = {.p_type = PT_LOAD,
			 .p_flags = PF_R | PF_X,
			 .p_vaddr = BASE,
			 .p_filesz = sizeof(p),
			 .p_memsz = sizeof(p),
			 .p_align = 4096},
	};
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0777);

	memcpy(p.code, code, sizeof(code));
	return write(fd, &p, sizeof(p)) == (ssize_t)sizeof(p) ? 0 : -1;
}

struct policymatch_access act_who(const struct draw_who *who)
{
	return (struct policymatch_access){
		.uid = who->uid,
		.euid = who->euid,
		.suid = who->suid,
		.gid = who->gid,
		.egid = who->egid,
		.sgid = who->sgid,
		.may_setuid = who->euid == 0,
		.may_setgid = who->euid == 0,
	};
}

static int open_it(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC) < 0 ? errno : 0;
}

static int map_it(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) ==
				       MAP_FAILED
		       ? errno
		       : 0;
}

static int exec_it(const char *path)
{
	char *argv[] = {(char *)(uintptr_t)path, NULL}, *none[] = {NULL};

	(void)execve(path, argv, none);
	return errno;
}

static int load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0 ? errno : 0;
}

static int load_kernel(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || syscall(SYS_kexec_file_load, fd, -1, 1UL, "",
				 (unsigned long)KEXEC_FILE_NO_INITRAMFS) < 0
		       ? errno
		       : 0;
}

static int load_policy(const char *path)
{
	int fd = open(POLICY, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return UNKNOWN;
	return write(fd, path, strlen(path)) < 0 ? errno : 0;
}

static int do_it(const struct draw_case *c)
{
	switch (c->op) {
	case DRAW_READ:
		return open_it(c->used, O_RDONLY);
	case DRAW_WRITE:
		return open_it(c->used, O_WRONLY);
	case DRAW_READ_WRITE:
		return open_it(c->used, O_RDWR);
	case DRAW_APPEND:
		return open_it(c->used, O_WRONLY | O_APPEND);
	case DRAW_DIRECT:
		return open_it(c->used, O_RDONLY | O_DIRECT);
	case DRAW_EXEC:
		return exec_it(c->used);
	case DRAW_MMAP:
		return map_it(c->used);
	case DRAW_MODULE:
		return load_module(c->used);
	case DRAW_KEXEC:
		return load_kernel(c->used);
	case DRAW_POLICY:
		return load_policy(c->used);
	case _DRAW_OP_MAX:
		break;
	}
	return UNKNOWN;
}

static bool become(const struct draw_who *w)
{
	return setgroups(w->also > 0, &w->also) == 0 &&
	       setresgid(w->gid, w->egid, w->sgid) == 0 &&
	       setresuid(w->uid, w->euid, w->suid) == 0;
}

int act(const struct draw_case *c)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(become(c->who) ? do_it(c) : UNKNOWN);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return UNKNOWN;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* What is no module, kernel or policy is refused as that when it comes so far. A program whose
 * mapping is denied has no way back: fs/exec.c bprm_execve(). */
int act_expect(enum draw_op op, bool denied, size_t steps)
{
	enum { BEFORE_MAPPING = 3 };

	if (denied)
		return op == DRAW_EXEC && steps > BEFORE_MAPPING ? -SIGSEGV : EACCES;
	if (op == DRAW_MODULE || op == DRAW_KEXEC)
		return ENOEXEC;
	return op == DRAW_POLICY ? EINVAL : 0;
}

void act_share_keys(void)
{
	static const char *const rings[] = {"_ima", "_evm"};

	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	for (size_t i = 0; i < array_size(rings); i++) {
		int32_t ring = keysys_search(KEY_SPEC_USER_KEYRING, "keyring", rings[i]);

		if (ring > 0)
			(void)keysys_link(ring, KEY_SPEC_SESSION_KEYRING);
	}
}

int act_load(struct span policy)
{
	_cleanup_close_ int fd = open(POLICY, O_WRONLY | O_CLOEXEC);
	struct bytes in = bytes_of(policy.ptr, policy.len);
	struct span line;

	if (fd < 0) {
		perror(POLICY);
		return -1;
	}
	while (bytes_until(&in, '\n', &line)) {
		if (write(fd, line.ptr, line.len + 1) != (ssize_t)line.len + 1) {
			(void)fprintf(stderr, "refused: %.*s\n", (int)line.len, line.ptr);
			return -1;
		}
	}
	return 0;
}
