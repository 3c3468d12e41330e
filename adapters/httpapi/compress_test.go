package httpapi_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// compressed is a centre whose page is a long text, and asks for it as a browser does.
func compressed(t *testing.T) (*centre, string) {
	t.Helper()
	long := strings.Repeat("the floor and its agents\n", 1000)
	c := newCentre(t)
	c.config.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `W/"1"`)
		http.ServeContent(w, r, "page.txt", time.Time{}, strings.NewReader(long))
	})
	return c, long
}

func zipped(path string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func TestTextsAreCompressedForWhoTakesIt(t *testing.T) {
	c, long := compressed(t)
	answer := c.ask(zipped("/"))
	require.Equal(t, "gzip", answer.Header().Get("Content-Encoding"))
	assert.Less(t, answer.Body.Len(), len(long)/10)
	assert.Contains(t, answer.Header().Values("Vary"), "Accept-Encoding")
	unzip, err := gzip.NewReader(answer.Body)
	require.NoError(t, err)
	text, err := io.ReadAll(unzip)
	require.NoError(t, err)
	assert.Equal(t, long, string(text))

	described := c.ask(zipped("/openapi.json"))
	assert.Equal(t, "gzip", described.Header().Get("Content-Encoding"), described.Header())
	assert.Empty(t, c.ask(zipped("/healthz")).Header().Get("Content-Encoding"), "what is short already is not made shorter")
	plain := c.ask(zipped("/", "Accept-Encoding", "identity"))
	assert.Empty(t, plain.Header().Get("Content-Encoding"))
	assert.Equal(t, long, plain.Body.String())
}

func TestPartsAndUnchangedFilesStayWhatTheyAre(t *testing.T) {
	c, long := compressed(t)
	part := c.ask(zipped("/", "Range", "bytes=4-8"))
	assert.Equal(t, http.StatusPartialContent, part.Code)
	assert.Empty(t, part.Header().Get("Content-Encoding"))
	assert.Equal(t, long[4:9], part.Body.String())
	unchanged := c.ask(zipped("/", "If-None-Match", c.ask(zipped("/")).Header().Get("ETag")))
	assert.Equal(t, http.StatusNotModified, unchanged.Code)
	assert.Zero(t, unchanged.Body.Len())
}
