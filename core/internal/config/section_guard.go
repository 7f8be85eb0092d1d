package config

import (
	"regexp"
	"strings"
)

// Guard is a block guard "call" or guard "message": the rules against fraud that the file sets, by their names in
// default.hcl. What it leaves out is decided in the panel. Lists are []any, numbers int64 or float64, as in settings.
type Guard struct {
	Kind   string // call, message
	Values map[string]any
}

// FindGuard returns the block guard "<kind>".
func (c *Config) FindGuard(kind string) (Guard, bool) {
	return find(c.Guards, func(g Guard) bool { return g.Kind == kind })
}

// guardScopes begin the names of the limits.
var guardScopes = []string{"user", "number", "prefix", "total"}

func decodeGuard(s *scope, kind string) Guard {
	g := Guard{Kind: kind, Values: map[string]any{}}
	if kind != "call" && kind != "message" {
		s.d.error(s.header, suggest(kind, []string{"call", "message"}), "guard %q is not one of call, message", kind)
	}
	call := kind == "call"
	keepText(s, "mode", g.Values, oneOf("enforce", "watch", "off"))
	keepBoolean(s, "home", g.Values)
	keepList(s, "allow", g.Values, parseNumberPrefix)
	keepList(s, "deny", g.Values, parseNumberPrefix)
	keepList(s, "refuse", g.Values, oneOf("premium_rate", "shared_cost", "personal", "pager", "uan", "voicemail", "toll_free", "voip", "mobile", "fixed_line"))
	keepValue(s, "users", kindList, g.Values)
	for _, scope := range guardScopes {
		for _, period := range []string{"_per_minute", "_per_hour", "_per_day"} {
			keepInteger(s, scope+period, g.Values)
		}
		if call {
			keepInteger(s, scope+"_at_once", g.Values)
		}
	}
	keepText(s, "tariff", g.Values, anyText)
	keepText(s, "currency", g.Values, notEmpty)
	keepValue(s, "user_spend", kindNumber, g.Values)
	keepValue(s, "total_spend", kindNumber, g.Values)
	keepText(s, "night", g.Values, parseHours)
	keepText(s, "night_zone", g.Values, oneOf("gateway", "number"))
	keepInteger(s, "refusals", g.Values)
	keepSecret(s, "webhook", g.Values, parseOptionalURL)
	keepBoolean(s, "webhook_private", g.Values)
	if call {
		keepText(s, "internal", g.Values, parseInternal)
		keepInteger(s, "minutes", g.Values)
	}
	s.finish()
	return g
}

// The keep functions take over what the file sets, and nothing for what it leaves out.

func keepText(s *scope, key string, to map[string]any, parse func(string) (string, error)) {
	value := ""
	if text(s, key, &value, parse); s.has(key) {
		to[key] = value
	}
}

// keepSecret is keepText for what a document may show as [Hidden].
func keepSecret(s *scope, key string, to map[string]any, parse func(string) (string, error)) {
	if attr := s.body.Attributes[key]; attr != nil && s.d.document {
		if v, ok := s.get(key); ok && v.isHidden() {
			to[key] = Hidden()
			return
		}
	}
	keepText(s, key, to, parse)
}

func keepBoolean(s *scope, key string, to map[string]any) {
	value := false
	if s.boolean(key, &value); s.has(key) {
		to[key] = value
	}
}

func keepInteger(s *scope, key string, to map[string]any) {
	value := 0
	if s.integer(key, &value, 0, 100_000_000); s.has(key) {
		to[key] = int64(value)
	}
}

func keepList(s *scope, key string, to map[string]any, parse func(string) (string, error)) {
	var value []string
	if list(s, key, &value, parse); s.has(key) {
		all := make([]any, len(value))
		for i, v := range value {
			all[i] = v
		}
		to[key] = all
	}
}

func keepValue(s *scope, key string, k kind, to map[string]any) {
	v, ok := s.get(key)
	if !ok || !s.want(key, v, k) {
		return
	}
	s.d.mark(s.child(key), s.at(key), &v)
	to[key] = v.plain()
}

var (
	numberPrefix = regexp.MustCompile(`^[+]?[1-9][0-9 ()-]{0,24}$`)
	hoursPattern = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

func parseNumberPrefix(s string) (string, error) {
	if !numberPrefix.MatchString(s) || strings.Count(s, "+") > 1 {
		return "", wrong(`for example "+7495" or "+44"`, "%q is not the beginning of an international number", s)
	}
	return s, nil
}

func parseHours(s string) (string, error) {
	if s == "" {
		return s, nil
	}
	from, to, _ := strings.Cut(s, "-")
	if !hoursPattern.MatchString(s) || from == to {
		return "", wrong(`for example "22:00-08:00", or "" for no night`, "%q is not a part of a day", s)
	}
	return s, nil
}

func parseOptionalURL(s string) (string, error) {
	if s == "" {
		return s, nil
	}
	return parseURL(s)
}

func parseInternal(s string) (string, error) {
	_, err := parsePattern(s)
	return s, err
}
