package desktop_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long the page has to show what it should; it shows it within milliseconds.
const patience = 40 * time.Second

// browser is a tab of a headless Chromium.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string // what scripts and policies complained about
	expected string   // a complaint that contains this is none
}

// openBrowser starts Chromium. Without one the test fails: `make tools` installs it.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // it does not work for root, as which containers run
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(t.TempDir()),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	b := &browser{t: t, ctx: ctx}
	var listening sync.WaitGroup
	console := chromedp.Console(ctx)
	listening.Go(func() {
		for message, err := range console {
			if err != nil {
				return
			}
			// A server that was stopped on purpose leaves failed requests behind, and nothing else may be wrong.
			// An engine that stops, at the end of a test at the latest, answers 503 and then not at all.
			if text := fmt.Sprint(message); !strings.Contains(text, "net::ERR_") && !strings.Contains(text, "status of 503") {
				b.mu.Lock()
				if b.expected == "" || !strings.Contains(text, b.expected) {
					b.problems = append(b.problems, text)
				}
				b.mu.Unlock()
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		listening.Wait()
		for _, problem := range b.problems {
			t.Errorf("in the browser: %s", problem)
		}
	})
	return b
}

func chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium found: the page is not tested in a browser")
}

// open loads an address anew.
func (b *browser) open(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(url)); err != nil {
		b.t.Fatal(err)
	}
}

// see waits until a JavaScript expression is true.
func (b *browser) see(expression string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		seen, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && seen {
			return
		}
		if time.Now().After(deadline) {
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.title + '\\n' + document.body.innerText"))
			b.t.Fatalf("never so: %s (%v)\n%s", expression, err, text)
		}
	}
}

// seeText waits until an element shows all of the texts.
func (b *browser) seeText(selector string, texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		b.see(fmt.Sprintf("[...document.querySelectorAll(%q)].some((e) => e.innerText.includes(%q))", selector, text))
	}
}

// do runs JavaScript and returns what it evaluates to, or what a promise from it becomes.
func do[T any](b *browser, script string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return value
}
