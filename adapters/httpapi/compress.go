package httpapi

import (
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// leastCompressed is how long an answer is at least that is compressed: one that fits a packet does not get there sooner.
const leastCompressed = 1024

// compressing sends texts compressed to clients that take gzip. A stream of events is sent as it is: each has to go out at
// once. So is a part of a file (Range), whose positions are those of the file itself, and user data, whose ETag is a strong
// one: it names these very bytes, and the client gives it back in If-Match.
func compressing(mux *http.ServeMux, next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.MinSize(leastCompressed),
		gzhttp.ContentTypes([]string{
			"application/json", "application/jsonl", "application/openapi+json", "application/vnd.aai.asyncapi+json", problemType,
			"text/csv", "text/html", "text/css", "text/javascript", "text/plain", "image/svg+xml",
		}),
	)
	if err != nil {
		panic(err) // the options are ours
	}
	compressed := wrap(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); isStream(pattern) || strings.HasSuffix(pattern, "/userdata") {
			next.ServeHTTP(w, r)
			return
		}
		compressed.ServeHTTP(w, r)
	})
}
