package desktop_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The floor shows how well the queues are served, and of agents and calls those that somebody looks for.
func TestFloorIsFiltered(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	c.login("1001", "")
	c.login("1002", "lunch")
	ended := c.arrives("2125550001")
	c.rings(ended, "1001")
	c.answers(ended, "1001")
	c.hangsUp(ended, "1001")
	c.arrives("2125550002")

	b.open(c.url(""))
	b.seeText(".queue", "sales", "Service level", "100 %")
	b.see("[...document.querySelectorAll('#app > *')].map((each) => each.tagName).join() === 'A,HEADER,MAIN'")
	tiles := "[...document.querySelectorAll('.tile .who b')].map((each) => each.textContent).join()"
	b.see(tiles + " === '1001,1002'")

	press := "[...document.querySelectorAll('.summary button')].find((each) => each.textContent.includes('Not ready')).click(), true"
	do[bool](b, press)
	b.see(tiles + " === '1002' && document.querySelector('.summary [aria-pressed=true]')")
	b.seeText("#agents", "1 of 2")
	do[bool](b, press)
	b.see(tiles + " === '1001,1002'")

	choose := func(queue string) {
		do[bool](b, "(() => { const select = document.querySelector('.filter select'); select.value = '"+queue+"'; select.dispatchEvent(new Event('change', {bubbles: true})); })(), true")
	}
	choose("sales")
	b.see(tiles + " === '1001,1002' && document.querySelectorAll('.live tr[data-state]').length === 1")
	do[bool](b, "(() => { const field = document.querySelector('.filter input'); field.value = 'lunch'; field.dispatchEvent(new Event('input', {bubbles: true})); })(), true")
	b.see(tiles + " === '1002' && document.querySelector('.live td.none')")
	do[bool](b, "document.querySelector('.filter input').dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true})), true")
	b.see(tiles + " === '1001,1002' && document.querySelector('.filter select').value === ''")
}

// The floor has a key, too. It is a single character, so it can be turned off.
func TestTheKeyOfTheFloorCanBeTurnedOff(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	c.login("1001", "")
	b.open(c.url(""))
	b.see("document.querySelector('.tile')")
	b.key("/")
	b.see("document.activeElement.matches('.filter input')")
	b.key("1/1")
	b.see("document.activeElement.value.endsWith('1/1')") // and not a shortcut
	do[bool](b, "document.activeElement.blur(), true")
	b.press("Keyboard shortcuts")
	b.seeText("dialog[open]", "/", "Write what to look for")
	do[bool](b, "document.querySelector('dialog input').click(), true")
	b.key("\x1b")
	b.see("!document.querySelector('dialog')")
	do[bool](b, "document.activeElement.blur(), true")
	b.key("/")
	b.key("?") // turned off, all but the list
	b.see("document.querySelector('dialog[open] input')?.checked === false")
	b.key("\x1b")
	assert.True(t, do[bool](b, "!document.activeElement.matches('.filter input')"))
}
