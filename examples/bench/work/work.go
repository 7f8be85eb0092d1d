// Package work is what every peer of the benchmark does with a request: it
// decides whether a number can take an SMS and how many SMS a text becomes. The
// plugin, the native peer and the Extism guest compile this package in; the
// nginx peer has the same in peers/nginx/work.lua, and the benchmark compares the
// answers of all of them before it measures. Std only, because guests import it.
package work

import "strconv"

// Answer appends what all peers answer, as JSON:
//
//	{"phone":"+79190000000","country":"7","encoding":"ucs2","segments":1}
//
// number is the one that was meant; ok is false, and dst unchanged, when it takes
// no SMS.
func Answer(dst []byte, phone, message string) (out []byte, number Phone, ok bool) {
	number, ok = ParsePhone(phone)
	if !ok {
		return dst, number, false
	}
	encoding, n := Segments(message)
	// Digits and constants: nothing in it needs escaping.
	dst = append(dst, `{"phone":"`...)
	dst = append(dst, number.E164...)
	dst = append(dst, `","country":"`...)
	dst = append(dst, number.Country...)
	dst = append(dst, `","encoding":"`...)
	dst = append(dst, encoding...)
	dst = append(dst, `","segments":`...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, '}'), number, true
}
