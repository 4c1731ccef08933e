/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands over many files share: the paths of the command line, trees with -r, each
 * failure said and counted while the others are still done, one JSON object each.
 */
#pragma once

#include "core/base/json.h"
#include "core/host/hashalg.h"
#include "core/appraise/label.h"
#include "tui/cli/cmd.h"

/* All of it is the callback's to use; .bad is set by it when the answer is not the one
 * hoped for (exit status 1). */
struct files {
	struct cli *cli;
	const char *schema; /* of its JSON */
	enum label_space space;
	struct label label;
	struct hash_set hash;
	bool bad;
	bool tree;     /* -r */
	bool detached; /* FILE.sig is FILE's in a tree, no file of its own */
	bool once; /* a file that has several names, or is named twice, is done once */
	struct files_seen *seen;
	size_t done, failed; /* files */
	struct diag failure; /* the last one */
};

/* Options: --xattr counts where the command has it; @tree: -r was given. */
struct files files_for(struct cli *cli, const char *schema, bool tree);
void files_done(struct files *f);
#define _cleanup_files_ __attribute__((cleanup(files_done)))

/* Calls @one for each file: @fd names it (O_PATH), @path is how it was given. Returns the
 * exit status. */
int files_each(struct files *f,
	       int (*one)(void *user, int fd, const char *path, struct diag *reterr),
	       void *user);

/* Where the paths of the command line lie, for label_open(). */
int files_place(const struct files *f);

/* Says that a file failed, and counts it. */
void files_failed(struct files *f, const char *path, const struct diag *d);

/* --hash; *ret is untouched where it was not given. IMA-U003. */
int files_hash_option(const struct cli *cli, enum hash_alg *ret, struct diag *reterr);

/* The object of one file, begun with its schema and path; files_json_end() ends it. */
struct json files_json(struct files *f, const char *path);
void files_json_end(struct files *f, struct json *o);

#define FILES_OPT_XATTR                                                                  \
	{                                                                                \
		"xattr", 0, OPT_CHOICE, "security|user",                                 \
			"The namespace of the attributes: security.ima or user.ima"      \
	}
#define FILES_OPT_TREE                                                                   \
	{                                                                                \
		"recursive", 'r', OPT_FLAG, NULL,                                        \
			"All plain files below folders, on their file system"            \
	}
