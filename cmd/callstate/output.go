package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// format is how data is printed.
type format string

const (
	asTable format = "table"
	asJSON  format = "json"

	// Of lists of call records only.
	asJSONLines format = "jsonl"
	asCSV       format = "csv"
)

// String, Set and Type make a format a flag.
func (f *format) String() string { return string(*f) }

func (f *format) Set(value string) error {
	switch format(value) {
	case asTable, asJSON:
		*f = format(value)
		return nil
	}
	return fmt.Errorf("must be table or json")
}

func (f *format) Type() string { return "table|json" }

func formatFlag(cmd *cobra.Command) *format {
	f := asTable
	cmd.Flags().Var(&f, "format", "how to print: table or json")
	return &f
}

// recordFormat makes a format a flag that also takes those of lists.
type recordFormat struct{ *format }

func (f recordFormat) Set(value string) error {
	switch format(value) {
	case asTable, asJSON, asJSONLines, asCSV:
		*f.format = format(value)
		return nil
	}
	return fmt.Errorf("must be table, json, jsonl or csv")
}

func (recordFormat) Type() string { return "table|json|jsonl|csv" }

// printJSON prints a value as indented JSON.
func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// printLine prints a value as JSON on one line.
func printLine(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// table prints rows in columns; the first row is the heading.
func table(w io.Writer, rows [][]string) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = printable(cell)
		}
		if _, err := fmt.Fprintln(columns, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return columns.Flush()
}

// printable keeps what comes from outside from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, s)
}

// seconds is a time in milliseconds as people read it: "12.3s", "4m05s".
func seconds(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}
