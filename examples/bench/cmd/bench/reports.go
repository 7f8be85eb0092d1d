package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	goalPage  = 20 // ms
	pageReads = 25
	pageRows  = 1000
)

// reports reads pages out of a full journal over HTTP.
func (b *bench) reports(ctx context.Context) error {
	began := time.Now()
	at, err := b.fill(ctx, "journal", b.rows)
	if err != nil {
		return err
	}
	filled := time.Since(began)
	p, err := b.gateway(ctx, "bench.hcl", at, "127.0.0.1:9")
	if err != nil {
		return err
	}
	b.note("journal", "%d rows written in %.1f s by %d appenders", b.rows, filled.Seconds(), connections)
	// A whole day in the middle, so that nothing is at an end of the journal.
	day := time.Now().UTC().AddDate(0, 0, -5).Format(time.DateOnly)
	for _, r := range []struct {
		name, path, body string
	}{
		{"report/request, 1,000 rows", "/report/request", fmt.Sprintf(`{"start_date":%q,"stop_date":%q,"limit":%d}`, day, day, pageRows)},
		{"report/request, 10,000 rows (the default)", "/report/request", fmt.Sprintf(`{"start_date":%q,"stop_date":%q}`, day, day)},
		{"report/badRequest, 1,000 rows", "/report/badRequest", fmt.Sprintf(`{"start_date":%q,"stop_date":%q,"limit":%d}`, day, day, pageRows)},
		{"report/badRequest, a day", "/report/badRequest", fmt.Sprintf(`{"start_date":%q,"stop_date":%q}`, day, day)},
		{"report/sms, none that day", "/report/sms", fmt.Sprintf(`{"start_date":%q,"stop_date":%q}`, day, day)},
	} {
		if err = b.page(ctx, p, r.name, request("POST", p.address, r.path, at.token, r.body)); err != nil {
			err = fmt.Errorf("%s: %w", r.path, err)
			break
		}
	}
	return errors.Join(err, p.stop())
}

func (b *bench) page(ctx context.Context, p *process, name string, raw []byte) error {
	c, err := dial(p.address)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	var took []time.Duration
	size := 0
	for range pageReads {
		if err := ctx.Err(); err != nil {
			return err
		}
		began := time.Now()
		a, err := c.do(raw, false)
		if err != nil {
			return err
		}
		if a.status != 200 {
			return fmt.Errorf("status %d", a.status)
		}
		took, size = append(took, time.Since(began)), a.size
	}
	slices.Sort(took)
	b.atMost(name, ms(median(took)), goalPage, "ms", "median of %d, slowest %.1f ms, %d KB", pageReads, ms(took[len(took)-1]), size>>10)
	return nil
}
