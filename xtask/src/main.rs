//! Build and check programs behind the Makefile. `make` lists what there is; one module per job.

mod check;
mod header;
mod test;
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
    /// Formatting and lints, warnings as errors
    Check,
    /// Writes include/kpn_things.h anew
    Header,
    /// Everything that must hold
    Test {
        /// Only the steps whose name contains this
        only: Option<String>,
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
        Job::Check => check::run(&workspace),
        Job::Header => header::write(&workspace),
        Job::Test { only } => test::run(&workspace, only.as_deref()),
    }
}
