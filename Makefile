# What a developer of callstate runs. `make test` is all that has to pass.

GO ?= go

.PHONY: test tools format vet unit build demo bench fuzz golden

test: tools format vet unit

# What the tests need beyond Go: a C compiler for the race detector, Chromium for the page.
tools:
	@scripts/install-test-tools.sh

format:
	@unformatted="$$(gofmt -l .)"; test -z "$$unformatted" || { echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; }

vet:
	$(GO) vet ./...

# Features, browser test and everything else run in go test.
unit:
	$(GO) test -race -timeout 20m ./...

build:
	$(GO) build -o bin/callstate ./cmd/callstate

demo:
	$(GO) run ./cmd/callstate demo

# Appends and the path from a switch's bytes to the floor, each beside a bare synced log file.
bench:
	$(GO) test -run '^$$' -bench . -benchtime 2s ./adapters/store/pebble ./cmd/callstate

# Every fuzz target for a minute.
fuzz:
	@for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep ^Fuzz); do \
	    echo "== $$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime 1m $$package || exit 1; \
	  done; \
	done

# Rewrites the golden histories; read the diff before you commit it.
golden:
	$(GO) test ./adapters/switches/asterisk -run History -update
