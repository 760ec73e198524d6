//! Request heads for the endpoints that the library knows.

use kpn_things::http::request::{BODY_LEN_DIGITS_MAX, POST_HEAD_MAX, Target, post_head_len};
use kpn_things::things::endpoint::{Endpoint, INTERNET, M2M};

fn longest(endpoint: &Endpoint<'_>) -> usize {
    let target = Target {
        host: endpoint.host,
        path: endpoint.path,
    };
    assert_eq!(target.check(), Ok(()));
    post_head_len(target, true, BODY_LEN_DIGITS_MAX)
}

#[test]
fn one_size_holds_the_head_of_every_built_in_endpoint() {
    assert!(longest(&M2M) <= POST_HEAD_MAX);
    assert_eq!(longest(&INTERNET), POST_HEAD_MAX);
}
