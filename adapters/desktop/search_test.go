package desktop_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
)

// Who searches while calls come and go can write, goes from field to field, and stays where he is when what he asked for comes.
func TestSearchingWhileCallsComeAndGo(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	c.login("1001", "")
	ended := 0
	ends := func() {
		id := c.arrives("2125550001")
		c.rings(id, "1001")
		c.answers(id, "1001")
		c.hangsUp(id, "1001")
		ended++
	}
	b.open(c.url("#/calls"))
	b.seeText(".feed", "Live")
	field := func(name string) string { return fmt.Sprintf("document.querySelector('[name=%s]')", name) }
	focused := func() string { return do[string](b, "document.activeElement.name") }

	do[bool](b, field("ani")+".focus(), true")
	for _, digit := range "2125" {
		b.key(string(digit))
		ends()
		b.seeText(".filters button", fmt.Sprintf("Refresh (%d ended since)", ended)) // the form was drawn anew
	}
	b.key("550001" + kb.Tab + "5550")
	b.see("location.hash === '#/calls?ani=2125550001' && document.querySelectorAll('main tbody tr').length === " + fmt.Sprint(ended))
	b.key("100")
	assert.Equal(t, []string{"dnis", "2125550001", "5550100"}, []string{focused(), do[string](b, field("ani")+".value"), do[string](b, field("dnis")+".value")})
	b.key(kb.Enter)
	b.see("location.hash === '#/calls?ani=2125550001&dnis=5550100'")

	do[bool](b, field("outcome")+".focus(), true")
	b.key("Ans") // chooses Answered
	b.see("location.hash.endsWith('&outcome=answered')")
	b.see("document.querySelectorAll('main tbody tr').length === " + fmt.Sprint(ended))
	assert.Equal(t, "outcome", focused())

	do[bool](b, "document.querySelector('.more summary').click(), "+field("text")+".focus(), true")
	b.key("gold" + kb.Enter)
	b.see("location.hash.endsWith('&text=gold') && document.querySelector('.empty')")
	b.key(kb.Backspace + kb.Backspace + kb.Backspace + kb.Backspace + kb.Enter)
	b.see("location.hash.endsWith('&outcome=answered') && document.querySelector('main tbody tr')")
	assert.Equal(t, "text", focused(), "what is open is not closed under the hand")

	// An address that comes from elsewhere is what the form shows.
	do[bool](b, "history.back(), true")
	b.see(field("text") + ".value === 'gold'")
	do[bool](b, "document.querySelector('.filters a').click(), true")
	b.see("location.hash === '#/calls' && [...document.querySelectorAll('.filters input, .filters select')].every((each) => each.value === '')")
	b.open(c.url("#/calls?outcome=abandoned&minDuration=5m"))
	b.see(field("outcome") + "?.value === 'abandoned' && " + field("minDuration") + ".value === '5m' && document.querySelector('.more').open")
}
