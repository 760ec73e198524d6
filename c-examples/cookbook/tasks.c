/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two tasks measure, a third sends. An object must be used by one task at a time: the queue is used under a lock, and only the sender uses
 * the uplink and the response. The lock is never held while the modem is working.
 */
#include "kpn_things.h"
#include "modem.h"
#include "recipes.h"

static uint8_t memory[1024];
static kpn_queue queue;

kpn_status tasks_start(void)
{
    return kpn_queue_begin(&queue, memory, sizeof memory, KPN_QUEUE_REFUSE_NEWEST);
}

/* Called by the measuring tasks. */
kpn_status tasks_measure(const char *name, int64_t value)
{
    lock();
    kpn_status status = kpn_queue_push_int64(&queue, name, NULL, KPN_CLOCK_NONE, 0, value);
    unlock();
    return status;
}

/* Called repeatedly by the sending task. Returns how many records still wait. */
uint32_t tasks_send(uint8_t *buffer, size_t cap)
{
    kpn_uplink uplink;
    kpn_span request;
    kpn_response response;
    int32_t outcome = KPN_OUTCOME_NONE;
    kpn_status status = kpn_uplink_begin(&uplink, buffer, cap, KPN_ENDPOINT_M2M, URN);

    lock();
    bool is_filled = status == KPN_OK && kpn_queue_fill(&queue, &uplink, 0, 0, NULL) == KPN_OK;
    unlock();
    if (is_filled && kpn_uplink_finish(&uplink, SECRET, &request) == KPN_OK) {
        outcome = exchange(request, &response, buffer, cap); /* meanwhile the others go on measuring */
    }
    lock();
    if (is_filled && (outcome == KPN_OUTCOME_NONE || kpn_outcome_may_retry(outcome))) {
        kpn_queue_failed(&queue);
    } else if (is_filled) {
        kpn_queue_accepted(&queue);
    }
    uint32_t left = kpn_queue_records(&queue);
    unlock();
    return left;
}
