/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/gen.h"
#include "recovery/evidence.h"
#include "recovery/overmount.h"
#include "recovery/say.h"
#include "recovery/status.h"
#include "recovery/verb.h"

enum {
	REPORTS_MAX = 99,
	EVIDENCE_SAVED = 5, /* folders, the newest */
	EVIDENCE_FILE_MAX = 1 << 20,
	LOG_READ_ALL = 3, /* SYSLOG_ACTION_READ_ALL, linux 6.12 include/linux/syslog.h */
	LOG_SIZE = 10,	  /* SYSLOG_ACTION_SIZE_BUFFER */
};

struct report {
	const struct root *here, *target; /* @target NULL: none was found */
	int folder;
	struct strbuf text; /* report.txt */
	int err;	    /* the first of writing */
	struct diag why;
};

static void put(struct report *r, const char *name, const struct strbuf *text)
{
	struct diag d = {0};
	int err = fs_create_at(r->folder, name, strbuf_str(text), text->len, 0600, &d);

	if (err >= 0 || r->err)
		return;
	r->err = err;
	r->why = d;
}

int report_policy(const struct root *target, struct strbuf *out)
{
	_cleanup_close_ int at = overmount_beneath(target);
	_cleanup_close_ int fd =
		at < 0 ? at
		       : fspath_open_in(at, "etc/ima/" GEN_POLICY, O_RDONLY | O_NONBLOCK);

	return fd < 0 ? fd : fs_read_fd(fd, GEN_FILE_MAX, GEN_POLICY, out, NULL);
}

static void missing(struct report *r, const char *name, int err)
{
	if (err != -ENOENT)
		strbuf_addf(&r->text, "Not read: %s: %s\n", name, diag_errno(-err));
}

/* Facts of the kernel and the boot, by the names of a recorded host. */
static void put_facts(struct report *r)
{
	static const enum root_file files[] = {
		ROOT_CMDLINE,	  ROOT_VERSION,	    ROOT_OSRELEASE,  ROOT_HOSTNAME,
		ROOT_BOOT_ID,	  ROOT_UPTIME,	    ROOT_MOUNTS,     ROOT_CRYPTO,
		ROOT_LSM,	  ROOT_LIST_COUNT,  ROOT_VIOLATIONS, ROOT_POLICY,
		ROOT_EVM,	  ROOT_SECURE_BOOT, ROOT_SETUP_MODE, ROOT_EFI,
		ROOT_TPM_VERSION, ROOT_CONFIG_GZ,   ROOT_OS_RELEASE,
	};

	for (size_t i = 0; i < array_size(files); i++) {
		_cleanup_strbuf_ struct strbuf text = {0};
		const struct root *root =
			files[i] == ROOT_OS_RELEASE ? r->target : r->here;
		int err = root ? root_read(root, files[i], &text, NULL) : -ENOENT;

		if (err < 0)
			missing(r, root_recorded_name(files[i]), err);
		else
			put(r, root_recorded_name(files[i]), &text);
	}
}

static void put_log(struct report *r)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_free_ char *buf = NULL;
	int n = klogctl(LOG_SIZE, NULL, 0);

	if (n > 0)
		buf = malloc((size_t)n);
	n = buf ? klogctl(LOG_READ_ALL, buf, n) : -1;
	if (n < 0) {
		missing(r, root_recorded_name(ROOT_DMESG), -errno);
		return;
	}
	strbuf_add(&text, buf, (size_t)n);
	put(r, root_recorded_name(ROOT_DMESG), &text);
}

/* What is on the disk, whatever stands in its place for this boot. */
static void put_policy(struct report *r)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int err = report_policy(r->target, &text);

	if (err < 0)
		missing(r, root_recorded_name(ROOT_BOOT_POLICY), err);
	else
		put(r, root_recorded_name(ROOT_BOOT_POLICY), &text);
}

/* The policies of all generations, which are few. */
static void put_policies(struct report *r)
{
	_cleanup_gen_list_ struct gen_list list = {0};

	if (gen_list_load(r->target, NULL, &list, NULL) < 0)
		return; /* the status says why */
	for (size_t i = 0; i < list.n; i++) {
		_cleanup_strbuf_ struct strbuf text = {0};
		unsigned number = list.of[i].number;
		char name[48];
		int err = gen_read(r->target, number, GEN_POLICY, &text, NULL, NULL);

		(void)snprintf(name, sizeof(name), "generation-%u.policy", number);
		if (err < 0)
			missing(r, name, err);
		else
			put(r, name, &text);
	}
}

/* "3/kmsg" as "evidence-3-kmsg". */
static void put_evidence_file(struct report *r, int folder, unsigned number,
			      const char *name)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	char out[NAME_MAX + 32];
	int err = fs_read_at(folder, name, EVIDENCE_FILE_MAX, &text, NULL);

	(void)snprintf(out, sizeof(out), "evidence-%u-%s", number, name);
	if (err < 0)
		missing(r, out, err);
	else
		put(r, out, &text);
}

static void put_evidence_of(struct report *r, unsigned number)
{
	char path[48];
	const struct dirent *e;
	DIR *dir;
	int fd;

	(void)snprintf(path, sizeof(path), EVIDENCE_FOLDER "/%u", number);
	fd = fspath_open(r->target->dir[ROOT_TARGET], path,
			 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		cleanup_closep(&fd);
		return;
	}
	while ((e = readdir(dir)))
		if (e->d_type == DT_REG)
			put_evidence_file(r, fd, number, e->d_name);
	(void)closedir(dir);
}

static void put_evidence(struct report *r)
{
	unsigned newest = evidence_newest(r->target->dir[ROOT_TARGET]);

	for (unsigned n = newest; n > 0 && n + EVIDENCE_SAVED > newest; n--)
		put_evidence_of(r, n);
}

static void begin_text(struct report *r)
{
	time_t now = time(NULL);
	char date[40] = "";
	struct utsname u;
	struct tm tm;

	(void)uname(&u); /* cannot fail */
	if (gmtime_r(&now, &tm))
		(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
	strbuf_addf(&r->text,
		    "imactl %s: report of a rescue, %s by this machine's clock\n",
		    IMACTL_VERSION, date);
	strbuf_addf(&r->text, "Linux %s %s\n\n", u.release, u.machine);
	if (r->target)
		status_text(r->here, r->target, &r->text);
	else
		strbuf_adds(&r->text, "No root was found.\n");
	strbuf_addc(&r->text, '\n');
}

static int make_folder(int at, char name[REPORT_NAME_SIZE])
{
	for (unsigned n = 1; n <= REPORTS_MAX; n++) {
		(void)snprintf(name, REPORT_NAME_SIZE, "imactl-report-%u", n);
		if (mkdirat(at, name, 0700) == 0)
			return fspath_open(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int not_written(int err, const char *why, struct diag *reterr)
{
	return diag_set(reterr, DIAG_REPORT, -err, "The report cannot be written: %s",
			why);
}

int report_write(const struct root *here, const struct root *target, int at,
		 char ret_name[REPORT_NAME_SIZE], struct diag *reterr)
{
	struct report r = {.here = here, .target = target};
	_cleanup_close_ int folder = make_folder(at, ret_name);

	if (folder < 0)
		return not_written(folder, diag_errno(-folder), reterr);
	r.folder = folder;
	begin_text(&r);
	put_facts(&r);
	put_log(&r);
	if (target) {
		put_policy(&r);
		put_policies(&r);
		put_evidence(&r);
	}
	put(&r, "report.txt", &r.text);
	strbuf_done(&r.text);
	if (!r.err && syncfs(folder) < 0)
		return not_written(-errno, diag_errno(errno), reterr);
	return r.err ? not_written(r.err, r.why.text, reterr) : 0;
}

int report_to_disk(const struct root *here, const struct root *target,
		   const struct disk *disk, char ret_name[REPORT_NAME_SIZE],
		   struct diag *reterr)
{
	_cleanup_close_ int fd = disk_mount(disk, reterr);
	int r = fd < 0 ? fd : report_write(here, target, fd, ret_name, reterr);

	if (r == 0)
		say_kernel(here, 5, "rescue: a report was saved to %s", disk->name);
	return r;
}

static void list(const struct root *here)
{
	struct disk disks[DISK_MAX];
	size_t n = disk_list(here, disks);

	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf text = {0};

		disk_text(&disks[i], &text);
		(void)puts(strbuf_str(&text));
	}
}

static int save(const struct root *here, const char *device, const char *rootmnt,
		struct diag *reterr)
{
	char name[REPORT_NAME_SIZE];
	struct root target;
	struct disk disk;
	int r = disk_find(here, device, &disk, reterr);

	if (r == 0)
		r = root_open_live(&target, rootmnt, reterr);
	if (r < 0)
		return r;
	r = report_to_disk(here, &target, &disk, name, reterr);
	root_done(&target);
	if (r == 0)
		(void)printf("Saved in the folder %s of %s.\n", name, disk.name);
	return r;
}

int report_verb(int argc, char *const argv[])
{
	struct diag d = {0};
	struct root here;
	int r;

	if (argc > 2 || (argc && argv[0][0] == '-'))
		return VERB_USAGE;
	r = root_open_live(&here, NULL, &d);
	if (r == 0) {
		if (argc)
			r = save(&here, argv[0], argc > 1 ? argv[1] : NULL, &d);
		else
			list(&here);
		root_done(&here);
	}
	if (r < 0)
		say_diag(&d);
	return r < 0 || fflush(stdout) != 0 ? VERB_BAD : VERB_GOOD;
}
