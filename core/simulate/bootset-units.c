/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What systemd starts: units, by the folders and words of systemd.unit(5) that pull other
 * units in, and the programs of their Exec lines, with what is preloaded. Specifiers (%i) in a program's path and
 * settings that are undone again are not followed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fspath.h"
#include "core/simulate/bootset-internal.h"

enum { UNITS_MAX = 20000, STEP = 64 /* bytes of a unit that are as much as a look-up */ };

/* The first one that has a unit counts. systemd.unit(5), "Unit File Load Path" */
static const char *const folders[] = {
	"etc/systemd/system",	  "run/systemd/system", "usr/local/lib/systemd/system",
	"usr/lib/systemd/system", "lib/systemd/system",
};

/* Without these no file system is mounted, nobody logs in. */
static const char *const early_units[] = {
	"sysinit.target",
	"emergency.target",
	"rescue.target",
	"getty.target",
	"getty@.service",
	"serial-getty@.service",
	"console-getty.service",
	"ssh.service",
	"ssh.socket",
	"sshd.service",
	"sshd.socket",
	"sshd@.service",
	"dbus.service",
	"dbus-broker.service",
	"systemd-logind.service",
	"systemd-user-sessions.service",
	"user@.service",
};

static const char *const late_units[] = {"default.target", "basic.target"};

static const char *const pulling[] = {
	"Requires", "Wants",   "BindsTo", "Requisite",
	"Upholds",  "Sockets", "Service", "Unit",
};

static const char *const starting[] = {
	"ExecCondition", "ExecStartPre", "ExecStart",	 "ExecStartPost",
	"ExecReload",	 "ExecStop",	 "ExecStopPost",
};

struct units {
	struct bootset_needs *needs;
	struct pathset names; /* those before .done were looked at */
	size_t done;
};

static const struct root *root_of(const struct units *u)
{
	return bootset_root(u->needs->b);
}

static int add_unit(struct units *u, struct span name)
{
	if (!name.len || u->names.n >= UNITS_MAX || memchr(name.ptr, '%', name.len))
		return 0;
	return pathset_add(&u->names, name) == -ENOMEM ? -ENOMEM : 0;
}

static int add_unit_of(struct units *u, const char *path)
{
	const char *slash = strrchr(path, '/');

	return add_unit(u, span_of(slash ? slash + 1 : path));
}

static bool is_in(const char *const *words, size_t n, struct span w)
{
	for (size_t i = 0; i < n; i++)
		if (span_is(w, words[i]))
			return true;
	return false;
}

/* "-@/usr/sbin/sshd sshd -D": systemd.service(5), special executable prefixes. */
static int add_program(struct units *u, struct span value)
{
	struct bytes b = bytes_of(value.ptr, value.len);
	struct span w;
	int r;

	if (!bytes_word(&b, " \t@-:+!|\"'", &w) || memchr(w.ptr, '%', w.len))
		return 0;
	/* a '-' within a path is none of the prefixes */
	b = bytes_of(w.ptr, (size_t)(value.ptr + value.len - w.ptr));
	if (!bytes_word(&b, " \t\"'", &w))
		return 0;
	r = w.ptr[0] == '/' ? bootset_needs_add(u->needs, w, BOOTSET_PROGRAM)
			    : bootset_needs_command(u->needs, w);
	return r < 0 ? r : 0;
}

/* "LANG=C 'LD_PRELOAD=/opt/a.so /opt/b.so'": ld.so(8) takes blanks and colons. */
static int add_environment(struct units *u, struct span value)
{
	static const char preload[] = "LD_PRELOAD=";
	const uint8_t *at = memmem(value.ptr, value.len, preload, strlen(preload));
	struct span w;
	struct bytes b;
	int r = 0;

	if (!at)
		return 0;
	at += strlen(preload);
	b = bytes_of(at, (size_t)(value.ptr + value.len - at));
	while (r >= 0 && bytes_word(&b, " \t:\"'", &w) && w.ptr[0] == '/')
		r = bootset_needs_add(u->needs, w, BOOTSET_LIBRARY);
	return r < 0 ? r : 0;
}

static int add_setting(struct units *u, struct span key, struct span value)
{
	struct bytes b = bytes_of(value.ptr, value.len);
	struct span w;
	int r = 0;

	if (is_in(starting, array_size(starting), key))
		return add_program(u, value);
	if (span_is(key, "Environment"))
		return add_environment(u, value);
	if (!is_in(pulling, array_size(pulling), key))
		return 0;
	while (r >= 0 && bytes_word(&b, " \t", &w))
		r = add_unit(u, w);
	return r;
}

static int add_line(struct units *u, struct span line)
{
	struct bytes b = bytes_of(line.ptr, line.len);
	struct span whole, key, word;

	if (!bytes_until(&b, '=', &whole))
		return 0; /* "[Unit]" */
	word = (struct span){b.ptr + b.pos, bytes_left(&b)};
	b = bytes_of(whole.ptr, whole.len);
	if (!bytes_word(&b, " \t", &key) || key.ptr[0] == '#' || key.ptr[0] == ';')
		return 0;
	return add_setting(u, key, word);
}

/* A file that PID 1 reads. 1: it is there. */
static int add_file(struct units *u, const char *path)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct bootset_met how = {.source = BOOTSET_FROM_INIT,
				  .ops = 1 << BOOTSET_READ,
				  .early = u->needs->early,
				  .there = true};
	int r = bootset_slurp(root_of(u), path, &text);
	struct span line;
	struct bytes b;

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (!bootset_needs_step(u->needs, 1 + text.len / STEP))
		return 0;
	strbuf_addc(&text, '\n');
	if (text.failed || bootset_met(u->needs->b, span_of(path), &how) == -ENOMEM)
		return -ENOMEM;
	for (char *at = text.ptr; (at = strstr(at, "\\\n"));)
		at[0] = at[1] = ' '; /* goes on in the next line */
	b = bytes_of(text.ptr, text.len);
	while (r >= 0 && bytes_until(&b, '\n', &line))
		r = add_line(u, line);
	return r < 0 ? r : 1;
}

/* An alias: what it leads to is pulled in by its own name. -ENOENT: it is masked, a link to
 * the null device. */
static int add_alias(struct units *u, const char *path)
{
	_cleanup_close_ int link =
		root_openat(root_of(u), ROOT_TARGET, path, O_PATH, NULL);
	_cleanup_free_ char *to = malloc(PATH_MAX);
	const char *leaf;
	ssize_t n;

	if (!to)
		return -ENOMEM;
	n = link < 0 ? 0 : readlinkat(link, "", to, PATH_MAX - 1);
	if (n <= 0)
		return 0;
	to[n] = '\0';
	leaf = strrchr(to, '/');
	return leaf && strcmp(leaf, "/null") == 0 ? -ENOENT : add_unit_of(u, to);
}

/* The units of "NAME.wants", the settings of "NAME.d". */
static int add_beside(struct units *u, const char *folder, const char *name)
{
	static const struct {
		const char *suffix, *pattern;
	} beside[] = {{"wants", "*"},
		      {"requires", "*"},
		      {"upholds", "*"},
		      {"d", "*.conf"}};
	_cleanup_pathset_ struct pathset found = {0};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < array_size(beside); i++) {
		_cleanup_strbuf_ struct strbuf path = {0};
		bool units = beside[i].pattern[1] == '\0';

		pathset_done(&found);
		pathset_init(&found);
		strbuf_addf(&path, "%s/%s.%s", folder, name, beside[i].suffix);
		r = path.failed ? -ENOMEM
				: bootset_list(root_of(u), path.ptr, beside[i].pattern,
					       &found);
		for (size_t f = 0; r >= 0 && f < found.n; f++)
			r = units ? add_unit_of(u, pathset_at(&found, f))
				  : add_file(u, pathset_at(&found, f));
	}
	return r;
}

/* By one name. */
static int look_at(struct units *u, const char *name)
{
	bool found = false;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < array_size(folders); i++) {
		_cleanup_strbuf_ struct strbuf path = {0};

		strbuf_addf(&path, "%s/%s", folders[i], name);
		if (path.failed)
			return -ENOMEM;
		if (!found) {
			r = add_alias(u, path.ptr);
			if (r == -ENOENT)
				return 0;
			if (r >= 0)
				r = add_file(u, path.ptr);
			found = r > 0;
		}
		if (r >= 0)
			r = add_beside(u, folders[i], name);
	}
	return r < 0 ? r : 0;
}

/* "getty@tty1.service" is made from "getty@.service"; a socket starts its service. */
static int add_relatives(struct units *u, const char *name)
{
	const char *at = strchr(name, '@'), *dot = strrchr(name, '.');
	_cleanup_strbuf_ struct strbuf other = {0};
	int r = 0;

	if (at && dot && at < dot) {
		strbuf_add(&other, name, (size_t)(at + 1 - name));
		strbuf_adds(&other, dot);
		r = add_unit(u, strbuf_span(&other));
	}
	if (r < 0 || !dot || strcmp(dot, ".service") == 0 || strcmp(dot, ".target") == 0)
		return other.failed ? -ENOMEM : r;
	for (int instance = 0; r >= 0 && instance < 2; instance++) {
		strbuf_clear(&other);
		strbuf_add(&other, name, (size_t)(dot - name));
		strbuf_adds(&other, instance ? "@.service" : ".service");
		r = add_unit(u, strbuf_span(&other));
	}
	return other.failed ? -ENOMEM : r;
}

static int follow(struct units *u, const char *const *names, size_t n)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++)
		r = add_unit(u, span_of(names[i]));
	while (r >= 0 && u->done < u->names.n) {
		_cleanup_free_ char *name = strdup(pathset_at(&u->names, u->done++));

		r = name ? look_at(u, name) : -ENOMEM;
		if (r >= 0)
			r = add_relatives(u, name);
	}
	return r < 0 ? r : bootset_needs_follow(u->needs);
}

/* Programs that make units of fstab and the like, at each boot. */
static int add_generators(struct units *u)
{
	_cleanup_pathset_ struct pathset found = {0};
	int r;

	pathset_init(&found);
	r = bootset_list(root_of(u), "usr/lib/systemd/system-generators", "*", &found);
	if (r >= 0)
		r = bootset_list(root_of(u), "etc/systemd/system-generators", "*",
				 &found);
	for (size_t i = 0; r >= 0 && i < found.n; i++)
		r = bootset_needs_add(u->needs, span_of(pathset_at(&found, i)),
				      BOOTSET_PROGRAM);
	return r;
}

int bootset_needs_units(struct bootset_needs *n)
{
	struct units u = {.needs = n};
	int r;

	pathset_init(&u.names);
	n->early = true;
	r = add_generators(&u);
	if (r >= 0)
		r = follow(&u, early_units, array_size(early_units));
	n->early = false;
	if (r >= 0)
		r = follow(&u, late_units, array_size(late_units));
	pathset_done(&u.names);
	return r;
}
