package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/seal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// data is what a gateway keeps in its data folder, under the same names.
type data struct {
	store   *store.Store
	journal *journal.Journal
	auth    *auth.Authority
}

// openData opens a data folder; now is the journal's clock, nil the real one.
func openData(ctx context.Context, dir string, now func() time.Time, log hclog.Logger) (_ *data, err error) {
	d := &data{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.store, err = store.Open(store.Options{Dir: filepath.Join(dir, "store"), CacheBytes: 64 << 20, Logger: log.Named("store")}); err != nil {
		return nil, err
	}
	if d.journal, err = journal.Open(ctx, journal.Options{View: d.store.Prefix("journal"), Now: now, Logger: log.Named("journal")}); err != nil {
		return nil, err
	}
	users, err := openUsers(d.store, dir)
	if err != nil {
		return nil, err
	}
	d.auth, err = auth.Open(ctx, users, auth.Options{Log: log.Named("auth")})
	return d, err
}

func (d *data) close() error {
	var errs []error
	if d.journal != nil {
		errs = append(errs, d.journal.Close())
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	return errors.Join(errs...)
}

// authStore is the part of the store that belongs to auth. Users are sealed there, as
// the gateway does it.
type authStore struct {
	view store.View
	ring *seal.Ring
}

var _ auth.Store = authStore{}

func openUsers(s *store.Store, dir string) (authStore, error) {
	keys, err := seal.Load(filepath.Join(dir, "secret.key"), true)
	if err != nil {
		return authStore{}, err
	}
	ring, err := seal.New(keys...)
	return authStore{s.Prefix("auth"), ring}, err
}

func isUser(key string) bool { return strings.HasPrefix(key, "user/") }

func (s authStore) Put(key string, value []byte, ttl time.Duration) error {
	if isUser(key) {
		value = s.ring.Seal("auth/"+key, value)
	}
	return s.view.Put([]byte(key), value, ttl)
}

func (s authStore) Delete(key string) error { return s.view.Delete([]byte(key)) }

func (s authStore) Scan(ctx context.Context, prefix string, fn func(key string, value []byte) error) error {
	r := store.Range{From: []byte(prefix), To: append([]byte(prefix), 0xff)} // auth's keys are ASCII
	return s.view.Scan(ctx, r, func(key, value []byte) (err error) {
		if isUser(string(key)) {
			if value, _, err = s.ring.Open("auth/"+string(key), value); err != nil {
				return err
			}
		}
		return fn(string(key), value)
	})
}

// filledDays is how long the time of the records is that fill writes.
const filledDays = 10

// login is the user that the benchmark calls as: it may do everything.
const login = "bench"

// fill creates the user of the benchmark with a token, and writes records that
// are spread evenly over the ten whole UTC days before today. It returns the
// token.
func fill(ctx context.Context, dir string, rows, bad int) (token string, err error) {
	var written atomic.Int64
	first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -filledDays)
	clock := time.Now
	if rows > 0 {
		step := filledDays * 24 * time.Hour / time.Duration(rows)
		clock = func() time.Time { return first.Add(step * time.Duration(min(written.Load(), int64(rows)-1))) }
	}
	d, err := openData(ctx, dir, clock, hclog.NewNullLogger())
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if _, err := d.auth.Create(ctx, auth.User{Login: login, Role: auth.RoleAdministrator, Rights: []string{"*"}}, "bench-password-1"); err != nil {
		return "", fmt.Errorf("user of the benchmark: %w", err)
	}
	issued, err := d.auth.Issue(ctx, login, auth.TokenOptions{Label: "benchmark"})
	if err != nil {
		return "", fmt.Errorf("token of the benchmark: %w", err)
	}
	return issued.Token, writeRecords(ctx, d.journal, rows, bad, &written)
}

// appenders is how many requests of the imagined past ran at a time; it decides
// how many records share a block.
const appenders = 64

func writeRecords(ctx context.Context, j *journal.Journal, rows, bad int, written *atomic.Int64) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	failures := make(chan error, appenders)
	for range appenders {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= rows {
					return
				}
				if _, err := j.AppendRequest(ctx, sample(i, bad)); err != nil {
					failures <- err
					return
				}
				written.Add(1)
			}
		})
	}
	wg.Wait()
	close(failures)
	if err := <-failures; err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	return nil
}

var actions = [...][2]string{
	{"contact", "add"}, {"contact", "tiers"}, {"contact", "queues"}, {"contact", "tier"},
	{"sms", "send"}, {"onlinestat", "get"}, {"report", "request"},
}

var users = [...]string{"API-TEST", "crm-prod", "dialer-2", "wallboard"}

// sample is a typical record.
func sample(i, bad int) journal.Request {
	a := actions[i%len(actions)]
	r := journal.Request{
		Module: a[0], Action: a[1], Status: 200,
		Body:      fmt.Sprintf(`{"called_number":"7919***%02d","caller_number":"%d","sip":"agent%d"}`, i%100, 1000+i%50, i%200),
		User:      users[i%len(users)],
		IP:        fmt.Sprintf("10.20.%d.%d", i%4, i%250),
		Duration:  time.Duration(800+i%9000) * time.Microsecond,
		RequestID: fmt.Sprintf("%016x", uint64(i)*0x9e3779b97f4a7c15),
	}
	if i%bad == 0 {
		r.Status, r.Error, r.Reason = 405, "Access denied!", "no right"
	}
	return r
}
