// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures of README.md: the path of a message, and its cost compared with other libraries, drawn from the report's
//! lines there.

use core::fmt::Write as _;

use anyhow::{Context as _, ensure};

use crate::workspace::Workspace;

const FLOW: &str = "packaging/doxygen/flow.svg";
const COST: &str = "packaging/doxygen/cost.svg";

/// A job, the report line for it, and what other libraries take; README.md says how that was measured.
type Job = (&'static str, &'static str, &'static [(&'static str, usize)]);

const JOBS: &[Job] = &[
    (
        "Build and sign a message",
        "message.small-sha",
        &[("printf and BearSSL", 33_087), ("KPN Device SDK", 54_244)],
    ),
    (
        "Read a response",
        "response",
        &[
            ("picohttpparser", 1_476),
            ("llhttp", 2_342),
            ("coreHTTP", 4_507),
        ],
    ),
    (
        "Read a downlink",
        "downlink-body",
        &[
            ("cJSON", 14_538),
            ("coreJSON", 16_675),
            ("ArduinoJson", 26_187),
        ],
    ),
];

/// Draws them where they are checked in.
pub fn write(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    shell.write_file(FLOW, flow())?;
    shell.write_file(COST, cost(&shell.read_file("README.md")?)?)?;
    Ok(())
}

/// Fails if they do not match the report.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let readme = shell.read_file("README.md")?;
    for (path, drawn) in [(FLOW, flow()), (COST, cost(&readme)?)] {
        ensure!(
            shell.read_file(path)? == drawn,
            "{path} is stale: run `make docs` and commit the change"
        );
    }
    Ok(())
}

fn opening(height: usize, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 {height}\" width=\"760\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"14\" role=\"img\">\n<title>{title}</title>\n\
         <rect width=\"760\" height=\"{height}\" fill=\"white\"/>\n"
    )
}

/// Device, buffer, platform: three boxes and what passes between them.
fn flow() -> String {
    let mut svg = opening(210, "The path of a message and its downlink");
    svg.push_str(
        "<defs><marker id=\"tip\" markerWidth=\"9\" markerHeight=\"8\" refX=\"8\" refY=\"4\" orient=\"auto\"><path d=\"M0 0L9 4L0 8z\"/></marker></defs>\n",
    );
    let boxes = [
        (20, "Firmware", "measures, acts,\u{a0}owns the modem"),
        (290, "Your buffer", "kpn_things works in it"),
        (560, "KPN Things", "or the simulator"),
    ];
    for (x, title, line) in boxes {
        let middle = x + 90;
        let _ = write!(
            svg,
            "<rect x=\"{x}\" y=\"20\" width=\"180\" height=\"170\" rx=\"8\" fill=\"#eef4ee\" stroke=\"#2a7d2a\"/>\n\
             <text x=\"{middle}\" y=\"95\" text-anchor=\"middle\" font-weight=\"bold\">{title}</text>\n\
             <text x=\"{middle}\" y=\"118\" text-anchor=\"middle\" font-size=\"11\">{line}</text>\n"
        );
    }
    let arrows = [
        (200, 290, 65, "add, finish"),
        (470, 560, 65, "request"),
        (560, 470, 155, "response"),
        (290, 200, 155, "next record"),
    ];
    for (from, to, y, label) in arrows {
        let _ = write!(
            svg,
            "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"black\" marker-end=\"url(#tip)\"/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-size=\"11\">{label}</text>\n",
            usize::midpoint(from, to),
            y - 8
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Instructions as bars.
fn cost(readme: &str) -> anyhow::Result<String> {
    let rows: usize = JOBS.iter().map(|(_, _, others)| others.len() + 1).sum();
    let height = 40 + rows * 22 + JOBS.len() * 34;
    let mut svg = opening(height, "Instructions on Cortex-M3");
    let mut y = 26;
    let _ = writeln!(
        svg,
        "<text x=\"20\" y=\"{y}\" font-weight=\"bold\">Instructions on Cortex-M3</text>"
    );
    for (job, line, others) in JOBS {
        let start = format!("| {line} | ");
        let ours = readme
            .lines()
            .find_map(|row| row.strip_prefix(&start)?.split(' ').next()?.parse().ok())
            .with_context(|| format!("README.md reports {line}"))?;
        for (name, count) in *others {
            let said = grouped(*count);
            ensure!(
                readme.contains(&said),
                "README.md does not say that {name} takes {said}"
            );
        }
        y += 34;
        let _ = writeln!(svg, "<text x=\"20\" y=\"{y}\">{job}</text>");
        let bars = core::iter::once(("kpn_things", ours)).chain(others.iter().copied());
        for (name, count) in bars {
            y += 22;
            let width = (count / 100).max(1);
            let colour = if name == "kpn_things" {
                "#2a7d2a"
            } else {
                "#b9c4b9"
            };
            let _ = write!(
                svg,
                "<text x=\"150\" y=\"{y}\" text-anchor=\"end\" font-size=\"12\">{name}</text>\n\
                 <rect x=\"160\" y=\"{}\" width=\"{width}\" height=\"14\" fill=\"{colour}\"/>\n\
                 <text x=\"{}\" y=\"{y}\" font-size=\"12\">{}</text>\n",
                y - 12,
                width + 166,
                grouped(count)
            );
        }
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// 12345 as 12,345.
fn grouped(count: usize) -> String {
    match (count / 1000, count % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{cost, grouped};

    #[test]
    fn a_report_without_a_line_is_refused() {
        assert!(cost("| response | 4184 | 5138 |\n").is_err());
    }

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!((grouped(7), grouped(54_007)), ("7".into(), "54,007".into()));
    }
}
