/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by cert.c and cert-parse.c alone. */
#pragma once

#include "core/base/ber.h"
#include "core/cert/cert.h"

enum cert_sig cert_sig_find(struct span oid);
/* @curve: empty where the algorithm has none. */
enum cert_alg cert_alg_find(struct span oid, struct span curve);
/* Is it one whose parameters name a curve? */
bool cert_alg_has_curve(struct span oid);

/* A UTCTime or GeneralizedTime as x509_decode_time() reads it: to the second, in UTC, each
 * in its own years. */
bool cert_time_parse(const struct ber *t, struct cert_time *ret);
