//go:build !wasip1

package patchbay

import "embed"

// Source is this SDK: `patchbay plugin new` copies it into new projects, so that
// they build offline. It holds this module and, in project/, the beginnings of new
// plugins; see sdk-plugin/README.md. It is not part of guests.
//
//go:embed README.md go.mod *.go abi/*.go manifest/*.go onlinestat/*.go plugintest/*.go report/*.go schema/*.go schema/jsontree/*.go sms/*.go template/*.go project
var Source embed.FS
