package params

import (
	"errors"
	"fmt"

	"github.com/nyaruka/phonenumbers"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

var (
	errCharacter = errors.New("holds a character that has no place in a telephone number")
	errPhone     = errors.New("is not a telephone number")
	errDial      = errors.New("cannot be dialled")
)

func knownRegion(region string) bool { return phonenumbers.GetSupportedRegions()[region] }

// number is what the host learned about a telephone number; e164 is never empty.
type number struct {
	e164, region, kind string
}

// append appends the map that plugins get in Derived.
func (n *number) append(dst []byte) []byte {
	dst = abi.AppendMap(dst, 3)
	dst = abi.AppendString(abi.AppendString(dst, "e164"), n.e164)
	dst = abi.AppendString(abi.AppendString(dst, "region"), n.region)
	return abi.AppendString(abi.AppendString(dst, "type"), n.kind)
}

var kinds = map[phonenumbers.PhoneNumberType]string{
	phonenumbers.FIXED_LINE:           "fixed_line",
	phonenumbers.MOBILE:               "mobile",
	phonenumbers.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
	phonenumbers.TOLL_FREE:            "toll_free",
	phonenumbers.PREMIUM_RATE:         "premium_rate",
	phonenumbers.SHARED_COST:          "shared_cost",
	phonenumbers.VOIP:                 "voip",
	phonenumbers.PERSONAL_NUMBER:      "personal",
	phonenumbers.PAGER:                "pager",
	phonenumbers.UAN:                  "uan",
	phonenumbers.VOICEMAIL:            "voicemail",
}

// asciiText maps digits, spaces and dashes that people paste to their ASCII
// forms. Everything that is not one of allowed afterwards is refused: the library
// would skip over letters, semicolons and more.
func asciiText(b []byte, allowed func(byte) bool) (string, error) {
	if plain := string(b); isASCII(plain) {
		for i := range len(plain) {
			if !allowed(plain[i]) {
				return "", errCharacter
			}
		}
		return plain, nil
	}
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		switch {
		case r >= '٠' && r <= '٩': // Arabic-Indic
			r += '0' - '٠'
		case r >= '۰' && r <= '۹': // extended Arabic-Indic
			r += '0' - '۰'
		case r >= '０' && r <= '９': // fullwidth
			r += '0' - '０'
		case r == '＋':
			r = '+'
		case r == '\u00a0' || r == '\u2007' || r == '\u2009' || r == '\u202f': // spaces that do not break
			r = ' '
		case r >= '\u2010' && r <= '\u2013' || r == '\u2212': // hyphens, dashes, minus
			r = '-'
		}
		if r >= 0x80 || !allowed(byte(r)) {
			return "", errCharacter
		}
		out = append(out, byte(r))
	}
	return string(out), nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func phoneText(b []byte) (string, error) {
	return asciiText(b, func(c byte) bool { return isDigit(c) || c == '+' || schema.IsSeparator(c) })
}

// dialText returns what is left of a dial string without separators: 1 to 32 of
// 0-9 + * #.
func dialText(b []byte) (string, error) {
	text, err := asciiText(b, func(c byte) bool {
		return isDigit(c) || c == '+' || c == '*' || c == '#' || schema.IsSeparator(c)
	})
	if err != nil {
		return "", err
	}
	out := make([]byte, 0, len(text))
	for i := range len(text) {
		if !schema.IsSeparator(text[i]) {
			out = append(out, text[i])
		}
	}
	if len(out) == 0 || len(out) > 32 {
		return "", errDial
	}
	return string(out), nil
}

// parsePhone finds out which number the text means. Text has the characters of
// phoneText only.
func (c *Checker) parsePhone(text string) (number, error) {
	if !schema.Phone.Match([]byte(text)) {
		return number{}, errPhone
	}
	p, err := phonenumbers.Parse(text, c.region)
	if err != nil {
		return number{}, fmt.Errorf("%w: %w", errPhone, err)
	}
	// A number is valid when it has a type; asking for both would do the work twice.
	kind, ok := kinds[phonenumbers.GetNumberType(p)]
	if !ok {
		return number{}, fmt.Errorf("%w that is in use anywhere", errPhone)
	}
	return number{
		e164:   phonenumbers.Format(p, phonenumbers.E164),
		region: phonenumbers.GetRegionCodeForNumber(p),
		kind:   kind,
	}, nil
}
