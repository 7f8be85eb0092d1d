package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The clock of a statically linked Go program cannot be preloaded, and the
// machine's own is not ours to set. So the gateway is built once more from the same
// sources with `go build -overlay`, which puts one line into time.Now: an offset
// that follows a file.

const clockLine = "\tsec, nsec, mono := runtimeNow()\n"

const clockPackage = `package time

import "sync/atomic"

var chaosOffset atomic.Int64

// SetChaosOffset moves the wall clock by so many seconds.
func SetChaosOffset(seconds int64) { chaosOffset.Store(seconds) }
`

const clockFollower = `package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

func init() {
	path := os.Getenv("` + clockEnv + `")
	if path == "" {
		return
	}
	follow := func() {
		raw, err := os.ReadFile(path)
		if err != nil {
			return
		}
		if seconds, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64); err == nil {
			time.SetChaosOffset(seconds)
		}
	}
	follow()
	go func() {
		for {
			time.Sleep(10 * time.Millisecond)
			follow()
		}
	}()
}
`

// overlay writes the files and overlay.json for go build -overlay.
func overlay(args []string, stderr io.Writer) error {
	f := flag.NewFlagSet("chaos overlay", flag.ContinueOnError)
	f.SetOutput(stderr)
	goroot := f.String("goroot", "", "`folder` of the Go toolchain: go env GOROOT")
	root := f.String("root", ".", "`folder` of the repository")
	out := f.String("out", "", "`folder` for the files")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *goroot == "" || *out == "" {
		return errors.New("overlay needs --goroot and --out")
	}
	var paths [3]string
	for i, p := range []string{*goroot, *root, *out} {
		var err error
		if paths[i], err = filepath.Abs(p); err != nil {
			return err
		}
	}
	source := filepath.Join(paths[0], "src", "time", "time.go")
	raw, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	before, after, ok := strings.Cut(string(raw), clockLine)
	if !ok || strings.Contains(after, clockLine) || !strings.HasSuffix(before, "func Now() Time {\n") {
		return fmt.Errorf("%s is not the time.Now that this program knows how to move", source)
	}
	files := map[string][2]string{ // name in out: path that it stands for, text
		"time.go":  {source, before + clockLine + "\tsec += chaosOffset.Load()\n" + after},
		"chaos.go": {filepath.Join(paths[0], "src", "time", "chaos.go"), clockPackage},
		"clock.go": {filepath.Join(paths[1], "core", "cmd", "patchbay", "clock_chaos.go"), clockFollower},
	}
	if err := os.MkdirAll(paths[2], 0o755); err != nil {
		return err
	}
	replace := map[string]string{}
	for name, f := range files {
		path := filepath.Join(paths[2], name)
		if err := os.WriteFile(path, []byte(f[1]), 0o644); err != nil {
			return err
		}
		replace[f[0]] = path
	}
	text, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(paths[2], "overlay.json"), text, 0o644)
}
