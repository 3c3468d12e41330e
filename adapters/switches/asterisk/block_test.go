package asterisk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// block joins lines as the switch sends them.
func block(lines ...string) string { return strings.Join(lines, "\r\n") }

func parse(t testing.TB, lines ...string) asterisk.Block {
	t.Helper()
	b, err := asterisk.ParseBlock(block(lines...))
	require.NoError(t, err)
	return b
}

func TestABlockIsItsHeadersInTheirOrder(t *testing.T) {
	b := parse(t, "Event: Hangup", "Privilege: call,all", "Channel: PJSIP/1001-00000001", "Cause-txt: Normal: all fine", "AccountCode: ")

	assert.Equal(t, "Hangup", b.Event())
	assert.Equal(t, "PJSIP/1001-00000001", b.Get("Channel"))
	assert.Equal(t, "Normal: all fine", b.Get("Cause-txt"))
	assert.Equal(t, "", b.Get("AccountCode"))
	assert.Equal(t, "", b.Get("NoSuchHeader"))
	assert.Equal(t, []asterisk.Header{
		{Name: "Event", Value: "Hangup"}, {Name: "Privilege", Value: "call,all"}, {Name: "Channel", Value: "PJSIP/1001-00000001"},
		{Name: "Cause-txt", Value: "Normal: all fine"}, {Name: "AccountCode", Value: ""},
	}, b.Headers())
}

func TestHeaderNamesAreTheSameInAnyCase(t *testing.T) {
	b := parse(t, "Event: CEL", "UniqueID: 1795395601.0")
	assert.Equal(t, "1795395601.0", b.Get("Uniqueid"))
	assert.Equal(t, "1795395601.0", b.Get("UniqueID"))
}

func TestARepeatedHeaderHasAllItsValues(t *testing.T) {
	b := parse(t, "Event: Status", "Variable: A=1", "Channel: c", "variable: B=2")
	assert.Equal(t, "A=1", b.Get("Variable"))
	assert.Equal(t, []string{"A=1", "B=2"}, b.All("Variable"))
	assert.Empty(t, b.All("NoSuchHeader"))
}

func TestAUserEventsOwnHeadersFollowItsName(t *testing.T) {
	b := parse(t, "Event: UserEvent", "Uniqueid: 1.0", "UserEvent: CallData", "ACCOUNT: 100200", "ActionID: 7")
	assert.Equal(t, []asterisk.Header{{Name: "ACCOUNT", Value: "100200"}, {Name: "ActionID", Value: "7"}}, b.After("UserEvent"))
	assert.Empty(t, b.After("NoSuchHeader"))
	assert.Empty(t, b.ActionID(), "what the sender put in makes it no answer to an action")
}

func TestAnAnswerHasTheIDOfItsAction(t *testing.T) {
	assert.Equal(t, "lab-4", parse(t, "Event: QueueMember", "Queue: sales", "ActionID: lab-4").ActionID())
	assert.Equal(t, "lab-4", parse(t, "Response: Success", "actionid: lab-4").ActionID())
	assert.Empty(t, parse(t, "Event: Hangup").ActionID())
	assert.Empty(t, parse(t, "Response: Success", "ActionID: lab-4").Event())
}

func TestValuesStayAsTheSwitchWroteThem(t *testing.T) {
	b := parse(t, "A: <unknown>", "B:no blank", "C:  two blanks", "D: blank behind ", "E: a\nb", "F: Müller")
	assert.Equal(t, []asterisk.Header{
		{Name: "A", Value: "<unknown>"}, {Name: "B", Value: "no blank"}, {Name: "C", Value: " two blanks"},
		{Name: "D", Value: "blank behind "}, {Name: "E", Value: "a\nb"}, {Name: "F", Value: "Müller"},
	}, b.Headers())
}

func TestALineFeedBeforeTheLineEndIsNotPartOfTheValue(t *testing.T) {
	b := parse(t, "Response: Success", "Message: Park successful\n") // AMI Park writes it so
	assert.Equal(t, "Park successful", b.Get("Message"))
	b = parse(t, "Message: Park successful\n", "Response: Success")
	assert.Equal(t, "Park successful", b.Get("Message"))
}

func TestWhatIsNotAHeaderIsPassedOver(t *testing.T) {
	b := parse(t, "Event: Hangup", "no colon here", ": no name", "", "Cause: 16")
	assert.Equal(t, "16", b.Get("Cause"))
	assert.Len(t, b.Headers(), 2)
	assert.Equal(t, 2, b.StrayLines())

	for _, raw := range []string{"", "garbage", ": value", "\r\n", "a\r\nb"} {
		_, err := asterisk.ParseBlock(raw)
		assert.ErrorIs(t, err, asterisk.ErrMalformedBlock, "%q", raw)
	}
}

func TestInvalidUTF8IsReplacedAndReported(t *testing.T) {
	b := parse(t, "Event: UserEvent", "CallerIDName: M\xfcller")
	assert.Equal(t, "M\uFFFDller", b.Get("CallerIDName"))
	assert.True(t, b.InvalidUTF8())
	assert.False(t, parse(t, "Event: UserEvent").InvalidUTF8())
}

func TestTimesAreExactToTheMicrosecond(t *testing.T) {
	b := parse(t, "Event: Hangup", "Timestamp: 1795395600.803236")
	at, ok := b.Timestamp()
	require.True(t, ok)
	assert.Equal(t, time.Date(2026, 11, 23, 1, 0, 0, 803_236_000, time.UTC), at)

	_, ok = parse(t, "Event: Hangup").Timestamp()
	assert.False(t, ok)

	for text, micros := range map[string]int64{
		"1795395600": 1795395600_000000, "1795395600.5": 1795395600_500000, "1795395600.000001": 1795395600_000001,
		"1795395600.8032369": 1795395600_803236, "0": 0,
	} {
		at, ok := asterisk.ParseTime(text)
		assert.True(t, ok, text)
		assert.Equal(t, micros, at.UnixMicro(), text)
	}
	for _, text := range []string{
		"", ".", "x", "1.", ".5", "-1", "+1", "1e5", "1.5x", "1.1234567x", "1 ", "9999999999999999999999", "1.2.3",
	} {
		_, ok := asterisk.ParseTime(text)
		assert.False(t, ok, text)
	}
}

func ExampleParseBlock() {
	b, err := asterisk.ParseBlock("Event: UserEvent\r\nTimestamp: 1795395605.901234\r\nUniqueid: 1795395601.0\r\nUserEvent: CallData\r\nACCOUNT: 100200")
	if err != nil {
		fmt.Println(err)
		return
	}
	at, _ := b.Timestamp()
	fmt.Println(at.Format(time.RFC3339Nano), b.Event(), b.Get("UserEvent"), b.After("UserEvent"))
	// Output: 2026-11-23T01:00:05.901234Z UserEvent CallData [{ACCOUNT 100200}]
}

func FuzzParseBlock(f *testing.F) {
	f.Add("Event: Hangup\r\nCause: 16")
	f.Add("Response: Success\r\nMessage: Park successful\n")
	f.Add(": x\r\n\r\n\xff:\xfe")
	f.Fuzz(func(t *testing.T, raw string) {
		b, err := asterisk.ParseBlock(raw)
		if err != nil {
			require.ErrorIs(t, err, asterisk.ErrMalformedBlock)
			return
		}
		require.NotEmpty(t, b.Headers())
		var lines []string
		for _, h := range b.Headers() {
			require.NotEmpty(t, h.Name)
			require.NotContains(t, h.Name, ":")
			require.NotContains(t, h.Value, "\r\n")
			lines = append(lines, h.Name+": "+h.Value)
		}
		b.Event()
		b.ActionID()
		b.Timestamp()
		again, err := asterisk.ParseBlock(block(lines...))
		require.NoError(t, err)
		require.Equal(t, b.Headers(), again.Headers(), "a block written and read again is the same")
		require.Zero(t, again.StrayLines())
		require.False(t, again.InvalidUTF8())
	})
}

func BenchmarkParseBlock(b *testing.B) {
	raw := block(
		"Event: DialBegin", "Privilege: call,all", "Timestamp: 1795395601.808311", "Channel: PJSIP/trunk-pstn-00000000",
		"ChannelState: 6", "ChannelStateDesc: Up", "CallerIDNum: 2125550001", "CallerIDName: Blue Harbor",
		"ConnectedLineNum: <unknown>", "ConnectedLineName: <unknown>", "Language: en", "AccountCode: ", "Context: queues",
		"Exten: sales", "Priority: 2", "Uniqueid: 1795395601.0", "Linkedid: 1795395601.0",
		"DestChannel: PJSIP/1001-00000001", "DestChannelState: 0", "DestChannelStateDesc: Down", "DestCallerIDNum: 1001",
		"DestUniqueid: 1795395607.1", "DestLinkedid: 1795395601.0", "DestExten: sales", "DialString: 1001",
	)
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		parsed, err := asterisk.ParseBlock(raw)
		if err != nil || parsed.Event() == "" || parsed.ActionID() != "" {
			b.Fatal(err)
		}
	}
}
