// Package curl reads a curl command, as the documentation of an SMS aggregator shows
// it, and turns it into the settings of the plugin sms-http. It runs nothing and
// reads no files.
package curl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a command.
const (
	MaxText  = 64 << 10
	maxWords = 1000
)

var (
	// ErrQuote means a quotation that does not end.
	ErrQuote = errors.New("a quotation mark is not closed")
	// ErrShell means something that only a shell could do.
	ErrShell = errors.New("this needs a shell")
)

// words takes a command apart as a POSIX shell would, with $'…' of bash. What a
// shell would replace ($NAME, `…`) stays as it is written, for there is nothing to
// replace it with; what would start another command is refused.
func words(text string) ([]string, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("the command is longer than %d KiB", MaxText>>10)
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var out []string
	for i := 0; ; {
		for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || strings.HasPrefix(text[i:], "\\\n") || strings.HasPrefix(text[i:], "^\n")) {
			if text[i] == '\\' || text[i] == '^' { // ^ continues a line of Windows
				i++
			}
			i++
		}
		if i >= len(text) {
			return out, nil
		}
		if text[i] == '#' {
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				return out, nil
			}
			i += end
			continue
		}
		word, n, err := word(text[i:])
		if err != nil {
			return nil, err
		}
		if out = append(out, word); len(out) > maxWords {
			return nil, fmt.Errorf("the command has more than %d words", maxWords)
		}
		i += n
	}
}

// word reads one word and returns how many bytes it took.
func word(text string) (string, int, error) {
	var b strings.Builder
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n':
			return b.String(), i, nil
		case c == '\'':
			end := strings.IndexByte(text[i+1:], '\'')
			if end < 0 {
				return "", 0, ErrQuote
			}
			b.WriteString(text[i+1 : i+1+end])
			i += end + 2
		case c == '"':
			n, err := double(&b, text[i+1:])
			if err != nil {
				return "", 0, err
			}
			i += n + 1
		case c == '$' && strings.HasPrefix(text[i:], "$'"):
			n, err := ansi(&b, text[i+2:])
			if err != nil {
				return "", 0, err
			}
			i += n + 2
		case c == '\\' && i+1 < len(text):
			if text[i+1] != '\n' {
				b.WriteByte(text[i+1])
			}
			i += 2
		case c == '|' || c == ';' || c == '&' || c == '<' || c == '>':
			return "", 0, fmt.Errorf("%w: %q; give the curl command alone, addresses in quotation marks", ErrShell, c)
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), len(text), nil
}

// double reads up to the closing quotation mark and returns how much that was.
func double(b *strings.Builder, text string) (int, error) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\' && i+1 < len(text) && strings.IndexByte("\"\\$`\n", text[i+1]) >= 0:
			i++
			if text[i] != '\n' {
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return 0, ErrQuote
}

var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'a': 7, 'b': 8, 'f': 12, 'v': 11, 'e': 27, '\\': '\\', '\'': '\'', '"': '"', '?': '?'}

// ansi reads the inside of $'…', which browsers write.
func ansi(b *strings.Builder, text string) (int, error) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\'' {
			return i + 1, nil
		}
		if c != '\\' || i+1 >= len(text) {
			b.WriteByte(c)
			continue
		}
		i++
		switch c = text[i]; {
		case c == 'u' || c == 'x' || c == 'U':
			digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			end := i + 1
			for end < len(text) && end-i <= digits && strings.IndexByte("0123456789abcdefABCDEF", text[end]) >= 0 {
				end++
			}
			n, err := strconv.ParseUint(text[i+1:end], 16, 32)
			if err != nil {
				return 0, fmt.Errorf(`\%c needs hexadecimal digits`, c)
			}
			if c == 'x' {
				b.WriteByte(byte(n))
			} else {
				b.WriteString(string(utf8.AppendRune(nil, rune(n))))
			}
			i = end - 1
		case escapes[c] != 0:
			b.WriteByte(escapes[c])
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return 0, ErrQuote
}
