/* SPDX-License-Identifier: MIT OR Apache-2.0 */
int example_connect(void);
