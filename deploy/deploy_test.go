// Package deploy_test checks what is here for operators, as far as a machine can.
package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// unit is the unit with a program that this machine has, since systemd looks whether there is one.
func unit(t *testing.T) (file string) {
	t.Helper()
	_, err := exec.LookPath("systemd-analyze")
	require.NoError(t, err, "nothing else knows what systemd understands; `make tools` installs it")
	text, err := os.ReadFile("systemd/callstate.service")
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "callstate.service")
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "/usr/local/bin/callstate", self)), 0o600))
	return file
}

func TestSystemdUnderstandsTheUnit(t *testing.T) {
	said, err := exec.Command("systemd-analyze", "verify", "--man=no", unit(t)).CombinedOutput()
	assert.NoError(t, err)
	for line := range strings.Lines(string(said)) {
		assert.NotContains(t, line, "callstate.service", "it has something to say of the unit")
	}
}

func TestTheUnitIsHardened(t *testing.T) {
	said, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", unit(t)).CombinedOutput()
	require.NoError(t, err, "%s", said)
	level := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindSubmatch(said)
	require.NotNil(t, level, "%s", said)
	exposure, err := strconv.ParseFloat(string(level[1]), 64)
	require.NoError(t, err)
	assert.LessOrEqual(t, exposure, 2.0, "of 10; a service that nobody has looked after has 9.6:\n%s", said)
}

// compose is what a compose file says.
type compose struct {
	Services map[string]struct {
		Image       string
		Build       struct{ Context, Dockerfile string }
		NetworkMode string `yaml:"network_mode"`
		Volumes     []string
		Ports       []string
		Grace       string `yaml:"stop_grace_period"`
	}
	Volumes map[string]any
}

func TestTheComposeFileNamesWhatThereIs(t *testing.T) {
	text, err := os.ReadFile("compose.yaml")
	require.NoError(t, err)
	var c compose
	require.NoError(t, yaml.Unmarshal(text, &c))
	mounted := map[string]bool{}
	for name, s := range c.Services {
		assert.Equal(t, "host", s.NetworkMode, "%s: the API without authentication, and the manager, listen on loopback", name)
		assert.Empty(t, s.Ports, name)
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if strings.HasPrefix(source, "./") {
				assert.FileExists(t, source)
				mounted[filepath.Clean(source)] = true
				continue
			}
			assert.Contains(t, c.Volumes, source)
		}
	}
	files, err := filepath.Glob("asterisk/*")
	require.NoError(t, err)
	for _, file := range append(files, "callstate.toml") {
		assert.True(t, mounted[file], "%s is in no container", file)
	}
	callstate := c.Services["callstate"]
	assert.FileExists(t, filepath.Join(callstate.Build.Context, callstate.Build.Dockerfile))
	grace, err := time.ParseDuration(callstate.Grace)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, grace, time.Minute, "draining takes seconds")
	assert.NotEmpty(t, c.Services["asterisk"].Image)
}

// ini is the sections of a configuration file of Asterisk.
func ini(t *testing.T, file string) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	sections, section := map[string]map[string]string{}, ""
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, ";")
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			section, _, _ = strings.Cut(name, "]")
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok {
			if sections[section] == nil {
				sections[section] = map[string]string{}
			}
			sections[section][strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return sections
}

// The account in the file, the one in the documentation, and what the engine of the compose file logs in with are the same.
func TestTheManagerAccountIsAsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/operations/asterisk.md")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(page), "```ini\n")
	block, _, _ := strings.Cut(rest, "```")
	documented := filepath.Join(t.TempDir(), "manager.conf")
	require.NoError(t, os.WriteFile(documented, []byte(block), 0o600))

	file, shown := ini(t, "asterisk/manager.conf"), ini(t, documented)
	assert.Equal(t, "yes", file["general"]["timestampevents"])
	for section, keys := range shown {
		for key, value := range keys {
			if key != "secret" {
				assert.Equal(t, value, file[section][key], "%s.%s", section, key)
			}
		}
	}
	for _, key := range []string{"read", "write"} {
		for class := range strings.SplitSeq(file["callstate"][key], ",") {
			assert.Contains(t, string(page), "`"+class+"`", "what the class is for")
		}
	}
	var c struct {
		Asterisk []struct{ User, Secret string }
	}
	_, err = toml.DecodeFile("callstate.toml", &c)
	require.NoError(t, err)
	assert.Contains(t, file, c.Asterisk[0].User)
	assert.Equal(t, file["callstate"]["secret"], c.Asterisk[0].Secret)
}

// What the image is made of, as far as that can be told without making it.
func TestTheImageHasNothingButTheEngine(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	_, last, found := strings.Cut(string(text), "\nFROM gcr.io/distroless/static-debian12:nonroot\n")
	require.True(t, found, "the image is distroless, and not root's")
	assert.NotContains(t, last, "FROM")
	assert.NotContains(t, last, "RUN", "there is no shell")
	for _, line := range []string{
		"RUN CGO_ENABLED=0 go build", "COPY --from=build /out/callstate /usr/local/bin/callstate", "STOPSIGNAL SIGTERM",
		`ENTRYPOINT ["/usr/local/bin/callstate"]`, `CMD ["serve", "--config", "/etc/callstate/callstate.toml"]`,
	} {
		assert.Contains(t, string(text), line)
	}
}
