package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
)

// greeting says in five lines what runs where.
func (c *config) greeting(ctx context.Context, n *node, at place) (string, error) {
	end, err := n.log.End(ctx)
	if err != nil {
		return "", err
	}
	var switches, buses []string
	for _, a := range c.Asterisk {
		switches = append(switches, fmt.Sprintf("asterisk %s at %s", a.Name, a.link().Address()))
	}
	for _, f := range c.FreeSWITCH {
		switches = append(switches, fmt.Sprintf("freeswitch %s at %s", f.Name, f.link().Address()))
	}
	for _, s := range c.Simulator {
		switches = append(switches, "simulated "+s.Name)
	}
	for _, b := range c.Bus {
		buses = append(buses, fmt.Sprintf("%s (%s)", b.Name, cmp.Or(hosts(b.URL), b.Kind)))
	}
	who := "everybody on this machine"
	if c.Auth != "" && c.Auth != "none" {
		who = "who is let in (" + c.Auth + ")"
	}
	traces := "off"
	if n.tracing != nil {
		traces = "on"
	}
	return fmt.Sprintf(`callstate %s: page and API at %s, for %s
log: %s, at position %d
switches: %s
buses: %s
metrics: %smetrics; tracing: %s
`, version(), n.address(), who, at.where(), end, strings.Join(switches, ", "), cmp.Or(strings.Join(buses, ", "), "none"), n.address(), traces), nil
}

// hosts are the schemes and hosts of URLs. What stands behind them may be nobody's business: the path of a webhook is its
// secret with some receivers.
func hosts(urls string) string {
	var all []string
	for each := range strings.SplitSeq(urls, ",") {
		if u, err := url.Parse(strings.TrimSpace(each)); err == nil && u.Host != "" {
			all = append(all, u.Scheme+"://"+u.Host)
		}
	}
	return strings.Join(all, " ")
}
