/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl recovery health: is this boot one to stay with? */
#include <time.h>

#include "core/health/health.h"
#include "core/rollout/rolloutobserve.h"
#include "tui/cli/recovery.h"
#include "tui/cli/rollout.h"

static const char *mark_of(enum health_verdict v)
{
	return v == HEALTH_PASSED ? "[OK]" : v == HEALTH_FAILED ? "[!!]" : "[--]";
}

static enum out_style style_of(enum health_verdict v)
{
	return v == HEALTH_PASSED ? OUT_GOOD : v == HEALTH_FAILED ? OUT_BAD : OUT_PLAIN;
}

static void show_text(struct out *o, const struct health *h)
{
	for (unsigned i = 0; i < _HEALTH_MAX; i++) {
		const struct health_part *p = &h->part[i];

		out_style(o, style_of(p->verdict), mark_of(p->verdict));
		out_addf(o, " %-8s  %s\n", health_word((enum health_id)i),
			 *p->text ? p->text : "not asked");
	}
	out_add(o, health_passed(h) ? "This boot is healthy.\n"
				    : "This boot is not healthy.\n");
}

static void show_json(struct json *j, const struct health *h)
{
	json_open(j, '{');
	json_kstr(j, "schema", "imactl/recovery-health/1");
	json_kbool(j, "healthy", health_passed(h));
	json_key(j, "parts");
	json_open(j, '[');
	for (unsigned i = 0; i < _HEALTH_MAX; i++) {
		json_open(j, '{');
		json_kstr(j, "part", health_word((enum health_id)i));
		json_kstr(j, "verdict", health_verdict_word(h->part[i].verdict));
		json_kstr(j, "text", h->part[i].text);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static int run(struct cli *cli)
{
	struct diag d = {0};
	struct health h;
	int r = health_check(&cli->root, &h, &d);

	if (r == 0 && !cli->readonly)
		r = health_conclude(&cli->root, &h, &d);
	if (r < 0)
		return cmd_fail(&d);
	if (cli->json) {
		struct json j = json_to(out_buf(cli->out));

		show_json(&j, &h);
	} else {
		show_text(cli->out, &h);
	}
	if (!cli->readonly &&
	    (rollout_prove(cli, &d) < 0 ||
	     rolloutobserve_note(&cli->root, (uint64_t)time(NULL), &d) < 0))
		return cmd_fail(&d);
	return health_passed(&h) ? CMD_OK : CMD_BAD;
}

const struct cmd recovery_health = {
	.name = "health",
	.summary = "Is this boot one to stay with?",
	.flags = CMD_JSON | CMD_LIVE | CMD_ROOT,
	.run = run,
	.help = "Runs programs and a login, and shows that the policy is in force: the gate's\n"
		"and the kernel's word in the kernel log, the rules where they can be read\n"
		"back, and an access that they must measure, deny or audit.\n\n"
		"imactl-health.service does this in every boot. A boot that passes ends the\n"
		"guard's watch and the marks of restarts; a trial that fails is restarted by\n"
		"the guard. A policy that a trial confirmed, and that this boot loaded from the\n"
		"disk, is called good. With --readonly nobody is told.",
};
