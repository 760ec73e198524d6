/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's log macros, onto standard error, every level. */
#ifndef SHIM_LOG_H
#define SHIM_LOG_H

#include <stdarg.h>
#include <stdio.h>

#define LOG_LEVEL_INF 3
#define LOG_MODULE_REGISTER(name, level) enum { shim_log_level_of_##name = (level) }
#define LOG_MODULE_DECLARE(name, level) enum { shim_log_level_of_##name = (level) }
#define LOG_ERR(...) shim_log("err", __VA_ARGS__)
#define LOG_WRN(...) shim_log("wrn", __VA_ARGS__)
#define LOG_INF(...) shim_log("inf", __VA_ARGS__)
#define LOG_DBG(...) shim_log("dbg", __VA_ARGS__)

__attribute__((format(printf, 2, 3))) static inline void shim_log(const char *level, const char *format, ...)
{
    va_list list;

    (void)fprintf(stderr, "<%s> ", level);
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fputc('\n', stderr);
}

#endif
