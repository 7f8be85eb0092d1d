package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// sizes notes how large the gateway and the shipped plugins are, as files and compressed.
func (b *bench) sizes() error {
	plain, packed, err := fileSize(b.program("patchbay"))
	if err != nil {
		return err
	}
	b.note("binary", "%.1f MB, %.1f MB with gzip; panel, documentation and SDKs are inside", float64(plain)/1e6, float64(packed)/1e6)
	files, err := filepath.Glob(filepath.Join(b.program("plugins"), "*.wasm"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no plugins in %s; run make build", b.program("plugins"))
	}
	plain, packed = 0, 0
	for _, file := range files {
		n, m, err := fileSize(file)
		if err != nil {
			return err
		}
		plain, packed = plain+n, packed+m
	}
	b.note("plugins", "%d, together %.1f MB, %.1f MB with gzip", len(files), float64(plain)/1e6, float64(packed)/1e6)
	return nil
}

// fileSize returns the bytes of a file as it is and with gzip.
func fileSize(path string) (plain, packed int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var out counter
	z := gzip.NewWriter(&out)
	if plain, err = io.Copy(z, f); err != nil {
		return 0, 0, err
	}
	if err := z.Close(); err != nil { // it writes the end
		return 0, 0, err
	}
	return plain, int64(out), nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
