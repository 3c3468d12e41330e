#!/usr/bin/env bash
# Measures the event log and prints the tables of docs/performance.md. Takes some five minutes, and as much disk as a
# gigabyte for each million of events.
#
#   CALLSTATE_BENCH_EVENTS        how many events the large log has (1000000)
#   PEERS=1                       beside NATS JetStream, and beside PostgreSQL where there is one:
#   CALLSTATE_BENCH_POSTGRES_URL  a database in which a table "events" may be made
#   TURNS                         how often each figure is taken, in turns with its ceiling (5)
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
turns=${TURNS:-5}
results=$(mktemp)
trap 'rm -f "$results"' EXIT

measure() { (cd "$1" && "$go" test -run '^$' -timeout 60m "${@:2}" .) | tee -a "$results" >&2; }

measure adapters/store/pebble -bench Store -benchtime "${turns}x"
if [ -n "${PEERS:-}" ]; then
  measure benchmarks/peers -bench 'JetStream|Postgres' -benchtime "${turns}x"
fi
measure adapters/store/pebble -bench Large -benchtime 1x

echo "$(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -1), $(uname -sr), $("$go" env GOVERSION)," \
  "$(df --output=fstype "${TMPDIR:-/tmp}" | tail -1) on $(df --output=source "${TMPDIR:-/tmp}" | tail -1)"
awk '
  /^Benchmark/ {
    name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name); sub(/^Store/, "Pebble", name)
    split("", value)
    for (i = 3; i < NF; i += 2) value[$(i + 1)] = $i
    if (name ~ /\/append\//) {
      split(name, part, "/"); sub(/appenders=/, "", part[3]); sub(/events=/, "", part[4])
      appends[++a] = sprintf("| %s | %s x %s | %.2f | %.0f | %.0f | %.1f | %.1f | %.1f |", part[1], part[3], part[4], value["ratio"], value["events/s"], value["ceiling-events/s"], value["p99-ms"], value["cpu-us/event"], value["ceiling-cpu-us/event"])
    } else if (name ~ /\/read\/all/) {
      split(name, part, "/")
      reads[++r] = sprintf("| %s | whole log, warm | %.2f | %.0f events/s, CPU %.2f us/event |", part[1], value["ratio"], value["events/s"], value["cpu-us/event"])
    } else if (name ~ /\/read\/stream/) {
      split(name, part, "/")
      reads[++r] = sprintf("| %s | stream of 25, warm | %.2f | p50 %.0f us, p99 %.0f us |", part[1], value["ratio"], value["p50-us"], value["p99-us"])
    } else if (name ~ /^Large/) {
      for (metric in value) { metrics[metric]; large[name, metric] = value[metric] }
      kinds[name]
    }
  }
  END {
    print "\n| store | appenders x events | of the ceiling | events/s | ceiling, events/s | p99 ms | CPU us/event | ceiling, CPU us/event |\n|---|---|---:|---:|---:|---:|---:|---:|"
    for (i = 1; i <= a; i++) print appends[i]
    print "\n| store | read | of the ceiling | |\n|---|---|---:|---:|"
    for (i = 1; i <= r; i++) print reads[i]
    n = split("Large/fastest Large/zstd", order, " ")
    m = split("disk-B/event open-ms append-events/s append-p50-ms append-p99-ms append-p99.9-ms ceiling-p99.9-ms append-max-ms cold-ratio cold-events/s warm-ratio warm-events/s cold-stream-us warm-stream-us loaded-MiB read-MiB", rows, " ")
    print "\n| large log | fastest | zstd |\n|---|---:|---:|"
    for (j = 1; j <= m; j++) {
      line = "| " rows[j] " |"
      for (i = 1; i <= n; i++) line = line " " large[order[i], rows[j]] " |"
      print line
    }
  }' "$results"
