package auth

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Names of modules and actions, as manifests and gateway.hcl have them.
var namePattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]{0,63}$`)

// RightSet is an immutable set of rights: "*" (everything), "sms.*" (a whole module) or "sms.send" (one action).
// The zero RightSet allows nothing.
type RightSet struct {
	all     bool
	modules map[string]moduleRights
}

type moduleRights struct {
	all     bool
	actions map[string]struct{}
}

// ParseRights builds a RightSet. The error names every text that is not a right.
func ParseRights(texts []string) (RightSet, error) {
	set := RightSet{modules: map[string]moduleRights{}}
	var errs []error
	for _, text := range texts {
		module, action, err := splitRight(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if module == "*" {
			set.all = true
			continue
		}
		m := set.modules[module]
		if action == "*" {
			m.all = true
		} else {
			if m.actions == nil {
				m.actions = map[string]struct{}{}
			}
			m.actions[action] = struct{}{}
		}
		set.modules[module] = m
	}
	if len(errs) > 0 {
		return RightSet{}, errors.Join(errs...)
	}
	return set, nil
}

func splitRight(text string) (module, action string, err error) {
	if text == "*" {
		return "*", "*", nil
	}
	module, action, ok := strings.Cut(text, ".")
	if !ok || !namePattern.MatchString(module) || action != "*" && !namePattern.MatchString(action) {
		return "", "", fmt.Errorf(`%q is not a right; write "module.action", "module.*" or "*"`, text)
	}
	return module, action, nil
}

// Allows reports whether the set holds the right to an action. Names are compared exactly. It does not allocate.
func (r RightSet) Allows(module, action string) bool {
	if r.all {
		return true
	}
	m, ok := r.modules[module]
	if !ok {
		return false
	}
	if m.all {
		return true
	}
	_, ok = m.actions[action]
	return ok
}

// Strings returns the rights sorted, without those that a wider one covers.
func (r RightSet) Strings() []string {
	if r.all {
		return []string{"*"}
	}
	texts := []string{}
	for module, m := range r.modules {
		if m.all {
			texts = append(texts, module+".*")
			continue
		}
		for action := range m.actions {
			texts = append(texts, module+"."+action)
		}
	}
	slices.Sort(texts)
	return texts
}
