//! Placeholder until the program arrives.
fn main() {}
