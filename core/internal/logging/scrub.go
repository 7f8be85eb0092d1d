package logging

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"
)

// Redacted stands for a value that must not be logged.
const Redacted = "(redacted)"

// maxText bounds a message or a value in bytes.
const maxText = 4 << 10

// maxDepth and maxItems bound how deep and how far maps and lists are shown.
const (
	maxDepth = 6
	maxItems = 100
)

// scrubber cleans arguments of log calls. The zero scrubber masks telephone numbers.
type scrubber struct{ fullPhones bool }

// args returns cleaned copies of key-value pairs; keys become strings.
func (s scrubber) args(args []any) []any {
	out := make([]any, 0, len(args))
	for i := 0; i < len(args); i += 2 {
		if i+1 == len(args) { // hclog shows a value without a key
			return append(out, s.value("", args[i], 0))
		}
		key := cleanKey(args[i])
		out = append(out, key, s.value(key, args[i+1], 0))
	}
	return out
}

// cleanKey makes a key that cannot be taken for anything else in the text format.
func cleanKey(key any) string {
	text, ok := key.(string)
	if !ok {
		text = fmt.Sprint(key)
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '=' || r == '"' || r == '\n' {
			return '_'
		}
		return r
	}, clean(text))
}

// value cleans one value. Numbers, booleans, times and hclog's number formats stay as they are.
func (s scrubber) value(key string, v any, depth int) any {
	if isSecretKey(key) {
		return Redacted
	}
	if !s.fullPhones && isPhoneKey(key) {
		switch v := v.(type) {
		case int, int64, uint64:
			return MaskPhone(fmt.Sprint(v))
		}
	}
	switch v := v.(type) {
	case nil, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64,
		time.Duration, time.Time, hclog.Hex, hclog.Octal, hclog.Binary, hclog.CapturedStacktrace:
		return v
	case string:
		return s.text(key, v)
	case hclog.Quote:
		return s.text(key, string(v))
	case hclog.Format:
		if len(v) > 0 {
			return s.text(key, fmt.Sprintf(fmt.Sprint(v[0]), v[1:]...))
		}
		return ""
	case []byte:
		return s.text(key, string(v[:min(len(v), maxText+1)]))
	case error:
		return s.text(key, safely(v.Error))
	case fmt.Stringer:
		return s.text(key, safely(v.String))
	}
	if depth >= maxDepth {
		return "…"
	}
	return s.composite(key, reflect.ValueOf(v), depth)
}

// composite goes through maps and lists, so that a secret in them is found by its key. Anything else is shown as JSON
// shows it, after going through the same maps and lists.
func (s scrubber) composite(key string, rv reflect.Value, depth int) any {
	switch rv.Kind() {
	case reflect.String:
		return s.text(key, rv.String())
	case reflect.Map:
		out := map[string]any{}
		for _, k := range rv.MapKeys() {
			if len(out) == maxItems {
				out["…"] = rv.Len() - maxItems
				break
			}
			name := cleanKey(k.Interface())
			out[name] = s.value(name, rv.MapIndex(k).Interface(), depth+1)
		}
		return out
	case reflect.Slice, reflect.Array:
		out := make([]any, 0, min(rv.Len(), maxItems))
		for i := range min(rv.Len(), maxItems) {
			out = append(out, s.value(key, rv.Index(i).Interface(), depth+1))
		}
		return out
	case reflect.Pointer, reflect.Struct:
		// The JSON form honours MarshalJSON of types that hide something, and its keys can be looked at.
		var plain any
		if text, err := json.Marshal(rv.Interface()); err == nil && json.Unmarshal(text, &plain) == nil {
			switch plain.(type) {
			case map[string]any, []any:
				return s.composite(key, reflect.ValueOf(plain), depth)
			}
			return s.value(key, plain, depth+1)
		}
		return s.text(key, rv.Type().String())
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return rv.Interface()
	}
	return rv.Type().String()
}

// safely calls a method of a value that may be a nil pointer in an interface; logging must not end the caller.
func safely(method func() string) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = "(unprintable)"
		}
	}()
	return method()
}

func (s scrubber) text(key, text string) string {
	if len(text) > maxText {
		cut := maxText
		for cut > maxText-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…(" + strconv.Itoa(len(text)-cut) + " bytes more)"
	}
	text = scrubText(text)
	if !s.fullPhones && isPhoneKey(key) {
		text = MaskPhone(text)
	}
	return escape(text)
}

// clean is what a message goes through: secrets out, length bounded, harmless characters only.
func clean(text string) string { return scrubber{}.text("", text) }

// isSecretKey reports whether the value of a key must not be logged, however it is spelled:
// password, db_password, accessToken, access-token, X-Api-Key. Keys that only count or name tokens are not secret.
func isSecretKey(key string) bool {
	k := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || r == ' ' {
			return -1
		}
		return unicode.ToLower(r)
	}, key)
	for _, part := range []string{"password", "passwd", "passphrase", "secret", "authorization", "apikey", "privatekey", "cookie", "credential"} {
		if strings.Contains(k, part) {
			return true
		}
	}
	return k == "pass" || k == "pwd" || k == "pin" || k == "auth" || strings.HasSuffix(k, "token")
}

func isPhoneKey(key string) bool {
	k := strings.ToLower(key)
	return strings.HasSuffix(k, "phone") || strings.HasSuffix(k, "number") || strings.HasSuffix(k, "msisdn")
}

// MaskPhone hides the middle of a telephone number: "+79161234567" becomes "+7916***67", "79161234567" "7916***67". Text with fewer than seven
// digits (an extension, a queue) or with anything but digits, +, -, (, ) and spaces is returned as it is.
func MaskPhone(text string) string {
	digits := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case strings.ContainsRune("+-() ", r):
		default:
			return text
		}
	}
	if digits < 7 {
		return text
	}
	shown := 4
	if text[0] == '+' {
		shown++
	}
	return text[:min(shown, len(text)-4)] + "***" + text[len(text)-2:]
}

// Secrets inside of texts: error messages repeat URLs, headers and bodies.
var (
	// password=x, "password": "x", {Password:x}; not "invalid token: unexpected end", which is worth reading.
	secretWord = regexp.MustCompile(`(?i)(?:password|passwd|secret|token|api_?key|authorization)(?:\s*=\s*["']?|\\?["']\s*:\s*\\?["']?|:["']?)((?:bearer\s+|basic\s+)?[^\s&"',;<>}\\]+)`)
	authScheme = regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+([a-z0-9._~+/=-]{6,})`)
	urlUser    = regexp.MustCompile(`://[^\s/@:]*:([^\s/@]+)@`)
)

func scrubText(text string) string {
	if !strings.ContainsAny(text, "=: ") {
		return text // one word
	}
	for _, re := range []*regexp.Regexp{secretWord, authScheme, urlUser} {
		found := re.FindAllStringSubmatchIndex(text, -1)
		if found == nil {
			continue
		}
		var b strings.Builder
		last := 0
		for _, m := range found {
			b.WriteString(text[last:m[2]])
			b.WriteString(Redacted)
			last = m[3]
		}
		b.WriteString(text[last:])
		text = b.String()
	}
	return text
}

// escape shows everything that is not a plain printable character as an escape of Go: line breaks, terminal control
// sequences, direction marks that make text read differently, invalid UTF-8.
func escape(text string) string {
	plain := true
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			plain = false
			break
		}
	}
	if plain {
		return text
	}
	b := make([]byte, 0, len(text)+16)
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, `\x`...)
			b = append(b, "0123456789abcdef"[text[0]>>4], "0123456789abcdef"[text[0]&15])
		case unicode.IsPrint(r):
			b = utf8.AppendRune(b, r)
		default:
			quoted := strconv.QuoteRune(r) // 'x' with the quotes
			b = append(b, quoted[1:len(quoted)-1]...)
		}
		text = text[size:]
	}
	return string(b)
}
