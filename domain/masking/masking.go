// Package masking takes out of texts what must not be stored: the numbers of payment cards. It is pure.
package masking

import "strings"

// The lengths of card numbers (ISO/IEC 7812-1), and how much of one may be left: a person knows his card by it, and the
// rest of the number cannot be told from it. PCI DSS 4.0, requirement 3.5.1, would allow the first six digits too.
const (
	shortest = 13
	longest  = 19
	left     = 4
)

// CardNumbers returns the text with a star in place of each digit of a card number but the last four. What stands
// between the digits stays, and so does the text's length.
//
// A card number is 13 to 19 digits of which the last one is the check digit (Luhn, ISO/IEC 7812-1 annex B), in one row or
// in several with spaces and dashes between. It begins where a row of digits begins and ends where one ends; only in a row
// of more than 19 it may be anywhere, since that may be all that was keyed for a payment. What is returned has no card number
// in it; a text that has none is returned as it is. Where card numbers overlap they are masked as one.
func CardNumbers(text string) string {
	for {
		masked := once(text)
		if masked == text {
			return text
		}
		text = masked // what is left of one may, with what stands beside it, look like another
	}
}

// digit is a digit of a text.
type digit struct {
	at    int  // byte
	value byte // 0 to 9
	// Where it is in its row, the digits that have nothing between them.
	begins, ends bool
	long         bool // the row is too long for a card number
}

func once(text string) string {
	var masked []byte
	for run, rest := nextRun(text, 0); run != nil; run, rest = nextRun(text, rest) {
		covered := cardDigits(run)
		for i := 0; i < len(run); i++ {
			end := i
			for end < len(run) && covered[end] {
				end++
			}
			for ; i < end-left; i++ {
				if masked == nil {
					masked = []byte(text)
				}
				masked[run[i].at] = '*'
			}
			i = max(i, end)
		}
	}
	if masked == nil {
		return text
	}
	return string(masked)
}

// nextRun is the next digits with nothing between them but spaces and dashes, enough for a card number; nil: there are
// none. rest is where to go on.
func nextRun(text string, from int) (run []digit, rest int) {
	for from < len(text) {
		start, count := from, 0
		for from < len(text) {
			if isDigit(text[from]) {
				count++
				from++
			} else if n := between(text[from:]); n > 0 && count > 0 {
				from += n
			} else {
				break
			}
		}
		if count >= shortest {
			return digits(text[:from], start, count), from
		}
		if from == start {
			from++
		}
	}
	return nil, from
}

func digits(text string, from, count int) []digit {
	run := make([]digit, 0, count)
	for at := from; at < len(text); at++ {
		row := at
		for at < len(text) && isDigit(text[at]) {
			at++
		}
		for i := row; i < at; i++ {
			run = append(run, digit{at: i, value: text[i] - '0', begins: i == row, ends: i == at-1, long: at-row > longest})
		}
	}
	return run
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// separators are what people and programs put between the digits of a number.
var separators = []string{" ", "-", "\t", "\u00a0", "\u202f", "\u2009", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212"}

// between is the length of the separator with which a text begins; 0: with none.
func between(text string) int {
	if c := text[0]; 'a' <= c && c <= 'z' {
		return 0
	}
	for _, s := range separators {
		if strings.HasPrefix(text, s) {
			return len(s)
		}
	}
	return 0
}

// cardDigits tells which digits of a run belong to a card number.
func cardDigits(run []digit) []bool {
	covered := make([]bool, len(run))
	for first := range run {
		// The check digit is the last one, and every second one to the left of it counts double. From left to right that
		// is either the even or the odd ones, so both sums are kept.
		var sums [2]int
		inside := run[first].long // of one row that is long
		for i := first; i < len(run) && i-first < longest; i++ {
			inside = inside && (i == first || !run[i].begins)
			value := int(run[i].value)
			sums[i%2] += value
			sums[1-i%2] += doubled(value)
			length := i - first + 1
			if whole := run[first].begins && run[i].ends; length < shortest || !whole && !inside || sums[i%2]%10 != 0 {
				continue
			}
			for j := first; j <= i; j++ {
				covered[j] = true
			}
		}
	}
	return covered
}

// doubled is what a digit that counts double adds: the digits of its double together.
func doubled(value int) int {
	if value > 4 {
		return 2*value - 9
	}
	return 2 * value
}
