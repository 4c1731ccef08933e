/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that must not take what it is done for along: a boot goes on, whatever becomes of it. */
#pragma once

/* Does @work in a child with a process group of its own and waits for at most @seconds. What
 * @work returned, 0 to 255; -ETIME: it went on for longer, and it and its group are killed,
 * which nobody waits for (it may be stuck in the kernel); -EINTR: it crashed; -errno: it was
 * not begun. */
int supervise_work(int (*work)(void *user), void *user, int seconds);
