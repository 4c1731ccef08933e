/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What join.c makes of logs against what libauparse reads in them. */
#include "tests/unit/test.h"

#include <auparse.h>
#include <fcntl.h>

#include "core/base/str.h"
#include "core/host/lines.h"
#include "core/triage/join.h"

static void add_text(struct strbuf *out, const char *text)
{
	strbuf_adds(out, text ? text : "-");
	strbuf_addc(out, '|');
}

/* A field of the record that is looked at, with what the kernel escaped undone. */
static const char *field(auparse_state_t *au, const char *name)
{
	return auparse_find_field(au, name) ? auparse_interpret_field(au) : NULL;
}

static bool in_record(auparse_state_t *au, unsigned number, const char *name)
{
	(void)auparse_goto_record_num(au, number);
	return auparse_find_field(au, name) && auparse_get_record_num(au) == number;
}

/* How the system call of the event ended, and what program that was. */
static void add_syscall(auparse_state_t *au, struct strbuf *out)
{
	for (unsigned i = 0; i < auparse_get_num_records(au); i++) {
		(void)auparse_goto_record_num(au, i);
		if (auparse_get_type(au) != 1300)
			continue;
		strbuf_addf(out, "%s|",
			    in_record(au, i, "success") ? auparse_get_field_str(au)
							: "-");
		(void)auparse_goto_record_num(au, i);
		add_text(out, field(au, "exe"));
		return;
	}
	strbuf_adds(out, "-|-|");
}

static void add_record(auparse_state_t *au, unsigned number, struct strbuf *out)
{
	static const char *const names[] = {"op", "cause", "comm", "name"};

	strbuf_addf(out, "%lu %d ", auparse_get_serial(au), auparse_get_type(au));
	for (size_t i = 0; i < array_size(names); i++) {
		bool there = in_record(au, number, names[i]);

		add_text(out, there ? auparse_interpret_field(au) : NULL);
	}
	add_syscall(au, out);
	strbuf_addc(out, '\n');
}

/* The records of the layout that integrity_audit_message() gives them, whole. libaudit 3.0.9
 * does not know 1808. */
static bool is_event(auparse_state_t *au, unsigned number)
{
	int type;

	(void)auparse_goto_record_num(au, number);
	type = auparse_get_type(au);
	return type >= 1800 && type < 1808 && in_record(au, number, "cause") &&
	       in_record(au, number, "res");
}

static void read_oracle(const char *path, struct strbuf *out)
{
	auparse_state_t *au = auparse_init(AUSOURCE_FILE, path);

	assert_non_null(au);
	auparse_set_escape_mode(au, AUPARSE_ESC_RAW);
	while (auparse_next_event(au) > 0)
		for (unsigned i = 0; i < auparse_get_num_records(au); i++)
			if (is_event(au, i))
				add_record(au, i, out);
	auparse_destroy(au);
}

static void add_span(struct strbuf *out, struct span s)
{
	strbuf_add(out, s.ptr, s.len);
	strbuf_adds(out, s.len ? "|" : "-|");
}

static int give(void *user, const struct denial *d)
{
	struct strbuf *out = user;
	struct span name = d->path, cause = d->cause, before, after;

	if (d->type == AUDITREC_POLICY_RULE || d->type == AUDITREC_USERSPACE)
		return 0;
	if (d->name == DENIAL_NAME_FOUND && span_cut_last(d->path, "/", &before, &after))
		name = after;
	if (cause.len && cause.ptr[cause.len - 1] == ')')
		cause.len--; /* libauparse 3.0.9 takes it for the end of "msg=audit(" */
	strbuf_addf(out, "%llu %d ", (unsigned long long)d->serial, (int)d->type);
	add_span(out, d->op);
	add_span(out, cause);
	add_span(out, d->comm);
	add_span(out, name);
	add_text(out, d->error < 0 ? NULL : d->error ? "no" : "yes");
	add_span(out, d->exe);
	strbuf_addc(out, '\n');
	return 0;
}

static void read_ours(const char *path, struct strbuf *out)
{
	_cleanup_(join_freep) struct join *j = NULL;
	_cleanup_lines_ struct lines l = {0};
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct span line;

	assert_int_equal(lines_open(&l, fd, AUDITREC_LINE_MAX), 0);
	assert_int_equal(join_new(give, out, &j, NULL), 0);
	while (lines_next(&l, &line) > 0)
		assert_true(join_line(j, line, DENIAL_FROM_FILE) >= 0);
	assert_int_equal(join_expire(j, 0), 0);
}

static void compare(const char *name)
{
	_cleanup_strbuf_ struct strbuf theirs = {0}, ours = {0};
	const char *source = getenv("IMACTL_SOURCE");
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/tests/fixtures/audit/%s",
		       source ? source : ".", name);
	read_oracle(path, &theirs);
	read_ours(path, &ours);
	assert_true(ours.len > 100);
	assert_string_equal(strbuf_str(&ours), strbuf_str(&theirs));
}

static void test_join__as_auparse_workload(void **state)
{
	compare("app.log");
}

static void test_join__as_auparse_hostile(void **state)
{
	compare("hostile.log");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join__as_auparse_workload),
		cmocka_unit_test(test_join__as_auparse_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
