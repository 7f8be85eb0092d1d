package freeswitch

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// maxRaw bounds a value before anything else looks at it.
const maxRaw = 128

// Dialable is a number or extension that may be dialled: digits, "*", "#" and a leading "+". The zero value is not dialable.
type Dialable struct{ digits string }

// String returns the ASCII digits.
func (d Dialable) String() string { return d.digits }

// Number is a public telephone number: 7 to 15 digits, with or without a leading "+".
type Number struct{ Dialable }

// Extension is an inner number or a feature code: 1 to 12 of the digits, "*" and "#".
type Extension struct{ Dialable }

// CallerID is the number shown to the called party.
type CallerID struct{ Dialable }

// Account is a SIP account, "1234" or "1234@pbx.example".
type Account struct{ name string }

// String returns the account as written in a dial string.
func (a Account) String() string { return a.name }

// ParseNumber accepts a public number. Blanks, dashes, dots and brackets between the digits are dropped.
func ParseNumber(s string) (Number, error) {
	d, err := parseDigits("called_number", s)
	if err != nil {
		return Number{}, err
	}
	if !isNumber(d) {
		return Number{}, &ValueError{"called_number", "a telephone number has 7 to 15 digits"}
	}
	return Number{Dialable{d}}, nil
}

// ParseExtension accepts an inner number or feature code.
func ParseExtension(s string) (Extension, error) {
	d, err := parseDigits("called_number", s)
	if err != nil {
		return Extension{}, err
	}
	if !isExtension(d) {
		return Extension{}, &ValueError{"called_number", "an extension has 1 to 12 digits"}
	}
	return Extension{Dialable{d}}, nil
}

// ParseCalled accepts what may be called: a number or an extension.
func ParseCalled(s string) (Dialable, error) {
	d, err := parseDigits("called_number", s)
	if err != nil {
		return Dialable{}, err
	}
	if !isNumber(d) && !isExtension(d) {
		return Dialable{}, &ValueError{"called_number", "want a telephone number of 7 to 15 digits or an extension of up to 12"}
	}
	return Dialable{d}, nil
}

func isNumber(d string) bool {
	n := len(strings.TrimPrefix(d, "+"))
	return n >= 7 && n <= 15 && !strings.ContainsAny(d, "*#")
}

func isExtension(d string) bool { return len(d) <= 12 && d[0] != '+' }

// ParseCallerID accepts a number or an extension as the caller's.
func ParseCallerID(s string) (CallerID, error) {
	d, err := parseDigits("caller_number", s)
	if err != nil {
		return CallerID{}, err
	}
	if len(d) > 16 {
		return CallerID{}, &ValueError{"caller_number", "at most 15 digits"}
	}
	return CallerID{Dialable{d}}, nil
}

// parseDigits drops the punctuation that people write and then allows ASCII digits, "*", "#" and a leading "+" only.
// Digits of other scripts are refused: they look right to a reader and are something else to a switch.
func parseDigits(field, s string) (string, error) {
	if len(s) > maxRaw {
		return "", &ValueError{field, "too long"}
	}
	out := make([]byte, 0, len(s))
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9', r == '*', r == '#':
			out = append(out, byte(r))
		case r == '+' && len(out) == 0:
			out = append(out, '+')
		case r == ' ', r == '-', r == '(', r == ')', r == '.', r == '\u00a0':
		default:
			return "", &ValueError{field, fmt.Sprintf("%q at byte %d is not a digit", r, i)}
		}
	}
	if len(out) == 0 || string(out) == "+" {
		return "", &ValueError{field, "no digits"}
	}
	return string(out), nil
}

// ParseAccount accepts letters, digits and "._-", starting with a letter or digit, optionally followed by "@" and a domain.
func ParseAccount(s string) (Account, error) {
	bad := &ValueError{"sip", "a SIP account is letters, digits and ._- with an optional @domain"}
	name, domain, at := strings.Cut(s, "@")
	if len(s) > maxRaw || !isWord(name, "._-") || at && !isWord(domain, ".-") {
		return Account{}, bad
	}
	return Account{s}, nil
}

// isWord reports whether s starts with an ASCII letter or digit and goes on with these and the bytes of more.
func isWord(s, more string) bool {
	for i := range len(s) {
		c := s[i]
		alnum := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alnum && (i == 0 || strings.IndexByte(more, c) < 0) {
			return false
		}
	}
	return s != ""
}

// ParseCallID accepts a uuid in its canonical form (36 bytes) and returns it in lower case.
func ParseCallID(s string) (string, error) {
	if len(s) != 36 {
		return "", &ValueError{"id", "not a call uuid"}
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return "", &ValueError{"id", "not a call uuid"}
	}
	return id.String(), nil
}

// plainValue bounds the values of channel variables. None of the allowed bytes means anything to the parser of dial strings
// inside single quotes.
func plainValue(field, s string) error {
	if len(s) > 256 {
		return &ValueError{field, "too long"}
	}
	for i := range len(s) {
		c := s[i]
		alnum := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alnum && strings.IndexByte(" ._-@+/", c) < 0 {
			return &ValueError{field, fmt.Sprintf("byte %q is not allowed in a variable", c)}
		}
	}
	return nil
}
