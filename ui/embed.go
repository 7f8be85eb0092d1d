// Package ui is the panel: a web application for managers, built by Vite into
// dist/ and embedded. `make panel` builds it; without that the package compiles
// all the same and serves a page that says so.
package ui

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed all:dist
var built embed.FS

// Files returns what was built: index.html and assets/, or nearly nothing when
// the panel was not built into this binary. It fails only when this package is
// broken.
func Files() (fs.FS, error) {
	files, err := fs.Sub(built, "dist")
	if err != nil {
		return nil, fmt.Errorf("ui: embedded files: %w", err)
	}
	return files, nil
}
