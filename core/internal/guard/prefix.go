package guard

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	maxPrefix      = 15 // digits of an E.164 number
	maxTariffLines = 100_000
)

// ParsePrefix reads the beginning of an international number: "+7 495", "44". The
// result is its digits.
//
// # Errors
//
// Anything else than 1 to 15 digits, of which the first is no zero, with a plus
// sign, spaces, hyphens and brackets between them.
func ParsePrefix(text string) (string, error) {
	digits := make([]byte, 0, maxPrefix)
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case c == '+' && len(digits) == 0 && !strings.Contains(text[:i], "+"):
		case c == ' ' || c == '-' || c == '(' || c == ')':
		default:
			return "", fmt.Errorf("%.40q is not the beginning of an international number such as +7495", text)
		}
	}
	switch {
	case len(digits) == 0 || len(digits) > maxPrefix:
		return "", fmt.Errorf("%.40q has %d digits, 1 to %d are wanted", text, len(digits), maxPrefix)
	case digits[0] == '0':
		return "", fmt.Errorf("%.40q begins with 0, country codes do not", text)
	}
	return string(digits), nil
}

// table finds the longest prefix of a number.
type table[T any] struct {
	entries map[string]T
	lengths []int // of the prefixes, the longest first
}

// add reports whether the prefix is new.
func (t *table[T]) add(prefix string, v T) bool {
	if t.entries == nil {
		t.entries = map[string]T{}
	}
	if _, twice := t.entries[prefix]; twice {
		return false
	}
	t.entries[prefix] = v
	if i, there := slices.BinarySearchFunc(t.lengths, len(prefix), func(x, y int) int { return cmp.Compare(y, x) }); !there {
		t.lengths = slices.Insert(t.lengths, i, len(prefix))
	}
	return true
}

// find returns the entry of the longest prefix of an E.164 number.
func (t *table[T]) find(e164 string) (prefix string, v T, ok bool) {
	digits := strings.TrimPrefix(e164, "+")
	for _, n := range t.lengths {
		if n <= len(digits) {
			if v, ok = t.entries[digits[:n]]; ok {
				return digits[:n], v, true
			}
		}
	}
	return "", v, false
}

func prefixes(list []string) (t table[string], err error) {
	for _, text := range list {
		p, err := ParsePrefix(text)
		if err != nil {
			return t, err
		}
		t.add(p, "+"+p)
	}
	return t, nil
}

// Money is an amount in ten-thousandths of the currency's unit.
type Money int64

// unit of the currency.
const unit Money = 10_000

// maxMoney keeps sums of a day far from an overflow.
const maxMoney = 1_000_000_000 * unit

var errMoney = errors.New("is not an amount such as 1.50: at most four digits behind the point, at most 1000000000")

// ParseMoney reads "12", "1.50" and "1,50".
func ParseMoney(text string) (Money, error) {
	whole, part, pointed := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	if whole == "" || len(whole) > 10 || pointed && part == "" || len(part) > 4 {
		return 0, fmt.Errorf("%.40q %w", text, errMoney)
	}
	sum := Money(0)
	for _, c := range []byte(whole + part + "0000"[len(part):]) {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%.40q %w", text, errMoney)
		}
		sum = sum*10 + Money(c-'0')
	}
	if sum > maxMoney {
		return 0, fmt.Errorf("%.40q %w", text, errMoney)
	}
	return sum, nil
}

// String writes the amount without needless zeros: "1.5".
func (m Money) String() string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	text := fmt.Sprintf("%s%d.%04d", sign, m/unit, m%unit)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// Tariff is what a minute of a call or a part of a message costs, by the longest
// prefix of the number.
type Tariff struct{ prices table[Money] }

// ParseTariff reads one prefix and its price a line: "+7495 0.80". Spaces, tabs, a
// semicolon or an equals sign may be between them; empty lines and what follows a
// # do not count.
//
// # Errors
//
// The first line at fault with its number; a prefix that is there twice.
func ParseTariff(text string) (*Tariff, error) {
	t := &Tariff{}
	n := 0
	for line := range strings.Lines(text) {
		if n++; n > maxTariffLines {
			return nil, fmt.Errorf("more than %d lines", maxTariffLines)
		}
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		at := strings.LastIndexAny(line, " \t;=")
		if at < 0 {
			return nil, fmt.Errorf("line %d: want a prefix and a price, such as +7495 0.80", n)
		}
		prefix, err := ParsePrefix(strings.TrimRight(strings.ReplaceAll(line[:at], "\t", " "), " ;="))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		price, err := ParseMoney(line[at+1:])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if !t.prices.add(prefix, price) {
			return nil, fmt.Errorf("line %d: the prefix %s is there twice", n, prefix)
		}
	}
	return t, nil
}

// Price returns the price for an E.164 number; ok is false when the tariff does not
// know it.
func (t *Tariff) Price(e164 string) (price Money, ok bool) {
	_, price, ok = t.prices.find(e164)
	return price, ok
}

// Len is the number of prefixes.
func (t *Tariff) Len() int { return len(t.prices.entries) }
