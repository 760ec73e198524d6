// SPDX-License-Identifier: MIT OR Apache-2.0
//! The statuses that are not failures. `build.rs` includes this file by its path, so it uses nothing of the crate.

/// Hands name, number and text of each to another macro, except for `KPN_END`, which is one of the core's causes.
macro_rules! for_each_progress {
    ($each:ident) => {
        $each! {
            OK = 0, "done";
            NEED_MORE = 1, "not complete yet: feed the next bytes";
            AGAIN = 4, "not this time: ask again";
        }
    };
}
pub(crate) use for_each_progress;
