package main

import (
	"errors"
	"strings"
)

// marks are phrases that tell the licences of Go modules apart; the first one of which all
// phrases occur is it. A longer list of phrases goes before a shorter one that it contains.
var marks = []struct {
	spdx    string
	phrases []string
}{
	{"Apache-2.0", []string{"apache license", "version 2.0"}},
	{"MPL-2.0", []string{"mozilla public license", "2.0"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "neither the name"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "used to endorse or promote"}},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms"}},
	{"MIT", []string{"permission is hereby granted, free of charge", "the above copyright notice and this permission notice"}},
	{"ISC", []string{"permission to use, copy, modify, and/or distribute this software for any purpose"}},
	{"ISC", []string{"permission to use, copy, modify, and distribute this software for any purpose"}},
	{"Unlicense", []string{"this is free and unencumbered software"}},
}

var errLicense = errors.New("its licence is not recognised; read it, and add it to .ci/bom/license.go if Patchbay may be shipped with it")

// identify names the licence of a text.
//
// # Errors
//
// errLicense: a licence that nobody has looked at must not reach a release.
func identify(text string) (string, error) {
	plain := strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, m := range marks {
		all := true
		for _, phrase := range m.phrases {
			all = all && strings.Contains(plain, phrase)
		}
		if all {
			return m.spdx, nil
		}
	}
	return "", errLicense
}

// shippable are the licences under which npm packages may be part of the panel.
var shippable = map[string]bool{
	"MIT": true, "MIT-0": true, "ISC": true, "Apache-2.0": true, "BSD-2-Clause": true, "BSD-3-Clause": true, "0BSD": true, "OFL-1.1": true,
	"CC0-1.0": true, "Unlicense": true, "(MIT OR CC0-1.0)": true,
}
