/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a file's label, and why. */
#pragma once

enum relabel_kind {
#define RELABEL_KIND(id, word, words) RELABEL_##id,
#include "core/label/relabel-kinds.inc"
#undef RELABEL_KIND
	_RELABEL_KIND_MAX,
};

enum relabel_reason {
#define LABEL_REASON(id, kind, word, words) RELABEL_##id,
#include "core/appraise/label-reasons.inc"
#undef LABEL_REASON
	_RELABEL_REASON_MAX,
};

enum relabel_kind relabel_kind_of(enum relabel_reason reason);
const char *relabel_kind_word(enum relabel_kind kind); /* for JSON, as the next */
const char *relabel_reason_word(enum relabel_reason reason);
const char *relabel_reason_words(enum relabel_reason reason);
