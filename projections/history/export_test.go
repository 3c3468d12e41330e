package history

// Term is what stands in the index of words for a value of a kind.
var Term = term

// Lasted are the terms of a duration in milliseconds.
func Lasted(ms int64) string { return lengthOf(ms).octave() + " " + lengthOf(ms).term() }
