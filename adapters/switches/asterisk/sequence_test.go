package asterisk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/domain/link"
	"github.com/stretchr/testify/assert"
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
