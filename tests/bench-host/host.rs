// SPDX-License-Identifier: MIT OR Apache-2.0
//! Times both ways in one run, and their ratio.

use std::time::{Duration, Instant};

use bench_host::{cjson_body, kpn_body, kpn_message, messages_are_equal, openssl_message};
use criterion::Criterion;

fn main() {
    assert!(messages_are_equal(), "the two ways write the same request");
    let mut criterion = Criterion::default().configure_from_args();
    type Work = extern "C" fn() -> bool;
    let pairs: [(&str, Work, Work); 2] = [
        ("message", kpn_message, openssl_message),
        ("body", kpn_body, cjson_body),
    ];
    for (name, ours, theirs) in pairs {
        assert!(ours() && theirs(), "{name} is done right");
        let mut group = criterion.benchmark_group(name);
        group.bench_function("ours", |bencher| bencher.iter(|| ours()));
        group.bench_function("theirs", |bencher| bencher.iter(|| theirs()));
        group.finish();
        let ratio = least(ours).as_secs_f64() / least(theirs).as_secs_f64();
        println!("ratio.{name} {ratio:.2}");
    }
}

/// The shortest time of one call, over many rounds.
fn least(work: extern "C" fn() -> bool) -> Duration {
    const CALLS: u32 = 1000;
    let round = |_| {
        let start = Instant::now();
        for _ in 0..CALLS {
            std::hint::black_box(work());
        }
        start.elapsed() / CALLS
    };
    (0..200).map(round).min().unwrap_or_default()
}
