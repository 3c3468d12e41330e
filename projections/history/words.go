package history

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// wordsOf are the words of a text: runs of letters and digits, in lower case and without accents.
func wordsOf(text string) []string {
	return strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case unicode.IsLetter(r), unicode.IsNumber(r):
			return unicode.ToLower(unicode.ToUpper(r)) // both: some letters have two small forms
		}
		return ' '
	}, norm.NFD.String(text)))
}

// phrase is words that stand one behind the other in an entry of user data.
type phrase struct {
	words     []string
	beginning bool // the last one is the beginning of a word
}

// phrasesOf reads what somebody typed: words, "some words" that are to stand together, and beginnings of words* . Nothing
// else of it means anything.
func phrasesOf(text string) (all []phrase, err error) {
	if strings.Count(text, `"`)%2 != 0 {
		return nil, fmt.Errorf("%w: a quotation mark of %q is not closed", ErrFilter, text)
	}
	add := func(text string, beginning bool) {
		if words := wordsOf(text); len(words) > 0 {
			all = append(all, phrase{words, beginning})
		}
	}
	for i, part := range strings.Split(text, `"`) {
		if i%2 == 1 {
			add(part, false)
			continue
		}
		for _, word := range strings.Fields(part) {
			add(strings.CutSuffix(word, "*"))
		}
	}
	if len(all) == 0 && strings.TrimSpace(text) != "" {
		return nil, fmt.Errorf("%w: there is no word in %q", ErrFilter, text)
	}
	return all, nil
}

// terms are those that every call with the phrase has. The beginning of a word is none.
func (p phrase) terms() (all []string) {
	whole := p.words
	if p.beginning {
		whole = whole[:len(whole)-1]
	}
	for i, word := range whole {
		if i > 0 {
			all = append(all, term(byNeighbours, whole[i-1], word))
		}
		all = append(all, cut(word))
	}
	return all
}

// last is the beginning that terms leave out; empty where there is none.
func (p phrase) last() string {
	if !p.beginning {
		return ""
	}
	return cut(p.words[len(p.words)-1])
}

// longestWord is how many bytes of a word the index has.
const longestWord = 32

func cut(word string) string {
	if len(word) <= longestWord {
		return word
	}
	end := longestWord
	for !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}

// in says whether the phrase stands in a text of these words.
func (p phrase) in(words []string) bool {
	last := len(p.words) - 1
	for ; len(words) > last; words = words[1:] {
		if slices.Equal(p.words[:last], words[:last]) && (p.words[last] == words[last] || p.beginning && strings.HasPrefix(words[last], p.words[last])) {
			return true
		}
	}
	return false
}

// say says whether each of some phrases stands in one of the entries.
func say(entries map[string]string, all []phrase) bool {
	var said [][]string
	for _, value := range entries {
		said = append(said, wordsOf(value))
	}
	return !slices.ContainsFunc(all, func(p phrase) bool { return !slices.ContainsFunc(said, p.in) })
}
