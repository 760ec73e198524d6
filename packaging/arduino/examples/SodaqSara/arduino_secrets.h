/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// The device as registered at KPN Things: its URN, with a final colon, and its secret.
#define SECRET_URN "urn:dev:IMEI:490154203237518:"
#define SECRET_KEY "0123456789abcdefghijklmnopqrstuvwxyzABCD"
