package features_test

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi/openidtest"
)

// withOpenID returns how an engine is started, again and again at the same address, that asks a provider who is there.
func withOpenID(t *testing.T, provider *openidtest.Provider) (start func() *process) {
	t.Helper()
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
	return func() *process {
		engine, err := startProcessAt(address, t.TempDir(), data, config)
		require.NoError(t, err)
		return engine
	}
}

const (
	onTheFloor = "document.querySelectorAll('main [data-state]').length > 0 && document.querySelector('[data-feed=live]')"
	leaves     = "[...document.querySelectorAll('.who button')].find((each) => each.innerText === 'Log out').click()"
	isOut      = "location.pathname === '/login' && document.querySelector('a').innerText === 'Log in'"
)

// A supervisor opens the page, logs in at the OpenID provider, which is another site, and sees the floor. The engine is
// started anew, and he is still logged in; he logs out, and is not, neither in his other tab.
func TestABrowserLogsInAtAnOpenIDProvider(t *testing.T) {
	provider := openidtest.Start(t)
	provider.Is(map[string]any{"preferred_username": "sue", "roles": []string{"supervisor"}})
	start := withOpenID(t, provider)
	engine := start()
	tab, err := openBrowser(t.TempDir())
	require.NoError(t, err)
	defer tab.close()

	require.NoError(t, tab.open(engine.address+"/"))
	require.NoError(t, tab.see(onTheFloor))
	require.NoError(t, tab.see("document.querySelector('.who').innerText.includes('supervisor:sue')"))
	require.Equal(t, 1, provider.LoggedIn())

	require.NoError(t, engine.stop())
	engine = start()
	require.NoError(t, tab.open(engine.address+"/"))
	require.NoError(t, tab.see(onTheFloor))
	require.Equal(t, 1, provider.LoggedIn(), "the session is kept")

	other := tab.another()
	defer other.close()
	require.NoError(t, other.open(engine.address+"/"))
	require.NoError(t, other.see(onTheFloor))
	require.NoError(t, tab.do(leaves))
	require.NoError(t, tab.see(isOut))
	require.NoError(t, other.see(isOut))
	require.Equal(t, 1, provider.LoggedIn(), "nobody is logged in again by himself")
	require.NoError(t, engine.stop())
}

// An agent who logs in has his own desktop and his own calls, and no page that he may not see.
func TestAnAgentWhoLogsInSeesWhatIsHis(t *testing.T) {
	provider := openidtest.Start(t)
	provider.Is(map[string]any{"preferred_username": "ann", "roles": []string{"agent"}, "callstate_agent": "1001"})
	engine := withOpenID(t, provider)()
	tab, err := openBrowser(t.TempDir())
	require.NoError(t, err)
	defer tab.close()

	const hisDesktop = "document.querySelector('.me h1')?.innerText.startsWith('1001') && document.querySelector('[data-feed=live]')"
	require.NoError(t, tab.open(engine.address+"/"))
	require.NoError(t, tab.see(hisDesktop))
	pages, err := tab.text("[...document.querySelectorAll('nav a')].map((each) => each.innerText).join()")
	require.NoError(t, err)
	require.Equal(t, "Desktop,Calls,API", pages)
	for _, elsewhere := range []string{"#/agents/1002", "#/numbers", "#/"} {
		require.NoError(t, tab.open(engine.address+"/"+elsewhere))
		require.NoError(t, tab.see(hisDesktop), elsewhere)
	}
	require.NoError(t, tab.open(engine.address+"/#/calls"))
	require.NoError(t, tab.see("document.querySelector('#calls') && !document.querySelector('main .problem') && document.querySelector('[data-feed=live]')"))
	require.NoError(t, tab.do(leaves))
	require.NoError(t, tab.see(isOut))
	require.NoError(t, engine.stop())
}

// An IVR has a token to attach data with, and nothing to look at: who opens the page with its role sees the description of the
// API, and is not told that a connection is lost which he may not have.
func TestWhoMayOnlyAttachDataSeesTheDescription(t *testing.T) {
	provider := openidtest.Start(t)
	provider.Is(map[string]any{"preferred_username": "main", "roles": []string{"ivr"}})
	engine := withOpenID(t, provider)()
	tab, err := openBrowser(t.TempDir())
	require.NoError(t, err)
	defer tab.close()

	const description = "document.querySelector('.api h1')?.innerText.startsWith('HTTP API') && !document.querySelector('[data-feed], .lost')"
	for _, page := range []string{"", "#/calls", "#/agents/1001"} {
		require.NoError(t, tab.open(engine.address+"/"+page))
		require.NoError(t, tab.see(description), page)
	}
	pages, err := tab.text("[...document.querySelectorAll('nav a')].map((each) => each.innerText).join()")
	require.NoError(t, err)
	require.Equal(t, "API", pages)
	require.NoError(t, engine.stop())
}
