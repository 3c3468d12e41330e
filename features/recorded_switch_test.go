package features_test

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

const (
	banner   = "Asterisk Call Manager/11.0.0\r\n"
	blockEnd = "\r\n\r\n"
)

// recordedSwitch is a manager interface that sends the bytes of a recorded session, as far as it is told to. It says
// nothing that the real switch did not say, except the answers to actions, which belong to who asks.
type recordedSwitch struct {
	listener net.Listener
	blocks   []string // events of the recording, with their time

	mu      sync.Mutex
	played  int
	clients map[net.Conn]bool
	broken  bool // nobody can reach the switch
	done    sync.WaitGroup
}

const recordedSecret = "recorded"

func startRecordedSwitch(recording string) (*recordedSwitch, error) {
	blocks, err := liveBlocks(recording)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &recordedSwitch{listener: listener, blocks: blocks, clients: map[net.Conn]bool{}}
	s.done.Go(s.accept)
	return s, nil
}

// liveBlocks are the events of a recorded session that happened, without the answers that the recorder got.
func liveBlocks(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, err
	}
	var blocks []string
	for block := range strings.SplitSeq(string(raw), blockEnd) {
		if strings.Contains(block, "\r\nTimestamp: ") {
			blocks = append(blocks, block+blockEnd)
		}
	}
	return blocks, nil
}

func (s *recordedSwitch) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

func (s *recordedSwitch) close() {
	s.listener.Close()
	s.mu.Lock()
	for client := range s.clients {
		client.Close()
	}
	s.mu.Unlock()
	s.done.Wait()
}

// playUntil sends the recording up to and including the first block that has all these texts in it.
func (s *recordedSwitch) playUntil(texts ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := s.played; i < len(s.blocks); i++ {
		if containsAll(s.blocks[i], texts) {
			s.send(i + 1)
			return nil
		}
	}
	return fmt.Errorf("the recording has nothing more with %q", texts)
}

// playRest sends what is left.
func (s *recordedSwitch) playRest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(len(s.blocks))
}

// play sends so many blocks more, and says whether there are any left.
func (s *recordedSwitch) play(blocks int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(min(s.played+blocks, len(s.blocks)))
	return s.played < len(s.blocks)
}

func (s *recordedSwitch) send(end int) {
	for client := range s.clients {
		if _, err := io.WriteString(client, strings.Join(s.blocks[s.played:end], "")); err != nil {
			delete(s.clients, client) // who is gone hears nothing more
		}
	}
	s.played = end
}

// links is how many are logged in.
func (s *recordedSwitch) links() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// breakLinks cuts every link, and lets nobody in until takeLinks. What is played meanwhile nobody hears.
func (s *recordedSwitch) breakLinks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
	for client := range s.clients {
		client.Close()
		delete(s.clients, client)
	}
}

func (s *recordedSwitch) takeLinks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = false
}

func (s *recordedSwitch) isBroken() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

func containsAll(block string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(block, text) {
			return false
		}
	}
	return true
}

func (s *recordedSwitch) accept() {
	for {
		client, err := s.listener.Accept()
		if err != nil {
			return
		}
		if s.isBroken() {
			client.Close()
			continue
		}
		s.done.Go(func() { s.serve(client) })
	}
}

// serve answers the actions of one client. One that comes later is told in its snapshot what there is.
func (s *recordedSwitch) serve(client net.Conn) {
	defer client.Close()
	fmt.Fprint(client, banner)
	in := bufio.NewReader(client)
	action := map[string]string{}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			s.mu.Lock()
			delete(s.clients, client)
			s.mu.Unlock()
			return
		}
		if name, value, found := strings.Cut(strings.TrimRight(line, "\r\n"), ": "); found {
			action[name] = value
			continue
		}
		if len(action) > 0 {
			s.answer(client, action)
			action = map[string]string{}
		}
	}
}

func (s *recordedSwitch) answer(client net.Conn, action map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := action["ActionID"]
	switch name := action["Action"]; name {
	case "Login":
		if action["Secret"] != recordedSecret {
			fmt.Fprintf(client, "Response: Error\r\nActionID: %s\r\nMessage: Authentication failed%s", id, blockEnd)
			client.Close()
			return
		}
		fmt.Fprintf(client, "Response: Success\r\nActionID: %s\r\nMessage: Authentication accepted%sEvent: FullyBooted\r\nPrivilege: system,all%s", id, blockEnd, blockEnd)
		s.clients[client] = true
	case "Ping":
		fmt.Fprintf(client, "Response: Success\r\nActionID: %s\r\nPing: Pong\r\nTimestamp: %s%s", id, s.now(), blockEnd)
	case "CoreShowChannels":
		s.list(client, id, "CoreShowChannelsComplete", s.liveChannels())
	case "QueueStatus":
		s.list(client, id, "QueueStatusComplete", slices.Concat(s.members(), s.waiting()))
	default:
		fmt.Fprintf(client, "Response: Error\r\nActionID: %s\r\nMessage: Invalid/unknown command: %s%s", id, name, blockEnd)
	}
}

func (s *recordedSwitch) list(client net.Conn, id, complete string, rows []string) {
	fmt.Fprintf(client, "Response: Success\r\nActionID: %s\r\nEventList: start\r\nMessage: A list will follow%s", id, blockEnd)
	for _, row := range rows {
		fmt.Fprintf(client, "%sActionID: %s%s", row, id, blockEnd)
	}
	fmt.Fprintf(client, "Event: %s\r\nActionID: %s\r\nEventList: Complete\r\nListItems: %d%s", complete, id, len(rows), blockEnd)
}

// now is a moment after the last block sent, and before the next one.
func (s *recordedSwitch) now() string {
	last := timestamp(s.blocks[max(s.played-1, 0)])
	now := last + 0.1
	if s.played < len(s.blocks) {
		now = max(last, min(now, (last+timestamp(s.blocks[s.played]))/2))
	}
	return strconv.FormatFloat(now, 'f', 6, 64)
}

func timestamp(block string) float64 {
	seconds, err := strconv.ParseFloat(header(block, "Timestamp"), 64)
	if err != nil {
		panic(err) // only blocks with a time are played
	}
	return seconds
}

func header(block, name string) string {
	_, rest, found := strings.Cut("\r\n"+block, "\r\n"+name+": ")
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

func pick(block string, names ...string) string {
	var picked strings.Builder
	for _, name := range names {
		fmt.Fprintf(&picked, "%s: %s\r\n", name, header(block, name))
	}
	return picked.String()
}
