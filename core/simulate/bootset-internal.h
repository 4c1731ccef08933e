/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources of a bootset share, nobody else's business. */
#pragma once

#include "core/base/str.h"
#include "core/simulate/bootset.h"
#include "core/host/pathset.h"

/* How a source met a file. */
struct bootset_met {
	enum bootset_source source;
	uint32_t uid;
	uint16_t ops;  /* 0: told by name and mode */
	uint16_t mode; /* as the source has it, for files that are not there; 0 */
	bool early;
	bool there; /* what is not there is no use */
	bool code;  /* what is only read is none */
};

/* @path as it was met, absolute or below the target. 1: it was taken; 0: it names no plain
 * file (counted as nameless, but for folders and devices); -ENOMEM. */
int bootset_met(struct bootset *b, struct span path, const struct bootset_met *how);

/* What makes sense for such a file. @mode 0: not known. */
uint16_t bootset_ops_of(const char *path, uint16_t mode);

const struct root *bootset_root(const struct bootset *b);
/* For the source to count in and to say why. */
struct bootset_said *bootset_saying(struct bootset *b, enum bootset_source source);

/* The sources: what fails is said there, -ENOMEM alone is returned. */
int bootset_from_list(struct bootset *b);
int bootset_from_audit(struct bootset *b);
int bootset_from_mapping(struct bootset *b);
int bootset_from_init(struct bootset *b);
int bootset_from_package(struct bootset *b);

/* A plain file of the target for reading, links followed within it. -errno. */
int bootset_open(const struct root *root, const char *path);
/* Small ones, whole (appended). -errno. */
int bootset_slurp(const struct root *root, const char *path, struct strbuf *out);
/* Adds "FOLDER/NAME" for each name in a folder of the target that fits @pattern (fnmatch(3)).
 * -ENOMEM; a folder that is not there has none. */
int bootset_list(const struct root *root, const char *folder, const char *pattern,
		 struct pathset *out);

/*
 * Programs and all that they need to run: their interpreters and libraries. What was added
 * once is not followed again.
 */
enum bootset_kind {
	BOOTSET_PROGRAM, /* somebody runs it */
	BOOTSET_LIBRARY,
	BOOTSET_LOADER, /* the kernel maps it beside the program */
};

struct bootset_needs {
	struct bootset *b;
	struct pathset files; /* by real path; those before .done were followed */
	struct pathset
		folders;      /* of libraries, in the order in which they are searched */
	struct pathset found; /* libraries that were found there: "KIND NAME" */
	struct pathset own;   /* names of those that were found elsewhere */
	size_t done;
	uint32_t steps; /* taken of BOOTSET_STEPS_MAX */
	bool early;	/* of what is added now */
};

/* Where files name folders and libraries without end, somebody wants to keep us busy: a
 * server looks up some 10,000. */
enum { BOOTSET_STEPS_MAX = 500000 };

/* Takes @n steps: a look-up is one. False: there are none left, which is said. */
bool bootset_needs_step(struct bootset_needs *n, size_t steps);
int bootset_needs_open(struct bootset_needs *n, struct bootset *b);
void bootset_needs_done(struct bootset_needs *n);
#define _cleanup_bootset_needs_ __attribute__((cleanup(bootset_needs_done)))

/* A file of the target by any of its names. 1: it is there; 0: it is not; -ENOMEM. */
int bootset_needs_add(struct bootset_needs *n, struct span path, enum bootset_kind kind);
/* A command by its name, from the folders of commands. As above. */
int bootset_needs_command(struct bootset_needs *n, struct span name);
/* Follows all that was added. -ENOMEM. */
int bootset_needs_follow(struct bootset_needs *n);
/* Adds and follows what systemd starts; .early is changed. -ENOMEM. */
int bootset_needs_units(struct bootset_needs *n);

/* A kernel module by name or file name, as bootset_add_modules() looks for it. -ENOMEM. */
int bootset_add_module_name(struct pathset *names, struct span name);
/* The files of modules and of those that they depend on; what is built in has none. */
int bootset_add_modules(struct bootset *b, const struct pathset *names,
			enum bootset_source source);
