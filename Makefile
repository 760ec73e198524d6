# The front door. Each line with two hashes is the help that `make` prints.
XTASK := cargo run --quiet --package xtask --
TARGET ?= thumbv6m-none-eabi

.PHONY: help setup demo test check header archive c-source report wire bench bench-host fuzz mutants dist

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install the missing tools from the distribution's packages
	@sh xtask/setup.sh

demo: setup ## A C program sends a signed message to a simulated platform and acts on the answer
	@$(XTASK) demo

test: setup ## Everything: lints, Rust and C tests, header, archives, firmware under QEMU, budgets
	@$(XTASK) test

check: ## Formatting and lints, warnings as errors
	@$(XTASK) check

header: ## Write include/kpn_things.h anew
	@$(XTASK) header

archive: setup ## Build the C archive for one chip: make archive TARGET=thumbv7em-none-eabihf
	@$(XTASK) archive $(TARGET)

c-source: setup ## The whole library as one file of C, for chips without an archive
	@$(XTASK) c-source

report: setup ## What it costs, measured: lines `name value unit`; the table of README.md too
	@$(XTASK) report --readme

wire: setup ## Bytes on the wire of one message, over HTTP and TLS; the table of README.md too
	@$(XTASK) wire

bench: setup ## Instructions per operation on Cortex-M3
	@$(XTASK) bench

bench-host: ## Time of a message and a downlink on this machine, beside OpenSSL and cJSON (wants libssl-dev, libcjson-dev)
	@cargo bench --quiet --locked --manifest-path tests/bench-host/Cargo.toml --target-dir target/bench-host

fuzz: ## Random inputs for longer than the tests do it
	@$(XTASK) fuzz

mutants: ## Spoils the core function by function, and lists what no test notices (hours; xtask mutants AREA --shard k/n for a part)
	@$(XTASK) mutants

dist: setup ## Archives and packages per chip, with checksums, in dist/
	@$(XTASK) dist
