/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/words.h"

#include <stdio.h>
#include <string.h>

#include "tui/prompt.h"

bool words_pass(const char *filter, const char *text)
{
	char word[PROMPT_MAX];

	for (const char *p = filter; *p;) {
		size_t len = strcspn(p, " ");
		bool inverse = *p == '!' && len > 1;

		if (len) {
			(void)snprintf(word, sizeof(word), "%.*s", (int)len - inverse,
				       p + inverse);
			if (!strstr(text, word) != inverse)
				return false;
		}
		p += len + (p[len] == ' ');
	}
	return true;
}
