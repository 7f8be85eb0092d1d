// Package wasm runs plugins. It owns wazero: compile cache, CPU metering, host
// imports, guests, the pool of guests of each instance, and the tasks inside
// them. It knows the border (package abi) but no capability: operations are
// functions that the composition root hands in.
//
// A request's own goroutine drives its task: it enters a guest, and when the
// guest suspends the task it leaves the guest, performs the operation, and
// enters again with the answer. So a guest is held only while it computes, and
// thousands of tasks wait inside one guest without a scheduler of their own.
package wasm

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
)

// Engine compiles plugins. Create one per process; it is safe for concurrent use.
type Engine struct {
	cacheDir  string
	turns     *turns
	newConfig func() wazero.RuntimeConfig
	log       hclog.Logger

	mu   sync.Mutex
	left map[*Program]struct{} // not released yet
}

// Option changes an engine.
type Option func(*Engine)

// WithInterpreter makes an engine that compiles nothing. Plugins start at once
// and run some fifty times slower: for tests with the race detector, which slows
// the compiler down to minutes.
func WithInterpreter() Option {
	return func(e *Engine) { e.newConfig = wazero.NewRuntimeConfigInterpreter }
}

// NewEngine returns an engine that keeps machine code in cacheDir, so that a
// plugin is compiled once per machine and wazero version. With an empty cacheDir
// it is compiled for each program.
func NewEngine(cacheDir string, log hclog.Logger, options ...Option) (*Engine, error) {
	e := &Engine{cacheDir: cacheDir, turns: newTurns(), newConfig: wazero.NewRuntimeConfigCompiler, log: log, left: map[*Program]struct{}{}}
	if _, err := e.newCache(); err != nil { // it would not work later either
		return nil, err
	}
	for _, o := range options {
		o(e)
	}
	return e, nil
}

// newCache returns the cache of one program. Programs share the files and nothing
// in memory: wazero adds to a cache what it makes for the listeners of each compiled
// plugin, and frees that with the whole cache only.
func (e *Engine) newCache() (wazero.CompilationCache, error) {
	if e.cacheDir == "" {
		return wazero.NewCompilationCache(), nil
	}
	cache, err := wazero.NewCompilationCacheWithDir(e.cacheDir)
	if err != nil {
		return nil, fmt.Errorf("compile cache %s: %w", e.cacheDir, err)
	}
	return cache, nil
}

// Close releases the machine code of programs that are still there. Close them
// first: their tasks must have ended.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	left := e.left
	e.left = map[*Program]struct{}{}
	e.mu.Unlock()
	var err error
	for p := range left {
		err = errors.Join(err, p.forget(ctx))
	}
	return err
}

// Program is a verified, metered and compiled plugin, ready to make guests.
type Program struct {
	// Operations lists the operations that the plugin imports, sorted.
	Operations []string

	blocking    bool // it imports them in the blocking form
	engine      *Engine
	cache       wazero.CompilationCache
	runtime     wazero.Runtime
	compiled    wazero.CompiledModule
	mapped      [][]byte // initial data of guests, see shrink
	machineCode [][]byte // that is mapped from a file
	turns       *turns
	memoryMB    int
	log         hclog.Logger

	mu     sync.Mutex
	pools  int  // that still have guests, or may get some
	closed bool // released when the last pool is done
}

// DefaultMemoryMB bounds a guest's memory when its manifest names no limit.
const DefaultMemoryMB = 128

const pagesPerMB = 1 << 20 / 65536

// maxMemoryMB is what a 32-bit memory can have, less one page so that the size
// in bytes fits.
const maxMemoryMB = 4095

// Compile verifies the exports, imports and signatures of a plugin, rewrites it
// for metering and compiles it. It takes seconds for a large plugin that is not
// in the cache, so it belongs off the request path. code is not kept. memoryMB
// bounds the memory of each guest; 0 means [DefaultMemoryMB].
//
// # Errors
//
// A [*VerifyError] says what in the plugin breaks the contract; every other error
// is a fault of the code or of wazero.
func (e *Engine) Compile(ctx context.Context, code []byte, memoryMB int) (*Program, error) {
	imports, err := Verify(code)
	if err != nil {
		return nil, err
	}
	metered, err := meter.Rewrite(code, meter.Options{})
	if err != nil {
		return nil, fmt.Errorf("metering: %w", err)
	}
	if memoryMB <= 0 {
		memoryMB = DefaultMemoryMB
	}
	memoryMB = min(memoryMB, maxMemoryMB)
	cache, err := e.newCache()
	if err != nil {
		return nil, err
	}
	config := e.newConfig().
		WithCompilationCache(cache).
		WithMemoryLimitPages(uint32(memoryMB * pagesPerMB)).
		WithCloseOnContextDone(false) // metering ends loops at a tenth of the price
	p := &Program{
		Operations: imports.Operations, blocking: imports.Blocking, engine: e, cache: cache, turns: e.turns,
		runtime: wazero.NewRuntimeWithConfig(ctx, config), memoryMB: memoryMB, log: e.log,
	}
	if err := p.build(ctx, metered, imports.refill); err != nil {
		return nil, errors.Join(err, p.release(ctx))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.left[p] = struct{}{}
	return p, nil
}

func (p *Program) build(ctx context.Context, metered []byte, refill uint32) error {
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, p.runtime); err != nil {
		return fmt.Errorf("wasi imports: %w", err)
	}
	if err := exportHost(ctx, p.runtime, p.Operations, p.blocking); err != nil {
		return fmt.Errorf("host imports: %w", err)
	}
	workers := experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
	listened := experimental.WithFunctionListenerFactory(workers, refills{refill})
	compiled, err := p.runtime.CompileModule(listened, metered)
	if err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	p.compiled = compiled
	p.shrink()
	return nil
}

// Close releases the program: at once, or when the last of its pools has ended,
// because machine code must not go away under a task. New pools are refused.
func (p *Program) Close(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	if p.pools > 0 {
		return nil
	}
	return p.release(ctx)
}

// enter counts a pool in. It reports false when the program is closed.
func (p *Program) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.pools++
	return true
}

// leave counts a pool out.
func (p *Program) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pools--; p.pools > 0 || !p.closed {
		return
	}
	if err := p.release(context.Background()); err != nil {
		p.log.Warn("releasing a program", "error", err)
	}
}

// release frees instances and machine code.
func (p *Program) release(ctx context.Context) error {
	p.engine.mu.Lock()
	delete(p.engine.left, p)
	p.engine.mu.Unlock()
	ctx = context.WithoutCancel(ctx)
	err := p.runtime.Close(ctx)
	if p.compiled != nil {
		err = errors.Join(err, p.compiled.Close(ctx))
	}
	return errors.Join(err, p.forget(ctx))
}

// forget frees what no instance uses any more.
func (p *Program) forget(ctx context.Context) error {
	err := p.cache.Close(ctx)
	unmap(p.mapped)
	p.mapped = nil
	return err
}
