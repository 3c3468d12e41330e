package features_test

import (
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/client"
)

// rootOfAsterisk names the folder in which an Asterisk is installed as in a root file system ("/" for that of this machine).
const rootOfAsterisk = "CALLSTATE_ASTERISK_ROOT"

// lab is an engine with two Asterisks: the switch, and the telephones.
type lab struct {
	*client.Client
	t         *testing.T
	root, dir string // dir is below root
	engine    *process
	data      *dataFolder
}

func startLab(t *testing.T) *lab {
	root := os.Getenv(rootOfAsterisk)
	if root == "" {
		t.Skip(rootOfAsterisk + " names no root file system with an Asterisk in it: docs/operations/asterisk.md says how to make one")
	}
	dir, err := os.MkdirTemp(filepath.Join(root, "tmp"), "callstate-lab-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	l := &lab{t: t, root: root, dir: dir, data: &dataFolder{dir: filepath.Join(t.TempDir(), "data")}}
	sip, phones, manager := freePort(t, "udp"), freePort(t, "udp"), freePort(t, "tcp")
	l.asterisk("switch", l.deployed(sip, manager))
	l.asterisk("phones", telephones(sip, phones))

	config, err := os.ReadFile("../deploy/callstate.toml")
	require.NoError(t, err)
	said := strings.NewReplacer(`user = "callstate"`, fmt.Sprintf("port = %s\nuser = \"callstate\"", manager), `sales = "10s"`, `sales = "1s"`).Replace(string(config))
	l.engine, err = startProcess(t.TempDir(), l.data, said)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.engine.kill() })
	l.Client = &client.Client{URL: l.engine.address}
	return l
}

func freePort(t *testing.T, network string) (port string) {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(t, err)
		defer c.Close()
		_, port, _ = net.SplitHostPort(c.LocalAddr().String())
		return port
	}
	c, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer c.Close()
	_, port, _ = net.SplitHostPort(c.Addr().String())
	return port
}

// deployed is the configuration of deploy, at ports that are free, with less to wait for.
func (l *lab) deployed(sip, manager string) map[string]string {
	files := map[string]string{"rtp.conf": "[general]\nrtpstart=21000\nrtpend=21199\n"}
	paths, err := filepath.Glob("../deploy/asterisk/*.conf")
	require.NoError(l.t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(l.t, err)
		files[filepath.Base(path)] = strings.NewReplacer("0.0.0.0:5060", "127.0.0.1:"+sip, "bindaddr = 127.0.0.1", "bindaddr = 127.0.0.1\nport = "+manager,
			"wrapuptime = 10", "wrapuptime = 1").Replace(string(text))
	}
	return files
}

// telephones pick up after two seconds; caller keys an account number first.
func telephones(sip, phones string) map[string]string {
	pjsip := "[transport-udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:" + phones + "\n"
	for _, user := range []string{"1001", "1002", "2001"} {
		pjsip += strings.NewReplacer("USER", user, "SIP", sip).Replace(`
[USER]
type = endpoint
context = phone
disallow = all
allow = ulaw
direct_media = no
aors = USER
outbound_auth = USER
from_user = USER
[USER]
type = auth
auth_type = userpass
username = USER
password = change-me-USER
[USER]
type = aor
contact = sip:127.0.0.1:SIP
[register-USER]
type = registration
server_uri = sip:127.0.0.1:SIP
client_uri = sip:USER@127.0.0.1:SIP
contact_user = USER
outbound_auth = USER
retry_interval = 1
line = yes
endpoint = USER
`)
	}
	return map[string]string{
		"pjsip.conf": pjsip, "rtp.conf": "[general]\nrtpstart=21200\nrtpend=21399\n", "manager.conf": "[general]\nenabled = no\n", "features.conf": "[general]\n",
		"extensions.conf": `[phone]
exten => _X.,1,Ringing()
 same => n,Wait(2)
 same => n,Answer()
 same => n,Milliwatt()
[caller]
exten => s,1,Wait(1)
 same => n,SendDTMF(100200,150)
 same => n,Milliwatt()
`}
}

// asterisk starts an Asterisk with a configuration, until the test ends.
func (l *lab) asterisk(name string, files map[string]string) {
	l.t.Helper()
	dir := filepath.Join(l.dir, name)
	inside := "/" + strings.TrimPrefix(strings.TrimPrefix(dir, l.root), "/")
	main := "[directories]\n"
	for key, folder := range map[string]string{"astetcdir": "etc", "astvarlibdir": "lib", "astdbdir": "lib", "astkeydir": "lib", "astspooldir": "spool", "astrundir": "run", "astlogdir": "log"} {
		require.NoError(l.t, os.MkdirAll(filepath.Join(dir, folder), 0o755))
		main += fmt.Sprintf("%s => %s/%s\n", key, inside, folder)
	}
	maps.Copy(files, map[string]string{
		"asterisk.conf": main, "modules.conf": "[modules]\nautoload = yes\n", "logger.conf": "[logfiles]\nmessages => notice,warning,error\n", "http.conf": "[general]\nenabled = no\n",
		"indications.conf": "[general]\ncountry = us\n[us]\ndial = 350+440\nring = 440+480/2000,0/4000\nbusy = 480+620/500,0/500\ncongestion = 480+620/250,0/250\n",
	})
	for file, text := range files {
		require.NoError(l.t, os.WriteFile(filepath.Join(dir, "etc", file), []byte(text), 0o644))
	}
	command := l.inRoot("asterisk", "-f", "-C", inside+"/etc/asterisk.conf")
	require.NoError(l.t, command.Start())
	l.t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	require.NoError(l.t, eventuallyWithin(time.Minute, func() error {
		said, err := l.inRoot("asterisk", "-C", inside+"/etc/asterisk.conf", "-rx", "core waitfullybooted").CombinedOutput()
		if err == nil && !strings.Contains(string(said), "fully booted") {
			err = fmt.Errorf("%s says %q", name, said)
		}
		return err
	}))
}

func (l *lab) inRoot(program string, arguments ...string) *exec.Cmd {
	if l.root == "/" {
		return exec.Command(program, arguments...)
	}
	return exec.Command("chroot", slices.Concat([]string{l.root, "/usr/sbin/" + program}, arguments)...)
}

// phones says something to the Asterisk of the telephones.
func (l *lab) phones(command string) string {
	l.t.Helper()
	inside := "/" + strings.TrimPrefix(strings.TrimPrefix(filepath.Join(l.dir, "phones"), l.root), "/")
	said, err := l.inRoot("asterisk", "-C", inside+"/etc/asterisk.conf", "-rx", command).CombinedOutput()
	require.NoError(l.t, err, "%s", said)
	return string(said)
}

// channelOf is the channel of a telephone that is called.
func (l *lab) channelOf(user string) string {
	l.t.Helper()
	for line := range strings.Lines(l.phones("core show channels concise")) {
		if strings.HasPrefix(line, "PJSIP/"+user+"-") {
			name, _, _ := strings.Cut(line, "!")
			return name
		}
	}
	require.Fail(l.t, "telephone "+user+" has no call")
	return ""
}

// callerRings has somebody call, and returns the call once it rings at agent 1001 with its data.
func (l *lab) callerRings() (connID string) {
	l.t.Helper()
	require.NoError(l.t, eventually(func() error {
		if said := l.phones("pjsip show registrations"); strings.Count(said, "Registered") < 3 {
			return fmt.Errorf("not all telephones are registered: %s", said)
		}
		return nil
	}))
	l.phones("channel originate PJSIP/5550100@2001 extension s@caller")
	l.until("1001", "a call rings with its data", func(d client.Desktop) bool {
		if len(d.Calls) != 1 || d.Agent.State != "ringing" && d.Agent.State != "talking" {
			return false
		}
		connID = d.Calls[0].ConnID
		return d.Calls[0].ANI == "2001" && d.Calls[0].DNIS == "5550100" && d.Calls[0].UserData["Account"] == "100200"
	})
	return connID
}

// did expects that what was asked is under way.
func (l *lab) did(_ client.Receipt, err error) {
	l.t.Helper()
	require.NoError(l.t, err)
}

// until waits until an agent's desktop shows something.
func (l *lab) until(agent, what string, is func(client.Desktop) bool) {
	l.t.Helper()
	require.NoError(l.t, eventually(func() error {
		desktop, err := l.Desktop(l.t.Context(), agent)
		if err == nil && !is(desktop) {
			err = fmt.Errorf("never so: %s; desktop %s shows %+v", what, agent, desktop)
		}
		return err
	}))
}

// has waits for an event of a call.
func (l *lab) has(connID, event string) {
	l.t.Helper()
	require.NoError(l.t, eventually(func() error {
		var told struct{ Events []struct{ Type string } }
		if _, err := l.engine.get("/v1/calls/"+connID+"/events", &told); err != nil {
			return err
		}
		for _, each := range told.Events {
			if each.Type == event {
				return nil
			}
		}
		return fmt.Errorf("the call has no %s", event)
	}))
}
