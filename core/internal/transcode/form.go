package transcode

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// MaxFormKeys bounds the number of key=value pairs of a form.
const MaxFormKeys = 1000

// ErrForm: not acceptable form text.
var ErrForm = errors.New("not acceptable form text")

// FromForm appends application/x-www-form-urlencoded text, such as a query
// string, as a map of strings in the order of first appearance. A key that comes
// more than once becomes an array of strings.
//
// # Errors
//
// [ErrForm] for bad escapes, invalid UTF-8, an empty key with a value, and more
// than [MaxFormKeys] pairs.
func FromForm(dst, src []byte) ([]byte, error) {
	var keys []string
	values := map[string][]string{}
	rest, pairs := string(src), 0
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, "&")
		if part == "" {
			continue
		}
		if pairs++; pairs > MaxFormKeys {
			return nil, fmt.Errorf("%w: more than %d pairs", ErrForm, MaxFormKeys)
		}
		rawKey, rawValue, _ := strings.Cut(part, "=")
		key, err := unescape(rawKey)
		if err != nil {
			return nil, fmt.Errorf("pair %d: %w", pairs, err)
		}
		value, err := unescape(rawValue)
		if err != nil {
			return nil, fmt.Errorf("pair %d: %w", pairs, err)
		}
		if key == "" {
			return nil, fmt.Errorf("%w: pair %d has no key", ErrForm, pairs)
		}
		if _, ok := values[key]; !ok {
			keys = append(keys, key)
		}
		values[key] = append(values[key], value)
	}
	dst = abi.AppendMap(dst, len(keys))
	for _, key := range keys {
		dst = abi.AppendString(dst, key)
		if all := values[key]; len(all) == 1 {
			dst = abi.AppendString(dst, all[0])
		} else {
			dst = abi.AppendStrings(dst, all...)
		}
	}
	return dst, nil
}

func unescape(s string) (string, error) {
	text, err := url.QueryUnescape(s)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrForm, err)
	}
	if !utf8.ValidString(text) {
		return "", fmt.Errorf("%w: not valid UTF-8", ErrForm)
	}
	return text, nil
}
