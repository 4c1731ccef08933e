/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask-mutated KEYRING COUNT [CA.der CA.key]: damages certificates at random, COUNT times,
 * and compares what keycheck_run() says of each with what the running kernel says. Fails
 * when a certain verdict is wrong; 77: the kernel cannot be asked here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/cert/keycheck.h"
#include "tests/certs/certgen.h"

enum { VARIANTS_MAX = 256 };

struct run {
	struct certgen gen;
	struct strbuf variant[VARIANTS_MAX];
	const char *name[VARIANTS_MAX];
	size_t n;
	struct root root;
	struct keycap_set caps;
	struct keyring_set rings;
	struct certstore known;
	enum keyring_id ring;
	uint64_t random;
	unsigned asked, accepted, open, wrong;
};

/* The same in every run: Knuth's MMIX generator. */
static size_t below(struct run *run, size_t n)
{
	run->random = run->random * 6364136223846793005U + 1442695040888963407U;
	return (size_t)(run->random >> 33) % n;
}

/* Mostly near the beginning, where the structure is; often a byte that means something. */
static void damage(struct run *run, struct strbuf *der)
{
	static const uint8_t tags[] = {0x30, 0x31, 0x02, 0x03, 0x04, 0x05, 0x06,
				       0x80, 0x81, 0x82, 0xa0, 0xa1, 0xa3, 0x17,
				       0x18, 0x00, 0xff, 0x10, 0x01};
	size_t near = der->len < 400 ? der->len : 400;

	for (size_t i = below(run, 3); i < 3; i++) {
		char *at = der->ptr + below(run, below(run, 2) ? near : der->len);

		switch (below(run, 3)) {
		case 0:
			*at = (char)below(run, 256);
			break;
		case 1:
			*at = (char)(*at ^ 1 << below(run, 8));
			break;
		default:
			*at = (char)tags[below(run, sizeof(tags))];
		}
	}
}

/* No restriction that user space can set asks these. */
static bool is_purpose(enum key_clause c)
{
	return c == KEY_CLAUSE_DIGITAL_SIGNATURE || c == KEY_CLAUSE_NO_CA ||
	       c == KEY_CLAUSE_NO_CERT_SIGN;
}

static void compare(struct run *run, const char *name, const struct keycheck *r, int err)
{
	bool wrong = (r->verdict == KEYCHECK_ACCEPTED && err) ||
		     (r->verdict == KEYCHECK_REFUSED && !err && !is_purpose(r->clause));

	run->accepted += !err;
	run->open +=
		r->verdict == KEYCHECK_IT_DEPENDS || r->verdict == KEYCHECK_NOT_KNOWN;
	run->wrong += wrong;
	if (wrong)
		(void)printf("%s, number %u: %s %s, the kernel says errno %d\n", name,
			     run->asked, keycheck_verdict_name(r->verdict),
			     r->clause < _KEY_CLAUSE_MAX ? keycheck_clause_key(r->clause)
							 : "",
			     err);
}

static int ask_one(struct run *run)
{
	_cleanup_strbuf_ struct strbuf der = {0};
	size_t i = below(run, run->n);
	struct cert *c = NULL;
	struct keycheck r;
	int err = 0, asked;

	strbuf_add(&der, run->variant[i].ptr, run->variant[i].len);
	damage(run, &der);
	if (cert_read(strbuf_span(&der), &c, NULL) < 0)
		abort();
	keycheck_run(&(struct keycheck_in){.cert = c,
					   .ring = run->ring,
					   .caps = &run->caps,
					   .rings = &run->rings,
					   .known = &run->known,
					   .now = (int64_t)time(NULL)},
		     &r);
	asked = keycheck_ask(c, run->ring, &run->caps, &err);
	if (asked == 0) {
		run->asked++;
		compare(run, run->name[i], &r, err);
	}
	cert_free(c);
	return asked;
}

static void prepare(struct run *run, char **args)
{
	certgen_init(&run->gen, args[0], args[0] ? args[1] : NULL);
	for (const struct certgen_recipe *v = certgen_variants; v->name; v++) {
		if (run->n == VARIANTS_MAX)
			abort();
		run->name[run->n] = v->name;
		certgen_make(&run->gen, v, &run->variant[run->n++]);
	}
	if (args[0] && certstore_add(&run->known, args[0], NULL) < 0)
		abort();
	if (root_open_live(&run->root, NULL, NULL) < 0)
		abort();
	keycap_load(&run->root, &run->caps);
	(void)keyring_load(&run->root, &run->rings, NULL);
}

static void finish(struct run *run)
{
	for (size_t i = 0; i < run->n; i++)
		strbuf_done(&run->variant[i]);
	certstore_done(&run->known);
	keyring_done(&run->rings);
	root_done(&run->root);
	certgen_done(&run->gen);
}

int main(int argc, char **argv)
{
	static struct run run;
	int count, r = 0;

	if (argc != 3 && argc != 5)
		return 2;
	run.ring = keyring_from_name(span_of(argv[1]));
	count = atoi(argv[2]);
	prepare(&run, argv + 3);
	for (int i = 0; i < count && r == 0; i++)
		r = ask_one(&run);
	finish(&run);
	(void)printf("%u asked, %u accepted, %u open, %u wrong\n", run.asked,
		     run.accepted, run.open, run.wrong);
	if (r < 0)
		(void)printf("skipped: the kernel cannot be asked: errno %d\n", -r);
	return r < 0 ? 77 : run.wrong != 0 || !run.accepted || run.accepted == run.asked;
}
