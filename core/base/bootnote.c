/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/bootnote.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/gen.h"
#include "core/base/hex.h"
#include "core/base/namelink.h"

#define WHY	"why"
#define WHY_MAX 4096

static const char *const names[_BOOTNOTE_NAME_MAX] = {
#define BOOTNOTE_NAME(id, name) [BOOTNOTE_##id] = name,
#include "core/base/bootnote-names.inc"
#undef BOOTNOTE_NAME
};

static const struct {
	const char *word, *text;
} verdicts[_BOOTNOTE_VERDICT_MAX] = {
	[BOOTNOTE_VERDICT_NOT_RUN] = {"", "no gate ran in this boot"},
#define BOOTNOTE_VERDICT(id, word, text) [BOOTNOTE_VERDICT_##id] = {word, text},
#include "core/base/bootnote-verdicts.inc"
#undef BOOTNOTE_VERDICT
};

const char *bootnote_verdict_word(enum bootnote_verdict verdict)
{
	return verdicts[verdict].word;
}

const char *bootnote_verdict_text(enum bootnote_verdict verdict)
{
	return verdicts[verdict].text;
}

static bool get(const struct root *root, enum bootnote_name name, struct strbuf *text)
{
	strbuf_clear(text);
	return root->dir[ROOT_RUN] >= 0 &&
	       namelink_read(root->dir[ROOT_RUN], names[name], text) == 0;
}

/* Digits of a hash or a nonce, all of them. */
static void get_hex(const struct root *root, enum bootnote_name name, char *ret,
		    size_t size)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	if (get(root, name, &text) && text.len == size - 1 &&
	    strspn(text.ptr, "0123456789abcdef") == text.len)
		memcpy(ret, text.ptr, size);
}

static uint64_t get_number(const struct root *root, enum bootnote_name name,
			   uint64_t most)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	uint64_t v;

	return get(root, name, &text) && str_to_u64(strbuf_span(&text), &v) == 0 &&
			       v <= most
		       ? v
		       : 0;
}

static enum bootnote_verdict get_verdict(const struct root *root)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	if (get(root, BOOTNOTE_VERDICT, &text))
		for (unsigned i = 1; i < _BOOTNOTE_VERDICT_MAX; i++)
			if (span_is(strbuf_span(&text), verdicts[i].word))
				return (enum bootnote_verdict)i;
	return BOOTNOTE_VERDICT_NOT_RUN;
}

static bool has_nonce(const struct root *root, enum bootnote_name name, const char *nonce)
{
	char is[BOOTNOTE_NONCE_SIZE] = "";

	get_hex(root, name, is, sizeof(is));
	return *nonce && strcmp(is, nonce) == 0;
}

void bootnote_load(const struct root *root, struct bootnote *ret)
{
	struct bootnote n = {0};

	get_hex(root, BOOTNOTE_NONCE, n.nonce, sizeof(n.nonce));
	n.verdict = get_verdict(root);
	n.generation = (unsigned)get_number(root, BOOTNOTE_GENERATION, GEN_MAX);
	get_hex(root, BOOTNOTE_POLICY, n.policy, sizeof(n.policy));
	n.healthy = has_nonce(root, BOOTNOTE_HEALTHY, n.nonce);
	n.unhealthy = has_nonce(root, BOOTNOTE_UNHEALTHY, n.nonce);
	n.confirmed = has_nonce(root, BOOTNOTE_CONFIRMED, n.nonce);
	n.hold = get_number(root, BOOTNOTE_HOLD, UINT64_MAX);
	n.deadline = get_number(root, BOOTNOTE_DEADLINE, UINT32_MAX);
	n.guard = (pid_t)get_number(root, BOOTNOTE_GUARD, INT32_MAX);
	*ret = n;
}

static int cannot_write(const char *name, int r, struct diag *reterr)
{
	return diag_set(reterr, DIAG_WRITE, -r, "Cannot write /run/imactl/%s: %s.", name,
			diag_errno(-r));
}

int bootnote_set(struct root *root, enum bootnote_name name, const char *text,
		 struct diag *reterr)
{
	int r = root_make_place(root, ROOT_RUN, 0755, reterr);

	if (r < 0)
		return r;
	r = namelink_write(root->dir[ROOT_RUN], names[name], text, false);
	return r < 0 ? cannot_write(names[name], r, reterr) : 0;
}

int bootnote_set_number(struct root *root, enum bootnote_name name, uint64_t value,
			struct diag *reterr)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return bootnote_set(root, name, text, reterr);
}

int bootnote_set_verdict(struct root *root, enum bootnote_verdict verdict,
			 struct diag *reterr)
{
	return bootnote_set(root, BOOTNOTE_VERDICT, verdicts[verdict].word, reterr);
}

int bootnote_clear(struct root *root, enum bootnote_name name, struct diag *reterr)
{
	int r = root->dir[ROOT_RUN] < 0
			? 0
			: namelink_remove(root->dir[ROOT_RUN], names[name], false);

	return r < 0 ? cannot_write(names[name], r, reterr) : 0;
}

void bootnote_why(const struct root *root, struct strbuf *out)
{
	if (root->dir[ROOT_RUN] >= 0)
		(void)fs_read_at(root->dir[ROOT_RUN], WHY, WHY_MAX, out, NULL);
}

int bootnote_set_why(struct root *root, const char *text, struct diag *reterr)
{
	int r = root_make_place(root, ROOT_RUN, 0755, reterr);

	return r < 0 ? r
		     : fs_replace_at(root->dir[ROOT_RUN], WHY, text, strlen(text), 0644,
				     reterr);
}

void bootnote_new_nonce(char ret[BOOTNOTE_NONCE_SIZE])
{
	uint8_t random[(BOOTNOTE_NONCE_SIZE - 1) / 2] = {0};
	ssize_t n;

	/* Early in a boot there may be no seed yet: what there is tells boots apart, and
	 * nobody guards a secret with it. Before 5.6 only the seeded is handed out. */
	n = getrandom(random, sizeof(random), GRND_INSECURE);
	if (n < 0)
		n = getrandom(random, sizeof(random), 0);
	(void)n; /* never fails for so few */
	hex_encode(ret, (struct span){random, sizeof(random)});
	ret[BOOTNOTE_NONCE_SIZE - 1] = '\0';
}
