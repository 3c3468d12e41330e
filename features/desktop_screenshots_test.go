package features_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/callstate/callstate/projections/history"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "write pictures of the page, as the demo shows it, into this folder")

// Pictures of every page, light and dark, for the documentation; `make screenshots` takes them.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("no pictures are asked for; make screenshots does")
	}
	dir, began := t.TempDir(), time.Now()
	engine, err := startDemo(dir, &dataFolder{dir: filepath.Join(dir, "data")}, "127.0.0.1:0", "--speed", "2")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{engine: engine}
	defer func() {
		if err := engine.stop(); err != nil {
			t.Error(err)
		}
	}()
	b, err := openBrowser(filepath.Join(dir, "browser"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	w.visitor = &visitor{browser: b, page: engine.address + "/"}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(*screenshots, 0o755))
	must(b.open(w.visitor.page))

	var told history.Record
	must(eventuallyWithin(3*time.Minute, func() error {
		var found struct{ Calls []history.Record }
		if _, err := engine.get("/v1/calls?limit=1000&outcome=answered", &found); err != nil {
			return err
		}
		for _, r := range found.Calls {
			if !time.Time(r.EndedAt).IsZero() && len(r.Transfers) > 0 && r.IVRMs > 0 && len(r.Queues) > 1 && r.DurationMs > 8000 {
				told = r
				return nil
			}
		}
		return errors.New("there is no call worth a picture")
	}))
	for _, each := range []struct{ name, hash, shows, prepare string }{
		{"floor", "#/", "document.querySelector('.live tr[data-state=ringing] .chip')", ""},
		{"past", "#/", "document.querySelector('.timebar[data-past=true] .when .time') && document.querySelector('.live tr[data-state=talking]')",
			"const slider = document.querySelector('.timebar input'); slider.value = Number(slider.max) - 9000; for (const kind of ['input', 'change']) slider.dispatchEvent(new Event(kind, {bubbles: true}))"},
		{"calls", "#/calls", "document.querySelectorAll('main tbody tr').length > 20", ""},
		{"call", "#/calls/" + told.ConnID.String(), "document.querySelector('.arrow.transfers') && document.querySelector('.timeline li[aria-current]')",
			"const range = document.querySelector('.scrubber input'); range.value = Math.round(range.max * 0.6); range.dispatchEvent(new Event('input', {bubbles: true}))"},
		{"agent", "#/agents/1001", "document.querySelector('.card .data')", ""},
		{"api", "#/api", "document.querySelector('.operation')", "document.querySelector('#getFloor').open = true"},
		{"numbers", "#/numbers", "document.querySelector('[data-chart=Abandoned] canvas')", ""},
	} {
		if each.name == "numbers" {
			time.Sleep(time.Until(began.Add(4 * time.Minute))) // there has to be something over the time
		}
		must(b.do("location.hash = '" + each.hash + "'"))
		if each.prepare != "" {
			time.Sleep(time.Second) // a picture, not a test: the page has settled by then
			must(b.do(each.prepare))
		}
		must(eventuallyWithin(time.Minute, func() error { return b.see(each.shows) }))
		for _, scheme := range []string{"light", "dark"} {
			must(b.picture(filepath.Join(*screenshots, each.name+"-"+scheme+".png"), scheme, 1280, 800))
		}
	}
	must(b.do("location.hash = '#/'"))
	must(b.picture(filepath.Join(*screenshots, "floor-phone.png"), "light", 390, 780))
	must(b.do("location.hash = '#/calls/" + told.ConnID.String() + "'"))
	must(b.picture(filepath.Join(*screenshots, "call-phone.png"), "dark", 390, 780))
}

func eventuallyWithin(patience time.Duration, try func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// picture writes what the browser shows as a PNG.
func (b *browser) picture(path, scheme string, width, height int64) error {
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	emulate := chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media)
		return err
	})
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, height), emulate); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond) // its transitions
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	small, err := shrink(shot)
	if err != nil {
		return fmt.Errorf("picture %s: %w", path, err)
	}
	return os.WriteFile(path, small, 0o644)
}

// shrink makes a PNG of 256 colours of one of many: those that are there most often, those that are seldom but like no
// other, and for the rest the nearest of those. A page has few colours and many shades at the edges of its letters, so that nobody sees the difference.
func shrink(shot []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, err
	}
	bounds, often := full.Bounds(), map[color.RGBA]int{}
	each := func(do func(x, y int, c color.RGBA)) {
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				do(x, y, color.RGBAModel.Convert(full.At(x, y)).(color.RGBA))
			}
		}
	}
	each(func(_, _ int, c color.RGBA) { often[c]++ })
	colours := slices.SortedFunc(maps.Keys(often), func(a, b color.RGBA) int {
		return cmp.Or(often[b]-often[a], cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	var palette color.Palette
	for _, c := range colours {
		if len(palette) < 160 || len(palette) < 256 && unlike(palette[palette.Index(c)], c) {
			palette = append(palette, c)
		}
	}
	small, nearest := image.NewPaletted(bounds, palette), map[color.RGBA]uint8{}
	each(func(x, y int, c color.RGBA) {
		index, known := nearest[c]
		if !known {
			index = uint8(palette.Index(c))
			nearest[c] = index
		}
		small.SetColorIndex(x, y, index)
	})
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err = encoder.Encode(&out, small)
	return out.Bytes(), err
}

// unlike reports whether a person would see the difference.
func unlike(a color.Color, b color.RGBA) bool {
	c := a.(color.RGBA)
	far := func(x, y uint8) int { return (int(x) - int(y)) * (int(x) - int(y)) }
	return far(c.R, b.R)+far(c.G, b.G)+far(c.B, b.B) > 600
}
