package params

import (
	"github.com/nyaruka/phonenumbers"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// Number is what the public numbering plans say about a telephone number.
type Number struct {
	E164   string // "+79100000000"
	Region string // ISO 3166-1 alpha-2, "001" for numbers of no country
	Type   string // "mobile", "premium_rate" …: the words of abi.Request.Derived
}

// Lookup finds out which number a dialled text means for somebody in region, with
// the prefixes for calls abroad that are in use there: 810 in Russia. ok is false
// for what is no number that is in use anywhere.
func Lookup(text, region string) (n Number, ok bool) {
	for i := range len(text) {
		if !isDigit(text[i]) && (text[i] != '+' || i > 0) && !schema.IsSeparator(text[i]) {
			return n, false
		}
	}
	found, err := (&Checker{region: region}).parsePhone(text)
	if err != nil {
		return n, false
	}
	return Number{found.e164, found.region, found.kind}, true
}

// TimeZones returns the IANA names of the time zones in which an E.164 number may
// be; none when nobody knows.
func TimeZones(e164 string) []string {
	zones, err := phonenumbers.GetTimezonesForPrefix(e164)
	if err != nil {
		return nil
	}
	known := zones[:0:0]
	for _, z := range zones {
		if z != phonenumbers.UNKNOWN_TIMEZONE {
			known = append(known, z)
		}
	}
	return known
}
