package transcode

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// FromAny appends a Go value made of nil, bool, integers, floats, string,
// json.Number, []byte, []string, []any and map[string]any. Map keys are sorted,
// so equal values give equal bytes.
//
// # Errors
//
// Other types, invalid UTF-8, NaN and infinities, with the path to the value, and
// [ErrDepth].
func FromAny(dst []byte, v any) ([]byte, error) { return fromAny(dst, v, "", abi.MaxDepth) }

func fromAny(dst []byte, v any, path string, depth int) ([]byte, error) {
	switch t := v.(type) {
	case nil:
		return abi.AppendNil(dst), nil
	case bool:
		return abi.AppendBool(dst, t), nil
	case int:
		return abi.AppendInt(dst, int64(t)), nil
	case int8:
		return abi.AppendInt(dst, int64(t)), nil
	case int16:
		return abi.AppendInt(dst, int64(t)), nil
	case int32:
		return abi.AppendInt(dst, int64(t)), nil
	case int64:
		return abi.AppendInt(dst, t), nil
	case uint:
		return abi.AppendUint(dst, uint64(t)), nil
	case uint8:
		return abi.AppendUint(dst, uint64(t)), nil
	case uint16:
		return abi.AppendUint(dst, uint64(t)), nil
	case uint32:
		return abi.AppendUint(dst, uint64(t)), nil
	case uint64:
		return abi.AppendUint(dst, t), nil
	case float32:
		return fromFloat(dst, float64(t), path)
	case float64:
		return fromFloat(dst, t, path)
	case json.Number:
		out, err := FromJSON(dst, []byte(t), Options{})
		if err != nil || t[0] != '-' && (t[0] < '0' || t[0] > '9') {
			return nil, fmt.Errorf("%s: %q is not a number", at(path), t)
		}
		return out, nil
	case string:
		if !utf8.ValidString(t) {
			return nil, fmt.Errorf("%s: not valid UTF-8", at(path))
		}
		return abi.AppendString(dst, t), nil
	case []byte:
		return abi.AppendBytes(dst, t), nil
	}
	return fromContainer(dst, v, path, depth)
}

func fromContainer(dst []byte, v any, path string, depth int) (_ []byte, err error) {
	if depth == 0 {
		return nil, fmt.Errorf("%s: %w", at(path), ErrDepth)
	}
	switch t := v.(type) {
	case []any:
		dst = abi.AppendArray(dst, len(t))
		for i, e := range t {
			if dst, err = fromAny(dst, e, fmt.Sprintf("%s/%d", path, i), depth-1); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case []string:
		dst = abi.AppendArray(dst, len(t))
		for i, e := range t {
			if dst, err = fromAny(dst, e, fmt.Sprintf("%s/%d", path, i), depth-1); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case map[string]any:
		dst = abi.AppendMap(dst, len(t))
		for _, key := range slices.Sorted(maps.Keys(t)) {
			if dst, err = fromAny(dst, key, path, depth-1); err != nil {
				return nil, err
			}
			if dst, err = fromAny(dst, t[key], path+"/"+key, depth-1); err != nil {
				return nil, err
			}
		}
		return dst, nil
	}
	return nil, fmt.Errorf("%s: a value of type %T cannot cross the border", at(path), v)
}

func fromFloat(dst []byte, f float64, path string) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%s: %w", at(path), ErrNumber)
	}
	return abi.AppendFloat(dst, f), nil
}

func at(path string) string {
	if path == "" {
		return "value"
	}
	return path
}

// ToAny returns a value as nil, bool, int64, uint64 (above int64 only), float64,
// string, []byte, []any or map[string]any, sharing no memory with v. A missing
// value is nil; of duplicate keys the first counts, as for every reader.
//
// # Errors
//
// [ErrValue] when v is not exactly one well-formed value.
func ToAny(v abi.Value) (any, error) {
	if len(v) == 0 {
		return nil, nil
	}
	if err := abi.Check(v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValue, err)
	}
	return toAny(v), nil
}

// toAny trusts that v was checked.
func toAny(v abi.Value) any {
	switch v.Kind() {
	case abi.Bool:
		return v.Bool()
	case abi.Int:
		if i, ok := v.Int(); ok {
			return i
		}
		u, _ := strconv.ParseUint(v.String(), 10, 64)
		return u
	case abi.Float:
		f, _ := v.Float()
		return f
	case abi.String:
		return v.String()
	case abi.Bytes:
		return slices.Clone(v.Bytes())
	case abi.Array:
		all := make([]any, 0, min(v.Len(), len(v)))
		for e := range v.Elements() {
			all = append(all, toAny(e))
		}
		return all
	case abi.Map:
		all := make(map[string]any, min(v.Len(), len(v)))
		for k, e := range v.Entries() {
			if _, ok := all[k]; !ok {
				all[k] = toAny(e)
			}
		}
		return all
	}
	return nil
}
