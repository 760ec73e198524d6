//! The message token through the public interface: KPN's examples, and `sha2`'s own digest as the oracle.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use kpn_things::Error;
use kpn_things::token::{SECRET_MAX, SECRET_MIN, Token, check_secret, equal};
use sha2::{Digest, Sha256};

/// Body, secret and token of each line of the list that the C tests use too.
fn vectors() -> Vec<[String; 3]> {
    let list = include_str!("vectors/token.inc");
    let lines = list
        .lines()
        .filter_map(|line| line.strip_prefix("TOKEN_VECTOR(")?.strip_suffix(')'));
    lines
        .map(|line| serde_json::from_str(&format!("[{line}]")).unwrap())
        .collect()
}

fn token(pieces: &[&[u8]], secret: &[u8]) -> String {
    let mut token = Token::new();
    for piece in pieces {
        token.update(piece);
    }
    String::from_utf8(token.finish(secret).unwrap().to_vec()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from_digit(digit.into(), 16).unwrap())
        .collect()
}

fn oracle(body: &[u8], secret: &[u8]) -> String {
    hex(&Sha256::digest([body, secret].concat()))
}

#[test]
fn every_vector_gives_its_token_for_every_split() {
    let vectors = vectors();
    assert!(vectors.len() >= 3);
    for [body, secret, expected] in vectors {
        let (body, secret) = (body.as_bytes(), secret.as_bytes());
        assert_eq!(oracle(body, secret), expected);
        for split in 0..=body.len() {
            let (front, back) = body.split_at(split);
            assert_eq!(token(&[front, back], secret), expected, "split at {split}");
        }
        let single: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(token(&single, secret), expected);
    }
}

#[test]
fn the_vector_of_kpns_sdk_has_a_key_shorter_than_the_rule_allows() {
    let body = br#"[{"bn":"device-name","n":"humidity","vd":"aG9paG9pAA"}]"#;
    let expected = b"4d53c667486bb4679922b901dd733a936a07983f73275941abfb3068a0ba8748";
    let mut token = Token::new();
    token.update(body);
    assert_eq!(token.finish(b"MYKEY2"), Err(Error::SECRET));
    assert_eq!(token.total(), 55);
    assert_eq!(token.finish_unchecked(b"MYKEY2"), expected);
}

#[test]
fn every_length_of_body_and_secret_agrees_with_the_digest() {
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(300).collect();
    let secret = [b'k'; SECRET_MAX];
    for body_len in 0..bytes.len() {
        for secret_len in [SECRET_MIN, 31, 55, 56, 63, 64, 65, SECRET_MAX] {
            let (body, secret) = (&bytes[..body_len], &secret[..secret_len]);
            assert_eq!(token(&[body], secret), oracle(body, secret));
        }
    }
}

#[test]
fn a_secret_is_30_to_100_letters_and_digits() {
    let long = [b'z'; SECRET_MAX + 1];
    for len in 0..=long.len() {
        let fits = (30..=100).contains(&len);
        assert_eq!(check_secret(&long[..len]).is_ok(), fits, "{len}");
    }
    for byte in 0..=u8::MAX {
        for at in [0, 15, 29] {
            let mut secret = [b'0'; 30];
            secret[at] = byte;
            assert_eq!(check_secret(&secret).is_ok(), byte.is_ascii_alphanumeric());
        }
    }
}

#[test]
fn one_object_makes_many_tokens() {
    let mut token = Token::new();
    for [body, secret, expected] in vectors() {
        token.update(b"abandoned");
        token.wipe();
        token.update(body.as_bytes());
        let made = token.finish(secret.as_bytes()).unwrap();
        let expected: [u8; 64] = expected.as_bytes().try_into().unwrap();
        assert!(equal(made, &expected));
        assert_eq!(token.total(), 0);
    }
}
