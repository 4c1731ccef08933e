/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Few names that stand for many files: what a person would type to have all of them done.
 * The files themselves where they are few, else the deepest folders that hold them all,
 * never the root folder.
 */
#pragma once

#include <stddef.h>

#include "core/base/str.h"

/* Names aimed at; there are more only where files lie in more folders of the root. */
enum { COVER_NAMES = 4 };

/* @paths: below the target root, canonical, in the order of strcmp(), none empty; those that
 * stand there twice count once. Appends each name with its NUL; returns how many there are.
 */
size_t cover_paths(const char *const *paths, size_t n, struct strbuf *out);
