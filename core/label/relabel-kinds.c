/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/relabel-kinds.h"

static const struct {
	enum relabel_kind kind;
	const char *word, *words;
} reasons[_RELABEL_REASON_MAX] = {
#define LABEL_REASON(id, kind, word, words) {RELABEL_##kind, word, words},
#include "core/appraise/label-reasons.inc"
#undef LABEL_REASON
};

static const char *const kind_words[_RELABEL_KIND_MAX] = {
#define RELABEL_KIND(id, word, words) word,
#include "core/label/relabel-kinds.inc"
#undef RELABEL_KIND
};

enum relabel_kind relabel_kind_of(enum relabel_reason reason)
{
	return reasons[reason].kind;
}

const char *relabel_kind_word(enum relabel_kind kind)
{
	return kind_words[kind];
}

const char *relabel_reason_word(enum relabel_reason reason)
{
	return reasons[reason].word;
}

const char *relabel_reason_words(enum relabel_reason reason)
{
	return reasons[reason].words;
}
