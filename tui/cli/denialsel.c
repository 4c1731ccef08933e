/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/denialsel.h"

#include <errno.h>
#include <string.h>
#include <time.h>

int denialsel_age(const char *text, uint64_t *ret_s)
{
	static const struct {
		char unit;
		uint64_t s;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t n = strlen(text);
	uint64_t number;

	if (n < 2 || n > 9 ||
	    str_to_u64((struct span){(const uint8_t *)text, n - 1}, &number) < 0)
		return -EINVAL;
	for (size_t i = 0; i < array_size(units); i++)
		if (text[n - 1] == units[i].unit) {
			*ret_s = number * units[i].s;
			return 0;
		}
	return -EINVAL;
}

static int bad_value(const char *option, const char *value, const char *takes,
		     struct diag *reterr)
{
	char q[80];

	return diag_set(reterr, DIAG_VALUE, EINVAL, "--%s takes %s, not '%s'.", option,
			takes, str_quote(q, sizeof(q), span_of(value)));
}

static int read_kinds(struct denialsel *s, struct diag *reterr)
{
	const char *word;

	for (size_t i = 0; (word = opt_nth(s->opts, "kind", i)); i++) {
		enum denial_kind kind = denial_kind_from_name(span_of(word));

		if (kind < 0)
			return bad_value("kind", word,
					 "access, label, violation, policy, key or "
					 "measurement",
					 reterr);
		s->kinds |= 1u << kind;
	}
	return 0;
}

static int read_since(struct denialsel *s, struct diag *reterr)
{
	const char *age = opt_str(s->opts, "since", NULL);
	uint64_t back;

	if (!age)
		return 0;
	if (denialsel_age(age, &back) < 0)
		return bad_value("since", age, "an age like 30s, 10m, 2h or 1d", reterr);
	s->since_ms = s->now_s > back ? (s->now_s - back) * 1000 : 1;
	return 0;
}

/* Fields of the filter language that mean something here. */
static bool fits(enum filter_field field)
{
	return field == FILTER_PATH || field == FILTER_DIR || field == FILTER_NAME ||
	       field == FILTER_PKG;
}

static int read_filter(struct denialsel *s, const char *text, struct diag *reterr)
{
	int r = text ? filter_new(text, &s->filter, reterr) : 0;

	for (int f = 0; r >= 0 && text && f < FILTER_WORD; f++)
		if (filter_uses(s->filter, (enum filter_field)f) &&
		    !fits((enum filter_field)f))
			r = diag_set(reterr, DIAG_FILTER, EINVAL,
				     "Denials have no '%s': path, dir, name and pkg are "
				     "what they can be filtered by.",
				     filter_field_name((enum filter_field)f));
	return r;
}

/* A file may come from another machine: what is muted here says nothing of it, unless its
 * root is named. */
static bool mutes_apply(const struct cli *cli)
{
	return cli->root_dir || !opt_find(cli->cmd->options, "file", 4) ||
	       !opt_str(cli->opts, "file", NULL);
}

int denialsel_open_filter(struct denialsel *s, const struct cli *cli, const char *filter,
			  struct diag *reterr)
{
	int r;

	*s = (struct denialsel){.denied = -1, .now_s = (uint64_t)time(NULL)};
	r = read_filter(s, filter, reterr);
	return r < 0 || !mutes_apply(cli) ? r : mute_load(&cli->root, &s->mutes, reterr);
}

static int read_options(struct denialsel *s, struct diag *reterr)
{
	const char *denied = opt_str(s->opts, "denied", NULL);
	int r;

	s->all = opt_flag(s->opts, "all");
	for (int i = 0; denied && i < _DENIAL_DENIED_MAX; i++)
		if (strcmp(denied, denial_denied_name((enum denial_denied)i)) == 0)
			s->denied = i;
	r = read_kinds(s, reterr);
	return r < 0 ? r : read_since(s, reterr);
}

int denialsel_open(struct denialsel *s, const struct cli *cli, const char *filter,
		   struct diag *reterr)
{
	int r = denialsel_open_filter(s, cli, filter, reterr);

	s->opts = cli->opts;
	return r < 0 ? r : read_options(s, reterr);
}

void denialsel_done(struct denialsel *s)
{
	filter_free(s->filter);
	pkgdb_free(s->pkgs);
	mute_done(&s->mutes);
	strbuf_done(&s->entry);
}

static bool mutes_packages(const struct denialsel *s)
{
	for (size_t i = 0; i < s->mutes.n; i++)
		if (s->mutes.at[i].key == DENIALS_BY_PACKAGE)
			return true;
	return false;
}

void denialsel_packages(struct denialsel *s, const struct cli *cli, bool also)
{
	bool asked = also || mutes_packages(s) ||
		     (s->filter && filter_uses(s->filter, FILTER_PKG));

	if (asked && pkgdb_new(&s->pkgs, NULL) >= 0)
		(void)pkgdb_load(s->pkgs, &cli->root, NULL); /* there may be none */
}

/* The filter language looks at entries of the measurement list: here is one that has the
 * name alone (template "n-ng": length and name). */
static bool passes(struct denialsel *s, const struct denial *d)
{
	static const struct mlog_dialect dialect = {.digest_size = 20};
	const struct filter_context ctx = {.pkgs = s->pkgs};
	static const uint8_t digest[20] = {1};
	uint32_t len = (uint32_t)d->path.len + 1;
	uint8_t bytes[4] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16),
			    (uint8_t)(len >> 24)};
	struct mlog_entry e = {.digest = {digest, sizeof(digest)},
			       .name = span_of("n-ng")};

	if (!s->filter)
		return true;
	strbuf_clear(&s->entry);
	strbuf_add(&s->entry, bytes, sizeof(bytes));
	strbuf_add(&s->entry, d->path.ptr, d->path.len);
	strbuf_addc(&s->entry, '\0');
	e.data = strbuf_span(&s->entry);
	e.size = (uint32_t)e.data.len;
	return filter_match(s->filter, &ctx, &dialect, &e, 0, 0);
}

/* Any of an option's values, or none was given. */
static bool is_one_of(const struct denialsel *s, const char *option, struct span value,
		      struct span other)
{
	const char *word = s->opts ? opt_nth(s->opts, option, 0) : NULL;

	if (!word)
		return true;
	for (size_t i = 0; (word = opt_nth(s->opts, option, i)); i++)
		if (span_is(value, word) || span_is(other, word))
			return true;
	return false;
}

bool denialsel_wants(struct denialsel *s, const struct denial *d)
{
	const struct denials_row row = {.last = *d};

	if ((s->kinds && !(s->kinds >> d->kind & 1)) ||
	    (s->denied >= 0 && (int)d->denied != s->denied) ||
	    (s->since_ms && d->time_ms < s->since_ms) ||
	    !is_one_of(s, "cause", d->cause, d->cause) ||
	    !is_one_of(s, "program", d->comm, d->exe) || !passes(s, d))
		return false;
	if (s->all || !mute_find(&s->mutes, &row, s->pkgs, s->now_s))
		return true;
	s->n_muted++;
	return false;
}
