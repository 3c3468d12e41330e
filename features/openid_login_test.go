package features_test

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi/openidtest"
)

// A supervisor opens the page, logs in at the OpenID provider, which is another site, and sees the floor. The engine is
// started anew, and he is still logged in; he logs out, and is not.
func TestABrowserLogsInAtAnOpenIDProvider(t *testing.T) {
	provider := openidtest.Start(t)
	provider.Is(map[string]any{"preferred_username": "sue", "roles": []string{"supervisor"}})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	config := fmt.Sprintf(`auth = "oidc"
[oidc]
issuer = %q
client_id = %q
client_secret = %q
redirect_url = "http://%s/login/callback"
[[simulator]]
name = "sim"
agents = 5
seed = 1
`, provider.Issuer, openidtest.ClientID, openidtest.ClientSecret, address)
	data := &dataFolder{dir: filepath.Join(t.TempDir(), "data")}
	engine, err := startProcessAt(address, t.TempDir(), data, config)
	require.NoError(t, err)
	tab, err := openBrowser(t.TempDir())
	require.NoError(t, err)
	defer tab.close()

	const agents = "document.querySelectorAll('main table tbody tr').length > 0"
	require.NoError(t, tab.open(engine.address+"/"))
	require.NoError(t, tab.see(agents))
	require.Equal(t, 1, provider.LoggedIn())

	require.NoError(t, engine.stop())
	engine, err = startProcessAt(address, t.TempDir(), data, config)
	require.NoError(t, err)
	require.NoError(t, tab.open(engine.address+"/"))
	require.NoError(t, tab.see(agents))
	require.Equal(t, 1, provider.LoggedIn(), "the session is kept")

	require.NoError(t, tab.do("fetch('/logout', {method: 'POST', redirect: 'manual'}).then(() => location.assign('/logout'))"))
	require.NoError(t, tab.see("location.pathname === '/login' && document.querySelector('a').innerText === 'Log in'"))
	require.Equal(t, 1, provider.LoggedIn())
	require.NoError(t, engine.stop())
}
