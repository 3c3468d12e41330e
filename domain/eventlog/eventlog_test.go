package eventlog

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStreamNames(t *testing.T) {
	for name, want := range map[Stream]struct{ kind, id string }{
		"call-018f":     {"call", "018f"},
		"switch-pbx-1":  {"switch", "pbx-1"},
		"agent-":        {"agent", ""},
		"noid":          {"noid", ""},
		"call-018f-4d2": {"call", "018f-4d2"},
	} {
		require.Equal(t, want.kind, name.Kind())
		require.Equal(t, want.id, name.ID())
	}
}

func TestExpectedSaysNothingLessThanItIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		expected Expected
		revision Revision
		checked  bool
	}{
		"the zero value expects no stream": {Expected{}, 0, true},
		"no stream":                        {NoStream(), 0, true},
		"at a revision":                    {At(7), 7, true},
		"any":                              {Any(), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			revision, checked := c.expected.Revision()
			require.Equal(t, c.revision, revision)
			require.Equal(t, c.checked, checked)
		})
	}
}

func TestConflicts(t *testing.T) {
	a := &ConflictError{Stream: "call-a", Expected: 1, Actual: 2}
	b := &ConflictError{Stream: "call-b", Expected: 3, Actual: 0}
	for name, c := range map[string]struct {
		err  error
		want []*ConflictError
	}{
		"one":                              {a, []*ConflictError{a}},
		"one, wrapped":                     {fmt.Errorf("append: %w", a), []*ConflictError{a}},
		"several, joined":                  {errors.Join(a, b), []*ConflictError{a, b}},
		"several, joined and wrapped":      {fmt.Errorf("append: %w", errors.Join(a, fmt.Errorf("b: %w", b))), []*ConflictError{a, b}},
		"none":                             {nil, nil},
		"another failure":                  {io.ErrUnexpectedEOF, nil},
		"a conflict and another failure":   {errors.Join(a, ErrFailed), nil},
		"a failure that mentions conflict": {errors.New(a.Error()), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, only := Conflicts(c.err)
			require.Equal(t, c.want, got)
			require.Equal(t, len(c.want) > 0, only)
			if only {
				require.ErrorIs(t, c.err, ErrConflict)
			}
		})
	}
}
