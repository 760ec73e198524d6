// SPDX-License-Identifier: MIT OR Apache-2.0
// The consumer's program as C++.
#include "../main.c"
