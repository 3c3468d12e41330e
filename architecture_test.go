// Package callstate_test holds what is true of the whole module: which way its arrows point.
package callstate_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/callstate/callstate/"

type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

func listPackages(t *testing.T) map[string]pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps", "./...").Output()
	require.NoError(t, err)
	packages := map[string]pkg{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else {
			require.NoError(t, err)
		}
		packages[p.ImportPath] = p
	}
}

// layer is the part of a package's path that decides what it may import: "domain", "projections", "adapters/store".
func layer(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, module), "/")
	if parts[0] == "adapters" && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

func TestArrowsPointInward(t *testing.T) {
	packages := listPackages(t)
	for path, p := range packages {
		if !strings.HasPrefix(path, module) {
			continue
		}
		from := layer(path)
		for _, imported := range p.Imports {
			if !strings.HasPrefix(imported, module) {
				continue
			}
			to := layer(imported)
			switch {
			case from == "client":
				assert.Fail(t, "the client knows the API and nothing of how it is made", "%s imports %s", path, imported)
			case from == "domain":
				assert.Equal(t, "domain", to, "%s imports %s: the domain knows nobody", path, imported)
			case from == "projections":
				assert.Contains(t, []string{"domain", "projections"}, to, "%s imports %s: projections never import adapters", path, imported)
			case strings.HasPrefix(from, "adapters/"):
				assert.Contains(t, []string{"domain", "projections", from}, to, "%s imports %s: adapters never import each other", path, imported)
			}
		}
	}
}

// One switch's adapter knows nothing of another's, whatever they share.
func TestSwitchesDoNotImportEachOther(t *testing.T) {
	kinds := []string{"asterisk", "freeswitch"}
	for path, p := range listPackages(t) {
		for _, kind := range kinds {
			if path != module+"adapters/switches/"+kind {
				continue
			}
			for _, other := range kinds {
				if other != kind {
					assert.NotContains(t, p.Deps, module+"adapters/switches/"+other)
				}
			}
		}
	}
}

func TestTheDomainIsPure(t *testing.T) {
	impure := []string{"net", "net/http", "os", "os/exec", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "database/sql", "sync/atomic"}
	packages := listPackages(t)
	for path, p := range packages {
		if !strings.HasPrefix(path, module+"domain/") || strings.Contains(path, "/eventlogtest") {
			continue
		}
		for _, imported := range p.Imports {
			ours := strings.HasPrefix(imported, module)
			assert.True(t, ours || packages[imported].Standard || imported == "github.com/google/uuid", "%s imports %s", path, imported)
			assert.NotContains(t, impure, imported, "%s imports %s", path, imported)
		}
	}
}

// What is in the domain is said in the words of the field, not of one switch.
func TestTheDomainHasNoVendorWords(t *testing.T) {
	out, err := exec.Command("grep", "-rniE", `asterisk|freeswitch|\bAMI\b|\bESL\b|uniqueid|linkedid|sofia|callcenter`, "domain", "--include=*.go", "--exclude=*_test.go").CombinedOutput()
	assert.Error(t, err, "vendor words in the domain:\n%s", out) // grep finds nothing: exit code 1
	assert.Empty(t, string(out))
}
