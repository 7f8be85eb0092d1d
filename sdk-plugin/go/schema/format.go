package schema

import (
	"bytes"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// formats checks the content of a string by format.
var formats = map[Format]func([]byte) bool{
	UUID:       isUUID,
	Phone:      isPhone,
	Dial:       isDial,
	DateOrTime: isDateOrTime,
	TimeZone:   isTimeZone,
	URI:        isURI,
	Host:       isHost,
	Duration:   isDuration,
	Template:   isTemplate,
}

const formatNames = "uuid, phone, dial, date-or-time, time-zone, uri, host, duration, template"

// Match reports whether text has the format; unknown formats match nothing.
func (f Format) Match(text []byte) bool {
	check, ok := formats[f]
	return ok && check(text)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isUUID(b []byte) bool {
	if len(b) != 36 {
		return false
	}
	for i, c := range b {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
				return false
			}
		}
	}
	return true
}

// IsSeparator reports whether c may stand between the digits of a telephone
// number: space ( ) - .
func IsSeparator(c byte) bool {
	return c == ' ' || c == '(' || c == ')' || c == '-' || c == '.'
}

func isPhone(b []byte) bool {
	digits := 0
	for i, c := range b {
		switch {
		case isDigit(c):
			digits++
		case c == '+':
			if digits > 0 || bytes.IndexByte(b[:i], '+') >= 0 {
				return false
			}
		case !IsSeparator(c):
			return false
		}
	}
	return digits >= 3 && digits <= 20
}

func isDial(b []byte) bool {
	n := 0
	for _, c := range b {
		switch {
		case isDigit(c) || c == '+' || c == '*' || c == '#':
			n++
		case !IsSeparator(c):
			return false
		}
	}
	return n >= 1 && n <= 32
}

func isDateOrTime(b []byte) bool {
	if len(b) != 10 && len(b) != 19 {
		return false
	}
	const shape = "0000-00-00 00:00:00"
	for i, c := range b {
		if shape[i] == '0' && !isDigit(c) || shape[i] != '0' && c != shape[i] {
			return false
		}
	}
	number := func(from, to int) (n int) {
		for _, c := range b[from:to] {
			n = n*10 + int(c-'0')
		}
		return n
	}
	year, month, day := number(0, 4), number(5, 7), number(8, 10)
	if year < 1 || month < 1 || month > 12 || day < 1 {
		return false
	}
	// Day 0 of the next month is the last day of this one.
	if day > time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return false
	}
	return len(b) == 10 || number(11, 13) < 24 && number(14, 16) < 60 && number(17, 19) < 60
}

func isTimeZone(b []byte) bool {
	if len(b) == 0 || len(b) > 64 {
		return false
	}
	start := true // of a part; each begins with a letter
	for _, c := range b {
		switch {
		case isLetter(c):
			start = false
		case start:
			return false
		case c == '/':
			start = true
		case !isDigit(c) && c != '_' && c != '-' && c != '+':
			return false
		}
	}
	return !start
}

func isURI(b []byte) bool {
	u, err := url.Parse(string(b))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return false
	}
	return bytes.IndexFunc(b, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) < 0 && isHost([]byte(u.Host))
}

func isHost(b []byte) bool {
	host := string(b)
	if strings.HasPrefix(host, "[") {
		inner, rest, ok := strings.Cut(host[1:], "]")
		addr, err := netip.ParseAddr(inner)
		return ok && err == nil && addr.Is6() && addr.Zone() == "" && (rest == "" || rest[0] == ':' && isPort(rest[1:]))
	}
	if name, port, ok := strings.Cut(host, ":"); ok {
		if !isPort(port) {
			return false
		}
		host = name
	}
	return isHostName(host)
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && isDigit(s[0])
}

func isHostName(host string) bool {
	if len(host) == 0 || len(host) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isDigit(c) && !isLetter(c) && c != '-' && c != '_' {
				return false
			}
		}
		last = label
	}
	if isDigit(last[0]) { // 127.1 and 0x7f.1 are addresses in disguise
		addr, err := netip.ParseAddr(host)
		return err == nil && addr.Is4()
	}
	return true
}

func isDuration(b []byte) bool {
	d, err := time.ParseDuration(string(b))
	return err == nil && d >= 0
}

// isTemplate refuses control characters other than tabs and line breaks. Braces
// need no check: a template may be JSON, and one that is no placeholder is text.
// Whether the names exist is known only to the plugin that fills them in.
func isTemplate(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(b)
}
