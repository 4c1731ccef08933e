/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "recovery/disk.h"
#include "recovery/evidence.h"
#include "recovery/report.h"

struct world {
	char dir[64];
	struct root here, target;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/imactl-report-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(root_open_live(&w->here, NULL, NULL), 0);
	assert_int_equal(root_open_live(&w->target, w->dir, NULL), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	root_done(&w->here);
	root_done(&w->target);
	assert_int_equal(nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(w);
	return 0;
}

static int at(const struct world *w)
{
	return w->target.dir[ROOT_TARGET];
}

static void holds(const struct world *w, const char *path, const char *text)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	assert_int_equal(fs_read_at(at(w), path, 1 << 20, &b, NULL), 0);
	assert_non_null(strstr(strbuf_str(&b), text));
}

static void test_report_write__folder_full(void **state)
{
	struct world *w = *state;
	char name[REPORT_NAME_SIZE];
	struct diag d = {0};

	for (unsigned n = 1; n <= 99; n++) {
		(void)snprintf(name, sizeof(name), "imactl-report-%u", n);
		assert_int_equal(mkdirat(at(w), name, 0700), 0);
	}
	assert_int_equal(report_write(&w->here, &w->target, at(w), name, &d), -EEXIST);
	assert_int_equal(d.id, DIAG_REPORT);
}

static void test_report_write__what_is_known(void **state)
{
	struct world *w = *state;
	char name[REPORT_NAME_SIZE];
	struct stat st;
	unsigned number;
	struct strbuf why = {0};
	_cleanup_close_ int evidence = -1;

	assert_int_equal(fs_mkdirs_at(at(w), "etc/ima", 0755, NULL), 0);
	assert_int_equal(fs_replace_at(at(w), "etc/shadow", "secret", 6, 0600, NULL), 0);
	assert_int_equal(fs_replace_at(at(w), "etc/ima/ima-policy", "bogus=1\n", 8, 0600,
				       NULL),
			 0);
	evidence = evidence_new(at(w), &number);
	assert_true(evidence >= 0);
	strbuf_adds(&why, "because");
	evidence_put(evidence, "why", &why);
	strbuf_done(&why);
	assert_int_equal(report_write(&w->here, &w->target, at(w), name, NULL), 0);
	assert_string_equal(name, "imactl-report-1");
	holds(w, "imactl-report-1/report.txt", "Known good for this kernel: none");
	holds(w, "imactl-report-1/ima-policy", "bogus=1");
	holds(w, "imactl-report-1/evidence-1-why", "because");
	holds(w, "imactl-report-1/osrelease", ".");
	assert_int_equal(fstatat(at(w), "imactl-report-1", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(report_write(&w->here, NULL, at(w), name, NULL), 0);
	holds(w, "imactl-report-2/report.txt", "No root was found");
	assert_int_equal(fstatat(at(w), "imactl-report-2/ima-policy", &st, 0), -1);
}

/* No folder of a host that is read anywhere else. */
static void test_report_write__is_a_recorded_host(void **state)
{
	struct world *w = *state;
	char name[REPORT_NAME_SIZE], path[128];
	_cleanup_strbuf_ struct strbuf have = {0}, want = {0};
	struct root host;

	assert_int_equal(report_write(&w->here, &w->target, at(w), name, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	assert_int_equal(root_open_host(&host, path, NULL), 0);
	assert_true(root_has_records(&host));
	assert_int_equal(root_read(&host, ROOT_OSRELEASE, &have, NULL), 0);
	assert_int_equal(root_read(&w->here, ROOT_OSRELEASE, &want, NULL), 0);
	assert_string_equal(strbuf_str(&have), strbuf_str(&want));
	root_done(&host);
}

static void test_disk_find__no_disk(void **state)
{
	struct world *w = *state;
	struct diag d = {0};
	struct disk disk;

	assert_int_equal(disk_find(&w->here, "/dev/null", &disk, &d), -ENODEV);
	assert_int_equal(d.id, DIAG_REPORT);
	assert_int_equal(disk_find(&w->here, "../etc/passwd", &disk, NULL), -ENODEV);
	assert_int_equal(disk_find(&w->here, "", &disk, NULL), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_report_write__folder_full, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_report_write__what_is_known, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_report_write__is_a_recorded_host,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_find__no_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
