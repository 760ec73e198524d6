// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a panic does without the standard library: in a shipped archive no panic may be reachable.

/// It calls a symbol that is not defined anywhere: a program that links proves that no path leads here.
#[cfg(kpn_archive)]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn kpn_panic_reached() -> !;
    }
    // SAFETY: the archive check refuses any program that still contains this call, so it never runs.
    unsafe { kpn_panic_reached() }
}

/// A build with other flags than those of `make archive` may keep panic paths; they stop the core here.
#[cfg(all(target_os = "none", not(kpn_archive)))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// A deliberate panic path, which the archive check must refuse.
#[cfg(kpn_deliberate_panic)]
#[unsafe(no_mangle)]
#[expect(
    clippy::indexing_slicing,
    reason = "shows that the archive check can fail"
)]
pub extern "C" fn kpn_deliberate_panic(index: usize) -> u8 {
    b"panic"[index]
}
