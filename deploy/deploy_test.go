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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
