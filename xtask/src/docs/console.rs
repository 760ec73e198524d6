//! Commands on pages that are not run, in blocks marked `console` or not at all: each is known, and what it names is there.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, bail, ensure};
use xshell::cmd;

use super::{all, code};
use crate::{packages::arduino, target::TARGETS, workspace::Workspace};

/// What looks at the words after a tool's name.
type Look = fn(&Facts, &[&str]) -> anyhow::Result<()>;

/// The tools, and why their commands are not run.
const TOOLS: [(&str, &str, Look); 11] = [
    (
        "arduino-cli",
        "it is in no package registry, and boards and libraries are on Arduino's servers",
        arduino_cli,
    ),
    (
        "idf.py",
        "it is a part of ESP-IDF, with its compilers",
        idf_py,
    ),
    (
        "pio",
        "to upload takes a board, and its platform is in PlatformIO's registry",
        pio,
    ),
    (
        "espup",
        "it fetches a compiler from Espressif's servers",
        espup,
    ),
    (".", "the file is written by espup", source),
    (
        "cargo",
        "the compiler is Espressif's, or the device is built with west",
        cargo,
    ),
    (
        "rustup",
        "it fetches from servers that the tests do without",
        rustup,
    ),
    ("west", "it works in a Zephyr tree only", west),
    (
        "./build/zephyr/zephyr.exe",
        "it is built with west",
        zephyr_exe,
    ),
    ("cd", "it stands before one of the others", cd),
    ("make", "the tests themselves are one of its targets", make),
];

/// Boards that the page for Arduino compiles for, and the example.
const BOARDS: [(&str, &str); 1] = [("arduino:samd:mkrnb1500", "MkrNb1500")];

/// What commands may name.
struct Facts {
    workspace: Workspace,
    /// Names of the packages.
    packages: Vec<String>,
    /// Files in the packages for Arduino and ESP-IDF.
    files: Vec<String>,
}

impl Facts {
    fn new(workspace: &Workspace, dist: &Path) -> anyhow::Result<Self> {
        let shell = &workspace.shell;
        let packages: Vec<_> = shell
            .read_dir(dist)?
            .iter()
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        let version = Workspace::version();
        let zip = dist.join(format!("kpn-things-{version}-arduino.zip"));
        let tar = dist.join(format!("kpn-things-{version}-esp-idf.tgz"));
        let zip = cmd!(shell, "unzip -Z1 {zip}").quiet().read()?;
        let tar = cmd!(shell, "tar --list --file {tar}").quiet().read()?;
        let files = zip.lines().chain(tar.lines()).map(str::to_owned).collect();
        Ok(Self {
            workspace: workspace.clone(),
            packages,
            files,
        })
    }

    /// Whether a file of the repository has the text.
    fn says(&self, file: &str, text: &str) -> anyhow::Result<()> {
        let found = self.workspace.shell.read_file(self.workspace.path(file))?;
        ensure!(found.contains(text), "{file} has no `{text}`");
        Ok(())
    }

    /// Files that any command may name: a package, or something in the checkout.
    fn word(&self, word: &str) -> anyhow::Result<()> {
        let of_a_version = word
            .strip_prefix("kpn-things-")
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
        ensure!(
            !of_a_version || self.packages.iter().any(|name| name == word),
            "there is no package `{word}`"
        );
        if let Some((_, path)) = word.split_once("$KPN_THINGS/") {
            ensure!(self.workspace.path(path).exists(), "there is no {path}");
        }
        Ok(())
    }
}

/// Every such command of every page; a page that has any says that they were not run.
pub fn check(workspace: &Workspace, dist: &Path) -> anyhow::Result<()> {
    let facts = Facts::new(workspace, dist)?;
    for page in all(workspace)? {
        let lines = [code(&page.text, "console"), code(&page.text, "")].concat();
        let commands = commands(&lines);
        let mut tools = BTreeSet::new();
        for command in &commands {
            tools.insert(
                look(&facts, command)
                    .with_context(|| format!("{}: `{}`", page.path, command.join(" ")))?,
            );
        }
        for (tool, why) in tools {
            println!("{}: {tool} is not run: {why}", page.path);
        }
        let marked = !code(&page.text, "console").is_empty();
        ensure!(
            !marked || page.text.to_lowercase().contains("not run"),
            "{} does not say which commands were not run",
            page.path
        );
    }
    Ok(())
}

/// The words of each command: without prompt, comment, and what joins it to the next one.
fn commands<'a>(lines: &[&'a str]) -> Vec<Vec<&'a str>> {
    lines
        .iter()
        .flat_map(|line| {
            let line = line.strip_prefix("$ ").unwrap_or(line);
            let line = line.split(" # ").next().unwrap_or(line).trim();
            line.trim_end_matches(" &").split(" && ")
        })
        .map(|command| command.split_whitespace().collect::<Vec<_>>())
        .filter(|words| !words.is_empty())
        .collect()
}

/// Checks one command; answers its tool, and why it is not run.
fn look(facts: &Facts, command: &[&str]) -> anyhow::Result<(&'static str, &'static str)> {
    let (name, words) = command.split_first().context("a command has words")?;
    let (tool, why, look) = TOOLS
        .iter()
        .find(|(tool, _, _)| tool == name)
        .with_context(|| format!("no test knows `{name}`: mark the block `sh`, and it is run"))?;
    for word in words {
        facts.word(word)?;
    }
    look(facts, words)?;
    Ok((tool, why))
}

fn unknown() -> anyhow::Result<()> {
    bail!("no test knows these words")
}

fn arduino_cli(facts: &Facts, words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["core", "install", core] => ensure!(
            BOARDS
                .iter()
                .any(|(board, _)| board.starts_with(&format!("{core}:"))),
            "no board is of `{core}`"
        ),
        ["config", "set", "library.enable_unsafe_install", "true"] => {}
        ["lib", "install", "--zip-path", file] => {
            ensure!(file.ends_with("-arduino.zip"), "{file} is for others");
        }
        ["lib", "install", library] => {
            let (_, sketch) = BOARDS[0];
            facts.says(&example(sketch), &format!("#include <{library}.h>"))?;
        }
        ["compile", "--fqbn", board, "--upload", "--port", _, sketch] => {
            ensure!(
                BOARDS.contains(&(*board, *sketch)),
                "{board} is not for {sketch}"
            );
            let file = format!("KPN_Things/examples/{sketch}/{sketch}.ino");
            ensure!(facts.files.contains(&file), "the package has no {file}");
            let architecture = board.split(':').nth(1).unwrap_or_default();
            let known = facts.workspace.shell.read_file(
                facts
                    .workspace
                    .path("packaging/arduino/library.properties.in"),
            )?;
            let known = arduino::architectures(&known);
            ensure!(
                known.contains(&architecture),
                "no library for {architecture}"
            );
        }
        _ => unknown()?,
    }
    Ok(())
}

fn example(sketch: &str) -> String {
    format!("packaging/arduino/examples/{sketch}/{sketch}.ino")
}

fn idf_py(facts: &Facts, words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["set-target", chip] => facts.says(
            "packaging/esp-idf/CMakeLists.txt",
            &format!("set(kpn_things_{chip} "),
        ),
        ["-p", _, "flash", "monitor"] => Ok(()),
        _ => unknown(),
    }
}

fn pio(facts: &Facts, words: &[&str]) -> anyhow::Result<()> {
    let (command, option) = match words {
        ["run", option @ "--target", "upload"] => (&words[..1], option),
        ["device", "monitor", option @ "--baud", baud] => {
            facts.says(&example("MkrNb1500"), &format!("Serial.begin({baud})"))?;
            (&words[..2], option)
        }
        _ => return unknown(),
    };
    let pio = facts.workspace.path("target/python/bin/pio");
    let shell = &facts.workspace.shell;
    let help = cmd!(shell, "{pio} {command...} --help").quiet().read()?;
    ensure!(help.contains(*option), "pio has no {option}");
    Ok(())
}

fn espup(_: &Facts, words: &[&str]) -> anyhow::Result<()> {
    ensure!(words == ["install"], "espup does not do that");
    Ok(())
}

fn source(_: &Facts, words: &[&str]) -> anyhow::Result<()> {
    ensure!(words == ["~/export-esp.sh"], "espup does not write that");
    Ok(())
}

fn cargo(facts: &Facts, words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["install", "espup"] => Ok(()),
        [
            "+esp",
            "rustc",
            "--release",
            "--features",
            "capi",
            "--crate-type",
            "staticlib",
            "--target",
            triple,
            "-Zbuild-std=core",
        ] => {
            let shell = &facts.workspace.shell;
            let known = cmd!(shell, "rustc --print target-list").quiet().read()?;
            ensure!(
                known.lines().any(|line| line == *triple),
                "Rust has no {triple}"
            );
            Ok(())
        }
        ["run", "--manifest-path", _, "-p", package, "--", ..] => {
            facts.says("simulator/Cargo.toml", &format!("name = \"{package}\""))
        }
        _ => unknown(),
    }
}

fn rustup(_: &Facts, words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["target", "add", triple] => ensure!(
            TARGETS.iter().any(|target| target.triple == *triple),
            "there is no archive for {triple}"
        ),
        _ => unknown()?,
    }
    Ok(())
}

fn west(facts: &Facts, words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["build", "-b", board, _, "--", settings @ ..] => {
            let sample = facts.workspace.path("c-examples/zephyr");
            let boards = facts
                .workspace
                .shell
                .read_file(sample.join("sample.yaml"))?;
            ensure!(
                boards
                    .lines()
                    .any(|line| line.trim() == format!("- {board}")),
                "the sample is not for {board}"
            );
            for setting in settings {
                match setting.split_once('=') {
                    Some(("-DEXTRA_ZEPHYR_MODULES", "$KPN_THINGS")) => {}
                    Some(("-DEXTRA_CONF_FILE", file)) => {
                        ensure!(sample.join(file).is_file(), "the sample has no {file}");
                    }
                    _ => unknown()?,
                }
            }
            Ok(())
        }
        ["build", "-t", "run"] => Ok(()),
        _ => unknown(),
    }
}

fn zephyr_exe(_: &Facts, words: &[&str]) -> anyhow::Result<()> {
    ensure!(words.is_empty(), "it takes no arguments");
    Ok(())
}

fn cd(facts: &Facts, words: &[&str]) -> anyhow::Result<()> {
    let [folder] = words else { return unknown() };
    let inside = format!("{folder}/");
    ensure!(
        facts.files.iter().any(|file| file.starts_with(&inside)),
        "no package has {folder}"
    );
    Ok(())
}

fn make(facts: &Facts, words: &[&str]) -> anyhow::Result<()> {
    let [target] = words else { return unknown() };
    facts.says("Makefile", &format!("\n{target}:"))
}

#[cfg(test)]
mod tests {
    use super::{Facts, commands, look};
    use crate::workspace::Workspace;

    fn facts() -> Facts {
        Facts {
            workspace: Workspace::open().unwrap(),
            packages: vec!["kpn-things-9.9.9-arduino.zip".to_owned()],
            files: vec![
                "KPN_Things/examples/MkrNb1500/MkrNb1500.ino".to_owned(),
                "kpn_things/examples/internet/main/main.c".to_owned(),
            ],
        }
    }

    fn knows(line: &str) -> bool {
        let facts = facts();
        let commands = commands(&[line]);
        assert!(!commands.is_empty());
        commands.iter().all(|command| look(&facts, command).is_ok())
    }

    #[test]
    fn takes_commands_apart() {
        assert_eq!(
            commands(&["$ a b && c", "", "d &", "e     # f"]),
            [vec!["a", "b"], vec!["c"], vec!["d"], vec!["e"]]
        );
    }

    #[test]
    fn what_a_command_names_is_there() {
        for (good, part, instead) in [
            ("arduino-cli core install arduino:samd", "samd", "avr"),
            ("arduino-cli core install arduino:samd", "core", "cores"),
            ("arduino-cli lib install MKRNB", "MKRNB", "MKRNB1500"),
            (
                "arduino-cli lib install --zip-path kpn-things-9.9.9-arduino.zip",
                "9.9.9",
                "9.9.8",
            ),
            (
                "arduino-cli compile --fqbn arduino:samd:mkrnb1500 --upload --port /dev/ttyACM0 MkrNb1500",
                "mkrnb1500",
                "mkrnb1400",
            ),
            (
                "arduino-cli compile --fqbn arduino:samd:mkrnb1500 --upload --port /dev/ttyACM0 MkrNb1500",
                "MkrNb1500",
                "MkrNb1600",
            ),
            ("cd kpn_things/examples/internet", "internet", "intranet"),
            ("idf.py set-target esp32c3", "esp32c3", "esp32s3"),
            ("idf.py -p /dev/ttyUSB0 flash monitor", "flash", "flush"),
            (
                "cargo install espup && espup install && . ~/export-esp.sh",
                "esp.sh",
                "esp",
            ),
            (
                "cargo +esp rustc --release --features capi --crate-type staticlib --target xtensa-esp32-none-elf -Zbuild-std=core",
                "esp32",
                "esp99",
            ),
            (
                "rustup target add thumbv7m-none-eabi",
                "thumbv7m",
                "thumbv9m",
            ),
            (
                "west build -b qemu_cortex_m3 $KPN_THINGS/c-examples/zephyr -- -DEXTRA_CONF_FILE=overlay-nsos.conf",
                "zephyr ",
                "nuttx ",
            ),
            (
                "west build -b qemu_cortex_m3 $KPN_THINGS/c-examples/zephyr -- -DEXTRA_CONF_FILE=overlay-nsos.conf",
                "qemu_cortex_m3",
                "qemu_cortex_m9",
            ),
            (
                "west build -b qemu_cortex_m3 $KPN_THINGS/c-examples/zephyr -- -DEXTRA_CONF_FILE=overlay-nsos.conf",
                "nsos",
                "tsos",
            ),
            ("make demo", "demo", "demon"),
            ("make demo", "make", "sudo make"),
        ] {
            assert!(knows(good), "{good}");
            let bad = good.replace(part, instead);
            assert_ne!(bad, good);
            assert!(!knows(&bad), "{bad}");
        }
        assert!(!knows("pio run --targets upload"));
        assert!(!knows("tar -xf anything"));
    }
}
