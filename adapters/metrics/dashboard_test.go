package metrics_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	queried = regexp.MustCompile(`\b(callstate|process|go)_[a-z0-9_]+`)
	grouped = regexp.MustCompile(`\bby ?\(([^)]*)\)`)
	suffix  = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// What the dashboard asks for is what the engine tells, and the other way round.
func TestTheDashboardKnowsTheMetrics(t *testing.T) {
	file, err := os.ReadFile("../../deploy/grafana/callstate.json")
	require.NoError(t, err)
	var dashboard any
	require.NoError(t, json.Unmarshal(file, &dashboard))

	read := newCentre(t).read(t)
	shown := map[string]bool{}
	for _, query := range expressions(dashboard) {
		names := queried.FindAllString(query, -1)
		assert.NotEmpty(t, names, query)
		labels := map[string]bool{"le": true}
		for _, name := range names {
			family := name
			if read[family] == nil {
				family = suffix.ReplaceAllString(name, "")
			}
			if !assert.Contains(t, read, family, query) {
				continue
			}
			shown[family] = true
			for _, m := range read[family].GetMetric() {
				for _, l := range m.GetLabel() {
					labels[l.GetName()] = true
				}
			}
		}
		for _, by := range grouped.FindAllStringSubmatch(query, -1) {
			for label := range strings.SplitSeq(by[1], ",") {
				assert.True(t, labels[strings.TrimSpace(label)], "%s: there is no label %s", query, label)
			}
		}
	}
	for name := range read {
		if strings.HasPrefix(name, "callstate_") {
			assert.True(t, shown[name], "%s is not on the dashboard", name)
		}
	}
}

// expressions are the queries in a dashboard, wherever they stand.
func expressions(of any) (found []string) {
	switch v := of.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if text, ok := v[key].(string); ok && key == "expr" {
				found = append(found, text)
			}
			found = append(found, expressions(v[key])...)
		}
	case []any:
		for _, inner := range v {
			found = append(found, expressions(inner)...)
		}
	}
	return found
}

// The page of the documentation has every metric, and no other.
func TestTheDocumentationKnowsTheMetrics(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations/metrics.md")
	require.NoError(t, err)
	documented := map[string]bool{}
	for _, name := range regexp.MustCompile("`(callstate_[a-z_]+)`").FindAllStringSubmatch(string(page), -1) {
		documented[name[1]] = true
	}
	told := map[string]bool{}
	for name := range newCentre(t).read(t) {
		if strings.HasPrefix(name, "callstate_") {
			told[name] = true
		}
	}
	assert.Equal(t, told, documented)
}
