package features_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/chromedp/chromedp"
)

// browser is a tab of a headless Chromium.
type browser struct {
	ctx   context.Context
	close context.CancelFunc
}

// errNoBrowser is why the page cannot be looked at on this machine.
var errNoBrowser = errors.New("no Chromium found; scripts/install-test-tools.sh installs one")

func openBrowser(dir string) (*browser, error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, errNoBrowser
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // it does not work for root, as which containers run
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(dir),
	)
	allocated, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeTab := chromedp.NewContext(allocated)
	b := &browser{ctx: ctx, close: func() { closeTab(); cancel() }}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)); err != nil {
		b.close()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return b, nil
}

// another is one more tab of the same browser.
func (b *browser) another() *browser {
	ctx, closeTab := chromedp.NewContext(b.ctx)
	return &browser{ctx: ctx, close: closeTab}
}

func (b *browser) open(address string) error {
	return chromedp.Do(b.ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(address))
}

// do runs JavaScript.
func (b *browser) do(script string) error {
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("(() => {"+script+"; return true})()"))
	return err
}

// text is what an expression evaluates to.
func (b *browser) text(expression string) (string, error) {
	return chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+expression+")"))
}

// see waits until an expression is true.
func (b *browser) see(expression string) error {
	return eventually(func() error {
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		defer cancel()
		seen, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err != nil || seen {
			return err
		}
		shown, _ := b.text("document.querySelector('main').innerText.slice(0, 3000)")
		return fmt.Errorf("never so: %s; the page shows:\n%s", expression, shown)
	})
}

// seeText waits until an element that a selector names has all of the texts.
func (b *browser) seeText(selector string, texts ...string) error {
	for _, text := range texts {
		if err := b.see(fmt.Sprintf("[...document.querySelectorAll(%q)].some((each) => each.textContent.includes(%q))", selector, text)); err != nil {
			return err
		}
	}
	return nil
}
