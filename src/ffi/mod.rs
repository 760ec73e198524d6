//! The C names: the only unsafe code.

mod panic;
