//! Number text both ways.
