package desktop_test

import (
	"testing"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/stretchr/testify/assert"
)

// What the client of the feeds does when a connection says nothing, or says that the engine is not ready: it tells, and goes
// on behind what it has seen when all is well again. The stream is the test's.
func TestFeedDoesNotTrustSilence(t *testing.T) {
	b := openBrowser(t)
	b.expected = "status of 404" // the browser looks for an icon by itself
	c := openCentre(t, 0)
	b.open(c.url("icon.svg")) // no page, but its origin
	do[bool](b, `import('/feed.js').then(({Feed}) => {
		window.opened = [];
		window.EventSource = class extends EventTarget {
			static CLOSED = 2;
			constructor(url) { super(); opened.push(url); this.readyState = 1; window.source = this; }
			close() { this.readyState = 2; }
			say(kind, data) { this.dispatchEvent(Object.assign(new Event(kind), {data: JSON.stringify(data)})); }
		};
		window.states = [];
		window.feed = new Feed('/v1/floor/stream', {stateChanged: (state) => states.push((state + ' ' + feed.why).trim())}, {silence: 300});
		source.say('heartbeat', {position: 5, notReady: ['projection floor is catching up']});
		source.say('snapshot', {position: 7, hash: '0000000000000000', view: {at: '2026-11-23T09:00:00Z', links: [], agents: [], queues: [], calls: []}});
		window.silent = source;
		return true;
	})`)
	b.see("states.includes('lost The engine does not answer.') && silent.readyState === EventSource.CLOSED")
	b.see("opened.at(-1) === '/v1/floor/stream?after=7'")
	do[bool](b, `source.say('heartbeat', {position: 9, hash: '0000000000000000'}), feed.state === 'live' && feed.model.position === 9`)
	do[bool](b, `source.say('heartbeat', {position: 9, hash: '0000000000000000', notReady: ['the log is full']}), true`)
	b.see("states.includes('lost the log is full')")
	assert.Equal(t, "lost projection floor is catching up, live", do[string](b, "states.slice(0, 2).join(', ')"))
	do[bool](b, "feed.close(), true")
}

// The client makes the same hash as the engine of whatever callers and IVRs say. When it has something else than the engine it
// finds out, whether more happens or not, and has all of it again without being told.
func TestFeedFindsItsMistakes(t *testing.T) {
	b := openBrowser(t)
	b.expected = "status of 404"
	c := openCentre(t, 0)
	c.stop()
	c.heartbeat = 100 * time.Millisecond
	c.serve()
	c.login("1001", "")
	c.login("1002", "lunch")
	id := c.arrives("+1 (212) 555-0001", call.Pair{Key: "Account", Value: "100200"}, call.Pair{Key: "10", Value: hostile}, call.Pair{Key: "9", Value: "\u2028\b\x7f\x00\"\\/é😀"},
		call.Pair{Key: "\ufb33", Value: "behind what is later in Unicode"}, call.Pair{Key: "😀", Value: "because of UTF-16"}, call.Pair{Key: "__proto__", Value: ""}, call.Pair{Key: "", Value: " "})
	c.rings(id, "1001")
	b.open(c.url("icon.svg"))
	do[bool](b, `import('/feed.js').then(({Feed}) => {
		window.told = 0;
		window.floor = new Feed('/v1/floor/stream', {});
		window.desk = new Feed('/v1/agents/1001/stream', {changed: (model, {desktop}) => told += desktop ? 1 : 0});
		window.right = (feed, mistakes) => feed.state === 'live' && feed.mistakes === mistakes && feed.model.calls.get('`+id.String()+`')?.userData.Account === '100200';
		return true;
	})`)
	b.see("right(floor, 0) && right(desk, 0)")
	c.answers(id, "1001")
	b.see("right(desk, 0) && desk.model.agents.get('1001').state === 'talking'")
	do[bool](b, "(() => { desk.model.calls.get('"+id.String()+"').userData.Account = '666'; floor.model.agents.delete('1002'); return true; })()")
	b.see("right(desk, 1) && told === 2 && right(floor, 1) && floor.model.agents.get('1002').reason === 'lunch'")
	c.login("1003", "")
	b.see("floor.model.agents.has('1003') && right(floor, 1) && right(desk, 1)")
	do[bool](b, "floor.close(), desk.close(), true")
}

// The page shows what the feeds send, from their description.
func TestPageDescribesTheFeeds(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	b.open(c.url("#/api"))
	b.seeText("#feed-desktop summary", "/v1/agents/{id}/stream")
	do[bool](b, "document.querySelector('#feed-desktop').open = true")
	b.seeText("#feed-desktop", "heartbeat", "Nothing more, up to a position", "hash", "notReady", "desktop", "reason")
}

// The page says when what comes is old.
func TestPageSaysThatItIsBehind(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	c.login("1001", "")
	b.open(c.url(""))
	b.seeText(".feed", "Live")
	c.login("1002", "")
	b.seeText(".tile", "1002")
	c.ahead = -6 * time.Second // what happens now is told six seconds late
	c.login("1003", "")
	b.seeText(".feed", "Behind by 0:06")
	b.seeText(".feed", "Live") // nothing more comes
}
