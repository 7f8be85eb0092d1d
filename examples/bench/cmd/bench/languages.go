package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
)

// goalCall is the goal of the border for every language: what a call that does
// nothing may cost, in µs.
const goalCall = goalBorder

// language is one that plugins are written in; files are those of .ci/bench.
type language struct{ id, title string }

// known languages; the first is what the others are compared with.
var known = []language{{"go", "Go"}, {"rust", "Rust"}, {"c", "C"}, {"assemblyscript", "AssemblyScript"}}

// kit is the conformance guest, provider what `patchbay plugin new` writes, and next
// another version of that.
func (l language) kit() string      { return "bench/languages/kit-" + l.id + ".wasm" }
func (l language) provider() string { return "bench/languages/sms-" + l.id + ".wasm" }
func (l language) next() string     { return "bench/languages/next-" + l.id + ".wasm" }

// built returns the languages whose plugins are there, and the titles of the others.
func (b *bench) built() (there []language, missing []string, err error) {
	for _, l := range known {
		found := true
		for _, file := range []string{l.kit(), l.provider(), l.next()} {
			if _, err := os.Stat(b.program(file)); errors.Is(err, fs.ErrNotExist) {
				found = false
			} else if err != nil {
				return nil, nil, err
			}
		}
		if found {
			there = append(there, l)
		} else {
			missing = append(missing, l.title)
		}
	}
	if len(there) == 0 {
		return nil, nil, errors.New("no plugin of any language was built; start .ci/bench, which builds them")
	}
	return there, missing, nil
}

// guestFigures is what core/bench/guests prints for a language; see there.
type guestFigures struct {
	Language              string
	Conformance, Provider struct {
		Bytes       int     `json:"bytes"`
		CompileMS   float64 `json:"compile_ms"`
		CachedMS    float64 `json:"cached_ms"`
		MemoryBytes float64 `json:"memory_bytes"`
		Resident    float64 `json:"resident_bytes"`
	}
	Blocking bool
	Calls    map[string]struct {
		Micros float64 `json:"cpu_us"`
		Units  int64   `json:"units"`
	}
}

// languages compares what plugins cost by the language they are written in.
func (b *bench) languages(ctx context.Context) error {
	there, missing, err := b.built()
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		b.note("languages without a compiler here", "%s", strings.Join(missing, ", "))
	}
	var args []string
	for _, l := range there {
		args = append(args, fmt.Sprintf("%s=%s,%s", l.title, b.program(l.kit()), b.program(l.provider())))
	}
	cmd := exec.CommandContext(ctx, b.program("bench/guests"), args...)
	cmd.Stderr = b.log
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("guests: %w", err)
	}
	return b.readGuests(out)
}

// readGuests makes figures of the output of core/bench/guests.
func (b *bench) readGuests(out []byte) error {
	var all []guestFigures
	if err := json.Unmarshal(out, &all); err != nil {
		return fmt.Errorf("guests: %w", err)
	}
	if len(all) == 0 {
		return errors.New("guests: it measured nothing")
	}
	figure := func(name, unit string, of func(*guestFigures) float64) {
		b.note(name, "%s", byLanguage(all, unit, of))
	}
	figure("plugin file, scaffolded SMS provider", "KB", func(g *guestFigures) float64 { return float64(g.Provider.Bytes) / 1e3 })
	figure("plugin file, conformance guest", "KB", func(g *guestFigures) float64 { return float64(g.Conformance.Bytes) / 1e3 })
	figure("compiling the provider, CPU", "ms", func(g *guestFigures) float64 { return g.Provider.CompileMS })
	figure("the same from the cache, CPU", "ms", func(g *guestFigures) float64 { return g.Provider.CachedMS })
	figure("memory of an idle guest, linear", "KiB", func(g *guestFigures) float64 { return g.Provider.MemoryBytes / 1024 })
	figure("memory of an idle guest, resident", "KiB", func(g *guestFigures) float64 { return g.Provider.Resident / 1024 })
	for _, call := range []struct{ id, name string }{{"echo", "echo"}, {"fetch", "one host operation"}, {"send", "one SMS through the provider"}} {
		for i := range all {
			if _, ok := all[i].Calls[call.id]; !ok {
				return fmt.Errorf("guests: %s has no figure for %s", all[i].Language, call.id)
			}
		}
		micros := func(g *guestFigures) float64 { return g.Calls[call.id].Micros }
		if call.id == "echo" {
			slowest := 0.0
			for i := range all {
				slowest = max(slowest, micros(&all[i]))
			}
			b.atMost("CPU of a call, "+call.name+", slowest language", slowest, goalCall, "µs", "%s", byLanguage(all, "µs", micros))
		} else {
			figure("CPU of a call, "+call.name, "µs", micros)
		}
		figure("metered units, "+call.name, "thousand", func(g *guestFigures) float64 { return float64(g.Calls[call.id].Units) / 1e3 })
	}
	var blocking []string
	for i := range all {
		if all[i].Blocking {
			blocking = append(blocking, all[i].Language)
		}
	}
	if len(blocking) > 0 {
		b.note("a guest for each request in flight", "%s; in the others thousands share one", strings.Join(blocking, ", "))
	}
	return nil
}

// byLanguage lists a figure, with its ratio to the first language.
func byLanguage(all []guestFigures, unit string, of func(*guestFigures) float64) string {
	var parts []string
	first := of(&all[0])
	for i := range all {
		v := of(&all[i])
		text := fmt.Sprintf("%s %.4g %s", all[i].Language, v, unit)
		if i > 0 && first > 0 {
			text += fmt.Sprintf(" (%.2f×)", v/first)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}
