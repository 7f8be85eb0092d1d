package httpcall

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Grant is what the operator allows an instance to reach. The zero Grant allows
// nothing.
type Grant struct {
	// Hosts are "host", "host:port", "*.domain", "*.domain:port", "[v6]" or
	// "[v6]:port"; see [ValidateHost]. Without a port the default port of the
	// URL's scheme is meant: 80 or 443.
	Hosts []string
	// Private allows granted hosts whose address is loopback, private, link-local
	// or otherwise not public. Addresses of cloud metadata servers also need to be
	// among Hosts literally.
	Private bool
	// Plaintext allows http:// URLs; without it only https:// is.
	Plaintext bool
}

// ValidateHost reports whether pattern is an acceptable element of
// [Grant.Hosts]. A wildcard covers subdomains of any depth but not the domain
// itself, and must not cover a whole public suffix ("*.com", "*.co.uk").
func ValidateHost(pattern string) error {
	_, _, err := parsePattern(pattern)
	return err
}

// endpoint is a host with a port; 0 is the default port of the scheme.
type endpoint struct {
	host string
	port uint16
}

// rules is a compiled list of hosts.
type rules struct {
	exact    map[endpoint]struct{}
	suffixes []endpoint // the hosts begin with a dot
}

func compile(hosts []string) (*rules, error) {
	r := &rules{exact: make(map[endpoint]struct{}, len(hosts))}
	for _, pattern := range hosts {
		e, wildcard, err := parsePattern(pattern)
		if err != nil {
			return nil, err
		}
		if wildcard {
			r.suffixes = append(r.suffixes, e)
		} else {
			r.exact[e] = struct{}{}
		}
	}
	return r, nil
}

func (r *rules) allow(t target) bool {
	ports := [2]uint16{t.port, 0}
	n := 1
	if t.port == defaultPort(t.scheme) {
		n = 2
	}
	for _, port := range ports[:n] {
		if _, ok := r.exact[endpoint{t.host, port}]; ok {
			return true
		}
	}
	if t.addr.IsValid() {
		return false
	}
	for _, s := range r.suffixes {
		if (s.port == t.port || s.port == 0 && n == 2) && len(t.host) > len(s.host) && strings.HasSuffix(t.host, s.host) {
			return true
		}
	}
	return false
}

// parsePattern returns the host of a wildcard with its leading dot.
func parsePattern(pattern string) (e endpoint, wildcard bool, err error) {
	bad := func(format string, a ...any) (endpoint, bool, error) {
		return endpoint{}, false, fmt.Errorf("http grant: host %q: "+format, append([]any{pattern}, a...)...)
	}
	host, port, err := splitPattern(pattern)
	if err != nil {
		return bad("%w", err)
	}
	e.port = port
	host, wildcard = strings.CutPrefix(host, "*.")
	if strings.ContainsAny(host, "/*@?#% ") {
		return bad(`give "host", "host:port" or "*.domain", without scheme, path or user`)
	}
	name, addr, err := normalizeHost(host)
	if err != nil {
		return bad("%w", err)
	}
	if !wildcard {
		e.host = name
		return e, false, nil
	}
	if addr.IsValid() {
		return bad("a wildcard stands before a domain, not before an address")
	}
	if suffix, icann := publicsuffix.PublicSuffix(name); icann && suffix == name {
		return bad("the wildcard covers everything under %q; name the domain", name)
	}
	e.host = "." + name
	return e, true, nil
}

func splitPattern(pattern string) (host string, port uint16, err error) {
	if addr, err := netip.ParseAddr(pattern); err == nil && addr.Is6() {
		return pattern, 0, nil
	}
	host = pattern
	var digits string
	hasPort := false
	if rest, ok := strings.CutPrefix(pattern, "["); ok {
		host, rest, ok = strings.Cut(rest, "]")
		if !ok || !strings.Contains(host, ":") {
			return "", 0, fmt.Errorf("brackets hold an IPv6 address")
		}
		if digits, hasPort = strings.CutPrefix(rest, ":"); !hasPort && rest != "" {
			return "", 0, fmt.Errorf("%q after the brackets", rest)
		}
	} else {
		host, digits, hasPort = strings.Cut(pattern, ":")
	}
	if !hasPort {
		return host, 0, nil
	}
	port, err = parsePort(digits)
	return host, port, err
}

func parsePort(digits string) (uint16, error) {
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("port %q is not a number from 1 to 65535", digits)
	}
	return uint16(n), nil
}
