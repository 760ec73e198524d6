// SPDX-License-Identifier: MIT OR Apache-2.0
//! The header as doxygen reads it.

use anyhow::{bail, ensure};
use xshell::cmd;

use crate::{header, workspace::Workspace};

const HEADER: &str = "include/kpn_things.h";

/// Renders the header; any warning is an error. In the header with every comment in full, each parameter must be named.
/// The check itself is tested: a comment that names no parameter must be refused.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    render(workspace, HEADER, "")?;
    let complete = header::complete(workspace)?;
    let all = "WARN_NO_PARAMDOC = YES\nWARN_IF_INCOMPLETE_DOC = YES\n";
    render(workspace, &complete.display().to_string(), all)?;
    let text = workspace.shell.read_file(&complete)?;
    let wrong = text.replacen("@param[in]", "@param[in] no_such_", 1);
    ensure!(wrong != text, "the header names no parameter");
    let copy = workspace.scratch("doxygen")?.join("kpn_things.h");
    workspace.shell.write_file(&copy, wrong)?;
    match render(workspace, &copy.display().to_string(), all) {
        Ok(()) => bail!("a parameter that is not there passes"),
        Err(error) => ensure!(
            format!("{error:#}").contains("no_such_"),
            "refused, but not for the parameter: {error:#}"
        ),
    }
    println!("the header is rendered without a warning");
    Ok(())
}

pub(super) fn render(workspace: &Workspace, input: &str, more: &str) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let settings = shell.read_file("packaging/doxygen/Doxyfile")?;
    let output = cmd!(shell, "doxygen -")
        .stdin(format!("{settings}\nINPUT = {input}\n{more}"))
        .quiet()
        .ignore_status()
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() && said.trim().is_empty(),
        "doxygen says:\n{said}"
    );
    Ok(())
}
