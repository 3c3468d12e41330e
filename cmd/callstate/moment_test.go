package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// On the nights on which clocks change, a time of day is twice or not at all; the day before and the hours after are as ever.
func TestMomentsByTheClocksOfAZone(t *testing.T) {
	for _, c := range []struct{ zone, said, is string }{
		{"UTC", "2026-10-25 02:30:00", "2026-10-25T02:30:00Z"},
		{"Europe/Berlin", "2026-10-24T02:30:00", "2026-10-24T00:30:00Z"},
		{"Europe/Berlin", "2026-10-25 01:59:59", "2026-10-24T23:59:59Z"},
		{"Europe/Berlin", "2026-10-25 02:30:00", "2026-10-25T00:30:00Z"}, // and at 01:30 again
		{"Europe/Berlin", "2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z"},
		{"Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"},
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z"},
		{"Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00Z"},
		{"Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"},
		{"Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29T01:30:00Z"}, // no clock shows that; this is 03:30
		{"Europe/Berlin", "2026-03-29 03:30:00", "2026-03-29T01:30:00Z"},
		{"America/New_York", "2026-11-01 01:30:00", "2026-11-01T05:30:00Z"}, // and at 06:30 again
		{"America/New_York", "2026-11-01 02:00:00", "2026-11-01T07:00:00Z"},
		{"America/New_York", "2026-03-08 02:30:00", "2026-03-08T07:30:00Z"},    // 03:30
		{"Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04T14:45:00Z"}, // half an hour twice
		{"Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T22:00:00Z"},        // a date that was left out
		{"Asia/Kolkata", "2026-11-23 06:30:00.25", "2026-11-23T01:00:00.25Z"},
	} {
		t.Run(c.said+" "+c.zone, func(t *testing.T) {
			zone, err := time.LoadLocation(c.zone)
			require.NoError(t, err)
			var moment momentFlag
			require.NoError(t, moment.Set(c.said))
			assert.Equal(t, c.is, moment.in(zone).UTC().Format(time.RFC3339Nano))
			var past pastFlag
			require.NoError(t, past.Set(c.said))
			assert.True(t, past.in(zone).Time.Equal(moment.in(zone)))
			assert.Equal(t, c.said, past.String())
		})
	}
}

func TestAPositionIsTheSameInEveryZone(t *testing.T) {
	var past pastFlag
	assert.True(t, past.in(time.UTC).IsZero(), "it was not given")
	require.NoError(t, past.Set("2026-11-23"))
	require.NoError(t, past.Set("4711"))
	assert.Equal(t, "4711", past.in(time.FixedZone("", 3600)).String())
	assert.Equal(t, "4711", past.String())
	assert.Error(t, past.Set("0"))
	assert.Error(t, past.Set("yesterday"))
}
