// SPDX-License-Identifier: MIT OR Apache-2.0
//! Measurements that wait for a connection, in the caller's memory.

pub mod image;
pub mod push;

use super::ptr::{self, Object, Region};
use super::status::{kpn_status, status};
use super::uplink::kpn_uplink;
use crate::error::{Error, Result};
use crate::things::queue::{self, Now, Policy, Queue, QueueState};
use crate::things::uplink::Uplink;

/// When the queue is full, new records are refused.
pub const KPN_QUEUE_REFUSE_NEWEST: i32 = 0;
/// When the queue is full, as many of the oldest records as necessary are dropped, even those on their way.
pub const KPN_QUEUE_DROP_OLDEST: i32 = 1;

/// No time: the platform uses the time of reception.
pub const KPN_CLOCK_NONE: i32 = 0;
/// Seconds since 1970 (UTC), from 2^28 to 2^32 - 2.
pub const KPN_CLOCK_UNIX: i32 = 1;
/// Seconds since the device started, at most 2^31 - 1. Must not wrap; see `kpn_queue`.
pub const KPN_CLOCK_UPTIME: i32 = 2;

/// Longest name of a queued record, in bytes.
pub const KPN_QUEUE_NAME_MAX: usize = 48;
/// Longest text of a queued record, in bytes.
pub const KPN_QUEUE_TEXT_MAX: usize = 64;
/// Most data of a queued record, in bytes.
pub const KPN_QUEUE_DATA_MAX: usize = 64;
/// Bytes of an image from `kpn_queue_save` in addition to the queue's memory.
pub const KPN_QUEUE_IMAGE_EXTRA: usize = 28;

const _: () = assert!(
    KPN_QUEUE_NAME_MAX == queue::NAME_MAX
        && KPN_QUEUE_TEXT_MAX == queue::TEXT_MAX
        && KPN_QUEUE_DATA_MAX == queue::DATA_MAX
        && KPN_QUEUE_IMAGE_EXTRA == queue::IMAGE_EXTRA
);

/// Measurements that wait until the platform has accepted them: first in, first out, in your memory.
///
/// Call `kpn_queue_push_…` whenever something is measured. When there is a connection, `kpn_queue_fill` adds as many records to an uplink
/// as fit; then `kpn_queue_accepted` removes exactly those, or `kpn_queue_failed` keeps them. If the answer was lost, only the platform
/// knows whether it has them: after `kpn_queue_failed` the same records are sent again, with the same times.
///
/// A record takes 8 bytes plus its name, its unit and its value: numbers are kept as text, and a Boolean takes no room. 1,024 bytes hold
/// some 40 temperatures. 44 bytes on a 32-bit target. It holds a pointer: to store it, use `kpn_queue_save`.
///
/// A 32-bit count of milliseconds wraps after 49.7 days, and so does `millis() / 1000`; `kpn_queue_fill` and `kpn_queue_save` then refuse
/// it. The following count does not wrap if it is read at least once every 49 days:
///
/// ~~~{.c}
/// static uint64_t milliseconds;
/// static kpn_queue queue;
///
/// milliseconds += (uint32_t)(millis() - (uint32_t)milliseconds);
/// kpn_queue_push_decimal(&queue, KPN_TEMPERATURE, KPN_CLOCK_UPTIME, (uint32_t)(milliseconds / 1000), 205, -1);
/// ~~~
///
/// One round:
///
/// ~~~{.c}
/// static uint8_t memory[1024];
/// static kpn_queue queue;
/// uint32_t uptime = 3600, count;
///
/// kpn_status status = kpn_queue_begin(&queue, memory, sizeof memory, KPN_QUEUE_DROP_OLDEST);
/// kpn_queue_push_decimal(&queue, KPN_TEMPERATURE, KPN_CLOCK_UPTIME, uptime, 205, -1);
/// if (status == KPN_OK && kpn_queue_fill(&queue, &uplink, uptime, 0, &count) == KPN_OK) {
///     // finish, send and receive, then:
///     int32_t outcome = kpn_response_outcome(&response);
///     if (outcome == KPN_OUTCOME_NONE || kpn_outcome_may_retry(outcome)) {
///         kpn_queue_failed(&queue); // no answer, or a busy platform: try again later
///     } else {
///         kpn_queue_accepted(&queue); // also if refused for good, or it would block the queue
///     }
/// }
/// ~~~
#[repr(C)]
pub struct kpn_queue {
    private_tag: u32,
    private_reserved: u32,
    private_memory: *mut u8,
    private_capacity: usize,
    private_state: QueueState,
}

// SAFETY: repr(C) with the u32 tag in front; a pointer and plain integers behind it.
unsafe impl Object for kpn_queue {
    const NUMBER: u8 = 8;
}

impl kpn_queue {
    fn memory(&self) -> Region {
        Region::new(self.private_memory, self.private_capacity)
    }

    /// # Safety
    ///
    /// The memory given to `begin` is still there, and nobody else uses it.
    unsafe fn core(&mut self) -> Result<Queue<'_>> {
        // SAFETY: `begin` kept the parts of a slice; the rest is the same contract.
        let memory = unsafe { ptr::stored_slice_mut(self.private_memory, self.private_capacity) };
        Queue::resume(&mut self.private_state, memory)
    }
}

/// Starts an empty queue.
///
/// @param[out]    queue       Need not be initialised.
/// @param[in,out] memory      In use until the queue is abandoned.
/// @param[in]     memory_cap  Bytes.
/// @param[in]     policy      `KPN_QUEUE_REFUSE_NEWEST` or `KPN_QUEUE_DROP_OLDEST`.
///
/// @retval KPN_OK                    Begun.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, the capacity is above `PTRDIFF_MAX`, or `policy` is none.
/// @retval KPN_ERR_OVERLAP           `queue` and `memory` share memory.
///
/// # Safety
///
/// `queue` is NULL or points to memory for one `kpn_queue` that nobody else uses until it is abandoned; likewise `memory` for
/// `memory_cap` bytes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_begin(
    queue: *mut kpn_queue,
    memory: *mut u8,
    memory_cap: usize,
    policy: i32,
) -> kpn_status {
    let begin = || -> Result<()> {
        Region::of(queue).check_disjoint_from(Region::new(memory, memory_cap))?;
        // SAFETY: the same contract.
        let place = unsafe { ptr::out(queue) }?;
        // SAFETY: the same contract.
        let memory = unsafe { ptr::bytes_mut(memory, memory_cap) }?;
        let policy = match policy {
            KPN_QUEUE_REFUSE_NEWEST => Policy::RefuseNewest,
            KPN_QUEUE_DROP_OLDEST => Policy::DropOldest,
            _ => return Err(Error::INVALID_ARGUMENT),
        };
        place.write(kpn_queue {
            private_tag: kpn_queue::TAG,
            private_reserved: 0,
            private_memory: memory.as_mut_ptr(),
            private_capacity: memory_cap,
            private_state: QueueState::new(policy),
        });
        Ok(())
    };
    status(begin())
}

/// Adds as many records to an uplink as fit, oldest first. They are then on their way until `kpn_queue_accepted` or `kpn_queue_failed`.
///
/// An uptime is sent as a time since 1970 if `unix_time` is given, otherwise as an age; the uplink must then have no base time. The uplink
/// may also have other records. A label must not wait for its record: the first one from the queue would take it, or be refused.
///
/// @param[in,out] queue      From `kpn_queue_begin`, with no records on their way.
/// @param[in,out] uplink     From `kpn_uplink_begin` or a sibling, not yet finished, and without a label that waits for its record.
/// @param[in]     uptime     Current uptime of the device, in seconds.
/// @param[in]     unix_time  Current time in seconds since 1970 (UTC), below 2^32 - 1; 0 if unknown.
/// @param[out]    out_count  Records added. May be NULL. Written only with `KPN_OK`.
///
/// @retval KPN_OK                    At least one record is in the uplink and on its way.
/// @retval KPN_END                   The queue is empty.
/// @retval KPN_ERR_BUFFER_FULL       Not even one record fits; `kpn_uplink_missing` says how many bytes are missing. The uplink is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The queue or the uplink was not begun, the uplink is finished, or records are on their way.
/// @retval KPN_ERR_OVERLAP           The arguments and their memory overlap.
/// @retval KPN_ERR_CLOCK             A record is later than `uptime`. Queue and uplink are unchanged.
/// @retval KPN_ERR_SENML_TIME        `unix_time` is 2^32 - 1; or the time of a record cannot be expressed with the uplink's base time: then the
///                                   uplink has failed and must be abandoned. All records stay in the queue.
/// @retval KPN_ERR_NUMBER_RANGE      The time of a record cannot be expressed with the uplink's base time, likewise.
/// @return The first failure of the uplink that was not cleared.
///
/// # Safety
///
/// `queue` as for `kpn_queue_begin`, `uplink` as for `kpn_uplink_begin`; `out_count` is NULL or points to memory for a `uint32_t`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_fill(
    queue: *mut kpn_queue,
    uplink: *mut kpn_uplink,
    uptime: u32,
    unix_time: u32,
    out_count: *mut u32,
) -> kpn_status {
    let fill = || -> Result<()> {
        let own = Region::of(queue);
        let other = Region::of(uplink);
        let count = Region::of(out_count);
        own.check_disjoint_from(other)?;
        // SAFETY: the same contract.
        let queue = unsafe { ptr::borrow_mut(queue) }?;
        // SAFETY: the same contract.
        let uplink = unsafe { ptr::borrow_mut(uplink) }?;
        ptr::check_disjoint(5, &[own, other, queue.memory(), uplink.memory(), count])?;
        if !out_count.is_null() {
            ptr::check(out_count)?;
        }
        // SAFETY: `begin` kept the buffer, which belongs to the library.
        let (state, buffer) = unsafe { uplink.parts() }?;
        let mut pack = Uplink::resume(state, buffer).into_pack()?;
        let unix = (unix_time > 0).then_some(unix_time);
        // SAFETY: `begin` kept the memory, which belongs to the library.
        let count = unsafe { queue.core() }?.fill(&mut pack, Now { uptime, unix })?;
        if count == 0 {
            return Err(Error::END);
        }
        // SAFETY: the same contract; NULL fails, and nothing is written then.
        if let Ok(out) = unsafe { ptr::out(out_count) } {
            out.write(count);
        }
        Ok(())
    };
    status(fill())
}

/// Removes the records on their way: the platform has accepted them, or refused them for good.
///
/// Records that must not be sent again (`kpn_outcome_may_retry`) would otherwise be sent forever.
///
/// @param[in,out] queue  From `kpn_queue_begin`, with records on their way.
///
/// @retval KPN_OK                    They are gone.
/// @retval KPN_ERR_INVALID_ARGUMENT  `queue` is NULL or misaligned.
/// @retval KPN_ERR_STATE             The queue was not begun, or nothing is on its way.
///
/// # Safety
///
/// `queue` as for `kpn_queue_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_accepted(queue: *mut kpn_queue) -> kpn_status {
    // SAFETY: the same contract.
    let queue = unsafe { ptr::borrow_mut(queue) };
    // SAFETY: `begin` kept the memory, which belongs to the library.
    status(queue.and_then(|queue| unsafe { queue.core() }?.accepted()))
}

/// Keeps the records on their way, to be sent again first. Those dropped in the meantime are lost and now count as dropped.
///
/// @param[in,out] queue  From `kpn_queue_begin`, with records on their way.
///
/// @retval KPN_OK                    They wait again, before all others.
/// @retval KPN_ERR_INVALID_ARGUMENT  `queue` is NULL or misaligned.
/// @retval KPN_ERR_STATE             The queue was not begun, or nothing is on its way.
///
/// # Safety
///
/// `queue` as for `kpn_queue_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_failed(queue: *mut kpn_queue) -> kpn_status {
    // SAFETY: the same contract.
    let queue = unsafe { ptr::borrow_mut(queue) };
    // SAFETY: `begin` kept the memory, which belongs to the library.
    status(queue.and_then(|queue| unsafe { queue.core() }?.failed()))
}

/// Number of records in the queue, including those on their way.
///
/// @param[in] queue  From `kpn_queue_begin`.
///
/// @return Records; 0 when `queue` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `queue` as for `kpn_queue_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_records(queue: *const kpn_queue) -> u32 {
    // SAFETY: the same contract.
    let queue = unsafe { ptr::borrow(queue) };
    queue.map_or(0, |queue| queue.private_state.records())
}

/// Number of records lost for lack of room, under either policy; kept in images.
///
/// A record dropped on its way counts only after `kpn_queue_failed`.
///
/// @param[in] queue  From `kpn_queue_begin`.
///
/// @return Records; 0 when `queue` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `queue` as for `kpn_queue_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_dropped(queue: *const kpn_queue) -> u32 {
    // SAFETY: the same contract.
    let queue = unsafe { ptr::borrow(queue) };
    queue.map_or(0, |queue| queue.private_state.dropped())
}
