/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's connection manager. */
#ifndef SHIM_CONN_MGR_CONNECTIVITY_H
#define SHIM_CONN_MGR_CONNECTIVITY_H

#include <stdbool.h>

int conn_mgr_all_if_up(bool skip_ignored);
int conn_mgr_all_if_connect(bool skip_ignored);

#endif
