/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives the console with the keys of a script and compares what it draws, at each size,
 * with the text beside the script:
 *
 *   golden-driver check|update NAME.keys
 *
 * NAME.WIDTHxHEIGHT.screen holds the screens. A script has one command a line:
 *   host DIR | file LIST [PCRS]   what is opened, below the source root; first
 *   rescue FACTS                  or the rescue console, with what imactl-recovery said
 *   tree                          or an empty root of its own, of which:
 *   put LABEL PATH                makes a file; \e in it is an escape. LABEL: none, right,
 *                                 wrong (hashes), signed (by nobody's key), cut, or the
 *                                 number of its owner
 *   ascii                         as on a terminal without Unicode
 *   size WxH                      instead of the three usual ones
 *   resize WxH                    while it runs
 *   key NAME...                   presses keys (as in help: F4 Enter ^D Space x)
 *   type TEXT                     types the rest of the line
 *   screen TITLE                  draws; a script may draw several times
 *   lines TITLE                   what line mode says instead (the rescue console)
 *   seconds N                     go by (the rescue console)
 * Without the right to set security.ima a script with a tree is skipped.
 * Files are named as from the source root.
 * After each key everything that can be done is done, so the result does not depend on
 * time; the clock stands still.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/imaxattr.h"
#include "core/base/sha256.h"
#include "tui/app.h"
#include "tui/rescue-internal.h"

enum { WALL = 1795491660 /* 2026-11-24 03:41 UTC */, MONO_MS = 1000000 };

struct script {
	const char *source; /* root of the sources */
	char tree[64];	    /* a root that is made for this; "" */
	struct root root;
	struct tui_config config;
	char file[600], pcrs[600];
	bool opened;
	struct app *app;
	struct rescue *rescue; /* instead */
	struct canvas canvas;  /* its own */
	struct strbuf out;
	int h, w;
};

static void fail(const char *what, const char *detail)
{
	fprintf(stderr, "golden-driver: %s: %s\n", what, detail);
	exit(1);
}

static void settle(struct script *s)
{
	app_clock(s->app, MONO_MS, WALL);
	for (int i = 0; i < 3 || model_busy(&s->app->model); i++) {
		while (app_step(s->app, 100000) > 0)
			;
		pool_drain(s->app->model.pool);
	}
	while (app_step(s->app, 100000) > 0)
		;
}

static void cover(struct script *s);

/* The rescue console, which is no part of the app. */

static void open_rescue(struct script *s, const char *file)
{
	_cleanup_strbuf_ struct strbuf said = {0};
	struct rescue_facts facts;
	struct diag d = {0};

	s->rescue = calloc(1, sizeof(*s->rescue));
	if (!s->rescue || fs_read_at(AT_FDCWD, file, 1 << 20, &said, &d) < 0 ||
	    rescue_parse(strbuf_span(&said), &facts, &d) < 0 ||
	    canvas_resize(&s->canvas, s->h, s->w) < 0)
		fail("rescue", d.text);
	rescue_set(s->rescue, &facts);
	s->rescue->left = facts.seconds;
	(void)snprintf(s->rescue->host, sizeof(s->rescue->host), "web07");
	(void)snprintf(s->rescue->line, sizeof(s->rescue->line), "ttyS0");
	s->opened = true;
}

static void say_choice(struct script *s, const struct rescue_choice *c)
{
	if (c)
		strbuf_addf(&s->out, "(chosen: %s)\n", c->word);
}

static void seconds(struct script *s, int n)
{
	while (s->rescue && n-- > 0)
		say_choice(s, rescue_second(s->rescue));
}

/* As rescue-run.c prints it. */
static void lines(struct script *s, const char *title)
{
	_cleanup_strbuf_ struct strbuf question = {0};
	struct doc d = {.n = 0};

	if (!s->rescue)
		fail("lines", "of the rescue console alone");
	strbuf_addf(&s->out, "=== %s\n", title);
	rescue_lines(s->rescue, &d);
	for (size_t i = 0; i < d.n; i++) {
		doc_line_text(&d, i, &s->out);
		strbuf_addc(&s->out, '\n');
	}
	doc_done(&d);
	rescue_question(s->rescue, &question);
	strbuf_addf(&s->out, "%s\n", strbuf_str(&question));
}

static void draw_rescue(struct script *s, const char *title)
{
	strbuf_addf(&s->out, "=== %s\n", title);
	rescue_draw(s->rescue, &s->canvas);
	canvas_dump(&s->canvas, &s->out);
}

static void end_rescue(struct script *s)
{
	if (s->rescue)
		rescue_done(s->rescue);
	free(s->rescue);
	canvas_done(&s->canvas);
}

static void start(struct script *s)
{
	struct diag d = {0};

	if (s->app || s->rescue)
		return;
	if (!s->opened)
		fail("script", "no host or file");
	s->config.root = &s->root;
	if (app_new(&s->config, NULL, &s->app, &d) < 0)
		fail("start", d.text);
	if (app_resize(s->app, s->h, s->w) < 0)
		fail("start", "no memory");
	settle(s);
	cover(s);
	app_draw(s->app);
}

static void open_host(struct script *s, const char *host)
{
	char path[600];
	struct diag d = {0};

	(void)snprintf(path, sizeof(path), "%s/%s", s->source, host);
	if (root_open_host(&s->root, path, &d) < 0)
		fail("open", d.text);
	s->opened = true;
}

/* A machine of its own, but for the kernel, which has no part in what is drawn. */
static void open_tree(struct script *s)
{
	struct diag d = {0};

	(void)snprintf(s->tree, sizeof(s->tree), "/tmp/imactl-golden.XXXXXX");
	if (!mkdtemp(s->tree) || root_open_live(&s->root, s->tree, &d) < 0)
		fail("tree", s->tree);
	s->opened = true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void remove_tree(struct script *s)
{
	if (*s->tree)
		(void)nftw(s->tree, remove_one, 64, FTW_DEPTH | FTW_PHYS);
}

static void label_value(const char *label, const char *path, struct strbuf *out)
{
	static const uint8_t id[] = {0xd3, 0x32, 0x04, 0x49}, sig[64] = {1};
	uint8_t digest[32];

	sha256_of(span_of(strcmp(label, "wrong") == 0 ? "before" : path), digest);
	if (strcmp(label, "right") == 0 || strcmp(label, "wrong") == 0)
		(void)imaxattr_put_digest(out, HASH_SHA256,
					  (struct span){digest, sizeof(digest)});
	else if (strcmp(label, "signed") == 0)
		(void)imaxattr_put_sig(out, IMAXATTR_SIG, 2, HASH_SHA256,
				       (struct span){id, sizeof(id)},
				       (struct span){sig, sizeof(sig)});
	else if (strcmp(label, "cut") == 0)
		strbuf_adds(out, "\x03\x02\x04");
}

/* "right usr/bin/ls"; its contents are its name. */
static void put(struct script *s, char *args)
{
	_cleanup_strbuf_ struct strbuf path = {0}, folder = {0}, value = {0};
	_cleanup_close_ int root = open(s->tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *name = strchr(args, ' '), *slash;
	_cleanup_close_ int fd = -1;

	if (!*s->tree || !name)
		fail("put", args);
	*name++ = '\0';
	for (; *name; name++)
		if (name[0] == '\\' && name[1] == 'e') {
			strbuf_addc(&path, '\x1b');
			name++;
		} else {
			strbuf_addc(&path, *name);
		}
	slash = strrchr(path.ptr, '/');
	strbuf_add(&folder, path.ptr, slash ? (size_t)(slash - path.ptr) : 0);
	if (folder.len)
		(void)fs_mkdirs_at(root, strbuf_str(&folder), 0755, NULL);
	fd = openat(root, strbuf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	label_value(args, strbuf_str(&path), &value);
	if (fd < 0 || fs_write_all(fd, path.ptr, path.len) < 0 ||
	    (value.len && fsetxattr(fd, "security.ima", value.ptr, value.len, 0) < 0) ||
	    (atoi(args) && fchown(fd, (uid_t)atoi(args), 0) < 0))
		fail("put", diag_errno(errno));
}

/* What the kernel of this machine would show. */
static void cover(struct script *s)
{
	struct model *m = &s->app->model;

	if (!*s->tree)
		return;
	(void)snprintf(m->host, sizeof(m->host), "web07");
	(void)snprintf(m->release, sizeof(m->release), "6.1.0-56-cloud-amd64");
	(void)snprintf(m->mode, sizeof(m->mode), "APPRAISE:LOG");
	m->privileged = true;
}

/* The facts must not be those of the machine the test runs on. */
static void open_file(struct script *s, char *args)
{
	char *pcrs = strchr(args, ' ');

	if (pcrs) {
		*pcrs++ = '\0';
		(void)snprintf(s->pcrs, sizeof(s->pcrs), "%s/%s", s->source, pcrs);
		s->config.pcrs = s->pcrs;
	}
	(void)snprintf(s->file, sizeof(s->file), "%s/%s", s->source, args);
	s->config.file = s->file;
	open_host(s, "tests/golden");
}

/* Positions depend on what was drawn before. */
static void press(struct script *s, int key)
{
	if (s->rescue) {
		rescue_draw(s->rescue,
			    &s->canvas); /* the pager scrolls by what it drew */
		say_choice(s, rescue_key(s->rescue, key));
		return;
	}
	app_key(s->app, key);
	app_draw(s->app);
	settle(s);
	app_draw(s->app);
}

static void keys(struct script *s, char *names)
{
	start(s);
	for (char *save = NULL, *name = strtok_r(names, " ", &save); name;
	     name = strtok_r(NULL, " ", &save)) {
		int key = keys_from_name(span_of(name));

		if (key == K_NONE)
			fail("no such key", name);
		press(s, key);
	}
}

static void type(struct script *s, const char *text)
{
	struct span rest = span_of(text);
	uint32_t cp;
	size_t n;

	start(s);
	for (; (n = str_utf8(rest, &cp)); rest.ptr += n, rest.len -= n)
		press(s, (int)cp);
}

static void resize(struct script *s, const char *args)
{
	int w, h;

	start(s);
	if (sscanf(args, "%dx%d", &w, &h) != 2 || app_resize(s->app, h, w) < 0)
		fail("resize", args);
	app_draw(s->app);
}

static void screen(struct script *s, const char *title)
{
	start(s);
	if (s->rescue) {
		draw_rescue(s, title);
		return;
	}
	strbuf_addf(&s->out, "=== %s\n", title);
	canvas_dump(&s->app->canvas, &s->out);
	if (s->app->quit)
		strbuf_adds(&s->out, "(has quit)\n");
}

static void command(struct script *s, char *line)
{
	char *args = line + strcspn(line, " ");

	if (*args)
		*args++ = '\0';
	if (!*line || *line == '#' || strcmp(line, "size") == 0)
		return;
	if (strcmp(line, "host") == 0)
		open_host(s, args);
	else if (strcmp(line, "file") == 0)
		open_file(s, args);
	else if (strcmp(line, "rescue") == 0)
		open_rescue(s, args);
	else if (strcmp(line, "lines") == 0)
		lines(s, args);
	else if (strcmp(line, "seconds") == 0)
		seconds(s, atoi(args));
	else if (strcmp(line, "tree") == 0)
		open_tree(s);
	else if (strcmp(line, "put") == 0)
		put(s, args);
	else if (strcmp(line, "ascii") == 0)
		s->config.ascii = true;
	else if (strcmp(line, "key") == 0)
		keys(s, args);
	else if (strcmp(line, "type") == 0)
		type(s, args);
	else if (strcmp(line, "resize") == 0)
		resize(s, args);
	else if (strcmp(line, "screen") == 0)
		screen(s, args);
	else
		fail("no such command", line);
}

/* The whole script at one size; what it drew. The caller frees. */
static char *run(const char *source, const char *script, int w, int h)
{
	struct script s = {.source = source, .h = h, .w = w};
	_cleanup_free_ char *copy = strdup(script);

	for (char *save = NULL, *line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		command(&s, line);
	end_rescue(&s);
	app_free(s.app);
	root_done(&s.root);
	remove_tree(&s);
	return strbuf_take(&s.out);
}

static char *read_text(const char *path)
{
	struct strbuf b = {0};

	if (fs_read_at(AT_FDCWD, path, 16 << 20, &b, NULL) < 0) {
		strbuf_done(&b);
		return NULL;
	}
	return strbuf_take(&b);
}

static void show_difference(const char *want, const char *have)
{
	for (int line = 1; *want || *have; line++) {
		size_t a = strcspn(want, "\n"), b = strcspn(have, "\n");

		if (a != b || memcmp(want, have, a) != 0)
			printf("line %d\n  expected: %.*s\n  drawn:    %.*s\n", line,
			       (int)a, want, (int)b, have);
		want += a + (want[a] != '\0');
		have += b + (have[b] != '\0');
	}
}

/* 0 when it is as it should be. */
static int one_size(const char *source, const char *keys_path, const char *script, int w,
		    int h, bool update)
{
	_cleanup_free_ char *drawn = run(source, script, w, h), *want = NULL;
	struct diag d = {0};
	char path[600];

	(void)snprintf(path, sizeof(path), "%.*s.%dx%d.screen",
		       (int)(strlen(keys_path) - strlen(".keys")), keys_path, w, h);
	want = read_text(path);
	if (want && strcmp(want, drawn) == 0)
		return 0;
	if (update) {
		if (fs_replace_at(AT_FDCWD, path, drawn, strlen(drawn), 0644, &d) < 0)
			fail("update", d.text);
		printf("%s: %s\n", path, want ? "changed" : "new");
		return 0;
	}
	printf("%s: %s\n", path, want ? "drawn otherwise" : "missing");
	show_difference(want ? want : "", drawn);
	return 1;
}

static bool can_label(void)
{
	char path[] = "/tmp/imactl-golden.XXXXXX";
	_cleanup_close_ int fd = mkstemp(path);

	(void)unlink(path);
	return fd >= 0 && fsetxattr(fd, "security.ima", "\x04\x04", 2, 0) == 0;
}

int main(int argc, char **argv)
{
	static const int sizes[][2] = {{80, 24}, {60, 16}, {132, 43}};
	const char *source = getenv("IMACTL_SOURCE"), *only;
	_cleanup_free_ char *script = NULL;
	int w, h, bad = 0;
	bool update;

	if (argc != 3 || !source)
		fail("usage", "IMACTL_SOURCE=ROOT golden-driver check|update NAME.keys");
	if (!setlocale(LC_ALL, "C.UTF-8"))
		fail("locale", "C.UTF-8 is missing");
	(void)setenv("TZ", "UTC", 1);
	(void)unsetenv("NO_COLOR");
	update = strcmp(argv[1], "update") == 0;
	if (chdir(source) < 0)
		fail("no such folder", source);
	script = read_text(argv[2]);
	if (!script)
		fail("cannot read", argv[2]);
	if (strstr(script, "tree\n") && !can_label()) {
		printf("skipped: only root sets security.ima, and not everywhere\n");
		return 77;
	}
	only = strstr(script, "size ");
	if (only && sscanf(only, "size %dx%d", &w, &h) == 2)
		return one_size(source, argv[2], script, w, h, update);
	for (size_t i = 0; i < array_size(sizes); i++)
		bad |= one_size(source, argv[2], script, sizes[i][0], sizes[i][1],
				update);
	return bad;
}
