package masking_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/callstate/callstate/domain/masking"
	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func ExampleCardNumbers() {
	fmt.Println(masking.CardNumbers("pays order 4711 with 4111-1111-1111-1111, valid 12/29"))
	// Output: pays order 4711 with ****-****-****-1111, valid 12/29
}

func TestCardNumbersAreMasked(t *testing.T) {
	for name, c := range map[string]struct{ text, masked string }{
		"alone":                        {"4111111111111111", "************1111"},
		"in groups":                    {"4111 1111 1111 1111", "**** **** **** 1111"},
		"with dashes":                  {"4111-1111-1111-1111", "****-****-****-1111"},
		"with a dash of typographers":  {"4111\u20131111\u20131111\u20131111", "****\u2013****\u2013****\u20131111"},
		"with a space that holds":      {"4111\u00a01111\u00a01111\u00a01111", "****\u00a0****\u00a0****\u00a01111"},
		"spaces and dashes":            {"4111 - 1111 - 1111 - 1111", "**** - **** - **** - 1111"},
		"of 13 digits":                 {"4222222222222", "*********2222"},
		"of 15 digits":                 {"3782 822463 10005", "**** ****** *0005"},
		"of 19 digits":                 {"6304000000000000000", "***************0000"},
		"between letters":              {"card4111111111111111visa", "card************1111visa"},
		"in JSON":                      {`{"pan":"5555555555554444"}`, `{"pan":"************4444"}`},
		"before the date and the code": {"4111 1111 1111 1111 1229 123", "**** **** **** 1111 1229 123"},
		"two":                          {"4111111111111111, 5555555555554444", "************1111, ************4444"},
		"on two lines":                 {"4111111111111111\n5555555555554444", "************1111\n************4444"},
		"among letters of others":      {"Kärtchen 4111111111111111 ü", "Kärtchen ************1111 ü"},
		"what is no UTF-8 stays so":    {"\xff4111111111111111\xfe", "\xff************1111\xfe"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.masked, masking.CardNumbers(c.text)) })
	}
}

// Of what is keyed without a pause nobody can tell what is the number, the date and the code, so all of it is masked that
// could be.
func TestACardNumberInALongRowIsMasked(t *testing.T) {
	for _, text := range []string{"41111111111111111229123", "0004111111111111111000", "4111111111111111111111111111111111111111"} {
		masked := masking.CardNumbers(text)
		assert.NotContains(t, masked, "411111", text)
		assert.Len(t, masked, len(text))
	}
}

func TestWhatIsNoCardNumberStays(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":             "",
		"a wrong check digit": "4111111111111112",
		"twelve digits":       "411111111111",
		"telephone numbers":   "2125550001, 2125550002",
		"a number abroad":     "+44 20 7946 0018",
		"a date and a time":   "2026-11-25 03:48:02",
		"an id of a channel":  "1795395600.803236",
		"dots between":        "4111.1111.1111.1111",
		"a part of a row":     "94111111111111111",
		"a part of two rows":  "4111 1111 1111 11119",
		"lines between":       "4111\n1111\n1111\n1111",
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, text, masking.CardNumbers(text)) })
	}
}

// A row is digits with nothing between, a run is rows with spaces and dashes between.
var (
	row = regexp.MustCompile(`[0-9]+`)
	run = regexp.MustCompile(`[0-9]+(?:[-\t \x{00a0}\x{202f}\x{2009}\x{2010}-\x{2014}\x{2212}]+[0-9]+)*`)
)

// hasCardNumber is the definition once more, without any thought of speed.
func hasCardNumber(text string) bool {
	for _, run := range run.FindAllString(text, -1) {
		rows := row.FindAllString(run, -1)
		for from, first := range rows {
			for to := from + 1; to <= len(rows); to++ {
				if checks(strings.Join(rows[from:to], "")) {
					return true
				}
			}
			for i := 0; len(first) > 19 && i < len(first); i++ {
				for end := i + 13; end <= min(i+19, len(first)); end++ {
					if checks(first[i:end]) {
						return true
					}
				}
			}
		}
	}
	return false
}

// checks is the Luhn check as ISO/IEC 7812-1 tells it, from the right.
func checks(number string) bool {
	if len(number) < 13 || len(number) > 19 {
		return false
	}
	sum := 0
	for i := range number {
		value := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			value *= 2
		}
		sum += value/10 + value%10
	}
	return sum%10 == 0
}

func wellMasked(t interface {
	assert.TestingT
	Helper()
}, text string) {
	t.Helper()
	masked := masking.CardNumbers(text)
	assert.False(t, hasCardNumber(masked), "%q became %q", text, masked)
	assert.Equal(t, masked, masking.CardNumbers(masked), "masked again")
	assert.Len(t, masked, len(text))
	for i := range len(masked) {
		if masked[i] != text[i] {
			assert.Regexp(t, "[0-9]", text[i:i+1])
			assert.Equal(t, "*", masked[i:i+1])
		}
	}
	if !hasCardNumber(text) {
		assert.Equal(t, text, masked, "there was none")
	}
}

// card is a valid number, with something between its digits or not.
func card(t *rapid.T) string {
	number := rapid.StringMatching(`[0-9]{12,18}`).Draw(t, "number")
	for check := range 10 {
		if whole := number + fmt.Sprint(check); checks(whole) {
			number = whole
			break
		}
	}
	if rapid.Bool().Draw(t, "plain") {
		return number
	}
	var spaced strings.Builder
	for i, c := range number {
		if i > 0 {
			spaced.WriteString(rapid.SampledFrom([]string{"", "", "", " ", "-", " - ", "\u00a0", "\u2013"}).Draw(t, "between"))
		}
		spaced.WriteRune(c)
	}
	return spaced.String()
}

func TestNoCardNumberIsLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		around := rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9 -]{0,12}`), rapid.SampledFrom([]string{"", ",", "x", "\n"}))
		text := ""
		for range rapid.IntRange(1, 3).Draw(t, "cards") {
			text += around.Draw(t, "before") + card(t)
		}
		wellMasked(t, text+around.Draw(t, "behind"))
	})
}

func FuzzCardNumbers(f *testing.F) {
	for _, seed := range []string{"4111 1111 1111 1111", "41111111111111111229123", "a1b2", "\u20131\u2013", "\xff1", "0000-0000-0000-0-0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { wellMasked(t, text) })
}

func BenchmarkCardNumbers(b *testing.B) {
	for name, text := range map[string]string{
		"a word": "sales", "a note": strings.Repeat("called 2125550001 about order 4711, will call back; ", 8), "a card": "4111 1111 1111 1111",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				masking.CardNumbers(text)
			}
		})
	}
}
