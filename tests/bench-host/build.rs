// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles the C side, which calls the library as any C program does.

fn main() {
    println!("cargo::rerun-if-changed=work.c");
    cc::Build::new()
        .file("work.c")
        .include("../../include")
        .include("../firmware")
        .opt_level(3)
        .compile("work");
    println!("cargo::rustc-link-lib=crypto");
    println!("cargo::rustc-link-lib=cjson");
}
