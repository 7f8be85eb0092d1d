package config

import (
	"math"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	namePattern       = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]{0,63}$`)
	capabilityPattern = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}$`)
	hostPattern       = regexp.MustCompile(`^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)
	durationPart      = regexp.MustCompile(`^([0-9]{1,9})(ms|s|m|h|d)`)
	sizePattern       = regexp.MustCompile(`^([0-9]{1,15})(B|KiB|MiB|GiB)$`)
	ratePattern       = regexp.MustCompile(`^([0-9]{1,9})/(s|m|h)(?: burst ([0-9]{1,9}))?$`)
)

func anyText(s string) (string, error) { return s, nil }

func notEmpty(s string) (string, error) {
	if s == "" {
		return "", wrong("give it a value, or remove the line", "it is empty")
	}
	return s, nil
}

func parseName(s string) (string, error) {
	if !namePattern.MatchString(s) {
		return "", wrong("a letter, then up to 63 letters, digits, _ or -", "%q is not a valid name", s)
	}
	return s, nil
}

func parseCapability(s string) (string, error) {
	if !capabilityPattern.MatchString(s) {
		return "", wrong("lower-case letters, digits, _ - and .", "%q is not a valid capability or operation", s)
	}
	return s, nil
}

// oneOf returns a parser that accepts the given words only.
func oneOf(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		for _, w := range words {
			if s == w {
				return s, nil
			}
		}
		return "", wrong(suggest(s, words), "%q is not one of %s", s, strings.Join(words, ", "))
	}
}

// parseDuration accepts "90d", "1h30m", "500ms".
func parseDuration(s string) (time.Duration, error) {
	bad := wrong(`for example "30s", "15m", "24h" or "90d"`, "%q is not a duration", s)
	if s == "" {
		return 0, bad
	}
	units := map[string]time.Duration{"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	var sum time.Duration
	for rest := s; rest != ""; {
		part := durationPart.FindStringSubmatch(rest)
		if part == nil {
			return 0, bad
		}
		n, err := strconv.ParseInt(part[1], 10, 64)
		unit := units[part[2]]
		if err != nil || n > int64((math.MaxInt64-sum)/unit) {
			return 0, wrong("", "duration %q is too long", s)
		}
		sum += time.Duration(n) * unit
		rest = rest[len(part[0]):]
	}
	return sum, nil
}

// between returns a duration parser with bounds, both included.
func between(lo, hi time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := parseDuration(s)
		if err == nil && (d < lo || d > hi) {
			return 0, wrong("", "%q is not between %s and %s", s, DurationText(lo), DurationText(hi))
		}
		return d, err
	}
}

// DurationText writes a duration as the file does: in its largest unit that fits.
func DurationText(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d >= u.size && d%u.size == 0 {
			return strconv.FormatInt(int64(d/u.size), 10) + u.name
		}
	}
	return d.String()
}

// parseRetention is a duration of at least a day, or "forever".
func parseRetention(s string) (time.Duration, error) {
	if s == "forever" {
		return 0, nil
	}
	return between(24*time.Hour, 100*365*24*time.Hour)(s)
}

// sized returns a parser of sizes with bounds in bytes, both included.
func sized(lo, hi int64) func(string) (int64, error) {
	return func(s string) (int64, error) {
		m := sizePattern.FindStringSubmatch(s)
		if m == nil {
			return 0, wrong(`a whole number and B, KiB, MiB or GiB, for example "64MiB"`, "%q is not a size", s)
		}
		unit := map[string]int64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[m[2]]
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil || n > hi/unit || n*unit < lo {
			return 0, wrong("", "%q is not between %s and %s", s, sizeText(lo), sizeText(hi))
		}
		return n * unit, nil
	}
}

func sizeText(n int64) string {
	for _, u := range []string{"B", "KiB", "MiB"} {
		if n < 1<<10 || n%(1<<10) != 0 {
			return strconv.FormatInt(n, 10) + u
		}
		n >>= 10
	}
	return strconv.FormatInt(n, 10) + "GiB"
}

// parseRate accepts "100/s", "5/m burst 10" and "off".
func parseRate(s string) (Rate, error) {
	if s == "off" {
		return Rate{}, nil
	}
	m := ratePattern.FindStringSubmatch(s)
	if m == nil {
		return Rate{}, wrong(`for example "100/s", "5/m burst 10" or "off"`, "%q is not a rate", s)
	}
	count, err := strconv.Atoi(m[1])
	burst := count
	if err == nil && m[3] != "" {
		burst, err = strconv.Atoi(m[3])
	}
	if err != nil || count < 1 || burst < 1 {
		return Rate{}, wrong(`use "off" for no limit; to forbid an action, switch it off`, "%q allows nothing", s)
	}
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[m[2]]
	return Rate{count, per, burst}, nil
}

// parsePrefix accepts "10.0.0.0/8" and a single address.
func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, wrong(`for example "127.0.0.1/32" or "10.0.0.0/8"`, "%q is not an address or network", s)
	}
	if masked := p.Masked(); masked != p {
		return p, wrong("write "+strconv.Quote(masked.String()), "%q has bits set behind the mask", s)
	}
	return p, nil
}

// parsePublicURL accepts an absolute http or https URL; a slash at its end is dropped.
func parsePublicURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", wrong(`for example "https://api.example.com"`, "want an address with http:// or https:// and nothing behind the path")
	}
	return strings.TrimRight(text, "/"), nil
}

// parseRegion checks the shape; whether the country exists is for the package that knows telephone numbers.
func parseRegion(text string) (string, error) {
	if len(text) != 2 || text[0] < 'A' || text[0] > 'Z' || text[1] < 'A' || text[1] > 'Z' {
		return "", wrong(`for example "RU"`, "want a country code of two capital letters")
	}
	return text, nil
}

func parseZone(s string) (*time.Location, error) {
	if s == "" {
		return nil, wrong(`for example "Europe/Moscow" or "UTC"`, "the time zone is empty")
	}
	zone, err := time.LoadLocation(s)
	if err != nil {
		return nil, wrong(`a name of the IANA database, for example "Europe/Moscow" or "UTC"`, "unknown time zone %q", s)
	}
	return zone, nil
}

// parseAddress accepts host:port; the host may be left out if allHosts.
func parseAddress(allHosts bool) func(string) (string, error) {
	return func(s string) (string, error) {
		bad := func(why string) (string, error) {
			return "", wrong(`write "host:port", for example "127.0.0.1:8080"`, "%q %s", s, why)
		}
		host, port, err := net.SplitHostPort(s)
		if err != nil {
			return bad("is not an address with a port")
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 && !allHosts {
			return bad("has a bad port")
		}
		if _, err := netip.ParseAddr(host); err != nil && !(host == "" && allHosts) && !hostPattern.MatchString(strings.ToLower(host)) ||
			strings.HasPrefix(host, "*") {
			return bad("has a bad host")
		}
		return s, nil
	}
}

// parseGrantHost accepts host, host:port, *.domain and *.domain:port and returns it in lower case.
func parseGrantHost(s string) (string, error) {
	host := strings.ToLower(s)
	bad := wrong(`"host", "host:port" or "*.domain", without https:// and without a path`, "%q is not a host", s)
	name := host
	if addr, err := netip.ParseAddr(host); err == nil { // IPv6 without a port has colons too
		return addr.String(), nil
	}
	if h, port, err := net.SplitHostPort(host); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", bad
		}
		name = h
	}
	if _, err := netip.ParseAddr(name); err != nil && (len(name) > 253 || !hostPattern.MatchString(name)) {
		return "", bad
	}
	return host, nil
}

// parseURL accepts http and https URLs with a host.
func parseURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		// The error of net/url is left out: it repeats the URL, which may hold a password.
		return "", wrong(`for example "https://host/path"`, "not an http or https URL")
	}
	return s, nil
}

// parseOrigin accepts "*" and scheme://host[:port].
func parseOrigin(s string) (string, error) {
	if s == "*" {
		return s, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || s != u.Scheme+"://"+u.Host {
		return "", wrong(`scheme, host and port only, for example "https://crm.example"`, "%q is not an origin", s)
	}
	return s, nil
}

func parseBasePath(s string) (string, error) {
	if s == "" {
		return s, nil
	}
	if !strings.HasPrefix(s, "/") || strings.HasSuffix(s, "/") || strings.ContainsAny(s, "?#%\\ \t\r\n*:") || strings.Contains(s, "//") {
		return "", wrong(`for example "/gateway", or "" for none`, "%q is not a base path", s)
	}
	return s, nil
}

func (d *decoder) parsePath(s string) (string, error) {
	if s == "" || strings.ContainsRune(s, 0) {
		return "", wrong("", "the path is empty or has a NUL character")
	}
	return d.env.path(s), nil
}

// parseAccount accepts what FreeSWITCH may get as the user part of a SIP address without quoting.
func parseAccount(s string) (string, error) {
	if !accountPattern.MatchString(s) {
		return "", wrong("letters, digits, . _ and -", "%q is not a SIP account", s)
	}
	return s, nil
}

var (
	accountPattern     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	placeholderPattern = regexp.MustCompile(`\{[^{}]*\}`)
)

// placeholders returns a parser of texts with {name}: all required ones must be there and no unknown ones.
func placeholders(required, optional []string, parse func(string) (string, error)) func(string) (string, error) {
	return func(s string) (string, error) {
		known := map[string]bool{}
		var names []string
		for _, n := range append(required[:len(required):len(required)], optional...) {
			known["{"+n+"}"] = true
			names = append(names, "{"+n+"}")
		}
		found := map[string]bool{}
		for _, p := range placeholderPattern.FindAllString(s, -1) {
			if !known[p] {
				return "", wrong(suggest(p, names), "unknown placeholder %s", p)
			}
			found[p] = true
		}
		for _, n := range required {
			if !found["{"+n+"}"] {
				return "", wrong("", "placeholder {%s} is missing", n)
			}
		}
		return parse(s)
	}
}
