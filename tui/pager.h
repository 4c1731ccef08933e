/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A document to read: scrolled, searched. Help and the full detail are shown in one. */
#pragma once

#include "tui/doc.h"
#include "tui/keys.h"

struct pager {
	char title[80];
	struct doc doc; /* owned */
	size_t top;
	int h, w; /* of the last drawing */
	char find[128];
};

void pager_done(struct pager *p);
bool pager_request(struct pager *p, enum request r);

/* Brings the next line that holds @p->find into view; false: there is none. */
bool pager_search(struct pager *p, bool forward);

void pager_draw(struct pager *p, struct canvas *c, struct rect r);

/* "lines 12-30 of 64", and whether long lines are cut. */
void pager_status(const struct pager *p, struct strbuf *out);
