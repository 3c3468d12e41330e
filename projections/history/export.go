package history

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Writer writes records one by one. Close ends what it has written; it does not close what it writes to.
type Writer interface {
	Write(Record) error
	Close() error
}

// NewJSONLinesWriter writes each record as JSON on a line of its own.
func NewJSONLinesWriter(w io.Writer) Writer { return jsonLines{w} }

type jsonLines struct{ w io.Writer }

func (l jsonLines) Write(r Record) error {
	text, err := toJSON(r, "")
	if err == nil {
		_, err = l.w.Write(append(text, '\n'))
	}
	return err
}

func (jsonLines) Close() error { return nil }

// NewJSONWriter writes the records as one indented JSON array.
func NewJSONWriter(w io.Writer) Writer { return &jsonArray{w: w} }

type jsonArray struct {
	w     io.Writer
	count int
}

func (a *jsonArray) Write(r Record) error {
	text, err := toJSON(r, "  ")
	if err != nil {
		return err
	}
	before := "[\n  "
	if a.count++; a.count > 1 {
		before = ",\n  "
	}
	_, err = fmt.Fprintf(a.w, "%s%s", before, text)
	return err
}

func (a *jsonArray) Close() error {
	end := "\n]\n"
	if a.count == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(a.w, end)
	return err
}

// toJSON is a value as JSON, indented within a list where indent says so.
func toJSON(value any, indent string) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent(indent, indent)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(buffer.Bytes(), []byte{'\n'}), err
}

// csvColumns are the columns of a record as CSV: those of its JSON, with lists shortened to what a table can hold.
var csvColumns = []string{
	"connId", "switch", "switchCallId", "type", "ani", "dnis", "startedAt", "endedAt", "durationMs", "endedBy", "outcome", "ivrMs",
	"queues", "queueResults", "waitMs", "agents", "talkMs", "holdMs", "transfers", "userData", "related", "anomalies", "disposition", "notes",
}

// NewCSVWriter writes a heading, and each record as a row (RFC 4180). Lists are separated by semicolons, waits, talk and
// hold are added up, and the user data is a JSON object. What a spreadsheet would take for a formula has an apostrophe before it.
func NewCSVWriter(w io.Writer) Writer { return &csvWriter{out: csv.NewWriter(w)} }

type csvWriter struct {
	out    *csv.Writer
	headed bool
}

func (c *csvWriter) head() error {
	if c.headed {
		return nil
	}
	c.headed = true
	return c.out.Write(csvColumns)
}

func (c *csvWriter) Write(r Record) error {
	if err := c.head(); err != nil {
		return err
	}
	var queues, results, agents, transfers, related, notes []string
	var wait, talk, hold int64
	for _, q := range r.Queues {
		queues, results, wait = append(queues, q.Queue), append(results, string(q.Result)), wait+q.WaitMs
	}
	for _, a := range r.Agents {
		name := a.Agent
		if name == "" {
			name = a.DN
		}
		agents, talk, hold = append(agents, name), talk+a.TalkMs, hold+a.HoldMs
	}
	for _, t := range r.Transfers {
		transfers = append(transfers, t.Kind+" to "+t.To)
	}
	for _, other := range r.Related {
		related = append(related, other.Relation+" "+other.ConnID.String())
	}
	for _, n := range r.Notes {
		notes = append(notes, n.Text)
	}
	data, err := toJSON(r.UserData, "")
	if err != nil {
		return err
	}
	list := func(of []string) string { return strings.Join(of, ";") }
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	row := []string{
		r.ConnID.String(), r.Switch, r.SwitchCallID, string(r.Type), r.ANI, r.DNIS, r.StartedAt.String(), r.EndedAt.String(), number(r.DurationMs),
		r.EndedBy, string(r.Outcome), number(r.IVRMs), list(queues), list(results), number(wait), list(agents), number(talk), number(hold),
		list(transfers), string(data), list(related), strconv.Itoa(r.Anomalies),
		r.Disposition, list(notes),
	}
	for i := range row {
		row[i] = inert(row[i])
	}
	return c.out.Write(row)
}

// inert is a value that no spreadsheet takes for a formula: what callers and desktops send in begins with an apostrophe then
// (OWASP, CSV Injection). A telephone number may begin with a sign.
func inert(value string) string {
	switch {
	case value == "":
	case strings.ContainsRune("=@\t\r\n", rune(value[0])),
		strings.ContainsRune("+-", rune(value[0])) && strings.Trim(value[1:], "0123456789") != "":
		return "'" + value
	}
	return value
}

func (c *csvWriter) Close() error {
	if err := c.head(); err != nil {
		return err
	}
	c.out.Flush()
	return c.out.Error()
}
