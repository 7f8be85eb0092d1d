// Command write brings the generated parts of docs up to date:
// go generate ./core/internal/refdoc
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/patchbay-gw/patchbay/core/internal/refdoc"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "refdoc:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: write DOCS-FOLDER")
	}
	pages, err := refdoc.Pages(filepath.Dir(filepath.Clean(args[0])))
	if err != nil {
		return err
	}
	for name, page := range pages {
		if page.Fresh() {
			continue
		}
		path := filepath.Join(args[0], filepath.FromSlash(name))
		if err := os.WriteFile(path, page.Want, 0o644); err != nil {
			return fmt.Errorf("page: %w", err)
		}
		fmt.Println(path)
	}
	return nil
}
