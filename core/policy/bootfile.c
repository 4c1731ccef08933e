/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/bootfile.h"

#include <errno.h>
#include <unistd.h>

#include "core/base/act-file.h"
#include "core/base/act-folder.h"
#include "core/base/hex.h"
#include "core/base/pack.h"
#include "core/policy/genfound.h"

static struct plan_spec at(const char *path, enum plan_danger danger, const char *why)
{
	return (struct plan_spec){.place = ROOT_TARGET,
				  .path = path,
				  .danger = danger,
				  .why = why};
}

static struct act_file_meta ours(mode_t mode, struct span xattrs)
{
	return (struct act_file_meta){mode, geteuid(), getegid(), xattrs};
}

static int make_folders(struct plan *plan, const struct root *root,
			const char *const *paths, struct diag *reterr)
{
	int r = 0;

	for (; *paths && r >= 0; paths++) {
		struct plan_spec spec = at(*paths, PLAN_REVERSIBLE, NULL);

		r = act_folder_make(plan, root, &spec, 0755, reterr);
	}
	return r < 0 ? r : 0;
}

int bootfile_put_policy(struct plan *plan, const struct root *root, struct span text,
			struct span xattrs, struct span meaning, struct diag *reterr)
{
	static const char *const folders[] = {"etc/ima", NULL};
	struct plan_spec spec =
		at(GENFOUND_POLICY, PLAN_BOOT, "PID 1 loads it at the next boot");
	struct act_file_meta meta = ours(0600, xattrs);
	_cleanup_strbuf_ struct strbuf means = {0};
	int r = make_folders(plan, root, folders, reterr);

	if (meaning.len) {
		pack_span(&means, text);
		pack_span(&means, meaning);
		spec.meaning = strbuf_span(&means);
	}
	if (r == 0 && means.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return r < 0 ? r : act_file_replace(plan, root, &spec, text, &meta, reterr);
}

int bootfile_take_policy(struct plan *plan, const struct root *root, struct diag *reterr)
{
	struct plan_spec spec =
		at(GENFOUND_POLICY, PLAN_BOOT, "PID 1 loads none at the next boot");

	return act_file_remove(plan, root, &spec, reterr);
}

int bootfile_put_key(struct plan *plan, const struct root *root, const struct cert *cert,
		     struct diag *reterr)
{
	static const char *const folders[] = {"etc/keys", GENFOUND_KEYS, NULL};
	struct act_file_meta meta = ours(0644, (struct span){0});
	uint8_t id[CERT_KEYID] = {0};
	char path[64], hex[2 * CERT_KEYID];
	struct plan_spec spec;
	int r = make_folders(plan, root, folders, reterr);

	if (r < 0)
		return r;
	(void)cert_keyid(cert, id);
	hex_encode(hex, (struct span){id, sizeof(id)});
	(void)snprintf(path, sizeof(path), GENFOUND_KEYS "/%.*s.der", (int)sizeof(hex),
		       hex);
	spec = at(path, PLAN_BOOT, "for who loads keys at boot");
	return act_file_replace(plan, root, &spec, strbuf_span(&cert->der), &meta,
				reterr);
}

int bootfile_take_key(struct plan *plan, const struct root *root, const char *path,
		      struct diag *reterr)
{
	struct plan_spec spec = at(path, PLAN_BOOT, "it is not of that generation");

	return act_file_remove(plan, root, &spec, reterr);
}
