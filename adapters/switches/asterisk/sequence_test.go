package asterisk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/domain/link"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// With manager debugging on, Asterisk numbers its events: a number that is missing is a loss, where none was before.
func TestAHoleInTheNumbersOfTheEventsIsAGap(t *testing.T) {
	gaps := func(numbers ...int) (missed []uint64) {
		translator := asterisk.NewTranslator(vocabulary())
		translator.LinkUp("11.0.0", time.Time{})
		for i, n := range append(numbers, numbers[len(numbers)-1]+1) {
			line := fmt.Sprintf("Event: VarSet|Privilege: dialplan,all|Timestamp: 1795400000.%06d|SequenceNumber: %d|File: pbx.c", i*1000, n)
			if i == len(numbers) {
				line = fmt.Sprintf("Event: VarSet|Privilege: dialplan,all|Timestamp: 1795400009.0|SequenceNumber: %d", n)
			}
			for _, o := range translator.Translate(blockOf(t, line), time.Time{}) {
				if gap, ok := o.LinkFact.(link.GapIs); ok {
					missed = append(missed, gap.Missed)
				}
			}
		}
		return missed
	}
	var whole []int
	for n := range 150 {
		whole = append(whole, 7000+n)
	}
	assert.Empty(t, gaps(whole...))
	assert.Equal(t, []uint64{3}, gaps(append(whole, 7153, 7154)...))
	assert.Empty(t, gaps(append(whole, 7151, 7150, 7152)...), "one overtook another")
	assert.Empty(t, gaps(append(whole, 1, 2, 3)...), "the switch was started anew")
	var some []int
	for n := range 150 {
		some = append(some, 7000+2*n)
	}
	assert.Empty(t, gaps(some...), "a user who is not sent all classes")
}

// After a gap the switch is asked again for what it has, and that is taken for what there is, as after a loss of the link.
func TestAfterAGapTheListsAreASnapshot(t *testing.T) {
	translator := asterisk.NewTranslator(vocabulary())
	translator.LinkUp("11.0.0", time.Time{})
	var snapshots []link.SnapshotIs
	number := 7000
	say := func(line string) {
		for _, o := range translator.Translate(blockOf(t, line), time.Time{}) {
			if snapshot, ok := o.LinkFact.(link.SnapshotIs); ok {
				snapshots = append(snapshots, snapshot)
			}
		}
	}
	event := func(name, headers string) {
		say(fmt.Sprintf("Event: %s|Privilege: call,all|Timestamp: 1795400%03d.0|SequenceNumber: %d%s", name, number-7000, number, headers))
		number++
	}
	hasNothing := func(ids ...string) {
		say("Event: CoreShowChannelsComplete|ActionID: " + ids[0] + "|EventList: Complete|ListItems: 0")
		say("Event: QueueStatusComplete|ActionID: " + ids[1] + "|EventList: Complete|ListItems: 0")
	}
	hasNothing("1", "2")
	event("Newchannel", "|Channel: PJSIP/trunk-1|ChannelState: 4|CallerIDNum: 2125550001|Exten: 5550100|Uniqueid: 1795400000.1|Linkedid: 1795400000.1")
	for range 120 {
		event("FullyBooted", "")
	}
	hasNothing("3", "4")
	require.Len(t, snapshots, 1, "nobody has missed anything: a list is only a list")
	number += 3
	for range 20 {
		event("FullyBooted", "")
	}
	hasNothing("5", "6")
	require.Len(t, snapshots, 2)
	assert.Empty(t, snapshots[1].Parties, "the channel's end was missed")
}
