// SPDX-License-Identifier: MIT OR Apache-2.0
//! The build and check programs behind the Makefile, one module per job. `make` lists the jobs.

mod archive;
mod budgets;
mod c_source;
mod check;
mod cost;
mod coverage;
mod ctest;
mod damage;
mod demo;
mod dist;
mod docs;
mod firmware;
mod fuzz;
mod header;
mod hostile;
mod instrumented;
mod legal;
mod link;
mod load;
mod machine;
mod modem;
mod mutants;
mod neighbour;
mod packages;
mod page;
mod proxy;
mod readme;
mod report;
mod sanitized;
mod simulator;
mod snippets;
mod stack;
mod symbols;
mod target;
mod target_spec;
mod test;
mod toolchain;
mod tools;
mod vectors;
mod wire;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use workspace::Workspace;

#[derive(Parser)]
#[command(about = "Build and check programs behind the Makefile")]
struct Arguments {
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand)]
enum Job {
    /// Builds the manual as a site: target/doxygen/html/index.html
    Docs,
    /// Builds the C archive for one target, or for `all`
    Archive {
        /// Short name or Rust name of the target
        target: String,
        /// An unrolled SHA-256 schedule: 4 % fewer instructions per message, for 0.5 KB more
        #[arg(long)]
        fast_sha: bool,
        /// For Arm cores that trap on unaligned words
        #[arg(long)]
        strict_align: bool,
    },
    /// Writes the whole library as one C file
    CSource,
    /// Formatting and lints, warnings as errors
    Check,
    /// The C tests on this machine: as C99 and C++11, with sanitizers and under valgrind
    Ctest,
    /// Which lines of the library no test reaches
    Coverage,
    /// Packages per target in dist/, with checksums
    Dist {
        /// Only the simulator, for a kind of machine other than the one that packs the rest
        #[arg(long)]
        simulator: bool,
    },
    /// The C tests on emulated boards
    Firmware,
    /// Damaged vectors into everything that reads from the network, through the archive
    Damage {
        /// How long, in seconds
        #[arg(default_value_t = 60)]
        seconds: u32,
        /// The same seed gives the same inputs
        seed: Option<u64>,
    },
    /// Coverage-guided fuzzing of one target, or of all, with the nightly compiler
    Fuzz {
        /// A name of tests/fuzz/fuzz_targets
        target: Option<String>,
        /// Seconds for each target
        #[arg(long, default_value_t = 60)]
        time: u32,
        /// Adds the figures of this run to the table of tests/fuzz/README.md
        #[arg(long)]
        record: bool,
        /// Keeps inputs that reached new code in tests/fuzz/corpus, as few as necessary
        #[arg(long)]
        keep: bool,
    },
    /// Regenerates include/kpn_things.h
    Header,
    /// Links every function for every target: no panic, no foreign symbol
    Link,
    /// What it costs: lines `name value unit`
    Report {
        /// Only these targets, by short name or Rust's name
        targets: Vec<String>,
        /// Also writes the table into README.md
        #[arg(long)]
        readme: bool,
    },
    /// Regenerates THIRD-PARTY-NOTICES
    Notices,
    /// Bytes on the wire of one message, over HTTP and TLS: lines `name value unit`, and the table of README.md
    Wire,
    /// What the simulator bears, beside a bare handler of axum: the tables of simulator/README.md
    Load,
    /// Instructions per operation on Cortex-M3 and Cortex-M0+
    Bench {
        /// Flash and instructions on Cortex-M3 of the usual archive, and of one with strict alignment
        #[arg(long)]
        strict_align: bool,
    },
    /// Spoils the core's functions one by one: some test must notice each
    Mutants {
        /// Only one of json, senml, http, number, uplink, queue, firmware, token
        area: Option<String>,
        /// Only a part of the mutations, such as 0/4
        #[arg(long)]
        shard: Option<String>,
    },
    /// Everything that must hold
    Test {
        /// Only the steps whose name contains this
        only: Option<String>,
        /// Only the step of exactly this name
        #[arg(long, conflicts_with = "only")]
        exact: Option<String>,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let workspace = Workspace::open()?;
    match Arguments::parse().job {
        Job::Archive {
            target,
            fast_sha,
            strict_align,
        } => {
            let options = archive::Options {
                fast_sha,
                strict_align,
                ..archive::Options::default()
            };
            archive::run(&workspace, &target, options)
        }
        Job::Check => check::run(&workspace),
        Job::Ctest => ctest::check(&workspace),
        Job::Coverage => coverage::run(&workspace),
        Job::CSource => c_source::run(&workspace),
        Job::Dist { simulator: true } => dist::run_simulator(&workspace),
        Job::Dist { simulator: false } => dist::run(&workspace),
        Job::Docs => docs::build_site(&workspace),
        Job::Firmware => {
            firmware::check_can_fail(&workspace).and_then(|()| firmware::check(&workspace))
        }
        Job::Damage { seconds, seed } => damage::run(&workspace, seconds, seed),
        Job::Fuzz {
            target,
            time,
            record,
            keep,
        } => fuzz::run(
            &workspace,
            target.as_deref(),
            time,
            fuzz::After { record, keep },
        ),
        Job::Header => header::write(&workspace),
        Job::Notices => legal::notices::write(&workspace),
        Job::Link => link::check(&workspace).and_then(|()| link::check_can_fail(&workspace)),
        Job::Report { targets, readme } => report::run(&workspace, &targets, readme),
        Job::Wire => wire::run(&workspace),
        Job::Load => load::run(&workspace),
        Job::Bench { strict_align: true } => report::bench_strict_align(&workspace),
        Job::Bench { .. } => report::bench(&workspace),
        Job::Mutants { area, shard } => mutants::run(&workspace, area.as_deref(), shard.as_deref()),
        Job::Test {
            exact: Some(name), ..
        } => test::run_one(&workspace, &name),
        Job::Test { only, .. } => test::run(&workspace, only.as_deref()),
    }
}
