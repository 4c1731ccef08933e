/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernels said to 165 rules, and the corners of ima_parse_rule() and
 * ima_validate_rule() that those leave out.
 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/policy.h"

/* Debian's kernels: without appended signatures, without an LSM that knows labels. */
static struct policy_kernel debian(unsigned version, uint32_t not_hashes)
{
	struct policy_kernel k;

	policy_kernel_of_version(version, &k);
	k.cap[POLICY_CAP_MODSIG] = POLICY_NO;
	k.cap[POLICY_CAP_KEYS] = POLICY_YES;
	k.cap[POLICY_CAP_LABELS] = POLICY_YES;
	k.labels_defined = POLICY_NO;
	k.not_hashes = not_hashes;
	k.hashes = ~not_hashes;
	return k;
}

static struct policy_kernel v61(void)
{
	return debian(POLICY_VERSION(6, 1), 1u << HASH_SHA384 | 1u << HASH_SHA512);
}

static struct policy_kernel v612(void)
{
	return debian(POLICY_VERSION(6, 12), 0);
}

static struct policy_kernel everything(unsigned version)
{
	struct policy_kernel k = debian(version, 0);

	k.cap[POLICY_CAP_MODSIG] = POLICY_YES;
	k.labels_defined = POLICY_YES;
	return k;
}

static void parse(const char *text, const struct policy_kernel *k, struct policy *p)
{
	assert_int_equal(policy_parse(span_of(text), k, p, NULL), 0);
}

static void check(const char *rule, const struct policy_kernel *k, bool accepted)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_policy_ struct policy p = {0};
	bool refused;

	strbuf_addf(&text, "%s\n", rule);
	parse(strbuf_str(&text), k, &p);
	assert_int_equal(p.n_rules, 1);
	refused = policy_count(&p, POLICY_ERROR) > 0;
	assert_true(refused == p.rules[0].refused);
	if (refused == accepted)
		fail_msg("%s: %s %s", rule, refused ? "refused:" : "accepted",
			 refused ? p.findings[0].d.text : "");
}

static void ok(const char *rule, struct policy_kernel k)
{
	check(rule, &k, true);
}

static void bad(const char *rule, struct policy_kernel k)
{
	check(rule, &k, false);
}

/* "\t" in the table stands for a tab of the rule. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		*to = *s;
		if (s[0] == '\\' && s[1] == 't') {
			*to = '\t';
			s++;
		}
	}
	*to = '\0';
}

static void test_parse__what_kernels_said(void **state)
{
	struct policy_kernel k61 = v61(), k612 = v612();
	char path[512], line[1024], *save;
	unsigned n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/tests/fixtures/policies/rules.tsv",
		       getenv("IMACTL_SOURCE"));
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f)); /* the heading */
	while (fgets(line, sizeof(line), f)) {
		char *rule = strtok_r(line, "\t\n", &save);
		char *first = strtok_r(NULL, "\t\n", &save);
		char *second = strtok_r(NULL, "\t\n", &save);

		unescape(rule);
		check(rule, &k61, strcmp(first, "accept") == 0);
		check(rule, &k612, strcmp(second, "accept") == 0);
		n++;
	}
	(void)fclose(f);
	assert_int_equal(n, 165);
}

static void test_parse__numbers(void **state)
{
	ok("measure fsmagic=+0xEf53", v612());
	ok("measure fsmagic=ffffffffffffffff", v612());
	bad("measure fsmagic=10000000000000000", v612());
	bad("measure fsmagic=0x", v612());
	bad("measure fsmagic=-1", v612());
	ok("measure fsmagic=0 fsmagic=1", v612());
	bad("measure fsmagic=1 fsmagic=0", v612());
	ok("measure uid=4294967294", v612());
	bad("measure uid=4294967295", v612());
	bad("measure uid=4294967296", v612());
	bad("measure uid>=10", v612());
	bad("measure uid=0x10", v612());
	ok("measure uid=+10", v612());
	ok("measure pcr=63", v612());
	bad("measure pcr=64", v612());
	ok("measure pcr=-0", v612());
	bad("measure pcr=-1", v612());
	bad("measure pcr=-+0", v612());
	ok("measure pcr=1 pcr=2", v612());
	bad("measure pcr>1", v612());
}

static void test_parse__fsuuid(void **state)
{
	ok("measure fsuuid=b0b196af-9032-4b67-9e18-3689f9f19fd6", v612());
	ok("measure fsuuid=b0b196af-9032-4b67-9e18-3689f9f19fd6-and-more", v612());
	bad("measure fsuuid=b0b196af-9032-4b67-9e18-3689f9f19fd", v612());
	bad("measure fsuuid=b0b196af09032-4b67-9e18-3689f9f19fd6", v612());
	ok("measure fsuuid=00000000-0000-0000-0000-000000000000 "
	   "fsuuid=b0b196af-9032-4b67-9e18-3689f9f19fd6",
	   v612());
	bad("measure fsuuid=b0b196af-9032-4b67-9e18-3689f9f19fd6 "
	    "fsuuid=b0b196af-9032-4b67-9e18-3689f9f19fd6",
	    v612());
}

static void test_parse__once(void **state)
{
	bad("measure uid=0 euid=0", v612());
	bad("measure egid=0 gid=0", v612());
	ok("measure uid=0 gid=0 fowner=0 fgroup=0", v612());
	bad("measure fowner=0 fowner>1", v612());
	ok("measure fsname=ext4 fsname=xfs", v612());
	bad("measure func=FILE_CHECK func=FILE_CHECK", v612());
	bad("measure mask=MAY_READ mask=MAY_READ", v612());
	bad("measure template=ima-ng template=ima-ng", v612());
	bad("measure appraise", v612());
	ok("measure permit_directio permit_directio", v612());
	bad("appraise appraise_algos=sha256 appraise_algos=sha256", v612());
}

static void test_parse__words(void **state)
{
	bad("measure fsname=", v612());
	bad("measure =x", v612());
	bad("measure permit_directio=1", v612());
	bad("measure=1", v612());
	bad("Measure", v612());
	bad("measure\r", v612());
	bad("func=FILE_CHECK", v612());
	bad("measure func=POST_SETATTR", v612());
	bad("measure func=", v612());
	bad("measure mask=^^MAY_READ", v612());
	bad("measure mask=^", v612());
	ok("\t measure \t\t func=FILE_CHECK \t", v612());
	bad("measure appraise_flag=", v612());
}

static void test_parse__lists(void **state)
{
	ok("measure func=KEY_CHECK keyrings=.ima|.evm", v612());
	bad("measure func=KEY_CHECK keyrings=.ima||.evm", v612());
	bad("measure func=KEY_CHECK keyrings=|.evm", v612());
	bad("measure func=KEY_CHECK keyrings=.evm|", v612());
	bad("measure func=FILE_CHECK keyrings=.evm", v612());
	bad("measure keyrings=.evm", v612());
	ok("measure func=CRITICAL_DATA label=selinux|device_mapper", v612());
	bad("measure func=KEY_CHECK label=selinux", v612());
	bad("appraise appraise_algos=sha256,", v612());
	bad("appraise appraise_algos=SHA256", v612());
	ok("appraise appraise_algos=sha1,sha256", v61());
}

static void test_parse__func_and_options(void **state)
{
	ok("measure func=KEXEC_CMDLINE uid=0 fowner=0 pcr=3", v612());
	bad("measure func=KEXEC_CMDLINE mask=MAY_READ", v612());
	bad("audit func=KEXEC_CMDLINE", v612());
	ok("dont_measure func=KEXEC_CMDLINE", v612());
	bad("measure func=KEXEC_CMDLINE permit_directio", v612());
	bad("measure func=KEY_CHECK euid=0", v612());
	ok("measure func=KEY_CHECK uid=0 gid=0", v612());
	bad("measure func=CRITICAL_DATA fowner=0", v612());
	bad("measure func=KEY_CHECK obj_type=x", everything(POLICY_VERSION(6, 12)));
	bad("measure func=CRITICAL_DATA subj_user=x", everything(POLICY_VERSION(6, 12)));
	ok("appraise func=SETXATTR_CHECK appraise_algos=sha256", v612());
	bad("appraise func=SETXATTR_CHECK", v612());
	bad("appraise func=SETXATTR_CHECK appraise_algos=sha256 uid=0", v612());
	bad("measure func=SETXATTR_CHECK appraise_algos=sha256", v612());
	bad("dont_measure pcr=3", v612());
	bad("measure appraise_type=imasig", v612());
	bad("audit appraise_algos=sha256", v612());
	bad("dont_measure template=ima", v612());
	bad("template=ima measure", v612());
	ok("measure template=d-ng|n-ng", v612());
	bad("measure template=d-ng|n-ng|sig|sig", v612());
}

static void test_parse__template_of_the_boot(void **state)
{
	struct policy_kernel k = v612();

	k.template_format = span_of("d-ng|n-ng|sig|sig");
	ok("measure template=d-ng|n-ng|sig|sig", k);
}

static void test_parse__signature_types(void **state)
{
	struct policy_kernel k61 = everything(POLICY_VERSION(6, 1));
	struct policy_kernel k612 = everything(POLICY_VERSION(6, 12));
	struct policy_kernel k72 = everything(POLICY_VERSION(7, 2));

	ok("appraise digest_type=verity appraise_type=sigv3", k61);
	bad("appraise appraise_type=sigv3 digest_type=verity", k61);
	ok("appraise appraise_type=sigv3 digest_type=verity", k72);
	bad("appraise appraise_type=sigv3", k612);
	ok("appraise appraise_type=sigv3", k72);
	bad("appraise digest_type=verity", k612);
	ok("measure digest_type=verity", k612);
	ok("dont_appraise digest_type=verity", k612);
	bad("appraise digest_type=verity appraise_type=imasig", k612);
	bad("appraise appraise_type=imasig digest_type=verity", k612);
	ok("appraise appraise_type=imasig digest_type=verity", k72);
	bad("appraise func=MODULE_CHECK digest_type=verity appraise_type=sigv3", k72);
	ok("appraise func=MODULE_CHECK appraise_type=imasig|modsig", k61);
	bad("appraise func=BPRM_CHECK appraise_type=imasig|modsig", k61);
	bad("appraise appraise_type=imasig|modsig", k61);
	bad("appraise func=MODULE_CHECK appraise_type=sigv3 appraise_type=imasig|modsig",
	    k72);
	bad("appraise func=FILE_CHECK appraise_type=imasig|modsig appraise_type=sigv3",
	    k72);
	ok("appraise func=MODULE_CHECK appraise_type=imasig|modsig appraise_type=sigv3",
	   k72);
	ok("appraise appraise_type=sigv3 appraise_type=imasig", k72);
	bad("appraise digest_type=sha256", k612);
	bad("appraise appraise_type=modsig", k612);
}

static void test_parse__appraise_flag(void **state)
{
	struct policy_kernel k61 = everything(POLICY_VERSION(6, 1));
	struct policy_kernel k612 = everything(POLICY_VERSION(6, 12));
	const char *both = "appraise func=MODULE_CHECK appraise_flag=check_blacklist "
			   "appraise_type=imasig|modsig";

	ok(both, k61);
	ok(both, k612);
	bad("appraise func=MODULE_CHECK appraise_flag=check_blacklist "
	    "appraise_type=imasig",
	    k61);
	bad("appraise func=MODULE_CHECK appraise_flag=x appraise_type=imasig|modsig",
	    k61);
	bad("appraise func=BPRM_CHECK appraise_flag=check_blacklist "
	    "appraise_type=imasig",
	    k61);
	ok("measure appraise_flag=anything", k612);
}

static void test_parse__newer_kernels(void **state)
{
	struct policy_kernel k72 = everything(POLICY_VERSION(7, 2));

	ok("dont_audit func=FILE_CHECK", k72);
	bad("dont_audit func=FILE_CHECK", v612());
	ok("measure fs_subtype=sshfs", k72);
	bad("measure fs_subtype=sshfs fs_subtype=sshfs", k72);
	bad("measure fs_subtype=sshfs", v612());
	ok("measure # why", k72);
	ok("measure #why and how=x", k72);
	ok("measure func=MMAP_CHECK_REQPROT", v612());
}

/* What is not known of a kernel is neither an error nor passed over. */
static void test_parse__depends(void **state)
{
	struct policy_kernel nothing = {0};
	_cleanup_policy_ struct policy p = {0};

	parse("measure func=MMAP_CHECK_REQPROT\n"
	      "appraise appraise_algos=sha512\n"
	      "measure obj_type=bin_t\n"
	      "measure # why\n"
	      "measure func=FILE_CHECK\n",
	      &nothing, &p);
	assert_int_equal(policy_count(&p, POLICY_ERROR), 0);
	for (size_t i = 0; i < 5; i++) {
		assert_true(p.rules[i].depends == (i < 4));
		assert_false(p.rules[i].refused);
	}
	assert_int_equal(p.findings[0].d.id, DIAG_POLICY_DEPENDS);
}

static void test_parse__place_and_hint(void **state)
{
	struct policy_kernel k = v612();
	_cleanup_policy_ struct policy p = {0};

	parse("# fine\n\n  measure fun=FILE_CHECK mask=MAY_RAED\n", &k, &p);
	assert_int_equal(p.n_rules, 1);
	assert_int_equal(p.n_findings, 2);
	assert_int_equal(p.findings[0].d.line, 3);
	assert_int_equal(p.findings[0].d.column, 11);
	assert_int_equal(p.findings[0].d.id, DIAG_POLICY_WORD);
	assert_non_null(strstr(p.findings[0].d.text, "is func meant?"));
	assert_int_equal(p.findings[1].d.column, 26);
	assert_int_equal(p.findings[1].rule, 0);
}

/* Names of the past and of typing errors, also where there is nothing near. */
static void test_parse__nearest(void **state)
{
	static const struct {
		const char *rule, *says;
	} rows[] = {
		{"dnt_measure", "is dont_measure meant?"},
		{"measure func=BPRM_CHEK", "is BPRM_CHECK meant?"},
		{"measure permit_directoi", "is permit_directio meant?"},
		{"measure xyzzy", "is no word of a rule"},
		{"measure uid", "has no value"},
		{"measure fsname>x", "takes no \">\""},
	};
	struct policy_kernel k = v612();

	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_policy_ struct policy p = {0};
		char line[64];

		(void)snprintf(line, sizeof(line), "%s\n", rows[i].rule);
		parse(line, &k, &p);
		if (!strstr(p.findings[0].d.text, rows[i].says))
			fail_msg("%s: %s", rows[i].rule, p.findings[0].d.text);
	}
}

static enum diag_id whole(struct span text)
{
	struct policy_kernel k = v612();
	_cleanup_policy_ struct policy p = {0};

	assert_int_equal(policy_parse(text, &k, &p, NULL), 0);
	return p.n_findings ? p.findings[0].d.id : DIAG_NONE;
}

static void test_parse__whole_file(void **state)
{
	assert_int_equal(whole(span_of("measure\n")), DIAG_NONE);
	assert_int_equal(whole(span_of("# nothing\n")), DIAG_NONE);
	assert_int_equal(whole(span_of("measure")), DIAG_POLICY_NEWLINE);
	assert_int_equal(whole(span_of("# comment")), DIAG_POLICY_NEWLINE);
	assert_int_equal(whole(span_of("")), DIAG_POLICY_EMPTY);
	assert_int_equal(whole((struct span){(const uint8_t *)"#\0\n", 3}),
			 DIAG_POLICY_NUL);
}

static void test_print__as_the_kernel(void **state)
{
	static const char *const rules[] = {
		"measure func=FILE_CHECK mask=^MAY_READ fsmagic=0xef53 fsname=ext4 pcr=11 "
		"fsuuid=b0b196af-9032-4b67-9e18-3689f9f19fd6 euid<10 egid>7 fowner=0 "
		"fgroup<3 obj_type=bin_t subj_role=r template=ima-sig permit_directio",
		"appraise func=MODULE_CHECK appraise_type=imasig|modsig",
		"appraise func=SETXATTR_CHECK appraise_algos=sha256,sha512",
		"appraise digest_type=verity appraise_type=sigv3",
		"measure func=KEY_CHECK keyrings=.ima|.evm uid=0",
		"dont_hash",
		"measure digest_type=verity",
	};
	struct policy_kernel k = everything(POLICY_VERSION(6, 12));

	for (size_t i = 0; i < array_size(rules); i++) {
		_cleanup_policy_ struct policy p = {0};
		_cleanup_strbuf_ struct strbuf out = {0};

		parse(rules[i], &k, &p);
		assert_false(p.rules[0].refused);
		policy_print(&out, &p.rules[0]);
		assert_string_equal(strbuf_str(&out), rules[i]);
	}
}

static void test_print__refused_as_written(void **state)
{
	struct policy_kernel k = v612();
	_cleanup_policy_ struct policy p = {0};
	_cleanup_strbuf_ struct strbuf out = {0};

	parse(" nonsense \t func=x", &k, &p);
	policy_print(&out, &p.rules[0]);
	assert_string_equal(strbuf_str(&out), "nonsense \t func=x");
}

static void test_print__one_form(void **state)
{
	struct policy_kernel k = everything(POLICY_VERSION(6, 12));
	_cleanup_policy_ struct policy p = {0};
	_cleanup_strbuf_ struct strbuf out = {0};

	parse("uid>+5 mask=MAY_EXEC   measure func=FILE_MMAP fsmagic=EF53", &k, &p);
	policy_print(&out, &p.rules[0]);
	assert_string_equal(strbuf_str(&out),
			    "measure func=MMAP_CHECK mask=MAY_EXEC fsmagic=0xef53 uid>5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__what_kernels_said),
		cmocka_unit_test(test_parse__numbers),
		cmocka_unit_test(test_parse__fsuuid),
		cmocka_unit_test(test_parse__once),
		cmocka_unit_test(test_parse__words),
		cmocka_unit_test(test_parse__lists),
		cmocka_unit_test(test_parse__func_and_options),
		cmocka_unit_test(test_parse__template_of_the_boot),
		cmocka_unit_test(test_parse__signature_types),
		cmocka_unit_test(test_parse__appraise_flag),
		cmocka_unit_test(test_parse__newer_kernels),
		cmocka_unit_test(test_parse__depends),
		cmocka_unit_test(test_parse__place_and_hint),
		cmocka_unit_test(test_parse__nearest),
		cmocka_unit_test(test_parse__whole_file),
		cmocka_unit_test(test_print__as_the_kernel),
		cmocka_unit_test(test_print__refused_as_written),
		cmocka_unit_test(test_print__one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
