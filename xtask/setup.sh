#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs what the tests need: packages of the distribution, Python tools into target/python, a browser driver into target/browser, cargo's
# tools into target/cargo-tools. Leaves alone what is there already.
#
#   setup.sh [--dry-run] [NEED...]     needs as the table below names them; all of them without one
#
# Prints a line `NEED: PACKAGE...` for everything that could not be installed, and then exits with 1. --dry-run only says what would be
# installed.
set -eu

dry_run=no
if [ "${1:-}" = --dry-run ]; then
    dry_run=yes
    shift
fi

say() { printf 'setup: %s\n' "$*" >&2; }

# A need, a package for it, and what shows that it is there: a command, a file, a Python module, or a function of this script. It does not
# matter who installed it. The package `-` does not come from the distribution.
table='
lints      rustfmt                        cmd:cargo-fmt
lints      clippy                         cmd:cargo-clippy
c          gcc                            cmd:cc
c          g++                            cmd:c++
c          make                           cmd:make
linux      gcc-multilib                   file:/usr/lib/gcc/*/*/32/crtbegin.o
linux      clang                          cmd:clang
linux      binutils-aarch64-linux-gnu     cmd:aarch64-linux-gnu-ld
linux      libgcc-12-dev-arm64-cross      file:/usr/lib/gcc-cross/aarch64-linux-gnu/*/crtbegin.o
linux      libc6-dev-arm64-cross          file:/usr/aarch64-linux-gnu/include/stdio.h
linux      binutils-arm-linux-gnueabihf   cmd:arm-linux-gnueabihf-ld
linux      libgcc-12-dev-armhf-cross      file:/usr/lib/gcc-cross/arm-linux-gnueabihf/*/crtbegin.o
linux      libc6-dev-armhf-cross          file:/usr/arm-linux-gnueabihf/include/stdio.h
linux      qemu-user                      cmd:qemu-aarch64
openssl    openssl                        cmd:openssl
openssl    libssl-dev                     file:/usr/include/openssl/ssl.h
valgrind   valgrind                       cmd:valgrind
cmake      cmake                          cmd:cmake
pkg-config pkg-config                     cmd:pkg-config
pack       git                            cmd:git
pack       zip                            cmd:zip
pack       unzip                          cmd:unzip
chips      gcc-arm-none-eabi              cmd:arm-none-eabi-gcc
chips      libnewlib-arm-none-eabi        file:/usr/lib/arm-none-eabi/newlib/nano.specs
chips      picolibc-arm-none-eabi         file:/usr/lib/picolibc/arm-none-eabi/picolibc.specs
chips      gcc-riscv64-unknown-elf        cmd:riscv64-unknown-elf-gcc
chips      picolibc-riscv64-unknown-elf   file:/usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs
chips      rustc-web                      fun:has_rust_for_chips
chips      rust-web-src                   fun:has_rust_for_chips
boards     qemu-system-arm                cmd:qemu-system-arm
boards     qemu-system-misc               cmd:qemu-system-riscv32
machines   clang                          cmd:clang
machines   gcc-xtensa-lx106               cmd:xtensa-lx106-elf-gcc
machines   picolibc-xtensa-lx106-elf      file:/usr/lib/xtensa-lx106-elf/picolibc.specs
machines   libgcc-12-dev-mipsel-cross     file:/usr/lib/gcc-cross/mipsel-linux-gnu/*/crtbegin.o
machines   binutils-mipsel-linux-gnu      cmd:mipsel-linux-gnu-ld
machines   libc6-dev-mipsel-cross         file:/usr/mipsel-linux-gnu/include/stdio.h
machines   qemu-user                      cmd:qemu-mipsel
windows    clang-22                       cmd:clang-22
windows    llvm-22                        cmd:llvm-mc-22
doxygen    doxygen                        cmd:doxygen
python     python3                        cmd:python3
python     python3-venv                   module:ensurepip
python     -                              fun:has_python_tools
chromium   chromium                       fun:has_chromium
chromium   python3                        cmd:python3
chromium   python3-venv                   module:ensurepip
chromium   -                              fun:has_browser_driver
load       wrk                            cmd:wrk
cargo-deny -                              fun:has_cargo_deny
cargo-sbom -                              fun:has_cargo_sbom
'

# Rust for the chips: installed rustup targets, or a compiler with the sources of its `core`.
rust_targets='thumbv6m-none-eabi thumbv7m-none-eabi thumbv7em-none-eabi thumbv7em-none-eabihf
thumbv8m.base-none-eabi thumbv8m.main-none-eabi thumbv8m.main-none-eabihf
riscv32imc-unknown-none-elf riscv32imac-unknown-none-elf wasm32v1-none i686-unknown-linux-gnu
aarch64-unknown-linux-gnu armv7-unknown-linux-gnueabihf'

here=$(dirname "$0")
target=$here/../target
# Python tools, pinned; a copy of the list beside them records which ones are installed.
requirements=$here/requirements.txt
python=$target/python
# The browser driver, separate from the Python tools because it is large.
driver=$here/requirements-browser.txt
browser=$target/browser
# Tools for cargo, with their versions.
cargo_deny=0.20.2
cargo_sbom=0.10.0
cargo_tools=$target/cargo-tools

has_rustup_targets() {
    sysroot=$(rustc --print sysroot 2>/dev/null) || return 1
    for each in $rust_targets; do
        [ -d "$sysroot/lib/rustlib/$each/lib" ] || return 1
    done
}
has_rust_for_chips() {
    has_rustup_targets || { [ -e /usr/bin/rustc ] && [ -e /usr/lib/rustlib/src/rust/library/core ]; }
}
has_python_tools() { cmp -s "$requirements" "$python/requirements.txt"; }
has_browser_driver() { cmp -s "$driver" "$browser/requirements.txt"; }
has_chromium() {
    command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1
}
has_cargo_deny() { [ -x "$cargo_tools/$cargo_deny/bin/cargo-deny" ]; }
has_cargo_sbom() { [ -x "$cargo_tools/$cargo_sbom/bin/cargo-sbom" ]; }

is_there() {
    case $1 in
    cmd:*) command -v "${1#cmd:}" >/dev/null 2>&1 ;;
    file:*)
        # Deliberately unquoted: the pattern may contain a version.
        for path in ${1#file:}; do [ -e "$path" ] && return 0; done
        return 1
        ;;
    module:*) python3 -c "import ${1#module:}" >/dev/null 2>&1 ;;
    fun:*) "${1#fun:}" ;;
    esac
}

# missing NEED...: prints lines `NEED PACKAGE` for what is not installed; for all needs if none is given.
missing() {
    echo "$table" | while read -r need package probe; do
        [ -n "$need" ] || continue
        case " ${*:-$need} " in
        *" $need "*) is_there "$probe" || echo "$need $package" ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
may_install() {
    command -v apt-get >/dev/null 2>&1 && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}
apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@" >&2; }

install_packages() {
    apt update || say 'apt-get update failed: going on with the lists that are there'
    # If the distribution has no rustc-web (Ubuntu), rustup's targets serve instead.
    case " $* " in *' rustc-web '*)
        if ! apt-cache show rustc-web rust-web-src >/dev/null 2>&1; then
            say 'no rustc-web in this distribution: taking the targets from rustup'
            # shellcheck disable=SC2086
            rustup target add $rust_targets >&2 || say 'rustup has not got them'
            # shellcheck disable=SC2046
            set -- $(printf '%s\n' "$@" | grep -vx 'rustc-web\|rust-web-src')
        fi
        ;;
    esac
    install='install -y --no-install-recommends'
    # shellcheck disable=SC2086
    [ $# = 0 ] || apt $install "$@" && return
    case " $* " in *' qemu-system-'*)
        # A qemu-utils from elsewhere, newer than the distribution's, prevents the distribution's emulators from being installed.
        codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
        say "trying again with qemu-utils as $codename has it, since a newer one is in the way"
        # shellcheck disable=SC2086
        apt $install --allow-downgrades "$@" "qemu-utils/$codename" && return
        ;;
    esac
    say 'trying again one by one'
    for package in "$@"; do
        # shellcheck disable=SC2086
        apt $install "$package" || say "$package cannot be installed"
    done
}

# install_python_tools LIST FOLDER
install_python_tools() {
    rm -rf "$2"
    python3 -m venv "$2" &&
        "$2/bin/pip" install --quiet --disable-pip-version-check --requirement "$1" >&2 &&
        cp "$1" "$2/requirements.txt"
}

# install_cargo_tool NAME VERSION ARGUMENT...: builds it without optimisation, since it runs for a second and not for hours.
install_cargo_tool() {
    name=$1 version=$2
    shift 2
    CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --debug --locked "$name" --version "=$version" \
        --root "$cargo_tools/$version" --target-dir "$cargo_tools/build" "$@" >&2
}

if ! command -v cargo >/dev/null 2>&1; then
    say 'cargo is missing: install Rust from https://rustup.rs first'
    exit 1
fi

lacking=$(missing "$@")
if [ -n "$lacking" ]; then
    # shellcheck disable=SC2046
    set -- "$(echo "$lacking" | cut -d ' ' -f 1 | sort -u | tr '\n' ' ')"
    say "not there yet: $(echo "$lacking" | tr '\n' ',' | sed 's/,$//; s/,/, /g')"
    packages=$(echo "$lacking" | grep -v '^lints \| -$' | cut -d ' ' -f 2 | tr '\n' ' ')
    if [ "$dry_run" = yes ]; then
        say "would install: $packages"
        exit 0
    fi
    if [ -n "$packages" ] && may_install; then
        say "installing $packages"
        # shellcheck disable=SC2086
        install_packages $packages
    elif [ -n "$packages" ]; then
        say 'there is no root or no apt-get to install packages with'
    fi
    case $lacking in *'lints '*) rustup component add rustfmt clippy >&2 || say 'rustup has no rustfmt or clippy' ;; esac
    case $lacking in *'python -'*)
        say "installing what $requirements names into $python"
        install_python_tools "$requirements" "$python" || say 'pip cannot install them'
        ;;
    esac
    case $lacking in *'chromium -'*)
        say "installing what $driver names into $browser"
        install_python_tools "$driver" "$browser" || say 'pip cannot install it'
        ;;
    esac
    case $lacking in *'cargo-deny '*)
        say "building cargo-deny $cargo_deny, which takes a minute or two"
        install_cargo_tool cargo-deny $cargo_deny --no-default-features || say 'cargo cannot install it'
        ;;
    esac
    case $lacking in *'cargo-sbom '*)
        say "building cargo-sbom $cargo_sbom"
        install_cargo_tool cargo-sbom $cargo_sbom || say 'cargo cannot install it'
        ;;
    esac
    # shellcheck disable=SC2068
    lacking=$(missing $@)
    [ -z "$lacking" ] || { echo "$lacking" | sed 's/ -$/ (not from a distribution)/; s/ /: /'; exit 1; }
fi
