/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conditions a certificate must meet to get into a keyring, one row each; what they
 * say in a given case is keycheck.h's. */
#pragma once

enum key_clause {
#define KEY_CLAUSE(id, key, err, words, kernel) KEY_CLAUSE_##id,
#include "core/cert/key-clauses.inc"
#undef KEY_CLAUSE
	_KEY_CLAUSE_MAX,
};
