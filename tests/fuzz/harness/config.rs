// SPDX-License-Identifier: MIT OR Apache-2.0
//! A configuration: refused completely, or kept so that it can be saved, loaded again and used.

use super::drivers::config::Config;
use super::input::Input;
use super::status::ERR_BUFFER_FULL;

pub fn run(input: &[u8]) {
    let (text, mut choices) = Input::behind_text(input);
    let mut config = match Config::loaded(text) {
        Ok(config) => config,
        Err(problem) => {
            assert!(problem.reason < 0);
            return;
        }
    };
    assert!(serde_json::from_slice::<serde_json::Map<_, _>>(text).is_ok());
    let saved = config.saved();
    let again = Config::loaded(&saved).unwrap();
    assert_eq!(again.saved(), saved);
    check_same(&config, &again);
    let status = 200 + choices.u16() % 800;
    assert_eq!(config.outcome(status), again.outcome(status));
    let short = choices.size(saved.len() - 1);
    assert_eq!(
        config.save(short),
        Err((ERR_BUFFER_FULL, Some(saved.len()))),
        "{short}"
    );
    // A refused text after an accepted one: the driver asserts that nothing is left.
    assert!(config.load(&saved[..short]).is_err());
    assert!(config.wipe());
}

fn check_same(left: &Config, right: &Config) {
    let texts = |config: &Config| {
        [
            config.urn(),
            config.secret(),
            config.host(),
            config.path(),
            config.address(),
            config.apn(),
        ]
        .map(|text| text.map(str::to_owned))
    };
    assert_eq!(texts(left), texts(right));
    assert!(texts(left).iter().flatten().all(|text| text.len() < 256));
    assert_eq!(
        (left.port(), left.tls(), left.keep_alive_limit()),
        (right.port(), right.tls(), right.keep_alive_limit())
    );
}
