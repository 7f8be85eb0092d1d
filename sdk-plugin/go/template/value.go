package template

import (
	"math"
	"strconv"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// AppendJSON appends a value as JSON, for the body of a request: what the host
// does for replies. Keys keep their order; byte strings become base64; NaN and
// infinities, which JSON cannot express, become null, and so does a missing value.
// Values of more than [abi.MaxDepth] levels do not cross the border and end there
// as null.
func AppendJSON(b []byte, v abi.Value) []byte { return appendValue(b, v, abi.MaxDepth) }

func appendValue(b []byte, v abi.Value, depth int) []byte {
	switch kind := v.Kind(); {
	case kind == abi.Bool || kind == abi.Int:
		return append(b, v.String()...)
	case kind == abi.Float:
		if f, _ := v.Number(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return strconv.AppendFloat(b, f, 'g', -1, 64)
		}
	case kind == abi.String:
		return append(appendJSON(append(b, '"'), v.String()), '"')
	case kind == abi.Bytes:
		return append(appendBase64(append(b, '"'), string(v.Bytes())), '"')
	case kind == abi.Array && depth > 0:
		b = append(b, '[')
		first := true
		for e := range v.Elements() {
			b, first = separate(b, first), false
			b = appendValue(b, e, depth-1)
		}
		return append(b, ']')
	case kind == abi.Map && depth > 0:
		b = append(b, '{')
		first := true
		for key, e := range v.Entries() {
			b, first = separate(b, first), false
			b = append(appendJSON(append(b, '"'), key), `":`...)
			b = appendValue(b, e, depth-1)
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

func separate(b []byte, first bool) []byte {
	if first {
		return b
	}
	return append(b, ',')
}
