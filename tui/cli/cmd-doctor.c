/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in the way of using IMA well here. */
#include <stdio.h>

#include "core/doctor.h"
#include "tui/cli/cmd.h"

static const struct {
	const char *mark;
	enum out_style style;
} marks[] = {
	[DOCTOR_OK] = {"[OK]", OUT_GOOD},
	[DOCTOR_NOTE] = {"[--]", OUT_WARN},
	[DOCTOR_BAD] = {"[!!]", OUT_BAD},
	[DOCTOR_UNKNOWN] = {"[??]", OUT_DIM},
};

static void text(struct cli *cli, const struct doctor_finding *f, const unsigned *count)
{
	char line[sizeof(f->text) + 80];

	for (int i = 0; i < _DOCTOR_CHECK_MAX; i++) {
		out_style(cli->out, marks[f[i].state].style, marks[f[i].state].mark);
		(void)snprintf(line, sizeof(line), "%s: %s",
			       doctor_title((enum doctor_id)i), f[i].text);
		out_add(cli->out, " ");
		str_wrap(out_buf(cli->out), cli->out->width, 5, line);
		if (!f[i].hint[0])
			continue;
		out_add(cli->out, "     ");
		str_wrap(out_buf(cli->out), cli->out->width, 5, f[i].hint);
	}
	out_addf(cli->out, "\n%u good, %u to know, %u bad, %u unknown\n",
		 count[DOCTOR_OK], count[DOCTOR_NOTE], count[DOCTOR_BAD],
		 count[DOCTOR_UNKNOWN]);
}

static void json(struct cli *cli, const struct probe *p, const struct doctor_finding *f,
		 const unsigned *count)
{
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/doctor/1");
	json_kstr(&j, "kernel", p->release[0] ? p->release : NULL);
	for (int s = 0; s <= DOCTOR_UNKNOWN; s++)
		json_ku64(&j, doctor_state_name((enum doctor_state)s), count[s]);
	json_key(&j, "checks");
	json_open(&j, '[');
	for (int i = 0; i < _DOCTOR_CHECK_MAX; i++) {
		json_open(&j, '{');
		json_kstr(&j, "id", doctor_key((enum doctor_id)i));
		json_kstr(&j, "title", doctor_title((enum doctor_id)i));
		json_kstr(&j, "state", doctor_state_name(f[i].state));
		json_kstr(&j, "text", f[i].text);
		json_kstr(&j, "hint", f[i].hint[0] ? f[i].hint : NULL);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

static int run(struct cli *cli)
{
	_cleanup_free_ struct doctor_finding *f = calloc(_DOCTOR_CHECK_MAX, sizeof(*f));
	_cleanup_(probe_freep) struct probe *p = NULL;
	unsigned count[DOCTOR_UNKNOWN + 1] = {0};
	struct diag d;

	if (!f) {
		diag_set(&d, DIAG_MEMORY, 0, "Out of memory.");
		return cmd_fail(&d);
	}
	if (probe_run(&cli->root, (struct span){0}, &p, &d) < 0)
		return cmd_fail(&d);
	doctor_run(&cli->root, p, f);
	for (int i = 0; i < _DOCTOR_CHECK_MAX; i++)
		count[f[i].state]++;
	if (cli->json)
		json(cli, p, f, count);
	else
		text(cli, f, count);
	return count[DOCTOR_BAD] ? CMD_BAD : CMD_OK;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.summary = "Check what stands in the way of using IMA here",
	.flags = CMD_JSON,
	.run = run,
	.help = "Looks at the kernel, its arguments, the policy, TPM, keys, audit and what runs\n"
		"beside IMA. Changes nothing.\n\n"
		"[OK] is good, [--] worth knowing, [!!] does not work or will fail at the next\n"
		"boot, [??] could not be looked at. Exits 1 when there is a [!!].",
};
