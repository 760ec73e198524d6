// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random downlinks through the C functions, from `kpn_downlink_begin` to the last accessor, against the model in
//! `common/model.rs`.
//!
//! `KPN_CASES` sets the number of packs, `KPN_SEED` the seed, which is printed when a case fails.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

#[path = "random_downlink/damage.rs"]
mod damage;
#[path = "common/downlink.rs"]
mod driver;
#[path = "common/model.rs"]
mod model;
#[path = "common/random.rs"]
mod random;
#[path = "common/shares.rs"]
mod shares;
#[path = "common/status.rs"]
mod status;
#[path = "random_downlink/words.rs"]
mod words;
#[path = "random_downlink/writer.rs"]
mod writer;

use damage::{damage, scramble};
use model::{Random, Wanted, check};
use random::setting;
use writer::Writer;

/// Prints where to repeat a run from, if the test fails before this is forgotten.
struct OnFailure {
    seed: u64,
    case: usize,
    text: Vec<u8>,
}

impl Drop for OnFailure {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { seed, case, text } = self;
            eprintln!("KPN_SEED={seed}, case {case}: {}", text.escape_ascii());
        }
    }
}

#[test]
fn random_packs_read_as_the_model_says() {
    let seed = setting("KPN_SEED", 8428);
    let cases = usize::try_from(setting("KPN_CASES", 120_000)).unwrap();
    let mut random = Random(fastrand::Rng::with_seed(seed));
    let mut now = OnFailure {
        seed,
        case: 0,
        text: Vec::new(),
    };
    let (mut taken, mut refused, mut base_sums, mut versions, mut cut) = (0, 0, 0, 0, 0);
    while now.case < cases {
        let mut writer = Writer {
            escapes: [0, 0, 9, 3, 1][random.below(5)],
            spaces: [0, 0, 9, 2][random.below(4)],
            random: &mut random,
        };
        let mut pack = writer.pack();
        if writer.random.one_in(4) {
            writer.breach(&mut pack);
        }
        let mut text = writer.write(&pack).into_bytes();
        now.text.clone_from(&text);
        let is_taken = check(&mut random, &text, Wanted::Model);
        now.case += 1;
        if is_taken {
            taken += 1;
            let labels = || pack.iter().flatten().map(|(label, _)| label.as_str());
            base_sums += usize::from(labels().any(|label| label == "bs"));
            versions += usize::from(labels().any(|label| label == "bver"));
        } else {
            refused += 1;
        }
        match random.below(60) {
            0..=14 => {
                scramble(&mut random, &mut text);
                now.text.clone_from(&text);
                check(&mut random, &text, Wanted::Model);
                now.case += 1;
            }
            15..=24 if is_taken => {
                if let Some(status) = damage(&mut random, &mut text) {
                    now.text.clone_from(&text);
                    check(&mut random, &text, Wanted::Refused(status));
                    now.case += 1;
                }
            }
            25 if is_taken => {
                for len in 1..text.trim_ascii_end().len() {
                    now.text = text[..len].to_vec();
                    let truncated = Wanted::Refused(status::ERR_JSON_TRUNCATED);
                    check(&mut random, &text[..len], truncated);
                }
                cut += 1;
            }
            _ => {}
        }
    }
    let shares = [
        ("taken", taken, 4),
        ("refused", refused, 8),
        ("with a base sum", base_sums, 20),
        ("with a version", versions, 20),
        ("cut at each byte", cut, 200),
    ];
    println!("{shares:?}");
    shares::check(now.case, &shares);
}
