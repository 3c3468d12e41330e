package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAnEngineThatAsksWhoIsThere: with a token that the program has made, and only with one, it answers.
func TestAnEngineThatAsksWhoIsThere(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	section, token, err := p.run("token", "--subject", "supervisor:sue", "--role", "supervisor")
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tokens.toml"), []byte(section), 0o600))
	config := filepath.Join(dir, "callstate.toml")
	require.NoError(t, os.WriteFile(config, []byte("auth = \"tokens\"\ntokens_file = \"tokens.toml\"\n[[simulator]]\nname = \"sim\"\n"), 0o600))
	e := p.start(t, "serve", "--config", config)
	e.waitReady(t)
	status := func(token string) int {
		request, err := http.NewRequest(http.MethodGet, e.page+"v1/floor", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		response.Body.Close()
		return response.StatusCode
	}
	assert.Equal(t, http.StatusOK, status(strings.TrimSpace(token)))
	assert.Equal(t, http.StatusUnauthorized, status("sue"))
}

// TestAnOriginThatNoBrowserSendsIsNotTaken: it would allow nothing, or everything.
func TestAnOriginThatNoBrowserSendsIsNotTaken(t *testing.T) {
	t.Parallel()
	who, err := (&config{AllowedOrigins: []string{"https://crm.example"}}).admission("", nil)
	require.NoError(t, err)
	assert.NotNil(t, who.origins)
	_, err = (&config{AllowedOrigins: []string{"*"}}).admission("", nil)
	assert.ErrorContains(t, err, "allowed_origins")
}
