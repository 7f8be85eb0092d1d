package dial

import "strings"

// maxExpansionDepth bounds ${${…}} nesting; FreeSWITCH has no such bound.
const maxExpansionDepth = 8

// Expander supplies what ${…} can reach.
type Expander struct {
	// Var returns the value of a channel or global variable, "" if unset.
	Var func(name string) string
	// API runs an API command written as ${name(args)} or ${name args} and returns its output.
	API func(name, args string) string
}

// Expand replaces every ${…} in text (switch_channel_expand_variables): a bare name
// is a variable, a name followed by a blank or a parenthesis is an API call.
// An unclosed ${ is left as it is.
func (e Expander) Expand(text string) string { return e.expand(text, 0) }

func (e Expander) expand(text string, depth int) string {
	if depth > maxExpansionDepth || !strings.Contains(text, "${") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		if !strings.HasPrefix(text[i:], "${") {
			b.WriteByte(text[i])
			i++
			continue
		}
		end := endParen(text[i+1:], '{', '}')
		if end < 0 {
			b.WriteString(text[i:])
			break
		}
		b.WriteString(e.one(e.expand(text[i+2:i+1+end], depth+1)))
		i += end + 2
	}
	return b.String()
}

func (e Expander) one(inner string) string {
	cut := strings.IndexAny(inner, " (")
	if cut < 0 {
		return e.Var(inner)
	}
	name, args := inner[:cut], inner[cut+1:]
	if inner[cut] == '(' {
		if i := strings.LastIndexByte(args, ')'); i >= 0 {
			args = args[:i]
		}
	}
	return e.API(name, strings.TrimSpace(args))
}
