/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/change-audit.h"

#include <dlfcn.h>
#include <unistd.h>

/* From libaudit.h and linux/audit.h; stable since 2.6.14 and libaudit 1.0. */
#define AUDIT_USYS_CONFIG 1111
typedef int (*open_fn)(void);
typedef int (*log_fn)(int fd, int type, const char *message, const char *hostname,
		      const char *addr, const char *tty, int result);

void change_audit_text(struct strbuf *out, const struct change_progress *p)
{
	uint8_t hash[PLAN_HASH_SIZE];

	plan_hash(p->plan, hash);
	strbuf_addf(out,
		    "op=imactl-%s%s id=%u steps=%zu plan=", p->back ? "undo" : "change",
		    p->event == CHANGE_BEGIN ? "-begin" : "", p->id, p->plan->n);
	strbuf_addhex(out, (struct span){hash, sizeof(hash)});
	/* hexadecimal, as audit does with text it does not trust (audit_encode_nv_string)
	 */
	strbuf_adds(out, " title=");
	strbuf_addhex(out, span_of(p->plan->title));
}

void change_audit_hook(void *user, const struct change_progress *p)
{
	void *lib = dlopen("libaudit.so.1", RTLD_NOW | RTLD_LOCAL);
	_cleanup_strbuf_ struct strbuf text = {0};
	open_fn audit_open = NULL;
	log_fn audit_log = NULL;
	int fd;

	if (!lib)
		return;
	*(void **)&audit_open = dlsym(lib, "audit_open");
	*(void **)&audit_log = dlsym(lib, "audit_log_user_message");
	change_audit_text(&text, p);
	fd = audit_open && audit_log ? audit_open() : -1;
	if (fd >= 0 && !text.failed)
		(void)audit_log(fd, AUDIT_USYS_CONFIG, strbuf_str(&text), NULL, NULL,
				NULL,
				p->err ==
					0); /* not allowed, or no audit: see the header */
	if (fd >= 0)
		(void)close(fd);
	(void)dlclose(lib);
}
