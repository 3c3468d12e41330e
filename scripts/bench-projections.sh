#!/usr/bin/env bash
# Measures the read models and prints the table of docs/performance.md. Takes five to ten minutes and some gigabytes of disk.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
results=$(mktemp)
trap 'rm -f "$results"' EXIT

before=$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)
"$go" test -run '^$' -timeout 60m -bench . -benchtime 2s ./projections/history ./projections/past ./projections/statistics ./projections/floor |
  tee "$results" >&2

echo "$(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -1), $(uname -sr), $("$go" env GOVERSION)," \
  "load before the measurements $before"
awk '
  /^pkg:/ { of = $2; sub(/.*\//, "", of) }
  /^Benchmark/ {
    name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name)
    split("", value)
    for (i = 3; i < NF; i += 2) value[$(i + 1)] = $i
    ns = value["ns/op"]
    if (name == "Rebuild") row("history from a million events", "15 s", sprintf("%.1f s, %.1f s of processor time", ns / 1e9, value["cpu-s/op"]))
    if (name ~ /^Day\/rebuild/) row("floor from a million events" (name ~ /true/ ? ", and what devices are told" : ""), "3 s", sprintf("%.2f s, %.2f s of processor time", ns / 1e9, value["cpu-s/op"]))
    if (name == "Day/keep") row("kept floors from a million events", "", sprintf("%.1f s", ns / 1e9))
    if (name == "Day/start") row("live floor at a start, after a million events", "", sprintf("%.2f s", ns / 1e9))
    if (name == "Day/at") row("floor at any time of a day of a million events", "100 ms", sprintf("p50 %.0f ms, p99 %.0f ms, %.0f ms of processor time", value["p50-ms"], value["p99-ms"], value["cpu-ms/op"]))
    if (name ~ /^Morning/) row("numbers of " (name ~ /queue/ ? "a queue" : "all queues and agents") " by quarters of an hour, 14,000 calls", "", sprintf("%.0f ms", ns / 1e6))
    if (name ~ /^Search/) { sub(/^Search\/by=/, "", name); row("search of a million calls by " name ", first page", "50 ms", sprintf("%.1f ms", ns / 1e6)) }
    if (name ~ /^Apply/) { sub(/^Apply\/mode=/, "", name); row("an event in the " of ", " name, "", sprintf("%.1f us", ns / 1e3)) }
  }
  function row(what, aim, found) { print "| " what " | " aim " | " found " |" }
  BEGIN { print "\n| what | aim | found |\n|---|---:|---:|" }' "$results"
