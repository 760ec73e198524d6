#!/bin/sh
# Installs what the build and the tests need from the distribution's packages, and Python tools into target/python.
# Touches nothing when everything is there. --dry-run says what would be installed and stops.
set -eu

dry_run=no
[ "${1:-}" = --dry-run ] && dry_run=yes

say() { printf 'setup: %s\n' "$*" >&2; }

# One tool per line: package, then what shows that it is there: a command, a file, or a Python module; any source is good.
needs='
cmake                          cmd:cmake
make                           cmd:make
zip                            cmd:zip
unzip                          cmd:unzip
valgrind                       cmd:valgrind
gcc                            cmd:cc
g++                            cmd:c++
openssl                        cmd:openssl
libssl-dev                     file:/usr/include/openssl/ssl.h
gcc-multilib                   file:/usr/lib/gcc/*/*/32/crtbegin.o
gcc-arm-none-eabi              cmd:arm-none-eabi-gcc
libnewlib-arm-none-eabi        file:/usr/lib/arm-none-eabi/newlib/nano.specs
picolibc-arm-none-eabi         file:/usr/lib/picolibc/arm-none-eabi/picolibc.specs
gcc-riscv64-unknown-elf        cmd:riscv64-unknown-elf-gcc
picolibc-riscv64-unknown-elf   file:/usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs
qemu-system-arm                cmd:qemu-system-arm
qemu-system-misc               cmd:qemu-system-riscv32
pkg-config                     cmd:pkg-config
doxygen                        cmd:doxygen
python3                        cmd:python3
python3-venv                   module:ensurepip
'

# Rust for the chips: installed rustup targets, or a compiler with the sources of its `core`.
rust_targets='thumbv6m-none-eabi thumbv7m-none-eabi thumbv7em-none-eabi thumbv7em-none-eabihf
thumbv8m.base-none-eabi thumbv8m.main-none-eabi thumbv8m.main-none-eabihf
riscv32imc-unknown-none-elf riscv32imac-unknown-none-elf i686-unknown-linux-gnu'
rust_web='
rustc-web      file:/usr/bin/rustc
rust-web-src   file:/usr/lib/rustlib/src/rust/library/core
'

is_there() {
    case $1 in
    cmd:*) command -v "${1#cmd:}" >/dev/null 2>&1 ;;
    file:*)
        # Unquoted on purpose: the pattern may hold a version.
        for path in ${1#file:}; do [ -e "$path" ] && return 0; done
        return 1
        ;;
    module:*) python3 -c "import ${1#module:}" >/dev/null 2>&1 ;;
    esac
}

missing_of() {
    echo "$1" | while read -r package probe; do
        [ -z "$package" ] || is_there "$probe" || echo "$package"
    done | tr '\n' ' '
}

has_all_rust_targets() {
    sysroot=$(rustc --print sysroot 2>/dev/null) || return 1
    for target in $rust_targets; do
        [ -d "$sysroot/lib/rustlib/$target/lib" ] || return 1
    done
}

# Python tools, pinned; a copy of the list beside them says which ones are there.
requirements=$(dirname "$0")/requirements.txt
python=$(dirname "$0")/../target/python

has_python_tools() {
    ! grep -q '^[^#]' "$requirements" || cmp -s "$requirements" "$python/requirements.txt"
}

install_python_tools() {
    has_python_tools && return
    say "installing what $requirements names into $python"
    [ "$dry_run" = no ] || return 0
    rm -rf "$python"
    python3 -m venv "$python"
    "$python/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" >&2
    cp "$requirements" "$python/requirements.txt"
}

if ! command -v cargo >/dev/null 2>&1; then
    say 'cargo is missing: install Rust from https://rustup.rs first'
    exit 1
fi

missing=$(missing_of "$needs")
has_all_rust_targets || missing="$missing$(missing_of "$rust_web")"
if [ -z "$missing" ]; then
    install_python_tools
    exit 0
fi

if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root='sudo -n'
else
    as_root=none
fi
if [ "$as_root" = none ] || ! command -v apt-get >/dev/null 2>&1; then
    say "these packages are missing, and there is no root or apt-get to install them: $missing"
    exit 1
fi

say "installing $missing"
if [ "$dry_run" = yes ]; then
    install_python_tools
    exit 0
fi

apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@" >&2; }

apt update || say 'apt-get update failed: going on with the lists that are there'

# Where the distribution has no rustc-web (Ubuntu), rustup's targets do the same.
case $missing in *rust*-web*)
    if ! apt-cache show rustc-web rust-web-src >/dev/null 2>&1; then
        say 'no rustc-web in this distribution: taking the targets from rustup'
        # shellcheck disable=SC2086
        rustup target add $rust_targets
        missing=$(missing_of "$needs")
    fi
    ;;
esac

install='install -y --no-install-recommends'
# shellcheck disable=SC2086
if [ -n "$missing" ] && ! apt $install $missing; then
    case $missing in
    *qemu-system-*)
        # A qemu-utils from elsewhere, newer than the distribution's, keeps the distribution's emulators out.
        codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
        say "trying again with qemu-utils as $codename has it, since a newer one is in the way"
        apt $install --allow-downgrades $missing "qemu-utils/$codename"
        ;;
    *) exit 1 ;;
    esac
fi

still=$(missing_of "$needs")
has_all_rust_targets || still="$still$(missing_of "$rust_web")"
if [ -n "$still" ]; then
    say "still missing after the installation: $still"
    exit 1
fi
install_python_tools
