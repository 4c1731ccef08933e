/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives made up for tests (cpio, newc). */
#pragma once

#include <stdio.h>

#include "core/base/str.h"

static inline void cpiogen_pad(struct strbuf *out)
{
	while (out->len % 4)
		strbuf_addc(out, '\0');
}

static inline void cpiogen_add(struct strbuf *out, const char *name, unsigned mode,
			       const char *content)
{
	unsigned size = (unsigned)strlen(content);

	strbuf_addf(out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1U,
		    mode, 0U, 0U, 1U, 0U, size, 0U, 0U, 0U, 0U,
		    (unsigned)strlen(name) + 1, 0U);
	strbuf_add(out, name, strlen(name) + 1);
	cpiogen_pad(out);
	strbuf_add(out, content, size);
	cpiogen_pad(out);
}

static inline void cpiogen_end(struct strbuf *out)
{
	cpiogen_add(out, "TRAILER!!!", 0, "");
}
