package statistics_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/statistics"
)

func zone(t require.TestingT, name string) *time.Location {
	zone, err := statistics.ParseZone(name)
	require.NoError(t, err)
	return zone
}

// busy is a source with an agent who is logged in all the time, so that every interval has a row.
func busy(from, to time.Time) facts {
	return facts{states: []history.StateFact{{Agent: "1001", State: history.Ready, Since: history.Time(from)}}, latest: history.Time(to)}
}

// intervals are when those of a range begin, and how long they are.
func intervals(t require.TestingT, from, to time.Time, every time.Duration, in *time.Location) (begin []time.Time, length []time.Duration) {
	r, err := statistics.Of(context.Background(), busy(from, to), statistics.Query{From: from, To: to, Interval: every, Zone: in})
	require.NoError(t, err)
	for _, row := range r.Agents {
		require.Equal(t, time.Time(row.To).Sub(time.Time(row.From)).Milliseconds(), row.LoggedInMs)
		begin, length = append(begin, time.Time(row.From).In(in)), append(length, time.Duration(row.LoggedInMs)*time.Millisecond)
	}
	return begin, length
}

func TestDaysOfAZone(t *testing.T) {
	for name, c := range map[string]struct {
		zone  string
		from  string // a date
		hours []float64
	}{
		"clocks are put forward":             {"Europe/Berlin", "2026-03-28", []float64{24, 23, 24}},
		"clocks are put back":                {"Europe/Berlin", "2026-10-24", []float64{24, 25, 24}},
		"by half an hour":                    {"Australia/Lord_Howe", "2026-10-03", []float64{24, 23.5, 24}},
		"there is no midnight":               {"America/Sao_Paulo", "2018-11-03", []float64{24, 23, 24}},
		"midnight comes twice":               {"America/Havana", "2026-10-31", []float64{24, 25, 24}},
		"the last hour of a day comes twice": {"America/Sao_Paulo", "2018-02-16", []float64{24, 25, 24}},
		"a day is left out":                  {"Pacific/Apia", "2011-12-28", []float64{24, 24, 24}},
		"another one than in UTC":            {"Asia/Kathmandu", "2026-10-31", []float64{24, 24, 24}},
		"UTC":                                {"", "2026-03-28", []float64{24, 24, 24}},
	} {
		t.Run(name, func(t *testing.T) {
			in := zone(t, c.zone)
			date, err := time.Parse(time.DateOnly, c.from)
			require.NoError(t, err)
			from := statistics.Midnight(date.Year(), date.Month(), date.Day(), in)
			begin, length := intervals(t, from, from.Add(96*time.Hour), 24*time.Hour, in)
			for i, hours := range c.hours {
				assert.InDelta(t, hours, length[i].Hours(), 0, begin[i])
			}
			assert.Equal(t, c.from, begin[0].Format(time.DateOnly))
		})
	}
}

func TestHoursOfAZone(t *testing.T) {
	for name, c := range map[string]struct {
		zone, from string // a date
		every      time.Duration
		clocks     []string // at which the intervals begin, from some hour on
		count      int
	}{
		"an hour is missing":         {"Europe/Berlin", "2026-03-29", time.Hour, []string{"00:00", "01:00", "03:00", "04:00"}, 23},
		"an hour comes twice":        {"Europe/Berlin", "2026-10-25", time.Hour, []string{"00:00", "01:00", "02:00", "02:00", "03:00"}, 25},
		"a quarter of an hour":       {"Europe/Berlin", "2026-10-25", 15 * time.Minute, []string{"00:00", "00:15"}, 100},
		"half an hour is missing":    {"Australia/Lord_Howe", "2026-10-04", time.Hour, []string{"00:00", "01:00", "02:30", "03:00"}, 24},
		"half an hour comes twice":   {"Australia/Lord_Howe", "2026-04-05", time.Hour, []string{"00:00", "01:00", "02:00"}, 24},
		"the clock shows odd hours":  {"Asia/Kathmandu", "2026-10-25", time.Hour, []string{"00:00", "01:00"}, 24},
		"midnight comes twice":       {"America/Havana", "2026-11-01", time.Hour, []string{"00:00", "00:00", "01:00"}, 25},
		"several hours, one missing": {"Europe/Berlin", "2026-03-29", 2 * time.Hour, []string{"00:00", "03:00", "04:00", "06:00"}, 12},
	} {
		t.Run(name, func(t *testing.T) {
			in := zone(t, c.zone)
			date, err := time.Parse(time.DateOnly, c.from)
			require.NoError(t, err)
			begin, _ := intervals(t, statistics.Midnight(date.Year(), date.Month(), date.Day(), in),
				statistics.Midnight(date.Year(), date.Month(), date.Day()+1, in), c.every, in)
			for i, clock := range c.clocks {
				assert.Equal(t, clock, begin[i].Format("15:04"))
			}
			assert.Len(t, begin, c.count)
		})
	}
}

// In whatever zone: intervals follow one another from the range's begin to its end, each but the first begins where the
// date changes or the clock comes to a multiple of it or passes one, and none is longer by more than clocks are put back.
func TestIntervalsFollowOneAnother(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "Asia/Gaza"}
	rapid.Check(t, func(t *rapid.T) {
		in := zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		every := rapid.SampledFrom([]time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour}).Draw(t, "every")
		from := time.UnixMilli(rapid.Int64Range(1_300_000_000_000, 1_800_000_000_000).Draw(t, "from"))
		to := from.Add(time.Duration(rapid.Int64Range(1, 400*24).Draw(t, "hours")) * min(time.Hour, every))
		begin, length := intervals(t, from, to, every, in)
		at := from
		for i := range begin {
			require.True(t, begin[i].Equal(at), "%s, not %s", begin[i], at)
			at = begin[i].Add(length[i])
			require.LessOrEqual(t, length[i], every+time.Hour)
			if i == 0 {
				continue
			}
			hour, minute, second := begin[i].Clock()
			onClock := time.Duration(hour*3600+minute*60+second) * time.Second
			before := begin[i].Add(-1)
			dated := before.Format(time.DateOnly) < begin[i].Format(time.DateOnly)
			hour, minute, second = before.Clock()
			passed := onClock/every > time.Duration(hour*3600+minute*60+second)*time.Second/every
			require.True(t, dated || every < 24*time.Hour && (onClock%every == 0 || passed), begin[i])
		}
		require.True(t, at.Equal(to))
	})
}

func TestMidnight(t *testing.T) {
	for date, c := range map[string]struct{ zone, expected string }{
		"2026-11-23": {"Europe/Berlin", "2026-11-22T23:00:00Z"},
		"2018-11-04": {"America/Sao_Paulo", "2018-11-04T03:00:00Z"}, // at 1:00
		"2026-11-01": {"America/Havana", "2026-11-01T04:00:00Z"},    // the first of two
		"2011-12-30": {"Pacific/Apia", "2011-12-30T10:00:00Z"},      // left out: the 31st
	} {
		day, err := time.Parse(time.DateOnly, date)
		require.NoError(t, err)
		assert.Equal(t, c.expected, statistics.Midnight(day.Year(), day.Month(), day.Day(), zone(t, c.zone)).UTC().Format(time.RFC3339), date)
	}
}

func TestZoneThatCannotBeMeant(t *testing.T) {
	for _, name := range []string{"Berlin", "Local", "../etc/passwd", "+01:00"} {
		_, err := statistics.ParseZone(name)
		require.ErrorIs(t, err, statistics.ErrQuery, name)
	}
}
