// Package store keeps Patchbay's durable data in Badger and hands it out as
// key-prefix views.
//
// A [View] sees only the keys under its own prefix, whatever bytes the caller
// puts into a key. Views are cheap values; they hold no resources.
//
// Every method returns [ErrClosed] once [Store.Close] has begun. Close waits
// for the operations in flight, so no operation ever touches unmapped memory.
// A scan notices the closing store at its next key.
package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/hashicorp/go-hclog"
)

const (
	// defaultCacheBytes gives 8 MiB memtables, a 32 MiB block cache and a
	// 16 MiB index cache.
	defaultCacheBytes = 96 << 20
	minCacheBytes     = 32 << 20
	maxCacheBytes     = 1 << 30

	// valueThreshold keeps journal blocks inside the LSM tree, where
	// compaction frees them without the value log's rewriting.
	valueThreshold   = 512 << 10
	valueLogFileSize = 64 << 20

	blockSize = 16 << 10 // small journal blocks compress better together

	// tableBytes is the size of a table. A compaction holds up to 13 of them in memory at
	// a time, before compression and in buffers that double, so each takes some 14 times
	// its size; that, and not the caches, makes the peak of the process. With 2 MiB the
	// live heap reached 400 MiB. Smaller tables are more open files: 1,100 for ten million
	// records.
	tableBytes = 512 << 10

	gcInterval     = 10 * time.Minute
	gcDiscardRatio = 0.5

	// conflictRetries bounds Update; losers retry one at a time, so the bound
	// is only reached by a function that conflicts with itself.
	conflictRetries = 100
)

// Options says where and how a store is opened.
type Options struct {
	// Dir is the directory of the database; it is created when missing.
	Dir string
	// InMemory keeps everything in memory; Dir must be empty.
	InMemory bool
	// CacheBytes bounds memtables, block cache and index cache together.
	// 0 means 96 MiB; values are clamped to 32 MiB … 1 GiB.
	CacheBytes int64
	// SyncWrites makes every write wait for the disk. Without it a write
	// survives the death of the process but not the loss of power.
	SyncWrites bool
	// Reserve is the room, in bytes, that the file system must have left for writes:
	// below it they fail with [ErrFull] instead of filling the disk. 0 means 256 MiB,
	// a negative value no limit.
	Reserve int64
	// Free replaces the look at the file system.
	Free func() (int64, error)
	// Logger receives what the database has to say; nil discards it.
	Logger hclog.Logger
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	db     *badger.DB
	logger hclog.Logger

	gate   *gate
	space  *space
	losers sync.Mutex // transactions that lost a conflict retry one at a time

	stop   context.CancelFunc
	gcDone chan struct{}
}

// Open opens or creates the database.
//
// # Errors
//
// [ErrLocked] when another process (or another Store of this process) has the
// directory open, [ErrDamaged] for what the database would not survive. Other errors name the directory and the cause.
func Open(opts Options) (*Store, error) {
	if opts.InMemory == (opts.Dir != "") {
		return nil, errors.New("store: give either Dir or InMemory")
	}
	logger := opts.Logger
	if logger == nil {
		logger = hclog.NewNullLogger()
	}
	if !opts.InMemory {
		if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("store: create %s: %w", opts.Dir, err)
		}
		if err := beforeOpen(opts.Dir, logger); err != nil {
			return nil, err
		}
	}
	db, err := badger.Open(badgerOptions(opts, logger))
	if err != nil {
		// badger flattens the system error into text, so text is all there is to look at.
		if strings.Contains(err.Error(), "Another process is using this Badger database") {
			return nil, fmt.Errorf("%w: %s; stop the process that holds it", ErrLocked, opts.Dir)
		}
		return nil, fmt.Errorf("store: open %s: %w", opts.Dir, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{db: db, logger: logger, gate: newGate(), space: newSpace(opts), stop: stop, gcDone: make(chan struct{})}
	go s.collectGarbage(ctx, opts.InMemory)
	return s, nil
}

func badgerOptions(opts Options, logger hclog.Logger) badger.Options {
	total := opts.CacheBytes
	if total == 0 {
		total = defaultCacheBytes
	}
	total = min(max(total, minCacheBytes), maxCacheBytes)
	o := badger.DefaultOptions(opts.Dir).
		WithInMemory(opts.InMemory).
		WithSyncWrites(opts.SyncWrites && !opts.InMemory).
		WithLogger(badgerLog{logger}).
		WithMetricsEnabled(false). // its metrics are process-global
		WithMemTableSize(max(total/12, minCacheBytes/6)).
		WithNumMemtables(2).
		WithBlockCacheSize(total / 3).
		WithIndexCacheSize(total / 6).
		WithBlockSize(blockSize).
		WithCompression(options.Snappy).
		WithBaseTableSize(tableBytes).
		WithNumCompactors(2).
		WithNumGoroutines(2).
		WithValueThreshold(valueThreshold).
		WithValueLogFileSize(valueLogFileSize)
	// Without this, tables are twice as large from level to level.
	o.TableSizeMultiplier = 1
	return o
}

// Close ends the background work, waits for operations in flight and closes
// the database. A second Close returns nil.
func (s *Store) Close() error {
	if !s.gate.shut() {
		return nil
	}
	s.stop()
	<-s.gcDone
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// Size is what the database takes on disk, in bytes. The figure is refreshed
// about once a minute.
func (s *Store) Size() int64 {
	if s.gate.enter() != nil {
		return 0
	}
	defer s.gate.leave()
	lsm, vlog := s.db.Size()
	return lsm + vlog
}

func (s *Store) collectGarbage(ctx context.Context, inMemory bool) {
	defer close(s.gcDone)
	if inMemory {
		return
	}
	tick := time.NewTicker(gcInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for ctx.Err() == nil {
			err := s.db.RunValueLogGC(gcDiscardRatio)
			if err == nil {
				continue
			}
			if !errors.Is(err, badger.ErrNoRewrite) && !errors.Is(err, badger.ErrRejected) {
				s.logger.Warn("value log collection failed", "error", err)
			}
			break
		}
	}
}
