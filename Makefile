# Everything is built into build/; nothing there is ever committed.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -X github.com/patchbay-gw/patchbay/core/internal/app.Version=$(VERSION)

PLUGINS  := $(patsubst plugins/%/plugin.json,%,$(wildcard plugins/*/plugin.json))
PACKED   := $(PLUGINS:%=build/plugins/%.wasm)
SDK      := $(shell find sdk-plugin/go -name '*.go' -not -name '*_test.go')
HOST     := $(shell find core -name '*.go' -not -name '*_test.go' -not -path '*/testdata/*') go.mod go.sum
# What the binary embeds beside Go code: schemas, SDKs and templates for new plugins.
EMBEDDED := sdk-plugin/embed.go $(wildcard sdk-plugin/abi/*.schema.json) $(shell find sdk-plugin/go/project sdk-plugin/c/sdk sdk-plugin/c/project \
            sdk-plugin/assemblyscript/sdk sdk-plugin/assemblyscript/project sdk-plugin/rust/src sdk-plugin/rust/build.sh sdk-plugin/rust/project \
            core/internal/scaffold/templates -type f)
PANEL    := $(shell find ui/src ui/public ui/scripts -type f) ui/index.html ui/package.json ui/package-lock.json ui/vite.config.ts ui/tsconfig.json
SANDBOX  := $(shell find examples/sandbox -name '*.go' -not -name '*_test.go')
GUEST    := GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 $(GO) build -buildmode=c-shared -trimpath -buildvcs=false

.PHONY: help build run test check bench bench-check profile chaos clean fuzz docs dist screenshots

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

build: build/patchbay build/sandbox $(PACKED) ## the gateway, the sandbox and the plugins, into build/

build/panel: $(PANEL)
	@.ci/panel

build/patchbay: $(HOST) $(SDK) $(EMBEDDED) build/panel $(wildcard ui/*.go)
	@mkdir -p build
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $@ ./core/cmd/patchbay

build/sandbox: $(SANDBOX) go.mod go.sum
	@mkdir -p build
	CGO_ENABLED=0 $(GO) build -trimpath -o $@ ./examples/sandbox/cmd/sandbox

.SECONDEXPANSION:
build/plugins/%.wasm: $$(wildcard plugins/%/*.go) plugins/%/plugin.json $(SDK) build/patchbay
	@mkdir -p build/plugins build/code
	$(GUEST) -o build/code/$*.wasm ./plugins/$*
	build/patchbay plugin pack --manifest plugins/$*/plugin.json --output $@ build/code/$*.wasm

run: build ## gateway and sandbox on 127.0.0.1:8080, ready to try
	@.ci/run-sandbox

test: ## everything that proves it; installs what it needs
	@.ci/test

check: ## formatting, vet, staticcheck, import rules, known vulnerabilities; leaves git status clean
	@.ci/check

bench: build ## figures beside their goals, and the peers; a missed goal is an error (BENCH="--record --document")
	@.ci/bench $(BENCH)

bench-check: build ## ratios of a run against the recorded ones; one that is 20 % worse is an error
	@.ci/bench-check

profile: build ## what a request costs: profiles of the hot path, into build/profile
	@.ci/profile

chaos: build ## break the gateway and everything around it: ROUNDS=50 kills, a soak of SOAK=30m; .ci/chaos is the short form
	@.ci/chaos --rounds $${ROUNDS:-50} --soak $${SOAK:-30m}

docs: ## the generated parts of docs/
	$(GO) generate ./core/internal/refdoc

screenshots: build ## every page of the panel as a picture, into build/screenshots
	@cd ui && npm run --silent screenshots

dist: ## a release in build/dist: archives, checksums, bill of materials, licences
	@.ci/dist --version '$(VERSION)'

fuzz: ## every fuzz target for FUZZTIME (10s)
	@.ci/fuzz $${FUZZTIME:-10s}

clean: ## remove what was built; data/ stays
	rm -rf build
