/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console's proof of a live list, on a made-up machine whose TPM is the kernel's files. */
#include "tests/unit/bootgen.h"
#include "tests/unit/machine.h"

#include "tui/proof.h"

#define TPM "sys/class/tpm/tpm0/"

enum { N = 60, NEW = 1000 };

struct host {
	struct machine m;
	struct bg *b; /* what the kernel lists and the TPM holds */
	unsigned count;
	struct tui_config config;
	struct live *live;
	struct proof proof;
};

static void put_pcr(struct host *h, const struct pcr_bank *bank, unsigned pcr)
{
	size_t size = hash_alg_size(bank->alg);
	char path[96], text[2 * HASH_MAX_SIZE + 2];

	(void)snprintf(path, sizeof(path), TPM "pcr-%s/%u", hash_alg_name(bank->alg),
		       pcr);
	hex_encode(text, (struct span){bank->value[pcr], size});
	text[2 * size] = '\n';
	machine_put(&h->m, path, text, 2 * size + 1, 0444);
}

/* The machine as it is now. */
static void publish(struct host *h)
{
	for (size_t i = 0; i < h->b->pcrs.n_banks; i++)
		for (unsigned p = 0; p < PCRS_COUNT; p++)
			put_pcr(h, &h->b->pcrs.bank[i], p);
	machine_list(&h->m, &h->b->list, h->count, 0440);
}

static void measure(struct host *h, unsigned n, bool listed, bool extended)
{
	struct bg_entry e = n == 0 ? bg_bootagg(h->b, 0) : bg_file(n);

	if (listed)
		bg_list(h->b, &e);
	if (extended)
		bg_extend(h->b, &e);
	h->count += listed;
}

static struct host *boot(void)
{
	struct host *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	h->m = machine_make();
	assert_int_equal(fs_mkdirs_at(h->m.fd, TPM "pcr-sha1", 0755, NULL), 0);
	assert_int_equal(fs_mkdirs_at(h->m.fd, TPM "pcr-sha256", 0755, NULL), 0);
	machine_put(&h->m, TPM "tpm_version_major", "2\n", 2, 0444);
	close(h->m.root.dir[ROOT_SYS]);
	h->m.root.dir[ROOT_SYS] = machine_open_dir(&h->m, "sys");
	if (h->m.root.dir[ROOT_DEV] >= 0)
		close(h->m.root.dir[ROOT_DEV]);
	h->m.root.dir[ROOT_DEV] = -1;
	h->b = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	h->config.root = &h->m.root;
	for (unsigned i = 0; i < N; i++)
		measure(h, i, true, true);
	publish(h);
	return h;
}

static void host_freep(struct host **h)
{
	machine_drop(&(*h)->m);
	bg_freep(&(*h)->b);
	free(*h);
}
#define _host_ __attribute__((cleanup(host_freep))) struct host *

static void open_console(struct host *h)
{
	struct diag d = {0};

	if (live_open(&h->m.root, 0, NULL, &h->live, &d) < 0)
		fail_msg("%s", d.text);
	assert_int_equal(live_catch_up(h->live, NULL, NULL), 0);
	proof_init(&h->proof, &h->config, live_store(h->live), h->live, NULL);
}

static void close_console(struct host *h)
{
	proof_done(&h->proof);
	h->live = live_free(h->live);
}

/* @ms: of a clock that nobody waits for. */
static const struct verify_result *prove(struct host *h, uint64_t ms)
{
	do
		while (proof_step(&h->proof, 1000, ms, 0) > 0)
			;
	while (h->proof.state == PROOF_RUNNING && (ms += 100));
	if (h->proof.state != PROOF_DONE)
		fail_msg("%s", h->proof.error.text);
	return proof_result(&h->proof);
}

static const struct verify_reason *reason(const struct verify_result *r,
					  enum verify_why why)
{
	for (size_t i = 0; i < r->n_reasons; i++)
		if (r->reason[i].why == why)
			return &r->reason[i];
	for (size_t i = 0; i < r->n_reasons; i++)
		print_message("%s\n", r->reason[i].text);
	fail_msg("%s expected", verify_why_name(why));
	return NULL;
}

static void test_proof__keeps_what_it_proved(void **state)
{
	_host_ h = boot();
	const struct verify_result *r;

	open_console(h);
	assert_int_equal(prove(h, 1)->verdict, VERIFY_MATCH);
	assert_true(live_blob(h->live, "verify").len > 0);
	close_console(h);
	/* Between two runs: an entry the TPM was never told, and another one. */
	measure(h, N, true, false);
	measure(h, N + 1, true, true);
	publish(h);
	open_console(h);
	r = prove(h, 1);
	assert_int_equal(r->verdict, VERIFY_MISMATCH);
	assert_int_equal(reason(r, WHY_INSERTED)->first, N + 1);
	assert_int_equal(r->search.entries, 2); /* those behind the proven ones */
	close_console(h);
}

/* In the same run: what came since is checked on, and what it may be is only that. */
static void test_proof__knows_what_it_proved_before(void **state)
{
	_host_ h = boot();
	const struct verify_result *r;

	open_console(h);
	assert_int_equal(prove(h, 1)->verdict, VERIFY_MATCH);
	measure(h, N, true, false);
	measure(h, N + 1, true, true);
	publish(h);
	assert_int_equal(live_poll(h->live, NULL), 1);
	assert_int_equal(live_catch_up(h->live, NULL, NULL), 0);
	r = prove(h, 5000);
	assert_int_equal(r->verdict, VERIFY_MISMATCH);
	assert_int_equal(r->entries, N + 2);
	assert_int_equal(reason(r, WHY_INSERTED)->first, N + 1);
	assert_int_equal(r->search.entries, 2);
	/* What does not match stays so: nobody has to look every two seconds. */
	measure(h, N + 2, true, true);
	publish(h);
	assert_int_equal(live_poll(h->live, NULL), 1);
	assert_int_equal(live_catch_up(h->live, NULL, NULL), 0);
	(void)proof_step(&h->proof, 1000, 100000, 0);
	assert_int_equal(h->proof.state, PROOF_DONE);
	assert_int_equal(proof_wait_ms(&h->proof, 100000), -1);
	close_console(h);
}

/* The kernel's list is another one than was read before in this boot. */
static void test_proof__names_what_was_taken_away(void **state)
{
	_host_ h = boot();
	const struct verify_result *r;

	open_console(h);
	assert_int_equal(prove(h, 1)->verdict, VERIFY_MATCH);
	close_console(h);
	strbuf_clear(&h->b->list);
	h->count = 0;
	for (unsigned i = 0; i < N; i++)
		if (i != 30)
			measure(h, i, true, false);
	measure(h, N, true, true);
	publish(h);
	open_console(h);
	r = prove(h, 1);
	assert_int_equal(r->verdict, VERIFY_MISMATCH);
	assert_string_equal(
		reason(r, WHY_CHANGED)->text,
		"Entry 31 of the list as it was read earlier in this boot "
		"(/usr/bin/tool-30) is missing here; the PCR proves the copy.");
	assert_int_equal(reason(r, WHY_CHECKPOINT)->first, 31);
	close_console(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proof__keeps_what_it_proved),
		cmocka_unit_test(test_proof__knows_what_it_proved_before),
		cmocka_unit_test(test_proof__names_what_was_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
