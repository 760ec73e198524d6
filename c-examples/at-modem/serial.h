/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The serial line of a modem on Linux. */
#ifndef SERIAL_H
#define SERIAL_H

#include "at.h"

/* Opens a terminal, or tcp:IP:PORT for a line behind a network; -1 with errno if that fails. */
int serial_open(const char *name);

/* Its functions; `fd` must outlive them. */
at_uart serial_uart(int *fd);

#endif
