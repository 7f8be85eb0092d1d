package cdr

import (
	"bytes"
	"slices"
)

// repairJSON reads what mod_json_cdr posts with encode=true and encode-values=true: it does not encode the "%" of a value that is
// encoded already, so that after decoding quotes, backslashes and line breaks of the values stand in the document as they are.
//
// A value can imitate the members that follow it. They cannot replace any: FreeSWITCH sets a channel's own variables first,
// and of a name that comes again in the variables only the first is kept.
func repairJSON(raw []byte) (*Node, error) {
	doc, err := parseJSON(escapeStrings(raw))
	if err != nil {
		return nil, err
	}
	if vars := doc.Child("variables"); vars != nil {
		seen := map[string]bool{}
		vars.Children = slices.DeleteFunc(vars.Children, func(n *Node) bool {
			again := seen[n.Name]
			seen[n.Name] = true
			return again
		})
	}
	return doc, nil
}

// escapeStrings escapes what may not stand in a JSON string. A quote ends a string when what comes next can follow one in a
// document that has no white space between its parts.
func escapeStrings(raw []byte) []byte {
	const hex = "0123456789abcdef"
	out := make([]byte, 0, len(raw)+len(raw)/8)
	inside, last := false, byte(0) // last is the last byte outside strings
	for i, c := range raw {
		switch {
		case !inside && c == '"':
			inside = true
		case !inside:
			last = c
		case c == '"' && (last == ':' && endsValue(raw[i+1:]) || last != ':' && endsKey(raw[i+1:])):
			inside, last = false, '"'
		case c == '"' || c == '\\':
			out = append(out, '\\')
		case c < ' ':
			out = append(out, '\\', 'u', '0', '0', hex[c>>4])
			c = hex[c&15]
		}
		out = append(out, c)
	}
	return out
}

// endsKey: a key is followed by its value.
func endsKey(rest []byte) bool {
	return len(rest) > 1 && rest[0] == ':' && (bytes.IndexByte([]byte(`"{[-`), rest[1]) >= 0 || isDigits(string(rest[1:2])))
}

// endsValue: a value is followed by the next key, or by brackets that close what is around it.
func endsValue(rest []byte) bool {
	if key, ok := bytes.CutPrefix(rest, []byte(`,"`)); ok {
		end := bytes.IndexByte(key, '"')
		return end > 0 && endsKey(key[end+1:])
	}
	after := bytes.TrimLeft(rest, "}]")
	return len(after) < len(rest) && (len(after) == 0 || bytes.HasPrefix(after, []byte(`,"`)) || bytes.HasPrefix(after, []byte(`,{`)))
}
