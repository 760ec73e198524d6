// SPDX-License-Identifier: MIT OR Apache-2.0
//! Blocks, loops, branches and jumps.

use super::{Case, check};

#[test]
fn blocks_with_values() {
    check(
        "blocks",
        &[
            Case::new(
                &["i32", "i32"],
                "i32",
                "(block (result i32) local.get 0 local.get 1 br_if 0 drop i32.const 9) i32.const 1 i32.add",
            ),
            Case::new(
                &["i32", "i32"],
                "i32",
                "local.get 0 (if (result i32) (then local.get 1 i32.const 3 i32.mul) (else i32.const 4 local.get 1 i32.sub))",
            ),
            Case::new(
                &["i32", "i32"],
                "i32",
                "(block (result i32) (block local.get 0 i32.const 2 i32.lt_u br_if 0 local.get 1 br 1) i32.const 5)",
            ),
            Case::new(
                &["i32", "i32", "i32"],
                "i32",
                "local.get 0 local.get 1 local.get 2 select local.get 2 i32.eqz local.get 0 local.get 1 i32.lt_u select",
            ),
            Case::new(
                &["i32"],
                "i32",
                "(if (local.get 0) (then i32.const 1 return)) i32.const 2 return i32.const 3 drop",
            ),
        ],
    );
}

#[test]
fn jumps_to_the_ends_of_blocks() {
    check(
        "jumps",
        &[
            // Each condition skips the rest, one of them from within another.
            Case::new(
                &["i32", "i32"],
                "i32",
                "(local i32) (block local.get 0 i32.const 31 i32.eq br_if 0 i32.const 1 local.set 2 \
                 local.get 1 (if (then i32.const 2 local.set 2 local.get 0 i32.const 1 i32.and br_if 1 i32.const 3 local.set 2)) \
                 local.get 0 local.get 1 i32.lt_u br_if 0 local.get 2 i32.const 10 i32.mul local.set 2) local.get 2",
            ),
            // Out of two blocks, to either end.
            Case::new(
                &["i32", "i32"],
                "i32",
                "(local i32) (block (block (block local.get 0 br_table 0 1 2 1) i32.const 5 local.set 2 br 1) \
                 local.get 2 local.get 1 i32.add local.set 2) local.get 2 local.get 0 i32.xor",
            ),
            Case::new(
                &["i32"],
                "i32",
                "(block (block (block (block local.get 0 br_table 3 2 1 0 3 2) i32.const 10 return) i32.const 11 return) \
                 i32.const 12 return) i32.const 13",
            ),
            // Nothing but a condition.
            Case::new(&["i32"], "i32", "(block local.get 0 br_if 0) local.get 0"),
            // The code after it is unreachable.
            Case::new(
                &["i32"],
                "i32",
                "(block (block br 1) i32.const 1 local.set 0 (loop (br 0))) local.get 0",
            ),
        ],
    );
}

#[test]
fn loops() {
    check(
        "loops",
        &[
            // The condition is at the end.
            Case::new(
                &["i32"],
                "i32",
                "(local i32) local.get 0 i32.const 63 i32.and local.set 0 \
                 (loop local.get 1 local.get 0 i32.add local.set 1 local.get 0 i32.const 1 i32.sub local.tee 0 i32.const 0 i32.gt_s br_if 0) \
                 local.get 1",
            ),
            // Left in the middle, restarted in two places.
            Case::new(
                &["i32"],
                "i32",
                "(local i32) local.get 0 i32.const 127 i32.and local.set 0 (block (loop local.get 0 i32.eqz br_if 1 \
                 local.get 0 i32.const 1 i32.sub local.set 0 local.get 0 i32.const 3 i32.and i32.eqz br_if 0 \
                 local.get 1 i32.const 1 i32.add local.set 1 br 0)) local.get 1",
            ),
            // One inside another, and a jump from the inner to the outer.
            Case::new(
                &["i32"],
                "i32",
                "(local i32 i32) local.get 0 i32.const 15 i32.and local.set 0 (block (loop local.get 0 i32.eqz br_if 1 \
                 local.get 0 i32.const 1 i32.sub local.tee 0 local.set 2 \
                 (loop local.get 1 local.get 2 i32.add local.set 1 local.get 2 i32.const 2 i32.lt_u br_if 1 \
                 local.get 2 i32.const 1 i32.sub local.set 2 local.get 1 i32.const 100 i32.gt_u br_if 2 br 0))) local.get 1",
            ),
            // A switch in a loop: neither `break` nor `continue` means what it means outside.
            Case::new(
                &["i32"],
                "i32",
                "(local i32 i32) (block (loop local.get 2 i32.const 1 i32.add local.tee 2 i32.const 20 i32.gt_u br_if 1 \
                 (block (block (block local.get 0 local.get 2 i32.add i32.const 3 i32.and br_table 0 1 2 3) \
                 local.get 1 i32.const 1 i32.add local.set 1 br 2) local.get 1 i32.const 7 i32.mul local.set 1 br 1) \
                 local.get 1 i32.const 1000000 i32.gt_u br_if 1 br 0)) local.get 1",
            ),
            // With a value.
            Case::new(
                &["i32"],
                "i32",
                "(local i32) (loop (result i32) local.get 1 i32.const 1 i32.add local.tee 1 i32.const 5 i32.lt_u br_if 0 \
                 local.get 0 local.get 1 i32.mul)",
            ),
        ],
    );
}
