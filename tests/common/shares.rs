// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether a random run produced each kind of case often enough to have tested it.

/// How often a kind occurred, where at least one in `of` cases is expected.
pub type Share = (&'static str, usize, usize);

/// Fails if a kind occurred less often than chance explains, by more than four standard deviations. A short run may thus lack rare kinds,
/// but a full one may not.
pub fn check(cases: usize, shares: &[Share]) {
    for &(kind, count, of) in shares {
        let expected = cases / of;
        let least = expected.saturating_sub(4 * expected.isqrt());
        assert!(
            count >= least,
            "{kind}: {count} of {cases} cases, {shares:?}"
        );
    }
}

#[test]
fn a_short_run_may_lack_what_is_rare_and_a_full_one_may_not() {
    check(2_000, &[("rare", 0, 200)]);
    check(120_000, &[("rare", 600, 200), ("often", 59_100, 2)]);
    for (cases, share) in [
        (120_000, ("rare", 500, 200)),
        (120_000, ("never", 0, 5_000)),
        (2_000, ("often", 300, 4)),
    ] {
        assert!(std::panic::catch_unwind(|| check(cases, &[share])).is_err());
    }
}
