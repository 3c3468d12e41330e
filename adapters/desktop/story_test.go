package desktop_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the ladder shows of a call that was recorded from a switch: an agent consults another and hands the call over.
func TestStoryOfAnAttendedTransfer(t *testing.T) {
	recorded, err := os.ReadFile("../../features/recorded/attended-transfer.jsonl")
	require.NoError(t, err)
	var events []json.RawMessage
	for line := range strings.Lines(string(recorded)) {
		if strings.Contains(line, `"stream":"call-01a205eb-2410-8459-b6b8-7837b2a0df86"`) {
			events = append(events, json.RawMessage(line))
		}
	}
	told, err := json.Marshal(events)
	require.NoError(t, err)

	b := openBrowser(t)
	c := openCentre(t, 0)
	b.open(c.url(""))
	do[bool](b, "window.events = "+string(told)+"; true")

	bars := do[string](b, `import('/story.js').then(({tell}) => tell(events).lanes.map((lane) =>
		lane.kind + ': ' + lane.bars.map((bar) => bar.state + ' ' + bar.from + '-' + bar.to).join(', ')).join('\n'))`)
	assert.Equal(t, `caller: dialing 0-3, connected 3-6391, talking 6391-9395, onHold 9395-14360, talking 14360-19775
ivr: ivr 13-5233
queue: queued 5234-6393
agent: ringing 5389-6391, talking 6391-9395, held 9395-14360, talking 14360-14363
consult: consult 9999-14363
device: talking 14363-19775`, bars)
	arrows := do[string](b, `import('/story.js').then(({tell}) => tell(events).arrows.map((arrow) =>
		arrow.ms + ' ' + arrow.kind + ' ' + arrow.from.split(' ')[0] + ' to ' + arrow.to.split(' ')[0]).join('\n'))`)
	assert.Equal(t, `13 moves caller to ivr
5234 moves ivr to queue
5389 moves queue to agent
9999 consults agent to consult
14363 transfers agent to device`, arrows)
	now := do[string](b, `import('/story.js').then(({tell, stateAt, dataAt}) => {
		const story = tell(events);
		return [1, 9, 12, 14, 21].map((index) => index + ': ' + story.lanes.map((lane) => stateAt(lane, index)).filter(Boolean).map((bar) => bar.state).join(' ')
			+ ' ' + Object.keys(dataAt(story.changes, index).data)).join('\n');
	})`)
	assert.Equal(t, `1: dialing 
9: connected queued ringing Account,CustomerName,Dnis,Lang
12: onHold held Account,CustomerName,Dnis,Lang
14: talking talking consult Account,CustomerName,Dnis,Lang
21:  Account,CustomerName,Dnis,Lang`, now)
}
