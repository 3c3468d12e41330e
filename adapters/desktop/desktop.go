// Package desktop is the page of the engine: the floor with its agents, queues and live calls, an agent's desktop that
// shows a call with its data while it still rings, and the calls that were, each with its history.
//
// It is static files, embedded, without a build step: Preact with its signals and htm, as their authors publish them
// (static/vendor says which), and a client of the live feed without dependencies (static/feed.js). All it shows comes from
// the HTTP API of the same origin; nothing comes from elsewhere, and the Content-Security-Policy keeps it so. Names of callers
// and data of calls are hostile input: the page only ever makes text of them.
package desktop

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// policy lets the page load its own scripts, styles and images and talk to its own origin, nothing else. Of scripts in the
// page itself only its import map is one, named by its hash. Scripts cannot make markup out of strings: the browser refuses
// it (Trusted Types).
func policy(page []byte) string {
	_, rest, found := bytes.Cut(page, []byte(`<script type="importmap">`))
	importMap, _, ended := bytes.Cut(rest, []byte("</script>"))
	if !found || !ended {
		panic("the page has no import map") // it is part of the program
	}
	sum := sha256.Sum256(importMap)
	return "default-src 'none'; script-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
		"style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
}

// file is a file of the page as it is served.
type file struct {
	name    string
	content []byte
	kind    string
	tag     string // its ETag, a weak one: it names the file compressed and not
}

// Settings are what a house has the page suggest; any other word can be written there. What is nil is what houses often have.
type Settings struct {
	NotReadyReasons []string `json:"notReadyReasons"`
	Dispositions    []string `json:"dispositions"`
}

// Handler serves the page at / and its files below.
func Handler(settings Settings) http.Handler {
	files := load()
	files["/settings.json"] = settings.file()
	policy := policy(files["/"].content)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		header := w.Header()
		header.Set("Content-Type", f.kind)
		header.Set("ETag", f.tag)
		header.Set("Cache-Control", "no-cache") // kept, but asked for again: a new engine brings a new page
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.content))
	})
}

// load reads the embedded files by the path under which they are served.
func load() map[string]file {
	files := map[string]file{}
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		kind, ok := kinds()[path.Ext(name)]
		if !ok {
			return fmt.Errorf("%s: no content type for it", name)
		}
		files[strings.TrimPrefix(name, "static")] = newFile(name, content, kind)
		return nil
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
	files["/"] = files["/index.html"]
	return files
}

func newFile(name string, content []byte, kind string) file {
	sum := sha256.Sum256(content)
	return file{name, content, kind, `W/"` + hex.EncodeToString(sum[:12]) + `"`}
}

func (s Settings) file() file {
	if s.NotReadyReasons == nil {
		s.NotReadyReasons = []string{"break", "lunch", "meeting", "training", "back office"}
	}
	if s.Dispositions == nil {
		s.Dispositions = []string{"resolved", "callback", "sale", "no sale", "complaint", "wrong number"}
	}
	content, err := json.Marshal(s)
	if err != nil {
		panic(err) // lists of text always have JSON
	}
	return newFile("settings.json", content, "application/json")
}

// kinds are the content types by file name extension; those of package mime depend on the machine.
func kinds() map[string]string {
	return map[string]string{
		".html": "text/html; charset=utf-8",
		".css":  "text/css; charset=utf-8",
		".js":   "text/javascript; charset=utf-8",
		".svg":  "image/svg+xml",
		".txt":  "text/plain; charset=utf-8",
	}
}
