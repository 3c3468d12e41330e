package floor_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/projectiontest"
)

var update = flag.Bool("update", false, "write golden files")

// What is kept of the same events never changes within one form: a file of it would be gone on from wrongly. When this
// fails, raise floor.KeptForm.
func TestTheKeptFormIsWhatItWas(t *testing.T) {
	script := projectiontest.Day(7, projectiontest.DayOptions{Agents: 3, Events: 150})
	f := floor.New(floor.Options{Notifications: true})
	require.NoError(t, f.Apply(t.Context(), script.Records()))
	data, err := f.Keep()
	require.NoError(t, err)
	r, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	unpacked, err := io.ReadAll(r)
	require.NoError(t, err)
	unpacked = append(append([]byte("["), bytes.Replace(bytes.TrimSpace(unpacked), []byte("\n"), []byte(","), 1)...), ']')

	path := fmt.Sprintf("testdata/kept-%d.json", floor.KeptForm)
	if *update {
		var indented bytes.Buffer
		require.NoError(t, json.Indent(&indented, unpacked, "", " "))
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, indented.Bytes(), 0o644))
	}
	golden, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.JSONEq(t, string(golden), string(unpacked))

	again, err := floor.Recall(data, floor.Options{Notifications: true})
	require.NoError(t, err)
	kept, err := again.Keep()
	require.NoError(t, err)
	assert.Equal(t, data, kept, "kept, recalled and kept again")
}
