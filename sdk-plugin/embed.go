// Package sdkplugin holds what `patchbay plugin new` copies into new projects: the
// schemas of the files that partners write, and the SDKs of the languages that are
// not Go. The Go SDK is a module of its own and embeds itself, see
// sdk-plugin/go/source.go. README.md tells how a language becomes a choice.
package sdkplugin

import "embed"

// Files holds the folders abi and one for each language, as they lie here. A
// language's SDK and its project/ are listed one by one: what builds leave behind
// must not get into the binary.
//
//go:embed abi/plugin.schema.json abi/case.schema.json
//go:embed assemblyscript/sdk assemblyscript/project
//go:embed c/sdk c/project
//go:embed rust/src rust/build.sh rust/project
var Files embed.FS
