package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/rehearsal"
)

// playCases runs a plugin's case files.
func playCases(env *environment, args []string) error {
	f := env.flags("plugin test")
	folder := f.String("cases", "cases", "folder of case files, or one file")
	only := f.String("run", "", "play only the cases whose file or title matches this regular expression")
	verbose := f.Bool("verbose", false, "print what each task does: host calls, times, CPU used")
	asJSON := f.Bool("json", false, "print one JSON object for each case")
	rest, err := env.parse(f, args, "FILE.wasm")
	if err != nil {
		return err
	}
	pkg, err := plugin.Read(rest[0])
	if err != nil {
		return err
	}
	cases, err := selectCases(*folder, *only)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	stage, err := rehearsal.Open(rehearsal.Options{Package: pkg, Cache: compileCache()})
	if err != nil {
		return err
	}
	failed, began := 0, time.Now()
	for _, c := range cases {
		var out *rehearsal.Outcome
		if out, err = stage.Play(ctx, c); err != nil {
			break
		}
		if len(out.Problems) > 0 {
			failed++
		}
		if *asJSON {
			err = env.printJSON(out)
		} else {
			err = env.printOutcome(out, *verbose)
		}
		if err != nil {
			break
		}
	}
	if closing := stage.Close(context.WithoutCancel(ctx)); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		return err
	case failed > 0:
		return fmt.Errorf("%d of %d cases failed", failed, len(cases))
	case *asJSON:
		return nil
	}
	_, err = fmt.Fprintf(env.stdout, "%d cases passed in %s\n", len(cases), time.Since(began).Round(time.Millisecond))
	return err
}

func selectCases(folder, only string) ([]*rehearsal.Case, error) {
	cases, err := rehearsal.Load(folder)
	if err != nil || only == "" {
		return cases, err
	}
	re, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	var chosen []*rehearsal.Case
	for _, c := range cases {
		if re.MatchString(c.Name()) || re.MatchString(c.Title) {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("--run: no case of %s matches %q", folder, only)
	}
	return chosen, nil
}

// compileCache is where machine code is kept between runs; "" when the user has no
// cache folder.
func compileCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "patchbay", "wasm")
}

func (env *environment) printOutcome(out *rehearsal.Outcome, verbose bool) error {
	var b strings.Builder
	word := "ok  "
	if len(out.Problems) > 0 {
		word = "FAIL"
	}
	fmt.Fprintf(&b, "%s  %s  %s\n", word, out.Case.Name(), out.Case.Title)
	for _, p := range out.Problems {
		fmt.Fprintf(&b, "      %s\n", strings.ReplaceAll(p, "\n", "\n      "))
	}
	if verbose || len(out.Problems) > 0 {
		for _, line := range out.Trace {
			fmt.Fprintf(&b, "        %s\n", line)
		}
		for _, line := range out.Log {
			fmt.Fprintf(&b, "        log %s\n", line)
		}
	}
	_, err := fmt.Fprint(env.stdout, b.String())
	return err
}

func (env *environment) printJSON(out *rehearsal.Outcome) error {
	return json.NewEncoder(env.stdout).Encode(struct {
		File     string   `json:"file"`
		Pointer  string   `json:"pointer"`
		Title    string   `json:"title"`
		Source   string   `json:"source,omitempty"`
		OK       bool     `json:"ok"`
		Problems []string `json:"problems"`
		Units    int64    `json:"cpu_units"`
		Micros   int64    `json:"took_us"`
		Trace    []string `json:"trace"`
		Log      []string `json:"log"`
	}{
		out.Case.File, out.Case.Pointer, out.Case.Title, out.Case.Source, len(out.Problems) == 0,
		list(out.Problems), out.Units, out.Took.Microseconds(), list(out.Trace), list(out.Log),
	})
}

// list keeps an empty list from becoming null.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
