package desktop_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/chromedp/chromedp"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
)

// press waits until a button can be pressed, and presses it.
func (b *browser) press(label string) {
	b.t.Helper()
	b.see(fmt.Sprintf(`(() => { const button = [...document.querySelectorAll('main button')].find((each) => [...each.childNodes].filter((node) => node.nodeName !== 'KBD').map((node) => node.textContent).join('').trim() === %q && each.ariaDisabled !== 'true');
		if (!button) return false; button.focus(); button.click(); return true; })()`, label))
}

// offers waits until exactly these buttons are there for the call (of two, for the one that is on hold), and can be pressed.
func (b *browser) offers(labels ...string) {
	b.t.Helper()
	b.see(fmt.Sprintf(`[...document.querySelectorAll('.card .controls-of > .buttons')].slice(-1).some((row) =>
		[...row.children].map((each) => each.childNodes[0].textContent.trim()).join() === %q && [...row.children].every((each) => each.ariaDisabled !== 'true'))`, strings.Join(labels, ",")))
}

// write puts a text into a field that a selector names.
func (b *browser) write(selector, text string) {
	b.t.Helper()
	b.see(fmt.Sprintf("document.querySelector(%q)", selector))
	do[bool](b, fmt.Sprintf("(() => { const field = document.querySelector(%q); field.value = %q; field.dispatchEvent(new Event('input', {bubbles: true})); })(), true", selector, text))
}

// key presses a key of the keyboard.
func (b *browser) key(keys string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(keys)); err != nil {
		b.t.Fatal(err)
	}
}

// desk is agent 1001 at his desktop.
func desk(t *testing.T) (*simulated, *browser) {
	b := openBrowser(t)
	b.expected = "the server responded with a status of" // the browser complains about what is refused, and about what the page has taken back
	c := openSimulated(t)
	require.NoError(t, c.CommandAgent(t.Context(), "1002", agent.Login{By: call.By{At: time.Now(), Actor: "agent:1002", ID: "l", DN: "1002"}, Switch: "sim", Queues: []string{"training"}}))
	b.open(c.url("#/agents/1001"))
	return c, b
}

func (b *browser) login() {
	b.t.Helper()
	b.press("Log in …")
	b.see("document.activeElement.id === 'dn'")
	b.write("#queues", "sales, support")
	b.press("Log in")
	b.seeText(".mystate", "Ready")
}

// A call rings at the desktop with all that is known, and each button does what it says: what comes of it is in the log.
func TestAnAgentWorksAtHisDesktop(t *testing.T) {
	c, b := desk(t)
	begun := c.end()
	b.login()
	_, in := event[agent.AgentLoggedIn](c, begun, nil)
	assert.Equal(t, "1001", in.DN)

	id := c.rings("1001")
	state, err := c.engine.Call(t.Context(), id)
	require.NoError(t, err)
	b.seeText(".card[data-state=ringing]", "Incoming call", state.ANI, state.DNIS, state.Visits[0].Queue, "Waited", "account", state.UserData()[0].Value)
	b.see("document.title.includes('" + state.ANI + "')")
	b.see("document.querySelector('[aria-live=assertive]').innerText.includes('" + state.UserData()[0].Value + "')")
	b.offers("Answer", "Redirect …", "Reject")
	assert.False(t, state.Talking(), "all of this before anybody has answered")

	b.press("Answer")
	_, answered := event[call.PartyConnected](c, begun, func(p call.PartyConnected) bool { return p.DN == "1001" || p.Agent == "1001" })
	assert.Equal(t, id, found(t, c, answered.Party))
	b.offers("Hold", "Transfer …", "Keys …", "End call")
	b.press("Hold")
	event[call.PartyHeld](c, begun, nil)
	b.offers("Retrieve", "End call")
	b.see("document.activeElement.innerText.startsWith('Retrieve')") // the focus stays at the place
	b.press("Retrieve")
	event[call.PartyRetrieved](c, begun, nil)
	b.press("Keys …")
	b.write(".panel-of input", "12#")
	b.press("Send")
	_, keyed := event[call.RequestMade](c, begun, func(r call.RequestMade) bool { return r.Request == call.SendsDigits })
	assert.Equal(t, 3, keyed.Count)

	b.write(".remarks textarea", "pays with 4111 1111 1111 1111 on Monday")
	b.press("Add")
	b.seeText(".remarks ul", "pays with", "on Monday", "agent:1001")
	b.see("!document.querySelector('.remarks ul').innerText.includes('4111 1111')") // card numbers are not kept
	b.write(".remarks input", "callback")
	b.press("Save")
	event[call.DispositionSet](c, begun, func(d call.DispositionSet) bool { return d.Code == "callback" })
	b.seeText(".remarks .said", "callback")

	_, err = c.engine.Request(t.Context(), id, call.AddNote{At: time.Now(), Actor: "agent:1002", Text: "his brother called before"})
	require.NoError(t, err)
	b.seeText(".remarks ul", "his brother called before", "agent:1002") // what somebody else writes is seen, too
	_, err = c.engine.Request(t.Context(), id, call.SetDisposition{At: time.Now(), Actor: "agent:1002", Code: "resolved"})
	require.NoError(t, err)
	b.seeText(".remarks .said", "resolved")

	b.press("End call")
	event[call.CallEnded](c, begun, nil)
	event[agent.AfterCallWorkStarted](c, begun, nil)
	b.seeText(".me[data-state=afterCallWork]", "After-call work", "ends in 0:")
	b.seeText(".card", "Call ended", state.ANI, "resolved", "on Monday", "his brother")
	b.press("Done, ready")
	event[agent.AfterCallWorkEnded](c, begun, nil)
	b.seeText(".mystate", "Ready")

	b.press("Not ready …")
	b.see("document.querySelector('#reasons option[value=coffee]')")
	b.write("#reason", "lunch")
	b.press("Not ready")
	_, away := event[agent.AgentNotReady](c, begun, nil)
	assert.Equal(t, "lunch", away.Reason)
	b.seeText(".why", "lunch")
	b.press("Call …")
	b.write("#dial", "2125551234")
	b.press("Call")
	_, made := event[call.CallStarted](c, begun, func(s call.CallStarted) bool { return s.DNIS == "2125551234" })
	assert.Equal(t, "1001", made.ANI)
	b.seeText(".card", "2125551234", "Ringing")
	b.press("End call")
	b.press("Ready")
	event[agent.AgentReady](c, begun, nil)
	b.press("Log out")
	event[agent.AgentLoggedOut](c, begun, nil)
	b.seeText(".idle", "Not logged in")
}

// found is the call that a party is in.
func found(t *testing.T, c *simulated, party call.PartyID) call.ConnID {
	t.Helper()
	for r, err := range c.log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		if p, ok := bodyOf(r).(call.PartyAlerting); ok && p.Party == party {
			id, err := call.ParseConnID(r.Stream.ID())
			require.NoError(t, err)
			return id
		}
	}
	return call.ConnID{}
}

// rings waits until a call rings at the desktop.
func rings(c *simulated, b *browser) call.ConnID {
	c.t.Helper()
	id := c.rings("1001")
	b.see(fmt.Sprintf("document.querySelector('.card[data-state=ringing] footer a')?.hash.endsWith(%q)", id))
	return id
}

// takes answers the next call.
func takes(c *simulated, b *browser) call.ConnID {
	c.t.Helper()
	id := rings(c, b)
	b.press("Answer")
	b.offers("Hold", "Transfer …", "Keys …", "End call")
	return id
}

// ready ends the agent's after-call work.
func ready(c *simulated, b *browser) {
	c.t.Helper()
	before := c.end()
	b.press("Done, ready")
	event[agent.AfterCallWorkEnded](c, before, nil)
}

// consults has the agent consult his colleague, who answers.
func consults(c *simulated, b *browser) {
	c.t.Helper()
	before := c.end()
	b.press("Transfer …")
	b.write(".card .panel-of input", "1002")
	b.press("Consult first")
	_, begun := event[call.ConsultStarted](c, before, nil)
	b.offers("Complete transfer", "Back to the caller", "End call") // it rings there
	c.colleague(func(by call.By) call.Request { return call.Answer{By: by} }, begun.Consult)
	b.offers("Complete transfer", "Conference", "Back to the caller", "End call")
}

// Others are brought in: a colleague is asked and let go, talks with both, takes the call, or gets it unasked.
func TestAnAgentBringsOthersIn(t *testing.T) {
	c, b := desk(t)
	b.login()
	takes(c, b)
	consults(c, b)
	at := c.end()
	b.press("Back to the caller")
	_, ended := event[call.ConsultEnded](c, at, nil)
	assert.Equal(t, call.ConsultCancelled, ended.Result)
	b.offers("Hold", "Transfer …", "Keys …", "End call")

	consults(c, b)
	b.press("Conference")
	event[call.ConferenceFormed](c, at, nil)
	b.offers("Hold", "Transfer …", "Keys …", "End call")
	b.seeText(".card .others", "agent 1002", "connected")
	at = c.end()
	b.press("Drop agent 1002")
	event[call.PartyReleased](c, at, nil)
	b.see("!document.querySelector('.card .others')")

	consults(c, b)
	b.press("Complete transfer")
	_, transferred := event[call.CallTransferred](c, at, nil)
	assert.Equal(t, call.Attended, transferred.Kind)
	b.seeText(".card", "Call ended")

	at = c.end()
	ready(c, b)
	takes(c, b)
	b.press("Transfer …")
	b.write(".card .panel-of input", "billing")
	b.press("Transfer now")
	_, transferred = event[call.CallTransferred](c, at, nil)
	assert.Equal(t, call.CallTransferred{Kind: call.Blind, By: transferred.By, To: "billing"}, transferred)

	at = c.end()
	ready(c, b)
	rings(c, b)
	b.press("Redirect …")
	b.write(".card .panel-of input", "billing")
	b.press("Redirect")
	_, transferred = event[call.CallTransferred](c, at, nil)
	assert.Equal(t, call.Redirect, transferred.Kind)
	at = c.end()
	rings(c, b)
	b.press("Reject")
	_, rejected := event[call.PartyReleased](c, at, nil)
	assert.Equal(t, call.Rejected, rejected.Cause)
}

// Two change the data of a call at the same time: nothing is lost, and who comes second sees what the first has done.
func TestDataIsNeverOverwritten(t *testing.T) {
	c, b := desk(t)
	b.login()
	id := takes(c, b)
	others := func(set ...call.Pair) {
		t.Helper()
		_, err := c.engine.Request(t.Context(), id, call.ChangeUserData{At: time.Now(), Actor: "ivr:main", Set: set})
		require.NoError(t, err)
	}
	others(call.Pair{Key: "language", Value: "en"}, call.Pair{Key: "tier", Value: "silver"})
	b.seeText(".card .data", "silver")
	b.press("Edit data")
	b.write("#data-tier", "gold")
	others(call.Pair{Key: "tier", Value: "platinum"}, call.Pair{Key: "language", Value: "fr"})
	b.press("Save")
	b.seeText(".sheet .problem", "Somebody has changed the data meanwhile", "language is “fr”, was “en”", "tier is “platinum”, was “silver”: you have changed it too")
	b.see("document.querySelector('#data-tier').value === 'gold' && document.querySelector('#data-language').value === 'fr'")
	b.press("Take “platinum”")
	b.write("#data-account", "100299")
	b.press("Add an entry")
	b.write(".sheet input[aria-label=Name]", "vip")
	b.write(`.sheet input[id="data-new 0"]`, "yes")
	at := c.end()
	b.press("Save")
	_, changed := event[call.UserDataChanged](c, at, nil)
	assert.Equal(t, call.UserDataChanged{By: "agent:1001", Set: []call.Pair{{Key: "account", Value: "100299"}, {Key: "vip", Value: "yes"}}}, changed)
	b.seeText(".card .data", "platinum", "fr", "100299", "vip")

	b.press("Edit data")
	b.see("document.querySelector('[aria-label=\"Delete vip\"]')")
	do[bool](b, "document.querySelector('[aria-label=\"Delete vip\"]').click(), true")
	at = c.end()
	b.press("Save")
	_, changed = event[call.UserDataChanged](c, at, nil)
	assert.Equal(t, []string{"vip"}, changed.Deleted)
}

func TestMerge(t *testing.T) {
	b := openBrowser(t)
	c := openSimulated(t)
	b.open(c.url("#/api"))
	for name, test := range map[string]struct{ base, mine, theirs, want string }{
		"nothing happened":           {`{a: '1'}`, `{a: '1'}`, `{a: '1'}`, `{"merged":{"a":"1"},"changed":[],"conflicts":[]}`},
		"only mine":                  {`{a: '1'}`, `{a: '2'}`, `{a: '1'}`, `{"merged":{"a":"2"},"changed":[],"conflicts":[]}`},
		"only theirs":                {`{a: '1'}`, `{a: '1'}`, `{a: '2', b: '1'}`, `{"merged":{"a":"2","b":"1"},"changed":["a","b"],"conflicts":[]}`},
		"the same":                   {`{a: '1'}`, `{a: '2'}`, `{a: '2'}`, `{"merged":{"a":"2"},"changed":[],"conflicts":[]}`},
		"different things":           {`{a: '1', b: '1'}`, `{a: '2', b: '1'}`, `{a: '1', b: '2'}`, `{"merged":{"a":"2","b":"2"},"changed":["b"],"conflicts":[]}`},
		"both, otherwise":            {`{a: '1'}`, `{a: '2'}`, `{a: '3'}`, `{"merged":{"a":"2"},"changed":[],"conflicts":["a"]}`},
		"deleted by me":              {`{a: '1'}`, `{}`, `{a: '1'}`, `{"merged":{},"changed":[],"conflicts":[]}`},
		"deleted by them":            {`{a: '1'}`, `{a: '1'}`, `{}`, `{"merged":{},"changed":["a"],"conflicts":[]}`},
		"deleted by me, not by them": {`{a: '1'}`, `{}`, `{a: '2'}`, `{"merged":{},"changed":[],"conflicts":["a"]}`},
		"deleted by them, not by me": {`{a: '1'}`, `{a: '2'}`, `{}`, `{"merged":{"a":"2"},"changed":[],"conflicts":["a"]}`},
	} {
		got := do[string](b, fmt.Sprintf("import('/datasheet.js').then(({merge}) => JSON.stringify(merge(%s, %s, %s)))", test.base, test.mine, test.theirs))
		assert.JSONEq(t, test.want, got, name)
	}
}

// What is not done is said, with the reason; and that a switch has taken something and does not do it, too, whatever else
// happens meanwhile.
func TestWhatIsRefusedIsSaid(t *testing.T) {
	c, b := desk(t)
	b.login()
	takes(c, b)
	c.obeys(fmt.Errorf("%w: the trunk is down", call.ErrSwitchRefused), false)
	b.press("Hold")
	b.seeText("[role=alert]", "Hold: not done.", "The switch says no.", "the trunk is down", "switchRefused", "reference")
	b.press("Close")
	b.see("!document.querySelector('.outcome .problem')")
	c.obeys(nil, true)
	taken := c.end()
	do[bool](b, "(() => { const real = window.setTimeout; window.setTimeout = (what, wait) => real(what, wait === 6000 ? 600 : wait); })(), true")
	b.press("Hold")
	b.see("document.querySelector('[aria-busy=true]')")
	event(c, taken, func(r call.RequestMade) bool { return r.Request == call.Holds })
	require.NoError(t, c.engine.Ingest(t.Context(), []engine.Observation{{
		Agent: "1001", AgentFact: agent.MembershipIs{At: time.Now(), Agent: "1001", Switch: "sim", Queue: "sales", DN: "1001", Member: true, Paused: true, Reason: "lunch"},
	}}))
	b.seeText(".memberships", "paused: lunch")
	assert.True(t, do[bool](b, "Boolean(document.querySelector('[aria-busy=true]') || document.querySelector('.outcome .problem'))"))
	b.seeText("[role=alert]", "Hold:", "nothing has come of it yet")
	c.obeys(nil, false)
	b.press("Hold")
	b.offers("Retrieve", "End call")
	b.see("!document.querySelector('.outcome .problem')")
	b.press("Retrieve")

	b.press("Transfer …")
	b.write(".card .panel-of input", "no number")
	b.press("Transfer now")
	b.seeText("[role=alert]", "Transfer now: not done.", "not a number that can be dialled")
	b.press("Close")
	b.press("Cancel")
}

// Every button has its key, and a key is a letter where somebody writes.
func TestAnAgentWorksByKeys(t *testing.T) {
	c, b := desk(t)
	b.login()
	id := c.rings("1001")
	b.offers("Answer", "Redirect …", "Reject")
	do[bool](b, "document.activeElement.blur(), true")
	b.key("a")
	b.offers("Hold", "Transfer …", "Keys …", "End call")
	b.key("h")
	b.offers("Retrieve", "End call")
	b.key("h")
	b.offers("Hold", "Transfer …", "Keys …", "End call")
	b.key("m")
	b.see("document.activeElement.tagName === 'TEXTAREA'")
	b.key("he is angry")                                          // h and e are letters here
	b.see("document.activeElement.value.endsWith('he is angry')") // the driver types the m as well, whatever the page does with the key
	do[bool](b, "document.activeElement.blur(), true")
	b.key("?")
	b.see("document.querySelector('dialog[open]').innerText.includes('Answer')")
	b.key("e") // not behind the list
	b.key("\x1b")
	b.see("!document.querySelector('dialog')")
	b.key("?")
	b.see("document.querySelector('dialog[open] input')")
	do[bool](b, "document.querySelector('dialog input').click(), true")
	b.key("\x1b")
	b.see("!document.querySelector('dialog')")
	b.key("e")
	b.key("?") // turned off, all but the list
	b.see("document.querySelector('dialog[open] input')?.checked === false")
	do[bool](b, "document.querySelector('dialog input').click(), true")
	b.key("\x1b")
	b.see("!document.querySelector('dialog')")
	state, err := c.engine.Call(t.Context(), id)
	require.NoError(t, err)
	require.True(t, state.Live(), "so far nobody has ended it")
	b.key("t")
	b.see("document.activeElement.closest('.panel-of')")
	b.key("\x1b")
	b.see("!document.querySelector('.panel-of')")
	b.key("e")
	b.seeText(".card", "Call ended")
}

// The engine is gone and comes back while the page is open: nothing can be pressed meanwhile, and nothing is missing after.
func TestADesktopOutlivesTheEngine(t *testing.T) {
	c, b := desk(t)
	b.login()
	do[bool](b, "window.same = true")
	first := takes(c, b)
	c.stop()
	b.see("document.querySelector('.lost') && [...document.querySelectorAll('.card .buttons button')].every((each) => each.ariaDisabled === 'true')")
	at := c.end()
	_, err := c.engine.Request(t.Context(), first, call.ChangeUserData{At: time.Now(), Actor: "ivr:main", Set: []call.Pair{{Key: "seen", Value: "meanwhile"}}})
	require.NoError(t, err)
	require.NoError(t, c.Command(t.Context(), first, call.Hold{By: call.By{At: time.Now(), Actor: "agent:1001", ID: "phone", DN: "1001"}}))
	c.serve()
	b.seeText(".card[data-state=held] .data", "meanwhile")
	b.offers("Retrieve", "End call")
	b.see("window.same && !document.querySelector('.lost')")
	b.press("Retrieve")
	event[call.PartyRetrieved](c, at, nil)
}
