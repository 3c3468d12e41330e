package history

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWords(t *testing.T) {
	for text, expected := range map[string][]string{
		"Blue Harbor":         {"blue", "harbor"},
		"Müller & Söhne GmbH": {"muller", "sohne", "gmbh"},
		"mu\u0308ller":        {"muller"}, // as some devices write it
		"100-200/3":           {"100", "200", "3"},
		"ΟΔΟΣ οδος":           {"οδοσ", "οδοσ"},
		"東京 駅":                {"東京", "駅"},
		"\xff, \x00 !":        {},
		"":                    {},
	} {
		assert.Equal(t, expected, wordsOf(text), text)
	}
}

// The terms of a phrase lead to every text in which it stands, however long its words are.
func TestTermsFindThePhrase(t *testing.T) {
	word := rapid.StringMatching(`[aäb]{1,3}|[aä]{30,40}`)
	rapid.Check(t, func(t *rapid.T) {
		said := rapid.SliceOfN(word, 1, 8).Draw(t, "said")
		from := rapid.IntRange(0, len(said)-1).Draw(t, "from")
		asked := strings.Join(said[from:rapid.IntRange(from+1, len(said)).Draw(t, "to")], "-")
		beginning := rapid.Bool().Draw(t, "beginning")
		if letters := []rune(asked); beginning {
			asked = string(letters[:rapid.IntRange(1, len(letters)).Draw(t, "letters")]) + "*"
		}
		all, err := phrasesOf(asked)
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.True(t, say(map[string]string{"name": strings.Join(said, " ")}, all), asked)
		terms := strings.Fields(termsOf(Record{UserData: map[string]string{"name": strings.Join(said, " ")}}))
		require.Subset(t, terms, all[0].terms())
		last := all[0].last()
		require.True(t, last == "" || strings.Contains(" "+strings.Join(terms, " "), " "+last), last)
	})
}

func TestMembersComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all, back members
		for _, at := range rapid.SliceOfN(rapid.IntRange(0, blockSize-1), 0, 300).Draw(t, "members") {
			all.set(at, true)
		}
		require.NoError(t, back.add(all.blob()))
		require.Equal(t, all, back)
		var count int
		for at := range all.each() {
			all.set(at, false)
			count++
		}
		require.Equal(t, back.count(), count)
		require.Zero(t, all.count())
	})
	for _, blob := range [][]byte{{1}, {0, 0xff}, make([]byte, asBits+2)} {
		var m members
		require.Error(t, m.add(blob))
	}
}
