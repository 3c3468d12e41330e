package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What there is not, and what cannot be meant, is one clear line on the standard error and nothing on the standard output,
// with exit code 1, or 2 where the command itself is wrong.
func TestMistakesAreOneClearLine(t *testing.T) {
	data := t.TempDir()
	importAll(t, data, "asterisk", "05-overflow")
	const nobody = "01a205eb-bc68-8411-b1cf-589499265159"
	for command, c := range map[string]struct {
		exit int
		says string
	}{
		// A position past the end.
		"tail --from 99999":                      {exitFailure, "position 99999: that is past the end of the log, which is 37"},
		"tail --no-follow --from 99999":          {exitFailure, "past the end of the log"},
		"floor --at 99999":                       {exitFailure, "past the end of the log"},
		"floor --at 99999 --diff 5":              {exitFailure, "past the end of the log"},
		"floor --at 5 --diff 99999":              {exitFailure, "past the end of the log"},
		"replay --from 99999":                    {exitFailure, "past the end of the log"},
		"replay --to 99999":                      {exitFailure, "past the end of the log"},
		"replay --from 1 --to 99999 --speed 100": {exitFailure, "past the end of the log"},
		// A time before the log.
		"floor --at 2020-01-01":                    {exitFailure, "before the first event of the log"},
		"floor --at 2020-01-01 --diff 5":           {exitFailure, "before the first event of the log"},
		"floor --at 5 --diff 2020-01-01T00:00:00Z": {exitFailure, "before the first event of the log"},
		"floor --at 0":                             {exitUsage, "before the first event of the log"},
		"replay --from 2020-01-01 --to 2020-01-02": {exitFailure, "nothing happened from"},
		"stats --to 2020-01-01":                    {exitFailure, "before it begins at 2026-11-23T01:00:39.173Z"},
		// A range that ends before it begins.
		"replay --from 20 --to 10":                                         {exitFailure, "the range ends before it begins"},
		"replay --from 2026-11-23T01:02:00Z --to 2026-11-23T01:01:00Z":     {exitFailure, "the range ends before it begins"},
		"calls --from 2026-11-24 --to 2026-11-23":                          {exitFailure, "before it begins"},
		"stats --from 2026-11-24 --to 2026-11-23":                          {exitFailure, "before it begins"},
		"calls --from 2026-11-23T00:00:00 --to 2026-11-23 --tz Asia/Tokyo": {exitFailure, "before it begins"},
		// An unknown call, and what is none.
		"calls " + nobody:                       {exitFailure, "there is no call " + nobody},
		"replay " + nobody:                      {exitFailure, "there is no call " + nobody},
		"events " + nobody:                      {exitFailure, "there is no call " + nobody},
		"export " + nobody:                      {exitFailure, "there is no call " + nobody},
		"export --format cloudevents " + nobody: {exitFailure, "there is no call " + nobody},
		"calls 1795395626.0":                    {exitUsage, "not a connection id"},
		"replay 1795395626.0":                   {exitUsage, "not a connection id"},
		"events 1795395626.0":                   {exitUsage, "not a connection id"},
		"export 1795395626.0":                   {exitUsage, "not a connection id"},
		// A filter that does not parse.
		"calls --user-data account":                 {exitFailure, "not key=value"},
		"calls --text \"open":                       {exitFailure, "is not closed"},
		"calls --after page2":                       {exitFailure, "not a cursor"},
		"calls --outcome lovely":                    {exitFailure, "unknown outcome"},
		"calls --type fax":                          {exitFailure, "unknown type"},
		"calls --limit -1":                          {exitFailure, "limit is negative"},
		"calls --min-duration long":                 {exitUsage, "min-duration"},
		"calls --min-duration 2m --max-duration 1m": {exitFailure, "longer than the longest"},
		"calls --conversation nobody":               {exitUsage, "not a connection id"},
		"calls --from yesterday":                    {exitUsage, "not a time such as"},
		"calls --tz Berlin":                         {exitUsage, "not a time zone"},
		"floor --at yesterday":                      {exitUsage, "not a position, nor a time"},
		"replay --from yesterday":                   {exitUsage, "not a position, nor a time"},
		"replay --speed -1 " + nobody:               {exitUsage, "--speed is negative"},
		"stats --interval fortnight":                {exitFailure, "not a duration"},
		"stats --interval 7h":                       {exitFailure, "divides a day"},
		"stats --target soon":                       {exitFailure, "not a duration"},
		"stats --explain luck":                      {exitFailure, "there is no number"},
		"stats --tz Berlin":                         {exitUsage, "not a time zone"},
	} {
		t.Run(command, func(t *testing.T) {
			var out, errors bytes.Buffer
			exit := run(t.Context(), append(strings.Fields(command), "--data", data), os.Stdin, &out, &errors)
			assert.Equal(t, c.exit, exit)
			assert.Contains(t, errors.String(), c.says)
			assert.Regexp(t, "^callstate: [^\n]+\n$", errors.String())
			assert.Empty(t, out.String())
		})
	}
}
