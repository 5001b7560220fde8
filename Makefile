# Two commands matter: `make run` and `make test`. Both set up what they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

SPANLAKE_CACHE ?= $(HOME)/.cache/spanlake
export SPANLAKE_CACHE
# One target folder outside the checkout, so that every clone and CI share what is built.
export CARGO_TARGET_DIR ?= $(SPANLAKE_CACHE)/target
BIN := $(CARGO_TARGET_DIR)/release/spanlake
ARGS ?=

.PHONY: help
help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: build ## set up, build and start the server (ARGS="--listen 127.0.0.1:4300 …")
	exec $(BIN) serve $(ARGS)

.PHONY: build
build: tools ui/dist/index.html ## the release binary with the page in it
	cargo build --release -p spanlake

.PHONY: test
test: tools browser-tools fault-tools check-format ui/dist/index.html ## everything: lints, unit, end-to-end, real SDKs, the page in a browser
	cargo clippy --release --workspace --all-targets -- -D warnings
	# One selection of packages with the tests, so that DataFusion is compiled once for both.
	cargo build --release --workspace --bins
	cargo test --release --workspace
	cd ui && npm run check && npm test
	SPANLAKE_BIN=$(BIN) tests/interop/run.sh
	SPANLAKE_BIN=$(BIN) tests/browser/run.sh

.PHONY: check
check: check-format ui/node_modules/.stamp ## the quick loop: format, lints, unit tests
	cargo clippy --release --workspace --all-targets -- -D warnings
	cargo test --release --workspace --lib --bins
	cd ui && npm run check && npm test

.PHONY: check-format
check-format:
	cargo fmt --all --check

.PHONY: demo
demo: ## a small shop sends traces, metrics and logs to the server that runs
	examples/run-demo.sh

.PHONY: bench
bench: tools ui/dist/index.html ## measure the shipping build; the figures are in docs/benchmarks.md
	cargo build --profile dist -p spanlake
	cargo build --release -p spanlake-bench
	$(CARGO_TARGET_DIR)/release/spanlake-bench --bin $(CARGO_TARGET_DIR)/dist/spanlake --gzip $(ARGS)
	$(CARGO_TARGET_DIR)/release/spanlake-bench --bin $(CARGO_TARGET_DIR)/dist/spanlake --overload 120

.PHONY: bench-ui
bench-ui: browser-tools build ## measure the page in Chromium; the figures are in docs/benchmarks.md
	cd ui && SPANLAKE_BIN=$(BIN) npm run --silent bench

.PHONY: bench-mysql
bench-mysql: browser-tools fault-tools build ## poll real MySQL servers: latency to the pixel, cost; the figures are in docs/benchmarks.md
	cargo build --release -p spanlake-bench
	$(CARGO_TARGET_DIR)/release/spanlake-bench-mysql --bin $(BIN) $(ARGS)

ui/node_modules/.stamp: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund
	touch $@

ui/dist/index.html: ui/node_modules/.stamp $(shell find ui/src ui/public -type f 2>/dev/null) ui/index.html ui/vite.config.ts
	cd ui && npm run build
	touch $@

.PHONY: tools
tools: # a C compiler for zstd and the allocator; nothing to do where there is one
	@command -v cc >/dev/null || { apt-get update -qq && apt-get install -y -qq build-essential; }

.PHONY: fault-tools
fault-tools: # meets the server's system calls in the fault runs, and MariaDB to poll; without it they say what is not run
	@# The client's package has the my_print_defaults that the server's mariadb-install-db calls.
	@command -v mariadbd >/dev/null && command -v my_print_defaults >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends mariadb-server-core mariadb-client-core; } || true
	@command -v strace >/dev/null || { apt-get update -qq && apt-get install -y -qq strace; } || true

.PHONY: browser-tools
browser-tools:
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium fonts-dejavu-core; }
