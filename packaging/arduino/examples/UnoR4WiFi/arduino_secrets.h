/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// The device as registered at KPN Things: its URN, with a final colon, and its secret.
#define SECRET_URN "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f:"
#define SECRET_KEY "0123456789abcdefghijklmnopqrstuvwxyzABCD"
#define SECRET_SSID "your network"
#define SECRET_PASS "its password"
