package features_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// patience is how long a step waits for what must come.
const patience = 20 * time.Second

// process is a running callstate serve.
type process struct {
	command *exec.Cmd
	address string // http://127.0.0.1:port
	logged  *os.File
}

var addressIn = regexp.MustCompile(`http://[0-9.]+:[0-9]+`)

// startProcess starts the engine with a configuration, and returns when it is ready.
func startProcess(dir string, data *dataFolder, config string) (*process, error) {
	return startProcessAt("127.0.0.1:0", dir, data, config)
}

// startProcessAt is startProcess of an engine with an address of its own.
func startProcessAt(listen, dir string, data *dataFolder, config string) (*process, error) {
	if data.store != "" {
		config = fmt.Sprintf("store = %q\n\n%s", data.store, config)
	}
	path := filepath.Join(dir, "callstate.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	logged, err := os.OpenFile(filepath.Join(dir, "serve.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &process{command: exec.Command(binary, "serve", "--config", path, "--listen", listen, "--data", data.dir), logged: logged}
	p.command.Stderr = logged
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if p.address = addressIn.FindString(line); p.address == "" {
		p.command.Process.Kill()
		said, _ := os.ReadFile(logged.Name())
		return nil, fmt.Errorf("serve said %q (%v) and %s", line, err, said)
	}
	return p, eventually(func() error {
		_, err := p.get("/readyz", nil)
		return err
	})
}

// stop ends the engine as a user does, and expects it to end cleanly.
func (p *process) stop() error {
	defer p.logged.Close()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := p.command.Wait(); err != nil {
		said, _ := os.ReadFile(p.logged.Name())
		return fmt.Errorf("serve ended with %w: %s", err, said)
	}
	return nil
}

// kill ends the engine as a crash does.
func (p *process) kill() error {
	defer p.logged.Close()
	if err := p.command.Process.Kill(); err != nil {
		return err
	}
	_ = p.command.Wait() // it says that it was killed
	return nil
}

// get fetches JSON from the engine.
func (p *process) get(path string, into any) (int, error) {
	response, err := http.Get(p.address + path)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, fmt.Errorf("%s: %s: %s", path, response.Status, strings.TrimSpace(string(body)))
	}
	if into == nil {
		return response.StatusCode, nil
	}
	return response.StatusCode, json.Unmarshal(body, into)
}

// eventually tries until it works or patience is over, and says then why it does not.
func eventually(try func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(10 * time.Millisecond) // a process, not a clock, is waited for
	}
}
