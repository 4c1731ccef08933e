/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/policysample.h"

#include "core/base/cleanup.h"
#include "core/host/fskind.h"

enum { WIDTH = 88 };

static const struct {
	const char *name, *summary, *text;
} samples[] = {
#define POLICY_SAMPLE(name, summary, text) {name, summary, text},
#include "core/policy/policy-samples.inc"
#undef POLICY_SAMPLE
};

static const char *const caps[_POLICY_CAP_MAX] = {
#define POLICY_CAP(id, version, option, words) [POLICY_CAP_##id] = #id,
#include "core/base/policy-caps.inc"
#undef POLICY_CAP
};

size_t policysample_count(void)
{
	return array_size(samples);
}

const char *policysample_name(size_t i)
{
	return samples[i].name;
}

const char *policysample_summary(size_t i)
{
	return samples[i].summary;
}

size_t policysample_find(const char *name)
{
	size_t i = 0;

	while (i < array_size(samples) && strcmp(samples[i].name, name) != 0)
		i++;
	return i;
}

/* Is the line that directive? Then *ret is what follows it. */
static bool directive(struct span line, const char *word, struct span *ret)
{
	size_t len = strlen(word);

	if (line.len < len || memcmp(line.ptr, word, len) != 0)
		return false;
	*ret = (struct span){line.ptr + len, line.len - len};
	return true;
}

const char *policysample_lacks(size_t i, const struct kconfig *config)
{
	static const char *const options[] = {"IMA_APPRAISE"};
	struct bytes in = bytes_of(samples[i].text, strlen(samples[i].text));
	struct span line, option;

	while (bytes_until(&in, '\n', &line)) {
		if (!directive(line, "%need ", &option))
			continue;
		for (size_t o = 0; o < array_size(options); o++)
			if (span_is(option, options[o]) && config &&
			    kconfig_get(config, options[o]) != KCONFIG_YES)
				return options[o];
	}
	return NULL;
}

static bool able(const struct policy_kernel *kernel, struct span cap)
{
	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		if (span_is(cap, caps[c]))
			return kernel->cap[c] == POLICY_YES;
	return false;
}

/* "# In this order: proc, sysfs, ..." in lines of a policy's width, then the rules. */
static void add_pseudo(struct strbuf *out, struct span rule)
{
	_cleanup_strbuf_ struct strbuf line = {0};

	strbuf_adds(&line, "# In this order:");
	for (size_t i = 0; i < FSKIND_EXCEPTED; i++) {
		if (line.len + strlen(fskind_excepted(i)->name) + 2 > WIDTH) {
			strbuf_addf(out, "%s\n", strbuf_str(&line));
			strbuf_clear(&line);
			strbuf_addc(&line, '#');
		}
		strbuf_addf(&line, " %s%s", fskind_excepted(i)->name,
			    i + 1 < FSKIND_EXCEPTED ? "," : ".");
	}
	strbuf_addf(out, "%s\n", strbuf_str(&line));
	for (size_t i = 0; i < FSKIND_EXCEPTED; i++) {
		strbuf_add(out, rule.ptr, rule.len);
		strbuf_addf(out, " fsmagic=0x%x\n", fskind_excepted(i)->magic);
	}
	out->failed |= line.failed;
}

void policysample_text(size_t i, const struct policy_kernel *kernel, struct strbuf *out)
{
	struct bytes in = bytes_of(samples[i].text, strlen(samples[i].text));
	bool skips = false;
	struct span line, arg;

	while (bytes_until(&in, '\n', &line)) {
		if (directive(line, "%if ", &arg))
			skips = !able(kernel, arg);
		else if (directive(line, "%else", &arg))
			skips = !skips;
		else if (directive(line, "%end", &arg))
			skips = false;
		else if (skips || directive(line, "%need ", &arg))
			continue;
		else if (directive(line, "%pseudo ", &arg))
			add_pseudo(out, arg);
		else {
			strbuf_add(out, line.ptr, line.len);
			strbuf_addc(out, '\n');
		}
	}
}
