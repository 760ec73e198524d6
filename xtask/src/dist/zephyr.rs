// SPDX-License-Identifier: MIT OR Apache-2.0
//! The Zephyr module as a package: its files, the header, the sample, an archive per Rust target, and the library as one C file.

use std::path::Path;

use super::{
    Archives, Package, c_source,
    pack::{self, COMMON},
};
use crate::workspace::Workspace;

/// Files of the module, which have the same place in the package as in the repository.
const FILES: [(&str, &str); 43] = [
    ("zephyr/module.yml", "zephyr"),
    ("zephyr/Kconfig", "zephyr"),
    ("zephyr/CMakeLists.txt", "zephyr"),
    ("zephyr/target.cmake", "zephyr"),
    ("zephyr/kpn_zephyr.c", "zephyr"),
    ("zephyr/kpn_zephyr_socket.c", "zephyr"),
    ("zephyr/kpn_zephyr_socket.h", "zephyr"),
    ("zephyr/kpn_zephyr_store.c", "zephyr"),
    ("zephyr/kpn_zephyr_store.h", "zephyr"),
    ("zephyr/kpn_zephyr_firmware.c", "zephyr"),
    ("zephyr/kpn_zephyr_firmware_fetch.c", "zephyr"),
    ("zephyr/kpn_zephyr_firmware_fetch.h", "zephyr"),
    ("zephyr/kpn_zephyr_queue.c", "zephyr"),
    ("zephyr/kpn_zephyr_credentials.c", "zephyr"),
    ("zephyr/kpn_zephyr_shell.c", "zephyr"),
    ("zephyr/README.md", "zephyr"),
    ("zephyr/include/kpn_zephyr.h", "zephyr/include"),
    ("zephyr/include/kpn_zephyr_firmware.h", "zephyr/include"),
    ("zephyr/include/kpn_zephyr_queue.h", "zephyr/include"),
    ("zephyr/include/kpn_zephyr_credentials.h", "zephyr/include"),
    ("c-examples/zephyr/CMakeLists.txt", "c-examples/zephyr"),
    ("c-examples/zephyr/Kconfig", "c-examples/zephyr"),
    ("c-examples/zephyr/prj.conf", "c-examples/zephyr"),
    ("c-examples/zephyr/overlay-nsos.conf", "c-examples/zephyr"),
    ("c-examples/zephyr/sample.yaml", "c-examples/zephyr"),
    (
        "c-examples/zephyr/boards/nrf9151dk_nrf9151_ns.conf",
        "c-examples/zephyr/boards",
    ),
    (
        "c-examples/zephyr/boards/nrf9160dk_nrf9160_ns.conf",
        "c-examples/zephyr/boards",
    ),
    (
        "c-examples/zephyr/boards/thingy91_nrf9160_ns.conf",
        "c-examples/zephyr/boards",
    ),
    ("c-examples/zephyr/overlay-edrx.conf", "c-examples/zephyr"),
    ("c-examples/zephyr/overlay-ppp.conf", "c-examples/zephyr"),
    ("c-examples/zephyr/overlay-psm.conf", "c-examples/zephyr"),
    ("c-examples/zephyr/overlay-update.conf", "c-examples/zephyr"),
    (
        "c-examples/zephyr/pytest/test_simulator.py",
        "c-examples/zephyr/pytest",
    ),
    ("c-examples/zephyr/src/network.c", "c-examples/zephyr/src"),
    ("c-examples/zephyr/src/network.h", "c-examples/zephyr/src"),
    ("c-examples/zephyr/src/sms.c", "c-examples/zephyr/src"),
    ("c-examples/zephyr/src/sms.h", "c-examples/zephyr/src"),
    ("tests/zephyr/ztest/CMakeLists.txt", "tests/zephyr/ztest"),
    ("tests/zephyr/ztest/prj.conf", "tests/zephyr/ztest"),
    ("tests/zephyr/ztest/src/main.c", "tests/zephyr/ztest/src"),
    ("tests/zephyr/ztest/testcase.yaml", "tests/zephyr/ztest"),
    ("c-examples/zephyr/src/main.c", "c-examples/zephyr/src"),
    (
        "c-examples/zephyr/boards/qemu_cortex_m3.conf",
        "c-examples/zephyr/boards",
    ),
];

/// Tells Kconfig that there are archives, and no sources from which to build them.
const ARCHIVES_KCONFIG: &str = "# Written by `make dist`: the archives for each core stand beside this file.\n\n\
    config KPN_THINGS_HAS_ARCHIVES\n\tdefault y\n";

/// Packs the module with all given archives.
pub fn pack(workspace: &Workspace, archives: &Archives, dist: &Path) -> anyhow::Result<Package> {
    let shell = &workspace.shell;
    let name = format!("kpn-things-{}-zephyr", Workspace::version());
    let folder = pack::staging(workspace, "zephyr", &name)?;
    pack::copy(workspace, &COMMON, &folder)?;
    pack::copy(workspace, &FILES, &folder)?;
    let triples = archives
        .targets()
        .map(|target| (target.triple, target.name));
    pack::archives(
        workspace,
        archives,
        triples,
        &folder.join("zephyr/archives"),
    )?;
    c_source::put(workspace, &folder.join("zephyr/source"))?;
    shell.write_file(folder.join("zephyr/archives/Kconfig"), ARCHIVES_KCONFIG)?;
    let file = format!("{name}.tar.gz");
    pack::tar_gz(workspace, &folder, &dist.join(&file))?;
    Ok(Package {
        kind: "zephyr",
        file,
        targets: archives.0.iter().map(|(target, _)| target.name).collect(),
    })
}
