package main

import (
	"fmt"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/scaffold"
)

// newPlugin writes a project that compiles and passes its own cases.
func newPlugin(env *environment, args []string) error {
	f := env.flags("plugin new")
	lang := f.String("lang", "go", "language: "+strings.Join(scaffold.Languages(), ", "))
	point := f.String("extends", "sms.provider", "extension point: "+strings.Join(scaffold.Points(), ", "))
	vendor := f.String("vendor", "", "who makes it; goes into plugin.json")
	dir := f.String("dir", ".", "folder in which the project's folder is made")
	// The id may stand before the flags, as people write it.
	if len(args) > 1 && !strings.HasPrefix(args[0], "-") {
		args = append(args[1:len(args):len(args)], args[0])
	}
	rest, err := env.parse(f, args, "ID")
	if err != nil {
		return err
	}
	folder, err := scaffold.Create(*dir, scaffold.Project{ID: rest[0], Lang: *lang, Point: *point, Vendor: *vendor})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.stdout, "%s is there: a provider for %s that works. Now:\n\n  cd %s\n  make test\n\nREADME.md says what to change.\n", folder, *point, folder)
	return err
}
