// Command fill writes requests into the journal of a gateway that does not run:
//
//	fill DATA ROWS
//
// They lie in the last thirty days, every tenth failed, and one in a thousand has
// the text "needle". It is for the panel's journey through a large journal.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

const (
	writers = 1024 // wait together, so that they share transactions
	span    = 30 * 24 * time.Hour
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fill:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("want DATA ROWS, not %q", args)
	}
	rows, err := strconv.Atoi(args[1])
	if err != nil || rows < 1 {
		return fmt.Errorf("ROWS: want a number above 0, not %q", args[1])
	}
	s, err := store.Open(store.Options{Dir: filepath.Join(args[0], "store"), CacheBytes: 256 << 20})
	if err != nil {
		return err
	}
	began := time.Now()
	f := filling{rows: rows, now: began}
	// The journal takes no record that is a day old: its clock goes along.
	j, err := journal.Open(ctx, journal.Options{View: s.Prefix("journal"), Now: func() time.Time { return f.at(int(f.next.Load())) }})
	if err != nil {
		return err
	}
	if err := f.run(ctx, j); err != nil {
		return err
	}
	if err := j.Close(); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	took := time.Since(began)
	fmt.Printf("%d rows in %.1f s, %.0f/s\n", rows, took.Seconds(), float64(rows)/took.Seconds())
	return nil
}

// filling writes records with even times between them, the last one now.
type filling struct {
	rows int
	now  time.Time
	next atomic.Int64
}

func (f *filling) at(i int) time.Time {
	return f.now.Add(-span + time.Duration(float64(span)*float64(i)/float64(f.rows)))
}

func (f *filling) run(ctx context.Context, j *journal.Journal) error {
	var all sync.WaitGroup
	failed := make(chan error, writers)
	for range writers {
		all.Go(func() {
			for {
				i := int(f.next.Add(1)) - 1
				if i >= f.rows {
					return
				}
				if _, err := j.AppendRequest(ctx, record(i, f.at(i))); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// actions are what the records name, in turn.
var actions = [...][2]string{
	{"sms", "send"}, {"contact", "queues"}, {"onlinestat", "all"}, {"contact", "cdr"}, {"report", "request"}, {"contact", "tiers"}, {"onlinestat", "get"},
}

func record(i int, at time.Time) journal.Request {
	a := actions[i%len(actions)]
	r := journal.Request{
		Time: at, Module: a[0], Action: a[1], Status: 200,
		User: "user-" + strconv.Itoa(i%50), IP: "10.20." + strconv.Itoa(i/250%250) + "." + strconv.Itoa(i%250), Duration: time.Duration(1+i%40) * time.Millisecond,
		RequestID: fmt.Sprintf("fill%012d", i), Body: `{"project_id":"` + strconv.Itoa(1111+i%30) + `","session_id":"` + strconv.Itoa(i) + `"}`,
	}
	switch {
	case i%1000 == 500:
		r.Body = `{"session_id":"needle-` + strconv.Itoa(i) + `"}`
	case i%10 == 3:
		r.Status, r.Error, r.Reason = 405, "Access denied!", "no right"
	case i%500 == 7:
		r.Status, r.Error, r.ErrorID = 502, "Journal is unavailable!", fmt.Sprintf("%08x", i)
	}
	return r
}
