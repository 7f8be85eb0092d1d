// Package dial reads FreeSWITCH's originate language: the argument splitter, the
// {all legs} [one leg] <enterprise> variable groups, the `,` `|` `:_:` lists and the
// ${expansions}. It follows switch_utils.c, switch_ivr_originate.c and
// mod_commands.c of FreeSWITCH 1.10.12, including the parts that make untrusted
// text dangerous; nothing here executes anything.
package dial

import "strings"

// Separate splits text the way switch_separate_string does: at most limit fields,
// `'` is the only quote, `\` escapes, \s \n \r \t become the character, and a text
// that begins with ^^X is split at X instead of delim. A limit below 1 gives no
// fields. When the limit is reached the rest of the text stays in the last field
// for a non-blank delimiter and is cut at the next blank for a blank one, as there.
func Separate(text string, delim byte, limit int) []string {
	if strings.HasPrefix(text, "^^") && len(text) >= 4 {
		delim, text = text[2], text[3:]
	}
	if delim == ' ' {
		return separateBlank(text, limit)
	}
	return separateChar(text, delim, limit)
}

func separateChar(text string, delim byte, limit int) []string {
	var fields []string
	for start := 0; start < len(text) && len(fields) < limit; {
		end, next := len(text), len(text)
		if len(fields)+1 < limit {
			end, next = findDelimiter(text, start, delim)
		}
		fields = append(fields, cleanup(text[start:end], delim))
		start = next
	}
	return fields
}

// findDelimiter returns where the field that begins at start ends and where the next one begins.
func findDelimiter(text string, start int, delim byte) (end, next int) {
	quoted := false
	for i := start; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '\'' && (quoted || strings.IndexByte(text[i+1:], '\'') >= 0):
			quoted = !quoted
		case text[i] == delim && !quoted:
			return i, i + 1
		}
	}
	return len(text), len(text)
}

func separateBlank(text string, limit int) []string {
	var fields []string
	for i := 0; i < len(text) && len(fields) < limit; {
		for i < len(text) && text[i] == ' ' {
			i++
		}
		if i == len(text) && len(fields) > 0 {
			break
		}
		start, quoted := i, false
		for ; i < len(text); i++ {
			if text[i] == '\\' {
				i++
			} else if text[i] == '\'' {
				quoted = !quoted
			} else if text[i] == ' ' && !quoted {
				break
			}
		}
		i = min(i, len(text))
		fields = append(fields, cleanup(text[start:i], 0))
	}
	return fields
}

// cleanup strips quotes, escapes and surrounding blanks (cleanup_separated_string).
func cleanup(field string, delim byte) string {
	field = strings.TrimLeft(field, " ")
	out := make([]byte, 0, len(field))
	end, quoted := 0, false
	for i := 0; i < len(field); i++ {
		c := field[i]
		if c == '\\' && i+1 < len(field) {
			if e, ok := unescape(field[i+1], delim); ok {
				out = append(out, e)
				end = len(out)
				i++
				continue
			}
		}
		if c == '\'' && (quoted || strings.IndexByte(field[i+1:], '\'') >= 0) {
			quoted = !quoted
			if quoted {
				end = len(out)
			}
			continue
		}
		out = append(out, c)
		if c != ' ' || quoted {
			end = len(out)
		}
	}
	return string(out[:end])
}

func unescape(c, delim byte) (byte, bool) {
	switch {
	case c == '\'' || c == '"' || c == '\\' || (delim != 0 && c == delim):
		return c, true
	case c == 'n':
		return '\n', true
	case c == 'r':
		return '\r', true
	case c == 't':
		return '\t', true
	case c == 's':
		return ' ', true
	}
	return 0, false
}

// endParen returns the index of the byte that closes the group which text opens
// with, or -1 (switch_find_end_paren: nesting counts, quotes do not).
func endParen(text string, open, closing byte) int {
	if text == "" || text[0] != open {
		return -1
	}
	depth := 1
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case closing:
			depth--
		case open:
			depth++
		}
		if depth == 0 {
			return i
		}
	}
	return -1
}
