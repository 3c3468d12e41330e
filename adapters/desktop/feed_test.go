package desktop_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What the client of the feeds does when a connection says nothing: it asks whether the server is there, tells when it is
// not, and goes on behind what it has seen when it is back. The stream and the server's answers are the test's.
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
		window.answer = () => Promise.reject(new TypeError('gone'));
		window.fetch = () => answer();
		window.states = [];
		window.feed = new Feed('/v1/floor/stream', {stateChanged: (state) => states.push(state + ' ' + feed.why)}, {silence: 50});
		source.onopen();
		source.say('snapshot', {position: 7, view: {at: '2026-11-23T09:00:00Z', links: [], agents: [], queues: [], calls: []}});
		return true;
	})`)
	b.see("states.at(-1) === 'lost The engine does not answer.'")
	do[bool](b, `window.answer = () => Promise.resolve(new Response('{"detail": "not ready", "errors": [{"message": "the log is full"}]}', {status: 503})), true`)
	b.see("states.at(-1) === 'lost not ready; the log is full'")
	do[bool](b, "window.answer = () => Promise.resolve(new Response('{\"ok\": true}')), true")
	b.see("opened.at(-1) === '/v1/floor/stream?after=7'")
	do[bool](b, "source.onopen(), true")
	b.see("feed.state === 'live' && feed.why === ''")
	assert.Equal(t, "live", strings.TrimSpace(do[string](b, "states[0]")))
	do[bool](b, "feed.close(), true")
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
