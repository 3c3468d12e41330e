package playback

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// hour is a session of an hour that began at 1795395600.803236.
func hour() *timeline {
	first := time.Unix(1795395600, 803236000)
	return &timeline{first: first, last: first.Add(time.Hour)}
}

func TestASessionIsMovedInTime(t *testing.T) {
	start := time.Unix(1800000000, 500000000)
	for name, c := range map[string]struct {
		speed     float64
		block     string
		redateded string
	}{
		"a timestamp":                      {1, "Timestamp: 1795395601.803236", "Timestamp: 1800000001.500000"},
		"a timestamp, ten times as fast":   {10, "Timestamp: 1795395601.803236", "Timestamp: 1800000000.600000"},
		"a short fraction":                 {1, "Timestamp: 1795395601.8", "Timestamp: 1800000001.496764"},
		"a time in seconds":                {1, "LastCall: 1795395611", "LastCall: 1800000010"},
		"a time before the session":        {1, "LoginTime: 1795392000", "LoginTime: 1799996399"},
		"an id":                            {1, "Uniqueid: 1795395602.12", "Uniqueid: 1800000001.12"},
		"an id with a system name":         {1, "Uniqueid: cc1-1795395602.12", "Uniqueid: cc1-1800000001.12"},
		"an id within a text":              {1, `Extra: {"id":"1795395602.12","n":1}`, `Extra: {"id":"1800000001.12","n":1}`},
		"an id in a file name":             {1, "Value: /tmp/1795395602.12.wav", "Value: /tmp/1800000001.12.wav"},
		"two ids":                          {1, "Value: 1795395602.12,1795395603.13", "Value: 1800000001.12,1800000002.13"},
		"another number of ten digits":     {1, "CallerIDNum: 2125550001", "CallerIDNum: 2125550001"},
		"a number of eleven digits":        {1, "CallerIDNum: 17953956021", "CallerIDNum: 17953956021"},
		"ten digits behind the point":      {1, "Value: 0.1795395602", "Value: 0.1795395602"},
		"a time more than a day before":    {1, "LoginTime: 1795300000", "LoginTime: 1795300000"},
		"a time more than a day after":     {1, "LoginTime: 1795500000", "LoginTime: 1795500000"},
		"a line that is no header":         {1, "1795395602.12", "1795395602.12"},
		"an empty value":                   {1, "AccountCode: ", "AccountCode: "},
		"all lines of a block":             {1, "A: 1795395602\r\nB: x\r\nC: 1795395603", "A: 1800000001\r\nB: x\r\nC: 1800000002"},
		"a timestamp that is not a number": {1, "Timestamp: 1795395602.1x", "Timestamp: 1795395602.1x"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRedating(hour(), pace{start: start, speed: c.speed}, nil)
			assert.Equal(t, c.redateded, redateBlock(r, c.block))
		})
	}
}

func TestIDsStayDifferentHoweverFastASessionIsPlayed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := hour()
		speed := rapid.Float64Range(0.5, 1e6).Draw(t, "speed")
		start := time.Unix(1800000000, 0)
		var previous *redating
		given := map[string]string{}
		for pass := range rapid.IntRange(1, 2).Draw(t, "passes") {
			r := newRedating(line, pace{start: start.Add(time.Duration(pass) * time.Second), speed: speed}, previous)
			ids := rapid.SliceOf(rapid.Custom(func(t *rapid.T) string {
				// few counters, as after restarts of the switch, where they begin again
				return fmt.Sprintf("%d.%d", 1795395600+rapid.IntRange(0, 3600).Draw(t, "second"), rapid.IntRange(0, 3).Draw(t, "counter"))
			})).Draw(t, "ids")
			for _, id := range ids {
				moved := r.value(id)
				require.Equal(t, moved, r.value(id), "the same each time")
				require.Equal(t, "cc1-"+moved, r.value("cc1-"+id))
				_, counter, _ := strings.Cut(id, ".")
				_, movedCounter, _ := strings.Cut(moved, ".")
				require.Equal(t, counter, movedCounter)
				was := fmt.Sprintf("%d %s", pass, id)
				if other, ok := given[moved]; ok {
					require.Equal(t, other, was, "two ids became one")
				}
				given[moved] = was
			}
			previous = r
		}
	})
}

func TestMovedTimesKeepTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRedating(hour(), pace{start: time.Unix(1800000000, 0), speed: rapid.Float64Range(1, 1000).Draw(t, "speed")}, nil)
		micros := rapid.Int64Range(0, 3600_000_000)
		a, b := micros.Draw(t, "a"), micros.Draw(t, "b")
		moved := func(micros int64) float64 {
			at := hour().first.Add(time.Duration(micros) * time.Microsecond)
			f, err := strconv.ParseFloat(r.timestamp(stamp(at)), 64)
			require.NoError(t, err)
			return f
		}
		if a <= b {
			require.LessOrEqual(t, moved(a), moved(b))
		}
	})
}
