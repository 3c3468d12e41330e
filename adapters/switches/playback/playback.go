// Package playback serves a recorded session of a switch as a fake switch: whoever connects sees what the recorder saw, at
// the pace of the recording or faster, and is answered from what the switch had at that moment.
//
// A Server plays one session of Asterisk's manager (AMI) or of FreeSWITCH's event socket (ESL). What is not peculiar to
// either is kept apart: the timeline (timeline.go, recording.go), moving it to the present (redate.go), and connections
// (server.go, client.go). A fake is a kind of switch: ami*.go, esl*.go.
//
// There is one timeline for all clients, as with a real switch: it begins when the first client has logged in, and
// who comes later missed what came before. Only what the switch told everybody is played; what it answered to the
// recorder's questions is not, but goes into the answers that clients get to theirs.
//
// A fake switch has no say: it cannot be asked to do anything, and answers so.
package playback
