/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask-rules COUNT [RULES.tsv]: what the running kernel says to policy rules, against what
 * policy_parse() says: those of the table's first column, and COUNT made at random of the
 * words that kernels know and of damaged ones. Fails when a certain verdict is wrong; 77:
 * the kernel cannot be asked here.
 *
 * The first thing written is refused, so the kernel discards everything at the end, and
 * still answers to every rule (ima_fs.c ima_write_policy(), ima_release_policy()).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/policy/ruleset.h"
#include "tests/policies/random.h"

#define POLICY "/sys/kernel/security/integrity/ima/policy"

enum { TABLE_MAX = 1 << 20, WORDS_MAX = 6 };

struct run {
	struct policy_kernel kernel;
	struct strbuf keep; /* the kernel's words borrow from it */
	int fd;
	uint64_t random;
	unsigned asked, accepted, open, wrong;
};

static size_t below(struct run *run, size_t n)
{
	return random_below(&run->random, n);
}

static void ask(struct run *run, const char *rule)
{
	_cleanup_strbuf_ struct strbuf line = {0};
	_cleanup_policy_ struct policy p = {0};
	bool taken;

	strbuf_addf(&line, "%s\n", rule);
	if (policy_parse(strbuf_span(&line), &run->kernel, &p, NULL) < 0 || !p.n_rules)
		return;
	taken = write(run->fd, line.ptr, line.len) == (ssize_t)line.len;
	run->asked++;
	run->accepted += taken;
	if (p.rules[0].depends && !p.rules[0].refused) {
		run->open++;
		return;
	}
	if (taken == !p.rules[0].refused)
		return;
	run->wrong++;
	(void)printf("%s: the kernel %s it, and we do not: %s\n", rule,
		     taken ? "takes" : "refuses",
		     p.n_findings ? p.findings[0].d.text : "");
}

static void ask_table(struct run *run, const char *path)
{
	_cleanup_strbuf_ struct strbuf text = {0}, rule = {0};
	struct bytes in;
	struct span line;

	if (fs_read_at(AT_FDCWD, path, TABLE_MAX, &text, NULL) < 0)
		return;
	in = bytes_of(strbuf_str(&text), text.len);
	while (bytes_until(&in, '\n', &line)) {
		struct bytes cells = bytes_of(line.ptr, line.len);
		struct span cell;

		if (!bytes_until(&cells, '\t', &cell))
			continue;
		strbuf_clear(&rule);
		for (size_t i = 0; i < cell.len; i++) {
			bool tab = cell.ptr[i] == '\\' && i + 1 < cell.len &&
				   cell.ptr[i + 1] == 't';

			strbuf_addc(&rule, tab ? '\t' : (char)cell.ptr[i]);
			i += tab;
		}
		ask(run, strbuf_str(&rule));
	}
}

static void add_number(struct run *run, struct strbuf *out)
{
	static const char *const numbers[] = {"0",
					      "1",
					      "10",
					      "+7",
					      "63",
					      "64",
					      "-1",
					      "-0",
					      "4294967294",
					      "4294967295",
					      "4294967296",
					      "0x10",
					      "ef53",
					      "0xEF53",
					      "x",
					      "",
					      "1 ",
					      "18446744073709551615",
					      "18446744073709551616"};

	strbuf_adds(out, numbers[below(run, array_size(numbers))]);
}

static void add_value(struct run *run, struct strbuf *out, enum policy_key key)
{
	static const char *const words[] = {"MAY_READ",
					    "^MAY_READ",
					    "^MAY_EXEC",
					    "MAY_WRITE",
					    "^^MAY_READ",
					    "imasig",
					    "sigv3",
					    "imasig|modsig",
					    "verity",
					    "sha256",
					    "sha256,sha1",
					    "sha256,",
					    "md5,sm3",
					    "check_blacklist",
					    "ima-ng",
					    "ima-sig",
					    "d-ng|n-ng",
					    "d|n|x",
					    ".ima|.evm",
					    "|.ima",
					    "a||b",
					    "b0b196af-9032-4b67-9e18-3689f9f19fd6",
					    "b0b196af-9032-4b67-9e18-3689f9f19fd6x",
					    "00000000-0000-0000-0000-000000000000",
					    "b0b196af",
					    "ext4",
					    "bin_t",
					    "unconfined"};
	static const char *const fitting[_POLICY_KEY_MAX][3] = {
		[POLICY_KEY_MASK] = {"MAY_READ", "^MAY_EXEC", "^MAY_READ"},
		[POLICY_KEY_APPRAISE_TYPE] = {"imasig", "sigv3", "imasig|modsig"},
		[POLICY_KEY_DIGEST_TYPE] = {"verity", "verity", "sha256"},
		[POLICY_KEY_APPRAISE_FLAG] = {"check_blacklist", "blacklist", "x"},
		[POLICY_KEY_APPRAISE_ALGOS] = {"sha256", "sha1,sha256", "sha256,"},
		[POLICY_KEY_TEMPLATE] = {"ima-ng", "d-ng|n-ng", "ima-buf"},
		[POLICY_KEY_KEYRINGS] = {".ima", ".ima|.evm", "a||b"},
		[POLICY_KEY_LABEL] = {"selinux", "a|b", "|"},
		[POLICY_KEY_FSUUID] = {"b0b196af-9032-4b67-9e18-3689f9f19fd6",
				       "b0b196af-9032-4b67-9e18-3689f9f19fd6x",
				       "b0b196af"},
		[POLICY_KEY_FSNAME] = {"ext4", "xfs", "x"},
		[POLICY_KEY_FS_SUBTYPE] = {"sshfs", "x", "ext4"},
	};
	const char *fits = fitting[key][below(run, 3)];

	if (key == POLICY_KEY_FUNC && below(run, 8))
		strbuf_adds(out, policy_func_name(1 + below(run, _POLICY_FUNC_MAX - 1)));
	else if (fits && below(run, 6))
		strbuf_adds(out, fits);
	else if (below(run, 2))
		add_number(run, out);
	else
		strbuf_adds(out, words[below(run, array_size(words))]);
}

static void add_word(struct run *run, struct strbuf *out)
{
	static const char *const others[] = {"#",
					     "# x",
					     "#x",
					     "xyzzy",
					     "func",
					     "uid>=0",
					     "measure=1",
					     "Measure",
					     "\t",
					     "  ",
					     "permit_directio=1"};
	enum policy_key key = (enum policy_key)below(run, _POLICY_KEY_MAX);
	bool number = key >= POLICY_KEY_UID && key <= POLICY_KEY_FGROUP;

	if (!below(run, 20)) {
		strbuf_adds(out, others[below(run, array_size(others))]);
		return;
	}
	strbuf_adds(out, policy_key_name(key));
	if (key == POLICY_KEY_PERMIT_DIRECTIO)
		return;
	strbuf_addc(out, number && below(run, 3) ? "<>"[below(run, 2)] : '=');
	if (number && below(run, 3))
		strbuf_addf(out, "%zu", below(run, 5));
	else
		add_value(run, out, key);
}

/* Mostly an action first, mostly one, and a hook that half of the options go with. */
static void add_rule(struct run *run, struct strbuf *out)
{
	size_t words = below(run, WORDS_MAX);

	if (below(run, 12))
		strbuf_adds(out, policy_action_name(below(run, _POLICY_ACTION_MAX)));
	if (below(run, 2))
		strbuf_addf(out, " func=%s",
			    policy_func_name(1 + below(run, _POLICY_FUNC_MAX - 1)));
	for (size_t i = 0; i < words; i++) {
		strbuf_addc(out, below(run, 9) ? ' ' : '\t');
		if (below(run, 30))
			add_word(run, out);
		else
			strbuf_adds(out,
				    policy_action_name(below(run, _POLICY_ACTION_MAX)));
	}
}

static int begin(struct run *run)
{
	_cleanup_(root_done) struct root root = {0};
	int r = root_open_live(&root, NULL, NULL);

	if (r == 0)
		r = ruleset_kernel(&root, &run->keep, &run->kernel, NULL);
	if (r < 0)
		return r;
	run->fd = open(POLICY, O_WRONLY | O_CLOEXEC);
	if (run->fd < 0)
		return -errno;
	return write(run->fd, "refused\n", 8) < 0 && errno == EINVAL ? 0 : -ENOTSUP;
}

int main(int argc, char *argv[])
{
	struct run run = {.fd = -1, .random = 1};
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	int r = begin(&run);

	if (r < 0) {
		(void)fprintf(stderr, "the kernel cannot be asked: %s\n", diag_errno(-r));
		return 77;
	}
	for (int i = 2; i < argc; i++)
		ask_table(&run, argv[i]);
	for (unsigned long i = 0; i < count; i++) {
		_cleanup_strbuf_ struct strbuf rule = {0};

		add_rule(&run, &rule);
		ask(&run, strbuf_str(&rule));
	}
	(void)close(run.fd);
	strbuf_done(&run.keep);
	(void)printf("%u asked, %u accepted, %u open, %u wrong\n", run.asked,
		     run.accepted, run.open, run.wrong);
	return run.wrong ? 1 : 0;
}
