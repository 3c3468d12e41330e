package desktop_test

import "testing"

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
