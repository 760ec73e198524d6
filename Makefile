# SPDX-License-Identifier: MIT OR Apache-2.0
# The front door. Each line with two hashes is the help that `make` prints.
XTASK := cargo run --quiet --package xtask --
TARGET ?= thumbv6m-none-eabi
DEMO := $(or $(CARGO_TARGET_DIR),target)/demo
TIME ?= 60

.PHONY: help setup demo simulator test check docs header notices archive report wire load bench bench-host fuzz coverage c-source mutants dist

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what all of the tests need: packages of the distribution, Python tools, tools for cargo
	@sh xtask/setup.sh

demo: ## A C program sends a signed message to a simulated platform and acts on the answer; wants cargo and cc, nothing else
	@cargo build --locked --profile demo --package kpn-things-simulator --no-default-features --bin kpn-things-simulator --example demo
	@cargo rustc --locked --profile demo --package kpn-things --lib --crate-type staticlib --features posix
	@cc -std=c99 -Wall -Iinclude c-examples/exchange/exchange.c $(DEMO)/libkpn_things.a -o $(DEMO)/exchange
	@$(DEMO)/examples/demo $(DEMO)/kpn-things-simulator $(DEMO)/exchange c-examples/exchange/device.json

simulator: ## The platform on this machine with two devices, and a page for the browser under the URL that it prints: make simulator ARGS='--fault drop'
	@cargo run --quiet --locked --profile demo --package kpn-things-simulator --bin kpn-things-simulator -- --devices simulator/devices.toml --api 127.0.0.1:8081 $(ARGS)

test: ## Everything: lints, Rust and C tests, header, archives, firmware under QEMU, budgets; CI=1 allows no step to be left out
	@cargo run --package xtask -- test

check: ## Formatting and lints, warnings as errors
	@$(XTASK) check

docs: ## The manual as a site: target/doxygen/html/index.html
	@sh xtask/setup.sh doxygen
	@$(XTASK) docs

header: ## Write include/kpn_things.h anew
	@$(XTASK) header

notices: ## Write THIRD-PARTY-NOTICES anew, after a change of Cargo.lock
	@$(XTASK) notices

archive: ## Build the C archive for one chip: make archive TARGET=thumbv7em-none-eabihf
	@sh xtask/setup.sh linux chips
	@$(XTASK) archive $(TARGET)

c-source: ## The whole library as one C file, for chips without an archive
	@sh xtask/setup.sh linux chips
	@$(XTASK) c-source

report: ## What it costs, measured: lines `name value unit`; the table of README.md too
	@sh xtask/setup.sh chips boards
	@$(XTASK) report --readme

wire: ## Bytes on the wire of one message, over HTTP and TLS; the table of README.md too
	@sh xtask/setup.sh c openssl
	@$(XTASK) wire

load: ## Messages per second and latencies of the simulator, beside a bare handler of axum; the tables of simulator/README.md too
	@sh xtask/setup.sh load
	@$(XTASK) load

bench: ## Instructions per operation on Cortex-M3
	@sh xtask/setup.sh chips boards
	@$(XTASK) bench

bench-host: ## Time of a message and a downlink on this machine, beside OpenSSL and cJSON (wants libssl-dev, libcjson-dev)
	@cargo bench --quiet --locked --manifest-path tests/bench-host/Cargo.toml --target-dir target/bench-host

fuzz: ## Coverage-guided fuzzing with the nightly compiler, each target for TIME seconds: make fuzz TIME=600
	@$(XTASK) fuzz --time $(TIME)

coverage: setup ## Which lines of src no test reaches: fails for a line that tests/uncovered.txt does not explain
	@$(XTASK) coverage

mutants: ## Spoils the core function by function, and lists what no test notices (hours; xtask mutants AREA --shard k/n for a part)
	@$(XTASK) mutants

dist: ## Archives and packages per chip, with checksums, in dist/
	@sh xtask/setup.sh linux chips pack cargo-sbom
	@$(XTASK) dist
