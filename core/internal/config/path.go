package config

import "strings"

// Paths name one thing in the file: block types, labels and keys joined by dots, list elements by their index:
// "gateway.log.level", "module.sms.enabled", "module.sms.action.send.limit", "provider.kannel.settings.routes.0.prefix".
// A dot inside a label or key is written "\.", a backslash "\\"; JoinPath does that.

var pathEscaper = strings.NewReplacer(`\`, `\\`, `.`, `\.`)

// JoinPath builds a path from its elements.
func JoinPath(elements ...string) string {
	escaped := make([]string, len(elements))
	for i, e := range elements {
		escaped[i] = pathEscaper.Replace(e)
	}
	return strings.Join(escaped, ".")
}

// IsSet reports whether the file itself (or an [Override]) sets the key or holds the block at path.
// What is set in the file is locked for the panel.
func (c *Config) IsSet(path string) bool {
	_, ok := c.set[path]
	return ok
}

// Locate returns where path is set. If it is not set itself, the range of the nearest enclosing block or object is
// returned: that is where a missing key belongs. Ok is false if nothing of the path is in the file.
func (c *Config) Locate(path string) (r Range, ok bool) {
	for {
		if r, ok = c.set[path]; ok {
			return r, true
		}
		i := lastDot(path)
		if i < 0 {
			return Range{}, false
		}
		path = path[:i]
	}
}

// lastDot finds the last dot that is not escaped; -1 if there is none.
func lastDot(path string) int {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] != '.' {
			continue
		}
		slashes := 0
		for j := i - 1; j >= 0 && path[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
	return -1
}
