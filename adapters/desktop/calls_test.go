package desktop_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	downloads "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A list of calls goes on as far as somebody wants to see, and all of it can be taken away as a file.
func TestCallsArePagedAndExported(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	const calls = 103
	for i := range calls {
		c.arrives(fmt.Sprintf("2125550%03d", i))
	}
	b.open(c.url("#/calls?queue=sales"))
	b.see("document.querySelectorAll('main tbody tr').length === 100")
	b.seeText(".after", "100 calls, and older ones")
	b.seeText("main tbody tr:first-child", "2125550102")
	b.press("Show older")
	b.see("document.querySelectorAll('main tbody tr').length === 103")
	b.seeText("main tbody tr:last-child", "2125550000")
	b.see("document.querySelector('.after').innerText.startsWith('103 calls') && !document.querySelector('.after button')")

	dir := t.TempDir()
	_, err := chromedp.CallBrowser(b.ctx, downloads.SetDownloadBehavior, downloads.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: dir})
	require.NoError(t, err)
	for link, want := range map[string]struct {
		name  string
		lines int
	}{"CSV": {"calls.csv", calls + 1}, "JSON lines": {"calls.jsonl", calls}} {
		b.see("[...document.querySelectorAll('.after a')].some((each) => each.innerText === '" + link + "' && (each.click(), true))")
		require.EventuallyWithT(t, func(t *assert.CollectT) {
			text, err := os.ReadFile(filepath.Join(dir, want.name))
			require.NoError(t, err)
			assert.Equal(t, want.lines, strings.Count(string(text), "\n"))
			assert.Contains(t, string(text), "2125550000")
		}, patience, 20*time.Millisecond, link)
	}
}
