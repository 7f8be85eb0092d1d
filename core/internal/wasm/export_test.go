package wasm

import (
	"context"
	"reflect"
	"time"
	"unsafe"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
)

// Age moves the last crash into the past.
func Age(p *Pool, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = p.until.Add(-d)
}

// MaxMalformed is how many malformed answers count as a crash.
const MaxMalformed = maxMalformed

// Grow waits until there are n guests.
func Grow(ctx context.Context, p *Pool, n int) error {
	for p.Stats().Guests < n {
		if err := p.grow(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// FreeTurns returns how many of an engine's turns are free, and of how many.
func FreeTurns(e *Engine) (free, all int) { return len(e.turns.free), cap(e.turns.free) }

// FreeUnits is what a call may use without a turn.
const FreeUnits = freeSlices * meter.DefaultSlice

// Footprint returns where a program's largest piece of machine code and its largest
// data segment begin, and how many bytes of WebAssembly code are left.
func Footprint(p *Program) (code, data uintptr, bodies int) {
	compiled := reflect.ValueOf(p.compiled)
	begin := func(largest []byte, b []byte) []byte {
		if len(b) > len(largest) {
			return b
		}
		return largest
	}
	var machine, init []byte
	for _, m := range part(compiled, "compiledEngine", "compiledModules").Seq2() {
		machine = begin(machine, part(m, "compiledModule", "executables", "executable").Bytes())
	}
	for s := range items(part(compiled, "module", "DataSection")) {
		init = begin(init, *bytesAt(part(s, "Init")))
	}
	for c := range items(part(compiled, "module", "CodeSection")) {
		bodies += len(*bytesAt(part(c, "Body")))
	}
	at := func(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
	return at(machine), at(init), bodies
}
