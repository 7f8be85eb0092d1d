package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

var (
	sampleActions = [...][2]string{
		{"contact", "add"}, {"contact", "tiers"}, {"contact", "queues"}, {"contact", "tier"},
		{"sms", "send"}, {"onlinestat", "get"}, {"report", "request"},
	}
	sampleUsers = [...]string{"API-TEST", "crm-prod", "dialer-2", "wallboard"}
)

// sampleRequest is a typical record: one in twenty is refused.
func sampleRequest(i int) journal.Request {
	a := sampleActions[i%len(sampleActions)]
	r := journal.Request{
		Module: a[0], Action: a[1], Status: 200,
		Body:      fmt.Sprintf(`{"called_number":"7919***%02d","caller_number":"%d","sip":"agent%d"}`, i%100, 1000+i%50, i%200),
		User:      sampleUsers[i%len(sampleUsers)],
		IP:        fmt.Sprintf("10.20.%d.%d", i%4, i%250),
		Duration:  time.Duration(800+i%9000) * time.Microsecond,
		RequestID: fmt.Sprintf("%016x%016x", uint64(i)*0x9e3779b97f4a7c15, uint64(i)*0xc2b2ae3d27d4eb4f),
	}
	if i%20 == 0 {
		r.Status, r.Error, r.Reason = 405, "Access denied!", "no right"
	}
	return r
}

func benchJournal(b *testing.B, now func() time.Time, syncWrites bool) (*journal.Journal, *store.Store, string) {
	b.Helper()
	dir := b.TempDir()
	s, err := store.Open(store.Options{Dir: dir, SyncWrites: syncWrites})
	if err != nil {
		b.Fatal(err)
	}
	j, err := journal.Open(b.Context(), journal.Options{View: s.Prefix("journal"), Now: now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = j.Close()
		_ = s.Close()
	})
	return j, s, dir
}

// spread appends n records from the given number of goroutines.
func spread(b *testing.B, j *journal.Journal, appenders, n int, record func(int) journal.Request) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range appenders {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if _, err := j.AppendRequest(b.Context(), record(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkAppend(b *testing.B) {
	records := make([]journal.Request, 10_000)
	for i := range records {
		records[i] = sampleRequest(i)
	}
	for _, c := range []struct {
		appenders int
		sync      bool
	}{{1, false}, {64, false}, {64, true}} {
		b.Run(fmt.Sprintf("appenders=%d/sync=%v", c.appenders, c.sync), func(b *testing.B) {
			j, _, _ := benchJournal(b, nil, c.sync)
			b.ReportAllocs()
			b.ResetTimer()
			spread(b, j, c.appenders, b.N, func(i int) journal.Request { return records[i%len(records)] })
			b.StopTimer()
			st := j.Stats()
			b.ReportMetric(float64(st.Bytes)/float64(st.Records), "B/record")
			b.ReportMetric(float64(st.Records)/float64(st.Blocks), "records/block")
			b.ReportMetric(float64(st.Records)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkSMSBeginEnd(b *testing.B) {
	j, _, _ := benchJournal(b, nil, false)
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			id, err := j.BeginSMS(b.Context(), journal.SMS{Phone: "7919***00", Message: "(17 characters)", User: "crm-prod"})
			if err != nil {
				b.Error(err)
				return
			}
			if err := j.EndSMS(b.Context(), id, journal.SMSOutcome{Result: journal.ResultOK, MessageID: "c0ffee"}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkPage reads pages of 10,000 rows out of 1,000,000, from the middle,
// after the store has been closed and opened again.
func BenchmarkPage(b *testing.B) {
	const rows = 1_000_000
	for _, appenders := range []int{64, 4} {
		// Ten milliseconds pass from one block to the next.
		clock := time.Now().Add(-24 * time.Hour)
		j, s, dir := benchJournal(b, func() time.Time {
			clock = clock.Add(10 * time.Millisecond)
			return clock
		}, false)
		spread(b, j, appenders, rows, sampleRequest)
		_ = j.Close()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		onDisk := float64(diskBytes(b, dir)) / rows
		s, err := store.Open(store.Options{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() })
		if j, err = journal.Open(b.Context(), journal.Options{View: s.Prefix("journal")}); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = j.Close() })
		middle := timeOfRow(b, j, rows/2)
		for _, q := range []struct {
			name string
			journal.Query
		}{
			{"forward", journal.Query{From: middle}},
			{"reverse", journal.Query{To: middle, Reverse: true}},
			{"bad", journal.Query{From: middle, BadOnly: true}},
		} {
			q.Limit = 10_000
			b.Run(fmt.Sprintf("appenders=%d/%s", appenders, q.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					p, err := j.Requests(b.Context(), q.Query)
					if err != nil || len(p.Rows) != q.Limit {
						b.Fatalf("%d rows, %v", len(p.Rows), err)
					}
				}
				b.ReportMetric(onDisk, "disk-B/record")
			})
		}
	}
}

func timeOfRow(b *testing.B, j *journal.Journal, n int) time.Time {
	b.Helper()
	for r, err := range j.AllRequests(b.Context(), journal.Query{Limit: 10_000}) {
		if err != nil {
			b.Fatal(err)
		}
		if n--; n == 0 {
			return r.Time
		}
	}
	b.Fatal("too few rows")
	return time.Time{}
}

func diskBytes(b *testing.B, dir string) int64 {
	b.Helper()
	var n int64
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if filepath.Ext(path) == ".sst" {
			n += info.Size()
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}
