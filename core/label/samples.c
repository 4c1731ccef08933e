/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/samples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

int samples_keep(char **at, size_t max, const char *path)
{
	size_t i = 0;
	char *copy;

	while (i < max && at[i] && strcmp(at[i], path) <= 0)
		i++;
	if (i == max)
		return 0;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	free(at[max - 1]);
	memmove(&at[i + 1], &at[i], (max - 1 - i) * sizeof(at[0]));
	at[i] = copy;
	return 0;
}

void samples_done(char **at, size_t max)
{
	for (size_t i = 0; i < max; i++) {
		free(at[i]);
		at[i] = NULL;
	}
}

void samples_json(struct json *j, char *const *at, size_t max)
{
	json_key(j, "samples");
	json_open(j, '[');
	for (size_t i = 0; i < max && at[i]; i++) {
		_cleanup_strbuf_ struct strbuf path = {0};

		strbuf_addf(&path, "/%s", at[i]);
		json_open(j, '{');
		json_kbytes(j, "path", strbuf_span(&path));
		json_close(j, '}');
	}
	json_close(j, ']');
}
