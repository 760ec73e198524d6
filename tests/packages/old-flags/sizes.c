/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Enumerations of this compiler, which the archive must not depend on: 1 byte with -fshort-enums, 4 without. */
enum two { KPN_TEST_NO, KPN_TEST_YES };

typedef char is_as_asked[sizeof(enum two) == KPN_TEST_ENUM ? 1 : -1];
