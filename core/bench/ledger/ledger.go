// Package ledger is the gateway's journal for programs of the benchmark that are
// not the gateway: the same package, store and defaults, so that peers written in
// Go pay for a record exactly what the gateway pays.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/journal/mask"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// Entry is one request as the journal keeps it.
type Entry struct {
	Began          time.Time
	Module, Action string
	Status         int
	Error          string // the text that the caller saw
	Phone, Message string // recorded as the gateway does by default: masked
	Sent           bool   // whether there are a phone and a message
	User, IP       string
	RequestID      string
}

// Ledger is safe for concurrent use.
type Ledger struct {
	store   *store.Store
	journal *journal.Journal
}

// Open opens the journal in a folder, which is made when it is missing. The caller
// closes the ledger.
func Open(ctx context.Context, dir string, log hclog.Logger) (_ *Ledger, err error) {
	l := &Ledger{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("ledger in %s: %w", dir, err), l.Close())
		}
	}()
	cfg := config.Default()
	l.store, err = store.Open(store.Options{
		Dir: filepath.Join(dir, "store"), CacheBytes: cfg.Store.Cache, SyncWrites: cfg.Journal.Durability == "power", Logger: log,
	})
	if err != nil {
		return nil, err
	}
	l.journal, err = journal.Open(ctx, journal.Options{View: l.store.Prefix("journal"), Logger: log})
	return l, err
}

// Append returns when the record is committed.
func (l *Ledger) Append(ctx context.Context, e Entry) error {
	r := journal.Request{
		Time: e.Began, Module: e.Module, Action: e.Action, Status: e.Status, Error: e.Error,
		User: e.User, IP: e.IP, Duration: time.Since(e.Began), RequestID: e.RequestID,
	}
	if e.Sent {
		r.Body = body(e.Phone, e.Message)
	}
	_, err := l.journal.AppendRequest(ctx, r)
	return err
}

// body is the text that the gateway records of the two parameters. Neither mask
// yields anything that JSON would escape.
func body(phone, message string) string {
	b := make([]byte, 0, 64)
	b = append(b, `{"phone":"`...)
	b = append(b, mask.MaskPhone(phone)...)
	b = append(b, `","message":"(`...)
	b = strconv.AppendInt(b, int64(utf8.RuneCountInString(message)), 10)
	return string(append(b, ` characters)"}`...))
}

// Recorded counts the records of requests, newest of all times included.
func (l *Ledger) Recorded(ctx context.Context) (n int, err error) {
	for _, err := range l.journal.AllRequests(ctx, journal.Query{}) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Close writes what waits and closes the store. Closing twice is harmless.
func (l *Ledger) Close() error {
	var errs []error
	if l.journal != nil {
		errs = append(errs, l.journal.Close())
	}
	if l.store != nil {
		errs = append(errs, l.store.Close())
	}
	l.journal, l.store = nil, nil
	return errors.Join(errs...)
}
