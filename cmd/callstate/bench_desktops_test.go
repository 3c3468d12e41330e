package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkDesktops is `callstate bench desktops`: from the begin of an append to the frame at the desktop, with 2,000 events a
// second. One operation is a whole run of twenty seconds and what it takes until the slow ones are back.
func BenchmarkDesktops(b *testing.B) {
	for _, desktops := range []int{100, 5000} {
		b.Run(fmt.Sprintf("desktops=%d", desktops), func(b *testing.B) {
			load := desktopLoad{Desktops: desktops, Rate: 2000, For: 20 * time.Second, Slow: 10}
			for b.Loop() {
				report, err := load.run(b.Context(), b.TempDir())
				require.NoError(b, err)
				require.Zero(b, report.Wrong)
				require.Equal(b, report.Slow, report.CameBack)
				b.ReportMetric(report.P50, "p50-ms")
				b.ReportMetric(report.P99, "p99-ms")
				b.ReportMetric(report.AppendP99, "append-p99-ms")
				b.ReportMetric(report.MemoryKiB, "KiB/desktop")
				b.ReportMetric(report.EventsRate, "events/s")
			}
		})
	}
}
