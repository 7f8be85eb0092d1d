package httpcall

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

const (
	maxURL  = 8 << 10
	maxName = 253
)

// target is where a hop goes, in the one spelling that is compared with the
// grant, looked up, dialed and sent as Host.
type target struct {
	scheme string     // "http" or "https"
	host   string     // lower-case ASCII name, or address without brackets
	addr   netip.Addr // valid when host is an address
	port   uint16
}

func defaultPort(scheme string) uint16 {
	if scheme == "https" {
		return 443
	}
	return 80
}

// String is "host:port", as an element of Grant.Hosts would spell it.
func (t target) String() string { return t.bracketed() + ":" + strconv.Itoa(int(t.port)) }

func (t target) bracketed() string {
	if t.addr.Is6() {
		return "[" + t.host + "]"
	}
	return t.host
}

// hostHeader leaves the default port out, as browsers do.
func (t target) hostHeader() string {
	if t.port == defaultPort(t.scheme) {
		return t.bracketed()
	}
	return t.String()
}

// sameOrigin reports whether credentials for t may go to next: the same host
// and port, or the step from http to https on the default ports.
func (t target) sameOrigin(next target) bool {
	if t.host != next.host {
		return false
	}
	if t.scheme == next.scheme {
		return t.port == next.port
	}
	return t.scheme == "http" && t.port == 80 && next.port == 443
}

// parseURL parses an absolute URL, or a reference when base is not nil, and
// rewrites it to the normalized host. The errors never quote the URL: its query
// may hold secrets.
func parseURL(base *url.URL, raw string) (*url.URL, target, error) {
	if len(raw) > maxURL {
		return nil, target{}, fmt.Errorf("longer than %d bytes", maxURL)
	}
	u, err := url.Parse(raw)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		return nil, target{}, err
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	t, err := targetOf(u)
	if err != nil {
		return nil, target{}, err
	}
	u.Host = t.hostHeader()
	u.Fragment, u.RawFragment = "", ""
	u.RawQuery = escapeQuery(u.RawQuery)
	return u, t, nil
}

func targetOf(u *url.URL) (t target, err error) {
	if u.Scheme != "http" && u.Scheme != "https" {
		return t, errors.New("the scheme must be https or http")
	}
	if u.Opaque != "" || u.Host == "" {
		return t, errors.New("it has no host")
	}
	if u.User != nil {
		return t, errors.New("credentials before the host are not accepted; send an Authorization header")
	}
	t.scheme, t.port = u.Scheme, defaultPort(u.Scheme)
	if p := u.Port(); p != "" {
		if t.port, err = parsePort(p); err != nil {
			return t, err
		}
	}
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") != strings.Contains(host, ":") {
		return t, errors.New("brackets hold an IPv6 address")
	}
	t.host, t.addr, err = normalizeHost(host)
	return t, err
}

// escapeQuery encodes the bytes that would break the request line.
func escapeQuery(q string) string {
	const hex = "0123456789ABCDEF"
	bad := func(c byte) bool { return c <= ' ' || c >= 0x7f }
	n := 0
	for i := range len(q) {
		if bad(q[i]) {
			n++
		}
	}
	if n == 0 {
		return q
	}
	var b strings.Builder
	b.Grow(len(q) + 2*n)
	for i := range len(q) {
		if c := q[i]; bad(c) {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// names maps to lower case and to punycode as browsers do; which ASCII
// characters a name may hold is checkName's business.
var names = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false))

// normalizeHost returns the canonical spelling of a host without brackets. Forms
// of an address that only some resolvers understand ("0x7f.1", "127.1",
// "2130706433", "::ffff:127.0.0.1") are errors rather than guesses.
func normalizeHost(raw string) (string, netip.Addr, error) {
	var none netip.Addr
	if strings.Contains(raw, ":") {
		addr, err := netip.ParseAddr(raw)
		switch {
		case err != nil:
			return "", none, errors.New("it is not an IPv6 address")
		case addr.Zone() != "":
			return "", none, errors.New("an address with a zone is not accepted")
		case addr.Is4In6():
			return "", none, errors.New("an IPv4 address inside an IPv6 address is not accepted; write the IPv4 address")
		}
		return addr.String(), addr, nil
	}
	name, err := asciiName(raw)
	if err != nil {
		return "", none, err
	}
	name = strings.TrimSuffix(name, ".")
	if endsInNumber(name) {
		addr, err := netip.ParseAddr(name)
		if err != nil {
			return "", none, errors.New("it ends in a number but is not an IPv4 address of four decimal numbers")
		}
		return addr.String(), addr, nil
	}
	if err := checkName(name); err != nil {
		return "", none, err
	}
	return name, none, nil
}

func asciiName(raw string) (string, error) {
	plain := len(raw) <= maxName+1
	for i := 0; i < len(raw) && plain; i++ {
		plain = raw[i] < 0x80
	}
	if lower := strings.ToLower(raw); plain && !strings.Contains(lower, "xn--") {
		return lower, nil
	}
	if len(raw) > 4*maxName { // the conversion takes quadratic time
		return "", errors.New("the name is too long")
	}
	name, err := names.ToASCII(raw)
	if err != nil {
		return "", errors.New("the international name is not valid")
	}
	return name, nil
}

// endsInNumber is the rule of the WHATWG URL standard that decides whether a
// host is meant as an IPv4 address.
func endsInNumber(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

func checkName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("the name must have 1 to %d bytes", maxName)
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return errors.New("every part of the name must have 1 to 63 bytes")
		}
		if label[0] == '-' || label[len(label)-1] == '-' {
			return errors.New("a part of the name begins or ends with a hyphen")
		}
		for i := range len(label) {
			// Underscores are in use inside container networks.
			if c := label[i]; c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
				return errors.New("the name holds a character that names cannot have")
			}
		}
	}
	return nil
}
