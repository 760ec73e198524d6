// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a panic does where there is no standard library: in a shipped archive, none may be reachable.

/// The symbol that it calls is defined nowhere: a program that links shows that no path leads here.
#[cfg(kpn_archive)]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn kpn_panic_reached() -> !;
    }
    // SAFETY: the archive check refuses any program in which this call is left, so it never runs.
    unsafe { kpn_panic_reached() }
}

/// Whoever builds with other flags than `make archive` may keep panic paths; those stop the core.
#[cfg(all(target_os = "none", not(kpn_archive)))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// A panic path on purpose: the archive check must refuse it.
#[cfg(kpn_deliberate_panic)]
#[unsafe(no_mangle)]
#[expect(
    clippy::indexing_slicing,
    reason = "shows that the archive check can fail"
)]
pub extern "C" fn kpn_deliberate_panic(index: usize) -> u8 {
    b"panic"[index]
}
