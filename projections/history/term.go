package history

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// What a search can ask for is a term of the call: a hash of a kind and a value, or a word of its user data. The index
// (index.go) has of each term the calls that have it.
//
// A term may stand for more than it was made of (it is a hash; a duration is only known to an eighth of an octave, a long
// word by its beginning). What is found by terms is tested call by call.

// termMark begins each term that is no word.
const termMark = "="

// term is what stands in the index for a value of a kind: 40 bits of the FNV-1a hash of both. Version is to change with it.
func term(kind string, values ...string) string {
	hash := hashed(14695981039346656037, kind)
	for _, value := range values {
		hash = hashed(hash, value)
	}
	return termMark + strconv.FormatUint(hash>>24, 36)
}

func hashed(hash uint64, text string) uint64 {
	for i := range len(text) {
		hash = (hash ^ uint64(text[i])) * 1099511628211
	}
	return hash * 1099511628211 // of a zero byte, so that texts do not run into each other
}

// The kinds of terms. Conversations are looked up in their table: they are small.
const (
	byType         = "type"
	bySwitch       = "switch"
	bySwitchCallID = "switchCallId"
	byANI          = "ani"
	byDNIS         = "dnis"
	byOutcome      = "outcome"
	byAgent        = "agent"
	byQueue        = "queue"
	byData         = "data"
	byDuration     = "duration"
	byNeighbours   = "words" // two words, one behind the other
)

// termsOf are the terms of a call, sorted, with spaces between.
func termsOf(r Record) string {
	all := []string{
		term(byType, string(r.Type)), term(bySwitch, r.Switch), term(bySwitchCallID, r.SwitchCallID), term(byANI, r.ANI), term(byDNIS, r.DNIS),
		term(byOutcome, string(r.Outcome)),
	}
	if r.EndedAt != (Time{}) {
		length := lengthOf(r.DurationMs)
		all = append(all, length.octave(), length.term())
	}
	for _, s := range r.Agents {
		all = append(all, term(byAgent, s.Agent))
	}
	for _, v := range r.Queues {
		all = append(all, term(byQueue, v.Queue))
	}
	for _, key := range slices.Sorted(maps.Keys(r.UserData)) {
		value := r.UserData[key]
		all = append(all, term(byData, key, value))
		all = append(all, phrase{words: wordsOf(value)}.terms()...)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

// length is about how long a call lasted, in eighths of octaves of milliseconds: 8 more is twice as long.
type length int

// longest is the length of everything that lasted two years or more.
const longest = length(36 * 8)

func lengthOf(ms int64) length {
	ms = max(ms, 0) // a clock may have been set back meanwhile
	octave := bits.Len64(uint64(ms))
	eighth := uint64(ms) << 4 >> octave & 7 // the three bits after the first
	return min(length(octave*8)+length(eighth), longest)
}

func (l length) term() string   { return term(byDuration, fmt.Sprint(int(l))) }
func (l length) octave() string { return term(byDuration, "octave", fmt.Sprint(int(l/8))) }

// lasting are terms of which a call has at least one that may have lasted from shortest to longest.
func lasting(shortest, longest length) (either []string) {
	for at := shortest; at <= longest; {
		if at%8 == 0 && at+7 <= longest {
			either, at = append(either, at.octave()), at+8
		} else {
			either, at = append(either, at.term()), at+1
		}
	}
	return either
}
