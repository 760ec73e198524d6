/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_ESP_CRT_BUNDLE_H
#define SHIM_ESP_CRT_BUNDLE_H

int esp_crt_bundle_attach(void *conf);

#endif
