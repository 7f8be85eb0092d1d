package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// Goals of the journal at full size.
const (
	fullRows        = 10_000_000
	fullTime        = 9 * time.Minute
	goalAppends     = 50_000 // records a second
	goalFullPage    = 10     // ms
	goalBytes       = 150    // on disk, for each record
	goalWhileRemove = 2      // times the calm p99
)

// watchedFigures are appends and pages that were watched side by side.
type watchedFigures struct {
	Append float64 `json:"append_p99_ms"`
	Page   float64 `json:"page_p99_ms"`
}

// journalFull runs the journal's own program: ten million records are written and
// read in one process, without HTTP.
func (b *bench) journalFull(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fullTime)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(b.build, "bench", "journal"),
		"--dir", filepath.Join(b.work, "journal10m"), "--rows", fmt.Sprint(fullRows))
	command.Stderr = b.log
	text, err := command.Output()
	if err != nil {
		return fmt.Errorf("build/bench/journal: %w", err)
	}
	var r struct {
		Rows        int     `json:"rows"`
		FillSeconds float64 `json:"fill_seconds"`
		PerSecond   float64 `json:"records_per_s"`
		PerBlock    float64 `json:"records_per_block"`
		Bytes       float64 `json:"bytes_per_record"`
		OpenMS      float64 `json:"open_ms"`
		HeapMB      float64 `json:"heap_mb"`
		Pages       []struct {
			Name    string  `json:"name"`
			Count   int     `json:"count"`
			Rows    int     `json:"rows"`
			P50     float64 `json:"p50_ms"`
			Worst   float64 `json:"worst_ms"`
			Partial int     `json:"partial"`
		} `json:"pages"`
		Calm      watchedFigures `json:"calm"`
		Retention watchedFigures `json:"retention"`
		After     watchedFigures `json:"after"`
		Removed   int            `json:"removed_blocks"`
		Seconds   float64        `json:"retention_seconds"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("answer of build/bench/journal: %w", err)
	}
	b.note("journal10m", "%d requests with their SMS and audit records in %.0f s; opened again in %.0f ms, %.0f MB of heap", r.Rows, r.FillSeconds, r.OpenMS, r.HeapMB)
	b.atLeast("sustained append", r.PerSecond, goalAppends, "/s", "%.0f records in a block", r.PerBlock)
	b.atMost("size on disk", r.Bytes, goalBytes, "B", "for each record, outcomes and indexes included")
	for _, p := range r.Pages {
		extra := ""
		if p.Partial > 0 {
			extra = fmt.Sprintf(", %d of them partial", p.Partial)
		}
		b.atMost(p.Name, p.Worst, goalFullPage, "ms", "slowest of %d pages with %d rows%s, median %.1f ms", p.Count, p.Rows, extra, p.P50)
	}
	// The store has work of its own for a while after the filling; what counts is the
	// calmer of the times before and after.
	b.while("append", min(r.Calm.Append, r.After.Append), r.Retention.Append, "%d blocks removed in %.1f s", r.Removed, r.Seconds)
	b.while("page", min(r.Calm.Page, r.After.Page), r.Retention.Page, "")
	return nil
}

// while judges what retention does to others.
func (b *bench) while(what string, calm, meanwhile float64, format string, args ...any) {
	const clock = 0.001 // ms: what can be told apart
	ratio := meanwhile / max(calm, clock)
	b.atMost(what+" p99 while retention removes", ratio, goalWhileRemove, "×", "%.2f ms, %.2f ms without. "+format,
		append([]any{meanwhile, calm}, args...)...)
}
