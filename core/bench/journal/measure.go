package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

type options struct {
	dir             string
	rows, appenders int
	cache           int64
	calm            time.Duration
	filled          bool
	profile         string
	log             io.Writer
}

// report is what was measured. Times are in milliseconds.
type report struct {
	Rows            int     `json:"rows"`
	FillSeconds     float64 `json:"fill_seconds"`
	RecordsPerS     float64 `json:"records_per_s"`
	RecordsPerBlock float64 `json:"records_per_block"`
	BytesPerRecord  float64 `json:"bytes_per_record"`
	OpenMS          float64 `json:"open_ms"`
	HeapMB          float64 `json:"heap_mb"`
	Pages           []pages `json:"pages"`
	Calm            watched `json:"calm"`
	Retention       watched `json:"retention"`
	After           watched `json:"after"` // calm again; unlike Calm when something else came to run on the machine
	Removed         int     `json:"removed_blocks"`
	RetentionS      float64 `json:"retention_seconds"`
}

// pages are reads of one report.
type pages struct {
	Name string `json:"name"`
	// Count is how many pages were read, Rows how many rows they had together.
	Count int     `json:"count"`
	Rows  int     `json:"rows"`
	P50   float64 `json:"p50_ms"`
	Worst float64 `json:"worst_ms"`
	// WorstCPU is the most processor time that one page took. On a machine that is
	// busy with other things the clock says little and this is what to judge by.
	WorstCPU float64 `json:"worst_cpu_ms"`
	// Partial counts pages that ended before their limit.
	Partial int `json:"partial"`
	// Blocks, Bytes, Records and Digests are the most that one page read.
	Blocks  int `json:"blocks"`
	Bytes   int `json:"bytes"`
	Records int `json:"records"`
	Digests int `json:"digests"`
}

func (p *pages) read(w journal.Work) {
	p.Blocks, p.Bytes = max(p.Blocks, w.Blocks), max(p.Bytes, w.Bytes)
	p.Records, p.Digests = max(p.Records, w.Records), max(p.Digests, w.Digests)
}

// watched are appends and pages side by side, while retention runs or does not.
type watched struct {
	Appends   int     `json:"appends"`
	AppendP50 float64 `json:"append_p50_ms"`
	AppendP99 float64 `json:"append_p99_ms"`
	Pages     int     `json:"pages"`
	PageP99   float64 `json:"page_p99_ms"`
}

func measure(ctx context.Context, o options) (*report, error) {
	c := &clock{step: spanDays * 24 * time.Hour / time.Duration(o.rows)}
	r := &report{Rows: o.rows}
	var err error
	if !o.filled {
		c.first = time.Now().Add(-spanDays * 24 * time.Hour)
		if err = fillAll(ctx, o, c, r); err != nil {
			return nil, err
		}
	}
	c.live.Store(true)
	began := time.Now()
	s, j, err := open(ctx, o, c)
	if err != nil {
		return nil, err
	}
	r.OpenMS = ms(time.Since(began))
	defer func() { _, _ = j.Close(), s.Close() }()
	if o.filled {
		if c.first, err = oldest(ctx, j); err != nil {
			return nil, err
		}
	}
	if r.Pages, err = readPages(ctx, j, c, o.rows); err != nil {
		return nil, err
	}
	if r.Calm, err = watch(ctx, j, c, o, nil); err != nil {
		return nil, err
	}
	began = time.Now()
	r.Retention, err = watch(ctx, j, c, o, func() error {
		for _, k := range []journal.Kind{journal.KindRequest, journal.KindSMS, journal.KindAudit} {
			n, err := j.Retain(ctx, k, c.at(0.5))
			r.Removed += n
			if err != nil {
				return err
			}
		}
		r.RetentionS = time.Since(began).Seconds()
		return nil
	})
	if err != nil {
		return nil, err
	}
	if r.After, err = watch(ctx, j, c, o, nil); err != nil {
		return nil, err
	}
	gone, err := readPage(ctx, j.Requests, "requests, oldest first after retention", journal.Query{Limit: 100}, 5)
	if err != nil {
		return nil, err
	}
	r.Pages = append(r.Pages, gone)
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.HeapMB = float64(m.HeapAlloc) / (1 << 20)
	return r, nil
}

// fillAll writes the records and closes the journal.
func fillAll(ctx context.Context, o options, c *clock, r *report) error {
	s, j, err := open(ctx, o, c)
	if err != nil {
		return err
	}
	began := time.Now()
	err = fill(ctx, j, c, o.appenders, o.rows)
	r.FillSeconds = time.Since(began).Seconds()
	st := j.Stats()
	r.RecordsPerS = float64(st.Records) / r.FillSeconds
	r.RecordsPerBlock = float64(st.Records) / float64(st.Blocks)
	_, _ = fmt.Fprintf(o.log, "filled in %.1f s\n", r.FillSeconds)
	if o.profile != "" {
		err = errors.Join(err, heapProfile(o.profile))
	}
	if err = errors.Join(err, j.Close(), s.Close()); err != nil {
		return err
	}
	size, err := onDisk(o.dir)
	r.BytesPerRecord = float64(size) / float64(st.Records)
	return err
}

// oldest is the time of the first record.
func oldest(ctx context.Context, j *journal.Journal) (time.Time, error) {
	p, err := j.Requests(ctx, journal.Query{Limit: 1})
	if err != nil {
		return time.Time{}, err
	}
	if len(p.Rows) == 0 {
		return time.Time{}, errEmpty
	}
	return p.Rows[0].Time, nil
}

func open(ctx context.Context, o options, c *clock) (*store.Store, *journal.Journal, error) {
	s, err := store.Open(store.Options{Dir: filepath.Join(o.dir, "store"), CacheBytes: o.cache << 20})
	if err != nil {
		return nil, nil, err
	}
	j, err := journal.Open(ctx, journal.Options{View: s.Prefix("journal"), Now: c.now})
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, j, nil
}

// readPages reads every report in several places.
func readPages(ctx context.Context, j *journal.Journal, c *clock, rows int) ([]pages, error) {
	middle := c.at(0.4)
	var out []pages
	var failed error
	add := func(p pages, err error) {
		out, failed = append(out, p), errors.Join(failed, err)
	}
	for _, limit := range []int{100, 1000} {
		for _, p := range []struct {
			name string
			journal.Query
		}{
			{"newest first", journal.Query{Reverse: true}},
			{"oldest first", journal.Query{}},
			{"from the middle", journal.Query{From: middle}},
			{"a day in the middle, newest first", journal.Query{From: middle, To: middle.Add(24 * time.Hour), Reverse: true}},
		} {
			p.Limit = limit
			name := fmt.Sprintf("%s, %d rows", p.name, limit)
			bad := p.Query
			bad.BadOnly = true
			add(readPage(ctx, j.Requests, "requests, "+name, p.Query, 10))
			add(readPage(ctx, j.Requests, "bad requests, "+name, bad, 10))
			add(readPage(ctx, j.SMS, "sms, "+name, p.Query, 10))
			add(readPage(ctx, j.Audits, "audit, "+name, p.Query, 10))
		}
	}
	newest := journal.Query{Reverse: true, Limit: 100}
	with := func(change func(*journal.Query)) journal.Query { q := newest; change(&q); return q }
	add(readPage(ctx, j.Requests, "requests of a user", with(func(q *journal.Query) { q.User = "dialer-2" }), 10))
	add(readPage(ctx, j.Requests, "requests of an action", with(func(q *journal.Query) { q.Module, q.Action = "sms", "send" }), 10))
	add(readPage(ctx, j.Requests, "requests of the user with one among all", with(func(q *journal.Query) { q.User = rareUser }), 0))
	add(readPage(ctx, j.Requests, "requests of a user without any", with(func(q *journal.Query) { q.User = "nobody" }), -1))
	add(readPage(ctx, j.Requests, "request by its id", with(func(q *journal.Query) { q.Text = requestID(rows / 3) }), 0))
	add(readPage(ctx, j.Requests, "requests with a text that is nowhere", with(func(q *journal.Query) { q.Text = "nowhere at all" }), -1))
	add(readPage(ctx, j.SMS, "sms to the number with one among all", with(func(q *journal.Query) { q.Text = rarePhone }), 0))
	add(readPage(ctx, j.SMS, "bad sms", with(func(q *journal.Query) { q.BadOnly = true }), 10))
	return out, failed
}

// readPage follows the cursor over so many pages, to the end for 0; -1 is to the
// end, and nothing may be found.
func readPage[T any](
	ctx context.Context, fetch func(context.Context, journal.Query) (journal.Page[T], error), name string, q journal.Query, count int,
) (pages, error) {
	out := pages{Name: name}
	var took []time.Duration
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		began, beganCPU := time.Now(), threadTime()
		p, err := fetch(ctx, q)
		if err != nil {
			return out, fmt.Errorf("%s: %w", name, err)
		}
		took = append(took, time.Since(began))
		out.WorstCPU = max(out.WorstCPU, ms(threadTime()-beganCPU))
		out.Count++
		out.Rows += len(p.Rows)
		out.read(p.Work)
		if p.Next != "" && len(p.Rows) < q.Limit {
			out.Partial++
		}
		if q.Cursor = p.Next; p.Next == "" || out.Count == count {
			break
		}
	}
	slices.Sort(took)
	out.P50, out.Worst = ms(took[len(took)/2]), ms(took[len(took)-1])
	if out.Rows == 0 && count >= 0 {
		return out, fmt.Errorf("%s: %w", name, errEmpty)
	}
	return out, nil
}

// watch appends and reads pages until meanwhile is over, and at least for the
// calm time.
func watch(ctx context.Context, j *journal.Journal, c *clock, o options, meanwhile func() error) (watched, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var appends, reads []time.Duration
	var failed error
	over := make(chan struct{})
	var wg sync.WaitGroup
	note := func(list *[]time.Duration, began time.Time, err error) {
		took := time.Since(began)
		mu.Lock()
		defer mu.Unlock()
		if *list = append(*list, took); err != nil {
			failed = cmp.Or(failed, err)
		}
	}
	// A steady load, as a call centre's: 2,000 records and 20 pages a second.
	wg.Go(func() {
		pace(over, 500*time.Microsecond, func(i int) {
			wg.Go(func() {
				began := time.Now()
				_, err := j.AppendRequest(ctx, request(i))
				note(&appends, began, err)
			})
		})
	})
	wg.Go(func() {
		pace(over, 50*time.Millisecond, func(int) {
			began := time.Now()
			_, err := j.Requests(ctx, journal.Query{From: c.at(0.7), Limit: 100})
			note(&reads, began, err)
		})
	})
	var err error
	began := time.Now()
	if meanwhile != nil {
		err = meanwhile()
	}
	if left := o.calm - time.Since(began); left > 0 {
		time.Sleep(left)
	}
	close(over)
	wg.Wait()
	return watched{len(appends), part(appends, 50), part(appends, 99), len(reads), part(reads, 99)}, errors.Join(err, failed)
}

func pace(over <-chan struct{}, every time.Duration, do func(int)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-over:
			return
		case <-tick.C:
			do(i)
		}
	}
}

// part is the percentile of a list.
func part(list []time.Duration, percent int) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return ms(list[len(list)*percent/100])
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func heapProfile(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	runtime.GC()
	return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
}

// onDisk is the size of everything but preallocated logs.
func onDisk(dir string) (int64, error) {
	var n int64
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}
