package desktop_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/callstate/callstate/adapters/desktop"
)

func serve(path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	desktop.Handler(desktop.Settings{Dispositions: []string{"sold"}}).ServeHTTP(w, r)
	return w
}

func TestFiles(t *testing.T) {
	kinds := map[string]string{
		"/":                  "text/html; charset=utf-8",
		"/app.js":            "text/javascript; charset=utf-8",
		"/feed.js":           "text/javascript; charset=utf-8",
		"/style.css":         "text/css; charset=utf-8",
		"/icon.svg":          "image/svg+xml",
		"/vendor/preact.js":  "text/javascript; charset=utf-8",
		"/vendor/uplot.js":   "text/javascript; charset=utf-8",
		"/vendor/NOTICE.txt": "text/plain; charset=utf-8",
	}
	for path, kind := range kinds {
		w := serve(path)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s has no policy", path)
		}
		tag := w.Header().Get("ETag")
		if again := serve(path, "If-None-Match", tag); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s again: %d with %d bytes", path, again.Code, again.Body.Len())
		}
	}
	for _, path := range []string{"/nothing", "/static/app.js", "/../desktop.go", "/vendor/"} {
		if w := serve(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// What the files load is among them, and nothing is loaded from elsewhere.
func TestFilesAreComplete(t *testing.T) {
	named := regexp.MustCompile(`(?:from|import\(|src=|href=|":)\s*['"](\.?/[^'"#]+\.(?:js|css|svg))['"]`)
	seen := map[string]bool{}
	var visit func(path string)
	visit = func(path string) {
		if seen[path] {
			return
		}
		seen[path] = true
		w := serve(path)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
		for _, found := range named.FindAllStringSubmatch(w.Body.String(), -1) {
			visit(strings.TrimPrefix(found[1], "."))
		}
	}
	visit("/")
	if len(seen) < 10 {
		t.Errorf("only %d files found", len(seen))
	}
	inline := regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\sstyle=|\son[a-z]+="`)
	if found := inline.FindAllString(serve("/").Body.String(), -1); len(found) != 1 || !strings.HasPrefix(found[0], `<script type="importmap">`) {
		t.Errorf("inline: %q", found)
	}
}

// What the modules name without a path is in the import map.
func TestImportMapIsComplete(t *testing.T) {
	var names struct{ Imports map[string]string }
	_, page, _ := strings.Cut(serve("/").Body.String(), `<script type="importmap">`)
	importMap, _, _ := strings.Cut(page, "</script>")
	if err := json.Unmarshal([]byte(importMap), &names); err != nil {
		t.Fatal(err)
	}
	bare := regexp.MustCompile(`(?:from|import)\s*['"]([^'"./][^'"]*)['"]`)
	used := map[string]bool{}
	for _, path := range append(slices.Collect(maps.Values(names.Imports)), "/html.js") {
		for _, found := range bare.FindAllStringSubmatch(serve(path).Body.String(), -1) {
			used[found[1]] = true
			if names.Imports[found[1]] == "" {
				t.Errorf("%s: %q is not in the import map", path, found[1])
			}
		}
	}
	if len(used) != len(names.Imports) {
		t.Errorf("used are %v, of %v", used, names.Imports)
	}
}

func TestThePageSuggestsWhatTheHouseSays(t *testing.T) {
	w := serve("/settings.json")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	var settings desktop.Settings
	if err := json.Unmarshal(w.Body.Bytes(), &settings); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(settings.Dispositions, []string{"sold"}) || !slices.Contains(settings.NotReadyReasons, "lunch") {
		t.Errorf("the page suggests %+v", settings)
	}
}
