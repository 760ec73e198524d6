/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's reset. */
#ifndef SHIM_REBOOT_H
#define SHIM_REBOOT_H

#define SYS_REBOOT_COLD 1

void sys_reboot(int type);

#endif
