/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions before something is changed, by danger: L1 can be taken back (the choice
 * stands on Cancel), L2 affects the boot or many files (the host's name is typed), L3
 * cannot be undone (a phrase is typed). No single key ever says yes to L2 or L3.
 */
#pragma once

#include "tui/doc.h"
#include "tui/prompt.h"

enum confirm_level { CONFIRM_L1 = 1, CONFIRM_L2, CONFIRM_L3 };
enum confirm_event { CONFIRM_MORE, CONFIRM_YES, CONFIRM_NO };

struct confirm {
	enum confirm_level level;
	char title[64];
	char action[24];  /* the button: "Overwrite", "Arm" */
	char phrase[128]; /* what must be typed; L2: the host's name */
	struct doc doc;	  /* what will happen; owned */
	struct prompt prompt;
	bool on_yes; /* the choice stands on the action */
	size_t top; /* row of the text that is shown first, where it is longer than the box */
	size_t hidden; /* rows below, of the last drawing */
};

void confirm_start(struct confirm *q, enum confirm_level level, const char *title,
		   const char *action, const char *phrase);
void confirm_done(struct confirm *q);
enum confirm_event confirm_key(struct confirm *q, int key);
void confirm_draw(struct confirm *q, struct canvas *c);
