package freeswitch_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func plain(body string) freeswitch.Frame {
	return freeswitch.Frame{ContentType: "text/event-plain", Body: body}
}
func inJSON(body string) freeswitch.Frame {
	return freeswitch.Frame{ContentType: "text/event-json", Body: body}
}

func TestAnEventIsReadInBothForms(t *testing.T) {
	for form, frame := range map[string]freeswitch.Frame{
		"plain": plain("Event-Name: CUSTOM\nEvent-Subclass: callcenter%3A%3Ainfo\nEvent-Date-Timestamp: 1795396652252575\nEvent-Sequence: 537\n" +
			"CC-Agent: 1001%40default\nvariable_customer_name: Caf%C3%A9%20Z%C3%BCrich%20%26%20Co%2B1+1\nvariable_empty: \nvariable_odd: 100%, a%2\n\n"),
		"json": inJSON(`{"Event-Name":"CUSTOM","Event-Subclass":"callcenter::info","Event-Date-Timestamp":"1795396652252575","Event-Sequence":"537",` +
			`"CC-Agent":"1001@default","variable_customer_name":"Café Zürich & Co+1+1","variable_empty":"","variable_odd":"100%, a%2"}`),
	} {
		t.Run(form, func(t *testing.T) {
			e, err := freeswitch.ParseEvent(frame)
			require.NoError(t, err)
			assert.Equal(t, "CUSTOM", e.Name())
			assert.Equal(t, "callcenter::info", e.Get("Event-Subclass"))
			assert.Equal(t, "1001@default", e.Get("CC-Agent"))
			assert.Equal(t, "Café Zürich & Co+1+1", e.Variable("customer_name"), "a plus sign is no space")
			assert.Equal(t, "100%, a%2", e.Variable("odd"), "what is no escape stays")
			assert.Empty(t, e.Variable("empty"))
			assert.Empty(t, e.Get("Unique-ID"))
			at, ok := e.Time()
			assert.True(t, ok)
			assert.Equal(t, time.UnixMicro(1795396652252575).UTC(), at)
			n, ok := e.Sequence()
			assert.True(t, ok)
			assert.Equal(t, uint64(537), n)
			assert.False(t, e.InvalidUTF8())
			assert.Empty(t, e.Body)
		})
	}
}

func TestTheBodyOfAnEvent(t *testing.T) {
	for form, frame := range map[string]freeswitch.Frame{
		"plain":              plain("Event-Name: BACKGROUND_JOB\nJob-UUID: 7\nContent-Length: 9\n\n+OK\n\nall\n"),
		"plain, and more":    plain("Event-Name: BACKGROUND_JOB\nJob-UUID: 7\nContent-Length: 9\n\n+OK\n\nall\n\n\n"),
		"plain, and no less": plain("Event-Name: BACKGROUND_JOB\nJob-UUID: 7\nContent-Length: 900\n\n+OK\n\nall\n"),
		"json":               inJSON(`{"Event-Name":"BACKGROUND_JOB","Job-UUID":"7","Content-Length":"9","_body":"+OK\n\nall\n"}`),
	} {
		e, err := freeswitch.ParseEvent(frame)
		require.NoError(t, err, form)
		assert.Equal(t, "+OK\n\nall\n", e.Body, form)
		assert.Equal(t, "7", e.Get("Job-UUID"), form)
	}
}

func TestWhatIsNoEventHasHeadersOfItsOwn(t *testing.T) {
	e, err := freeswitch.ParseEvent(freeswitch.Frame{
		ContentType: "command/reply", Headers: "Content-Type: command/reply\r\nReply-Text: +OK 100%25 Job-UUID: 7\r\nstray\r\nJob-UUID: 7\r\n",
	})
	require.NoError(t, err)
	assert.Equal(t, "command/reply", e.Type)
	assert.Empty(t, e.Name())
	assert.Equal(t, "+OK 100%25 Job-UUID: 7", e.Get("Reply-Text"), "nothing is encoded here")
	assert.Equal(t, "7", e.Get("Job-UUID"))
}

func TestWhatIsMissingFromAnEvent(t *testing.T) {
	for _, frame := range []freeswitch.Frame{
		plain(""), plain("\n\nEvent-Name: A\n"), plain("Unique-ID: 7\n\n"), plain("\xff\xfe"),
		inJSON(""), inJSON("null"), inJSON("[]"), inJSON(`{"a":"b"}`), inJSON(`{"Event-Name":"A"`), inJSON(`{"Event-Name":`), inJSON(`{"Event-Name" "A"}`),
	} {
		_, err := freeswitch.ParseEvent(frame)
		assert.ErrorIs(t, err, freeswitch.ErrMalformed, "%q", frame.Body)
	}
	e, err := freeswitch.ParseEvent(plain("Event-Name: A\nEvent-Date-Timestamp: soon\nEvent-Sequence: -1\n\n"))
	require.NoError(t, err)
	_, ok := e.Time()
	assert.False(t, ok)
	_, ok = e.Sequence()
	assert.False(t, ok)
}

func TestInvalidUTF8IsSeen(t *testing.T) {
	for _, frame := range []freeswitch.Frame{
		plain("Event-Name: A\nvariable_a: M%FCller\n\n"), plain("Event-Name: A\nvariable_a: M\xfcller\n\n"), plain("Event-Name: A\n\xff: b\n\n"),
		plain("Event-Name: A\n\n\xff"), {ContentType: "api/response", Body: "\xff"},
	} {
		e, err := freeswitch.ParseEvent(frame)
		require.NoError(t, err)
		assert.True(t, e.InvalidUTF8(), "%q", frame.Body)
	}
}

// The same period was recorded on two connections, in either form.
func TestBothFormsOfARecordedPeriodSayTheSame(t *testing.T) {
	read := func(file string) []map[string]string {
		all, err := frames(bytes.NewReader(esl(t, "01-inbound-answer-caller-hangup", file)))
		require.NoError(t, err)
		var events []map[string]string
		for _, frame := range all {
			if !strings.HasPrefix(frame.ContentType, "text/event-") {
				continue
			}
			e, err := freeswitch.ParseEvent(frame)
			require.NoError(t, err)
			headers := map[string]string{"_body": e.Body}
			for name, value := range e.Headers() {
				if _, again := headers[name]; !again { // the first counts, as in Get
					headers[name] = value
				}
			}
			delete(headers, "Content-Length") // of the body, which JSON counts otherwise
			events = append(events, headers)
		}
		return events
	}
	inPlain, inJSON := read("events.esl.gz"), read("events.json.esl.gz")
	require.Len(t, inPlain, 385)
	require.Len(t, inJSON, 385)
	// Each connection has its own order of arrival.
	bySequence := map[string]map[string]string{}
	for _, e := range inJSON {
		bySequence[e["Event-Sequence"]] = e
	}
	for _, e := range inPlain {
		require.True(t, maps.Equal(e, bySequence[e["Event-Sequence"]]), "%v\n%v", e, bySequence[e["Event-Sequence"]])
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add("text/event-plain", "Event-Name: CUSTOM\nvariable_a: ARRAY%3A%3Aa%7C%3Ab\nContent-Length: 3\n\nabc")
	f.Add("text/event-json", `{"Event-Name":"CUSTOM","a":["b","c"],"n":1,"_body":"x"}`)
	f.Add("command/reply", "Reply-Text: +OK\n")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		e, err := freeswitch.ParseEvent(freeswitch.Frame{ContentType: contentType, Headers: body, Body: body})
		if err != nil {
			require.ErrorIs(t, err, freeswitch.ErrMalformed)
			return
		}
		e.InvalidUTF8()
		for name, value := range e.Headers() {
			require.LessOrEqual(t, len(value), 4*len(body)+10)
			_ = e.Get(name)
		}
	})
}

func BenchmarkParseEvent(b *testing.B) {
	all, err := frames(bytes.NewReader(esl(b, "08-blind-transfer", "events.esl.gz")))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		for _, frame := range all {
			if e, err := freeswitch.ParseEvent(frame); err != nil || e.InvalidUTF8() {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(all)*b.N)/b.Elapsed().Seconds(), "events/s")
}
