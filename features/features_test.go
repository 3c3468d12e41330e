// Package features_test tells journeys through callstate in the words of its users, and runs them against the real
// program: its process, its links, its log, its read models and its API.
package features_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cucumber/godog"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "callstate-features-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "callstate")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/callstate").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building callstate: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func TestFeatures(t *testing.T) { runFeatures(t, inFolders) }

// The same with the log in KurrentDB: a stand-in for it, in this process.
func TestFeaturesOnKurrentDB(t *testing.T) { runFeatures(t, inKurrentDB) }

// What is tagged @known-bug says what should be so and is not yet; a comment beside it says what is wrong.
// FEATURE_TAGS=@known-bug runs those alone.
func runFeatures(t *testing.T, open func(dir string) (*dataFolder, func(), error)) {
	tags := "~@known-bug"
	if wanted := os.Getenv("FEATURE_TAGS"); wanted != "" {
		tags = wanted
	}
	suite := godog.TestSuite{
		ScenarioInitializer: newPlace(t, open).initialize,
		Options:             &godog.Options{Format: "pretty", Paths: []string{"."}, Tags: tags, TestingT: t, Strict: true},
	}
	if suite.Run() != 0 {
		t.Fail()
	}
}
