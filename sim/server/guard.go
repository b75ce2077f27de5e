package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// A world takes orders from everybody who reaches it, so it takes none that a web page gives
// through a user's browser: neither across origins, nor as its own origin, under a
// name of the page's that now leads here (DNS rebinding).

// checkListen refuses an address that others than this machine reach, unless they may.
func checkListen(o Options) error {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil || o.Remote {
		return nil //nolint:nilerr // net.Listen says what is wrong
	}
	at, err := net.ResolveTCPAddr("tcp", o.Listen)
	if err != nil || at.IP.IsLoopback() {
		return nil //nolint:nilerr // as above
	}
	if host == "" {
		host = "every address of this machine"
	}
	return &AskedWrongError{fmt.Sprintf("%s is reached by other machines, and everybody who reaches a simulated AWS commands it: listen on 127.0.0.1, or add --remote if they may", host)}
}

// A guard lets through what a command, a tool or a proxy's client sends.
type guard struct {
	listen string // the host that was asked for
	any    bool   // it listens on every address of this machine
	next   http.Handler
}

func newGuard(o Options, next http.Handler) guard {
	host, _, _ := net.SplitHostPort(o.Listen)
	at, err := netip.ParseAddr(host)
	return guard{listen: strings.ToLower(host), any: host == "" || err == nil && at.IsUnspecified(), next: next}
}

// ServeHTTP refuses what may come from a web page. What is meant for a host of the
// simulated internet comes as to a proxy, which no page can make a browser do.
func (g guard) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case req.Method == http.MethodConnect, req.URL.IsAbs():
	case acrossOrigins(req):
		http.Error(w, "refused: a web page of another origin sent this", http.StatusForbidden)
		return
	case !g.own(req.Host) && !(signed(req) && amazon(req.Host)):
		http.Error(w, fmt.Sprintf("refused: %q is no name of this server: use its address", req.Host), http.StatusMisdirectedRequest)
		return
	}
	g.next.ServeHTTP(w, req)
}

// acrossOrigins reports whether a browser says that another origin's page sends a request.
// Reading is refused too: it begins sessions, in which no time passes.
func acrossOrigins(req *http.Request) bool {
	switch req.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return req.Header.Get("Origin") != "" // no client of this server sends one
	}
	return true
}

// own reports whether a Host header names this server: by a loopback name or address, or
// as it was asked to listen. A page's own name is neither, wherever it leads.
func (g guard) own(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if at, err := netip.ParseAddr(host); err == nil {
		return at.IsLoopback() || g.any || host == g.listen
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host != "" && host == g.listen
}

// signed reports whether a request is signed for AWS.
func signed(req *http.Request) bool {
	return strings.HasPrefix(req.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
}

// amazon reports whether a host is AWS's: a request for it that arrives here was sent
// here on purpose.
func amazon(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(host)
	return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn")
}
