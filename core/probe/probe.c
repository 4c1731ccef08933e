/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/probe/probe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/host/dmesg.h"
#include "core/probe/probe-internal.h"

static const struct {
	const char *key, *words, *option;
	enum probe_group group;
} facts[_PROBE_MAX] = {
#define PROBE_STATE_ROW	 PROBE_STATE
#define PROBE_LIST_ROW	 PROBE_LIST_GROUP
#define PROBE_TPM_ROW	 PROBE_TPM_GROUP
#define PROBE_KERNEL_ROW PROBE_KERNEL_GROUP
#define PROBE_FACT(id, key, words, group, option)                                        \
	[PROBE_##id] = {key, words, option, PROBE_##group##_ROW},
#include "core/probe/probe-facts.inc"
#undef PROBE_FACT
};

const char *probe_key(enum probe_id id)
{
	return facts[id].key;
}

const char *probe_words(enum probe_id id)
{
	return facts[id].words;
}

enum probe_group probe_group_of(enum probe_id id)
{
	return facts[id].group;
}

const char *probe_option(enum probe_id id)
{
	return facts[id].option;
}

const char *probe_answer_name(enum probe_answer a)
{
	return a == PROBE_YES ? "yes" : a == PROBE_NO ? "no" : "unknown";
}

void probe_set(struct look *l, enum probe_id id, enum probe_answer answer,
	       const char *value, const char *fmt, ...)
{
	struct probe_fact *f = &l->p->fact[id];
	va_list ap;

	f->answer = answer;
	(void)snprintf(f->value, sizeof(f->value), "%s", value);
	va_start(ap, fmt);
	(void)vsnprintf(f->evidence, sizeof(f->evidence), fmt, ap);
	va_end(ap);
}

void probe_set_foreign(struct look *l, enum probe_id id, struct span value,
		       const char *evidence)
{
	char q[sizeof(l->p->fact[0].value)];

	while (value.len &&
	       (value.ptr[value.len - 1] == '\n' || !value.ptr[value.len - 1]))
		value.len--;
	probe_set(l, id, PROBE_YES, str_quote(q, sizeof(q), value), "%s", evidence);
}

void probe_set_missing(struct look *l, enum probe_id id, enum root_file file, int err)
{
	char path[160];

	(void)root_live_path(file, path, sizeof(path));
	if (err == -EACCES || err == -EPERM)
		l->p->denied = true;
	if (l->p->recorded && (err == -ENOENT || err == -ENODATA))
		probe_set(l, id, PROBE_UNKNOWN, "", "not recorded (%s)",
			  root_recorded_name(file));
	else
		probe_set(l, id, PROBE_UNKNOWN, "", "%s: %s", path, diag_errno(err));
}

void probe_set_file(struct look *l, enum probe_id id, enum probe_answer answer,
		    const char *value, enum root_file file)
{
	char path[160];

	(void)root_live_path(file, path, sizeof(path));
	probe_set(l, id, answer, value, "%s%s", path,
		  answer == PROBE_NO ? " is not there" : "");
}

bool probe_is_denied(int r)
{
	return r == -EACCES || r == -EPERM;
}

struct span probe_text(const struct strbuf *b)
{
	return (struct span){(const uint8_t *)strbuf_str(b), b->len};
}

struct span probe_line(const struct strbuf *b)
{
	struct span s = probe_text(b);
	const uint8_t *end = s.len ? memchr(s.ptr, '\n', s.len) : NULL;

	return end ? (struct span){s.ptr, (size_t)(end - s.ptr)} : s;
}

/* What a recorded host says of a file: its permission bits, -ENOENT: it was not there,
 * -ENODATA: that was not recorded. */
int probe_recorded_mode(const struct look *l, const char *want)
{
	struct bytes in = bytes_of(strbuf_str(&l->modes), l->modes.len);
	struct span name, mode;
	int bits = 0;

	if (l->has_modes < 0)
		return -ENODATA;
	while (bytes_until(&in, ' ', &name) && bytes_until(&in, '\n', &mode)) {
		if (!span_is(name, want))
			continue;
		if (span_is(mode, "-"))
			return -EACCES;
		for (size_t i = 0; i < mode.len && i < 5; i++)
			bits = bits << 3 | (mode.ptr[i] & 7);
		return bits;
	}
	return -ENOENT;
}

int probe_mode(const struct look *l, enum root_file file)
{
	struct stat st;
	int r;

	if (l->p->recorded)
		return probe_recorded_mode(l, root_recorded_name(file));
	r = root_stat(l->root, file, &st);
	return r < 0 ? r : (int)(st.st_mode & 07777);
}

bool probe_absent(const struct look *l, enum root_file file, int r)
{
	return r == -ENOENT && probe_mode(l, file) == -ENOENT;
}

bool probe_dmesg_says(const struct look *l, const char *text)
{
	struct span line;

	return l->has_dmesg == 0 && dmesg_find(&l->dmesg, text, &line);
}

enum kconfig_value probe_config(const struct look *l, const char *name)
{
	return l->has_config == 0 ? kconfig_get(&l->config, name) : KCONFIG_NO;
}

bool probe_config_off(const struct look *l, const char *name)
{
	return l->has_config == 0 && kconfig_get(&l->config, name) == KCONFIG_NO;
}

static void gather(struct look *l)
{
	l->p->recorded = root_is_recorded(l->root);
	l->has_cmdline = root_read(l->root, ROOT_CMDLINE, &l->cmdline, NULL);
	l->has_modes = root_read(l->root, ROOT_MODES, &l->modes, NULL);
	l->has_dmesg = dmesg_read(l->root, &l->dmesg, NULL);
	l->has_config = kconfig_load(l->root, &l->config, NULL);
}

static void copy_line(const struct root *root, enum root_file file, char *buf,
		      size_t size)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (root_read(root, file, &b, NULL) == 0)
		(void)str_quote(buf, size, probe_line(&b));
}

static void identity(struct look *l)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct bytes in;
	struct span line;

	copy_line(l->root, ROOT_HOSTNAME, l->p->host, sizeof(l->p->host));
	copy_line(l->root, ROOT_OSRELEASE, l->p->release, sizeof(l->p->release));
	if (root_read(l->root, ROOT_OS_RELEASE, &b, NULL) < 0)
		return;
	in = bytes_of(strbuf_str(&b), b.len);
	while (bytes_until(&in, '\n', &line)) {
		struct bytes pair = bytes_of(line.ptr, line.len);
		struct span key, value;

		if (!bytes_until(&pair, '=', &key) || !span_is(key, "PRETTY_NAME") ||
		    !bytes_take(&pair, bytes_left(&pair), &value))
			continue;
		if (value.len >= 2 && value.ptr[0] == '"')
			value = (struct span){value.ptr + 1, value.len - 2};
		(void)str_quote(l->p->os, sizeof(l->p->os), value);
	}
}

static void kernel_options(struct look *l)
{
	static const struct {
		enum kconfig_value v;
		enum probe_answer a;
		const char *text;
	} shown[] = {
		{KCONFIG_NO, PROBE_NO, "not set"},
		{KCONFIG_MODULE, PROBE_NO, "module"},
		{KCONFIG_YES, PROBE_YES, "y"},
	};
	const char *nowhere = l->p->recorded
				      ? "not recorded (config)"
				      : "not in /proc/config.gz, /boot or /lib/modules";
	char why[120];

	if (l->has_config == 0)
		probe_set(l, PROBE_CONFIG, PROBE_YES, "", "%s", l->config.source);
	else
		probe_set(l, PROBE_CONFIG, PROBE_NO, "", "%s", nowhere);
	(void)snprintf(why, sizeof(why), "%s",
		       l->p->recorded ? nowhere
				      : "the kernel's configuration is not to be found");
	for (int i = 0; i < _PROBE_MAX; i++) {
		enum kconfig_value v =
			facts[i].option ? probe_config(l, facts[i].option) : 0;

		if (!facts[i].option)
			continue;
		if (l->has_config < 0)
			probe_set(l, (enum probe_id)i, PROBE_UNKNOWN, "", "%s", why);
		else
			probe_set(l, (enum probe_id)i, shown[v].a, "", "CONFIG_%s: %s",
				  facts[i].option, shown[v].text);
	}
}

int probe_run(const struct root *root, struct span head, struct probe **ret,
	      struct diag *reterr)
{
	_cleanup_(probe_freep) struct probe *p = calloc(1, sizeof(*p));
	struct look l = {.root = root, .p = p, .head = head};

	if (!p)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	gather(&l);
	identity(&l);
	kernel_options(&l);
	probe_state(&l);
	probe_list(&l);
	strbuf_done(&l.cmdline);
	strbuf_done(&l.dmesg);
	strbuf_done(&l.modes);
	kconfig_done(&l.config);
	*ret = take_ptr(p);
	return 0;
}

struct probe *probe_free(struct probe *p)
{
	free(p);
	return NULL;
}
