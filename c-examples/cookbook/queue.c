/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Measurements that survive a reset: call queue_start first, queue_measure and queue_send at any time, and queue_save before a reset. */
#include "kpn_things.h"
#include "modem.h"
#include "recipes.h"

static uint8_t memory[512];
static kpn_queue queue;
static uint64_t milliseconds; /* does not wrap, unlike millis() */

static uint32_t uptime(void)
{
    milliseconds += (uint32_t)(millis() - (uint32_t)milliseconds);
    return (uint32_t)(milliseconds / 1000);
}

/* `off`: seconds without power; 0 if unknown. */
kpn_status queue_start(uint32_t off)
{
    uint8_t image[sizeof memory + KPN_QUEUE_IMAGE_EXTRA];
    size_t len = storage_read(image, sizeof image);
    kpn_status status = kpn_queue_begin(&queue, memory, sizeof memory, KPN_QUEUE_DROP_OLDEST);

    milliseconds = 0;
    if (status == KPN_OK && len > 0) {
        status = kpn_queue_load(&queue, image, len, uptime(), off); /* a damaged image leaves the queue empty */
    }
    return status;
}

kpn_status queue_measure(int64_t tenths)
{
    return kpn_queue_push_decimal(&queue, KPN_TEMPERATURE, KPN_CLOCK_UPTIME, uptime(), tenths, -1);
}

/* Sends as many records as fit into one message. Returns how many still wait. */
uint32_t queue_send(uint8_t *buffer, size_t cap)
{
    kpn_uplink uplink;
    kpn_span request;
    kpn_response response;
    int32_t outcome = KPN_OUTCOME_NONE;

    if (kpn_uplink_begin(&uplink, buffer, cap, KPN_ENDPOINT_M2M, URN) == KPN_OK
        && kpn_queue_fill(&queue, &uplink, uptime(), 0, NULL) == KPN_OK) {
        if (kpn_uplink_finish(&uplink, SECRET, &request) == KPN_OK) {
            outcome = exchange(request, &response, buffer, cap);
        }
        if (outcome == KPN_OUTCOME_NONE || kpn_outcome_may_retry(outcome)) {
            kpn_queue_failed(&queue); /* again later, with the same times */
        } else {
            kpn_queue_accepted(&queue); /* also if refused for good, or it would block the queue */
        }
    }
    return kpn_queue_records(&queue);
}

bool queue_save(void)
{
    uint8_t image[sizeof memory + KPN_QUEUE_IMAGE_EXTRA];
    size_t len;

    return kpn_queue_save(&queue, uptime(), image, sizeof image, &len) == KPN_OK && storage_write(image, len);
}
