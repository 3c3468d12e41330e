package wire_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/wire"
)

// An event whose quick reading is missing, or misses a field, is read rightly but slowly.
func TestEveryEventIsReadQuickly(t *testing.T) {
	for name, example := range examples {
		if _, rare := example.(access.Body); rare {
			continue // who looked at what is read by encoding/json
		}
		body, ok := wire.Quickly(name, encode(example).Data)
		assert.True(t, ok, "%s: fields.go does not have it as it is stored", name)
		assert.Equal(t, example, body)
	}
}

// Whatever an event says, the quick reading is what encoding/json reads.
func TestTheQuickReadingIsTheReading(t *testing.T) {
	names := rapid.SampledFrom(slices.DeleteFunc(wire.SortedNames(), func(name string) bool {
		_, rare := examples[name].(access.Body)
		return rare
	}))
	rapid.Check(t, func(t *rapid.T) {
		name := names.Draw(t, "name")
		body := reflect.New(reflect.TypeOf(examples[name])).Elem()
		for i := range body.NumField() {
			if rapid.Bool().Draw(t, "there") {
				fill(t, body.Field(i))
			}
		}
		data := encode(body.Interface()).Data
		want, err := wire.Slowly(name, data)
		require.NoError(t, err)
		got, ok := wire.Quickly(name, data)
		if !ok {
			require.Regexp(t, `\\|\[\]|:-|\d{10}`, string(data), "only escapes, empty lists and large or negative numbers are left to encoding/json")
			return
		}
		require.Equal(t, want, got)
	})
}

// fill puts something into a field of a body.
func fill(t *rapid.T, field reflect.Value) {
	switch to := field.Addr().Interface().(type) {
	case *call.ConnID:
		copy(to[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	case *[]call.Pair:
		for range rapid.IntRange(0, 3).Draw(t, "pairs") {
			*to = append(*to, call.Pair{Key: rapid.String().Draw(t, "key"), Value: rapid.String().Draw(t, "value")})
		}
	case *[]string:
		*to = rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "texts")
	default:
		switch field.Kind() {
		case reflect.String:
			field.SetString(rapid.String().Draw(t, "text"))
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Int, reflect.Int64:
			field.SetInt(rapid.Int64().Draw(t, "number"))
		case reflect.Uint64:
			field.SetUint(rapid.Uint64().Draw(t, "number"))
		default:
			require.Fail(t, "no such kind of field", "%s", field.Type())
		}
	}
}

// FuzzQuick: of any bytes the quick reading either makes what encoding/json makes, or says that it does not understand.
func FuzzQuick(f *testing.F) {
	for _, name := range wire.SortedNames() {
		f.Add(name, encode(examples[name]).Data)
	}
	for _, body := range []string{
		``, `{`, `{}`, `{,}`, `{"party":"p",}`, `{"party":"p""dn":"d"}`, `{"dn":"d","party":"p"}`, `{"party":"p","party":"q"}`,
		`{"party":"p"}x`, ` {"party":"p"}`, `{"party" :"p"}`, `{"PARTY":"p"}`, `{"party":null}`, `{"party":1}`, `{"party":"\u0041"}`,
		"{\"party\":\"\xff\"}", "{\"party\":\"\x01\"}", `{"external":false}`, `{"external":truer}`, `{"party":"p","dn":"d","external":true}`,
	} {
		f.Add("PartyAlerting", []byte(body))
	}
	for _, body := range []string{
		`{"set":[]}`, `{"set":[{}]}`, `{"set":[{"key":"k"}]}`, `{"set":[{"value":"v"}]}`, `{"set":[{"key":"k","value":"v"},]}`, `{"set":[,]}`,
		`{"set":[{"key":"k","value":"v"}{"key":"k"}]}`, `{"set":[{,"value":"v"}]}`, `{"deleted":["a","b"]}`, `{"deleted":["a" "b"]}`, `{"set":[`,
	} {
		f.Add("UserDataChanged", []byte(body))
	}
	for _, body := range []string{`{"count":01}`, `{"count":-1}`, `{"count":1.5}`, `{"count":1e3}`, `{"count":9999999999}`, `{"count":}`, `{"count":0}`} {
		f.Add("DigitsCollected", []byte(body))
	}
	f.Add("CallMerged", []byte(`{"survivor":"","absorbed":"x"}`))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		got, ok := wire.Quickly(name, data)
		if !ok {
			return
		}
		want, err := wire.Slowly(name, data)
		require.NoError(t, err, "%s", data)
		require.Equal(t, want, got, "%s", data)
	})
}

// BenchmarkDecode reads the largest of the common events.
func BenchmarkDecode(b *testing.B) {
	golden, err := os.ReadFile(filepath.Join("testdata", "PartyAlerting.v1.json"))
	require.NoError(b, err)
	data := json.RawMessage(golden[:len(golden)-1])
	b.Run("quickly", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := wire.Quickly("PartyAlerting", data); !ok {
				b.Fatal("not understood")
			}
		}
	})
	b.Run("by encoding json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := wire.Slowly("PartyAlerting", data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
