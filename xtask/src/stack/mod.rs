// SPDX-License-Identifier: MIT OR Apache-2.0
//! The most stack that each exported function needs: frames added up along all calls, including those through function
//! pointers and into the toolchain's helpers.
//!
//! The compiler reports the frames of what it compiled (`.stack_sizes`); those of helpers in the C library and libgcc
//! are read from their machine code. A call through a pointer is assumed to reach every function whose address is taken
//! anywhere in what the exported function reaches: by code, or by a constant that code refers to, such as a vtable.
//! Objects that C keeps between two calls hold no function pointers, so no others can be meant.

mod code;
mod read;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context as _, bail, ensure};

use crate::{archive, target::Target, workspace::Workspace};

/// What the functions of one archive need.
#[derive(Debug)]
pub struct Stack {
    /// The most bytes that each `kpn_*` function needs, including everything that it calls.
    pub calls: BTreeMap<String, u64>,
    /// The largest frame of a single function, and that function.
    pub largest_frame: (u64, String),
}

/// From the objects that an archive was made from; `None` if the compiler wrote no stack sizes.
pub fn of_archive(
    workspace: &Workspace,
    target: &Target,
    archive: &Path,
) -> anyhow::Result<Option<Stack>> {
    let mut graph = Graph::default();
    let mut has_sizes = false;
    for path in archive::members(workspace, archive)? {
        has_sizes |= read::add_object(&mut graph, &workspace.shell.read_binary_file(&path)?)
            .with_context(|| path.display().to_string())?;
    }
    if !has_sizes {
        return Ok(None);
    }
    let shim = archive.with_file_name("aeabi_mem.o");
    if shim.exists() {
        read::add_object(&mut graph, &workspace.shell.read_binary_file(&shim)?)?;
    }
    read::add_helpers(&mut graph, workspace, target)?;
    graph.stack().map(Some)
}

/// What is known of one function.
#[derive(Default, Clone, PartialEq, Eq, Debug)]
struct Function {
    /// Bytes that it keeps on the stack while calling others.
    frame: u64,
    /// Functions that it calls and that return to it.
    calls: BTreeSet<String>,
    /// Functions that it jumps to after its own frame is gone.
    tail_calls: BTreeSet<String>,
    /// Functions whose address it takes, itself or through constants that it refers to.
    takes: BTreeSet<String>,
    /// Whether it calls or jumps through a register.
    calls_pointers: bool,
}

#[derive(Default)]
struct Graph {
    functions: BTreeMap<String, Function>,
}

impl Graph {
    fn stack(&self) -> anyhow::Result<Stack> {
        let mut calls = BTreeMap::new();
        for name in self.functions.keys() {
            if name.starts_with("kpn_") {
                let walk = Walk::from(self, name)?;
                let depth = walk.depth(name, &mut Vec::new(), &mut BTreeMap::new())?;
                calls.insert(name.clone(), depth);
            }
        }
        let (name, largest) = self
            .functions
            .iter()
            .max_by_key(|(_, function)| function.frame)
            .context("at least one frame")?;
        Ok(Stack {
            calls,
            largest_frame: (largest.frame, name.clone()),
        })
    }

    fn function(&self, name: &str) -> anyhow::Result<&Function> {
        self.functions
            .get(name)
            .with_context(|| format!("nothing is known of {name}"))
    }
}

/// The calls below one exported function.
struct Walk<'a> {
    graph: &'a Graph,
    /// Where a call through a pointer may go.
    pointers: BTreeSet<&'a str>,
}

impl<'a> Walk<'a> {
    /// Finds what can be reached; targets of pointers only if something reached calls through pointers.
    fn from(graph: &'a Graph, root: &'a str) -> anyhow::Result<Self> {
        let mut reached = BTreeSet::from([root]);
        let mut open = vec![root];
        let mut pointers = BTreeSet::new();
        let mut calls_pointers = false;
        while let Some(name) = open.pop() {
            let function = graph.function(name)?;
            pointers.extend(function.takes.iter().map(String::as_str));
            calls_pointers |= function.calls_pointers;
            let direct = function.calls.iter().chain(&function.tail_calls);
            let mut next: Vec<_> = direct.map(String::as_str).collect();
            if calls_pointers {
                next.extend(&pointers);
            }
            open.extend(next.into_iter().filter(|name| reached.insert(name)));
        }
        ensure!(
            !calls_pointers || !pointers.is_empty(),
            "{root} calls through a pointer, but takes no address"
        );
        Ok(Self { graph, pointers })
    }

    fn depth(
        &self,
        name: &'a str,
        path: &mut Vec<&'a str>,
        depths: &mut BTreeMap<&'a str, u64>,
    ) -> anyhow::Result<u64> {
        if let Some(depth) = depths.get(name) {
            return Ok(*depth);
        }
        if path.contains(&name) {
            bail!("recursion: {} calls {name}", path.join(" calls "));
        }
        path.push(name);
        let function = self.graph.function(name)?;
        let mut below = 0;
        // A jump back to its own start is a loop.
        for callee in function.calls.iter().filter(|callee| *callee != name) {
            below = below.max(self.depth(callee, path, depths)?);
        }
        if function.calls_pointers {
            for callee in &self.pointers {
                below = below.max(self.depth(callee, path, depths)?);
            }
        }
        let mut depth = below + function.frame;
        for callee in function.tail_calls.iter().filter(|callee| *callee != name) {
            depth = depth.max(self.depth(callee, path, depths)?);
        }
        path.pop();
        depths.insert(name, depth);
        Ok(depth)
    }
}

#[cfg(test)]
mod tests {
    use super::{Function, Graph};

    fn function(frame: u64, calls: &[&str]) -> Function {
        Function {
            frame,
            calls: names(calls),
            ..Function::default()
        }
    }

    fn names(names: &[&str]) -> std::collections::BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn graph(functions: &[(&str, Function)]) -> Graph {
        let functions = functions
            .iter()
            .map(|(name, function)| ((*name).to_owned(), function.clone()));
        Graph {
            functions: functions.collect(),
        }
    }

    #[test]
    fn adds_frames_along_the_deepest_calls() {
        let stack = graph(&[
            ("kpn_a", function(16, &["b", "c"])),
            ("b", function(100, &[])),
            ("c", function(8, &["b"])),
            ("kpn_d", function(1, &[])),
        ]);
        let stack = stack.stack().unwrap();
        assert_eq!(stack.calls["kpn_a"], 124);
        assert_eq!(stack.calls["kpn_d"], 1);
        assert_eq!(stack.largest_frame, (100, "b".to_owned()));
    }

    #[test]
    fn a_tail_call_takes_the_place_of_the_caller() {
        let caller = Function {
            tail_calls: names(&["c"]),
            ..function(16, &["b"])
        };
        let stack = graph(&[
            ("kpn_a", caller),
            ("b", function(10, &[])),
            ("c", function(20, &[])),
        ]);
        assert_eq!(stack.stack().unwrap().calls["kpn_a"], 26);
    }

    #[test]
    fn a_call_through_a_pointer_reaches_what_its_callers_and_their_callees_take() {
        let writer = Function {
            calls_pointers: true,
            ..function(4, &[])
        };
        let caller = Function {
            takes: names(&["sink"]),
            ..function(8, &["table", "writer"])
        };
        let table = Function {
            takes: names(&["deepest"]),
            ..function(2, &[])
        };
        let other = Function {
            takes: names(&["elsewhere"]),
            ..function(1, &[])
        };
        let stack = graph(&[
            ("kpn_a", caller),
            ("writer", writer),
            ("table", table),
            ("sink", function(100, &["below"])),
            ("below", function(50, &[])),
            ("deepest", function(300, &[])),
            ("kpn_b", other),
            ("elsewhere", function(1000, &[])),
        ]);
        let stack = stack.stack().unwrap();
        assert_eq!(stack.calls["kpn_a"], 8 + 4 + 300);
        assert_eq!(stack.calls["kpn_b"], 1);
    }

    #[test]
    fn refuses_recursion_and_what_it_does_not_know() {
        let stack = graph(&[
            ("kpn_a", function(1, &["b"])),
            ("b", function(1, &["kpn_a"])),
        ]);
        assert!(stack.stack().unwrap_err().to_string().contains("recursion"));
        let stack = graph(&[("kpn_a", function(1, &["memcpy"]))]);
        assert!(stack.stack().unwrap_err().to_string().contains("memcpy"));
        let lost = Function {
            calls_pointers: true,
            ..function(1, &[])
        };
        let error = graph(&[("kpn_a", lost)]).stack().unwrap_err();
        assert!(error.to_string().contains("no address"));
    }
}
