// Package connection is what links to any kind of switch have in common: how long to wait before the next attempt, the
// bounded queue between the reader of the socket and the worker behind it, and the account of bad input.
//
// It knows nothing of any switch, and it starts no goroutines.
package connection
