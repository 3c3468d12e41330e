# What a developer of callstate runs. `make test` is all that has to pass.

GO ?= go

.PHONY: test tools format vet unit build release demo screenshots bench bench-log bench-projections crash soak fuzz golden

test: tools format vet unit

# What the tests need beyond Go: a C compiler for the race detector, Chromium for the page, RabbitMQ for the bus,
# systemd-analyze for the unit.
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

# Static binaries with their versions, bills of materials and checksums, in bin/release.
release:
	@GO=$(GO) scripts/release.sh

demo:
	$(GO) run ./cmd/callstate demo

# The pictures of the page in docs/images, light and dark, as the demo shows it.
screenshots:
	$(GO) test ./features -count 1 -run '^TestScreenshots$$' -args -screenshots $(CURDIR)/docs/images

# Appends and the path from a switch's bytes to the floor, each beside a bare synced log file.
bench:
	$(GO) test -run '^$$' -bench . -benchtime 2s ./adapters/store/pebble ./cmd/callstate

# The tables of docs/performance.md. PEERS=1 adds other systems; see the script.
bench-log:
	@GO=$(GO) scripts/bench-log.sh

# Kills a process that appends, and lets every single write fail, for as long as it takes: about half an hour.
crash:
	CALLSTATE_TEST_CRASH_ROUNDS=5000 CALLSTATE_TEST_EVERY_FAULT=1 \
	  $(GO) test -timeout 2h -run 'Crash|EveryFault|PowerCut|FullDisk|Damage' -v ./adapters/store/pebble

# Half an hour of 500 events a second, with a broker and desktops, and a restart every five minutes. `make test` has a short form.
soak:
	CALLSTATE_TEST_SOAK_TIME=30m CALLSTATE_TEST_SOAK_RESTART=5m \
	  $(GO) test -count 1 -timeout 1h -run '^TestSoak$$' -v ./cmd/callstate

# What is made from the log: how fast it is made anew, and how fast it answers. A table of docs/performance.md.
bench-projections:
	@GO=$(GO) scripts/bench-projections.sh

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
