/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCR extends with the processor's own SHA instructions and nothing else: what no
 * verifier that replays a list on one thread can beat, because each extend needs the one
 * before.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool shani_available(void);

/* pcr = H(pcr || digests[i]) for all @count digests, one behind the other. */
void shani_extend_sha1(uint8_t pcr[20], const uint8_t *digests, size_t count);
void shani_extend_sha256(uint8_t pcr[32], const uint8_t *digests, size_t count);
