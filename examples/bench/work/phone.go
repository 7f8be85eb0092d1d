package work

// Phone is a number that takes SMS.
type Phone struct {
	E164    string // with the plus sign
	Country string // the calling code, without it
}

// Limits of E.164: digits of a whole number, calling code included.
const (
	minDigits = 8
	maxDigits = 15
)

// ParsePhone reads a number as people write it: digits with spaces, hyphens, dots
// and brackets, international with + or 00, or Russian with 8 or without prefix.
// Of Russian numbers only mobile ones (+7 9…) take SMS.
func ParsePhone(text string) (Phone, bool) {
	var digits [maxDigits + 3]byte // room for + and for 00, which goes
	n, plus := 0, false
	for i := 0; i < len(text); i++ { // Traefik's interpreter knows no range over numbers
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			if n == len(digits) {
				return Phone{}, false
			}
			digits[n] = c
			n++
		case c == '+' && n == 0 && !plus:
			plus = true
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')':
		default:
			return Phone{}, false
		}
	}
	number := digits[:n]
	switch {
	case plus:
	case n > 2 && number[0] == '0' && number[1] == '0':
		number = number[2:]
	case n == 11 && (number[0] == '8' || number[0] == '7'):
		number[0] = '7'
	case n == 10 && number[0] == '9':
		copy(digits[1:], number)
		digits[0] = '7'
		number = digits[:n+1]
	default:
		return Phone{}, false
	}
	if len(number) < minDigits || len(number) > maxDigits {
		return Phone{}, false
	}
	code := callingCode(number)
	if code == 0 || number[0] == '7' && (len(number) != 11 || number[1] != '9') {
		return Phone{}, false
	}
	e164 := "+" + string(number)
	return Phone{E164: e164, Country: e164[1 : 1+code]}, true
}

// twoDigits are the calling codes of two digits, and threeDigits the beginnings
// of those of three, both as bits by the second digit (ITU-T E.164 annex of 2016).
var (
	twoDigits   = [10]uint16{2: bits("07"), 3: bits("0123469"), 4: bits("013456789"), 5: bits("12345678"), 6: bits("0123456"), 8: bits("1246"), 9: bits("0123458")}
	threeDigits = [10]uint16{2: bits("1234569"), 3: bits("578"), 4: bits("2"), 5: bits("09"), 6: bits("789"), 8: bits("0578"), 9: bits("679")}
)

func bits(digits string) (set uint16) {
	for _, d := range digits {
		set |= 1 << (d - '0')
	}
	return set
}

// callingCode returns the length of the calling code that the digits begin with,
// 0 when there is none.
func callingCode(digits []byte) int {
	first, second := digits[0]-'0', digits[1]-'0'
	switch {
	case first == 1 || first == 7:
		return 1
	case twoDigits[first]>>second&1 == 1:
		return 2
	case threeDigits[first]>>second&1 == 1:
		return 3
	}
	return 0
}
