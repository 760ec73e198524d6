//! What is particular to KPN Things.
#![forbid(unsafe_code)]
