package jsontree

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// AppendString appends s as a JSON string; < > & stay as they are.
func AppendString(dst []byte, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string cannot fail
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// AppendValue appends a value as JSON. It is meant for values that came out of a
// document by [Node.Value]: bytes, NaN and infinities, which no document holds,
// become null.
func AppendValue(dst []byte, v abi.Value) []byte {
	switch v.Kind() {
	case abi.Bool, abi.Int:
		return append(dst, v.String()...)
	case abi.Float:
		f, _ := v.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return append(dst, "null"...)
		}
		return strconv.AppendFloat(dst, f, 'g', -1, 64)
	case abi.String:
		return AppendString(dst, v.String())
	case abi.Array:
		dst = append(dst, '[')
		i := 0
		for e := range v.Elements() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendValue(dst, e)
			i++
		}
		return append(dst, ']')
	case abi.Map:
		dst = append(dst, '{')
		i := 0
		for k, e := range v.Entries() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendValue(append(AppendString(dst, k), ':'), e)
			i++
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}
