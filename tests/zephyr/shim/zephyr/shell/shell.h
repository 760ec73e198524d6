/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's shell: a table of commands, and lines on standard output. */
#ifndef SHIM_SHELL_H
#define SHIM_SHELL_H

#include <stddef.h>
#include <stdio.h>

struct shell {
    int unused;
};

struct shim_command {
    const char *name;
    int (*handler)(const struct shell *sh, size_t argc, char **argv);
    size_t mandatory; /* arguments, the command itself among them */
    size_t optional;
};

extern const struct shim_command *const shim_shell_kpn;

#define SHELL_CMD_ARG(command, subcommands, help, handler, mandatory, optional) {#command, handler, mandatory, optional}
#define SHELL_SUBCMD_SET_END {NULL, NULL, 0, 0}
#define SHELL_STATIC_SUBCMD_SET_CREATE(name, ...) static const struct shim_command name[] = {__VA_ARGS__}
#define SHELL_CMD_REGISTER(name, subcommands, help, handler) const struct shim_command *const shim_shell_##name = *(subcommands)
#define shell_print(sh, ...) ((void)(sh), (void)printf(__VA_ARGS__), (void)putchar('\n'))
#define shell_error(sh, ...) ((void)(sh), (void)printf("error: " __VA_ARGS__), (void)putchar('\n'))

#endif
