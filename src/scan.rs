//! Bounded cursor over bytes that came from outside.
#![forbid(unsafe_code)]

/// Reads a slice from front to back and never past its end.
#[derive(Clone, Copy)]
pub struct Scan<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Scan<'a> {
    /// Starts at `position`; a position past the end reads as the end.
    pub const fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    /// Offset of the next byte.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The next byte, without taking it.
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    /// Takes the next byte.
    pub fn advance(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.position = self.position.wrapping_add(1);
        Some(byte)
    }

    /// Takes the next byte when it is `byte`.
    pub fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.position = self.position.wrapping_add(1);
        }
        found
    }

    /// Takes bytes as long as `accept` holds and returns them.
    pub fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let len = rest
            .iter()
            .position(|&byte| !accept(byte))
            .unwrap_or(rest.len());
        self.position = self.position.saturating_add(len);
        rest.get(..len).unwrap_or_default()
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }
}
