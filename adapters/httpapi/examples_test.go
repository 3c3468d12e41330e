package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
)

// Every operation has examples of what is asked and answered, and they are what the description says.
func TestEveryOperationHasExamples(t *testing.T) {
	d := described(t, httpapi.New(newBuilding().config()).Handler(), "openapi.json")
	for path, operations := range d.at("paths") {
		for method := range operations.(map[string]any) {
			op := d.at("paths", path, method)
			name := op["operationId"].(string)
			var found int
			for _, content := range [][]string{{"requestBody", "content"}, {"responses", "200", "content"}} {
				place := append([]string{"paths", path, method}, content...)
				for kind := range d.at(place...) {
					place := append(place[:len(place):len(place)], kind)
					example := d.at(place...)["example"]
					if example == nil {
						continue // another form of the same: found counts
					}
					found++
					place = append(place, "schema")
					switch kind {
					case "text/event-stream":
						messages := messagesOf([]byte(example.(string)))
						require.NotEmpty(t, messages, name)
						for _, m := range messages {
							assert.NoError(t, d.valid([]byte(m.data), place...), name)
						}
					case "application/jsonl":
						for line := range strings.Lines(example.(string)) {
							assert.True(t, json.Valid([]byte(line)), name)
						}
					default:
						text, err := json.Marshal(example)
						require.NoError(t, err)
						assert.NoError(t, d.valid(text, place...), name)
					}
				}
			}
			assert.NotZero(t, found, "%s has no examples", name)
			if method == "post" {
				assert.Equal(t, 2, found, "%s: an example of the body and one of the answer", name)
			}
		}
	}
}
