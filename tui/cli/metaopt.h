/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metadata of files that are given on the command line instead of read: for images. */
#pragma once

#include "core/appraise/evmfile.h"
#include "core/appraise/filecaps.h"
#include "tui/cli/cmd.h"

#define METAOPT                                                                          \
	{"uid", 0, OPT_NUMBER, "N", "The owner, instead of the file's"},                 \
		{"gid", 0, OPT_NUMBER, "N", "The group, instead of the file's"},         \
		{"mode", 0, OPT_STRING, "OCTAL",                                         \
		 "The permissions, instead of the file's"},                              \
		{"selinux", 0, OPT_STRING, "LABEL",                                      \
		 "The SELinux label, instead of the file's; \"\": none"},                \
	{                                                                                \
		"caps", 0, OPT_STRING, "CAPS",                                           \
			"The capabilities, as for setcap or 0x...; \"\": none"           \
	}
/* What only signatures of one inode cover. */
#define METAOPT_INODE                                                                    \
	{"ino", 0, OPT_NUMBER, "N", "The inode's number, instead of the file's"},        \
		{"generation", 0, OPT_NUMBER, "N", "Its generation"},                    \
	{                                                                                \
		"uuid", 0, OPT_STRING, "UUID",                                           \
			"The file system's UUID; \"\": the kernel takes none"            \
	}

/* What the values lie in. All zero before. */
struct metaopt {
	struct evmfile_given given;
	struct strbuf selinux, caps, ima;
};

/* Of METAOPT and METAOPT_INODE. IMA-U003. */
int metaopt_read(const struct cli *cli, struct metaopt *ret, struct diag *reterr);
void metaopt_done(struct metaopt *m);
#define _cleanup_metaopt_ __attribute__((cleanup(metaopt_done)))

/* "0x0404..." or digits alone, appended. IMA-U003. */
int metaopt_hex(const char *text, struct strbuf *ret, struct diag *reterr);
