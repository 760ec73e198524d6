/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "esp_netif.h"
