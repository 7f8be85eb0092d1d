package admin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/sheet"
)

// make makes the file of one export. process ends when the gateway stops: then the
// export stays unfinished.
func (x *Exports) make(process context.Context, e *export) {
	defer e.stop()
	defer context.AfterFunc(process, e.stop)()
	var size int64
	err := x.count(e)
	if err == nil {
		size, err = x.write(e.ctx, e)
	}
	if err != nil {
		_ = os.Remove(x.fileOf(e.show())) // nobody has use for half of it
		if process.Err() != nil {
			x.leave(e)
			return
		}
		x.log.Warn("an export failed", "kind", e.show().Kind, "error", err)
	}
	e.update(func(v *exportView) {
		v.State, v.Bytes, v.Progress = ExportDone, size, 1
		if err != nil {
			v.State, v.Error = ExportFailed, exportFault(err)
		}
	})
	if err := x.save(e); err != nil {
		x.log.Warn("an export will be made again after a restart", "error", err)
	}
}

var errExportBegun = errors.New("its making was interrupted too often; narrow the range")

// count notes that the making begins, before it does.
func (x *Exports) count(e *export) error {
	e.mu.Lock()
	e.record.Begun++
	begun := e.record.Begun
	e.mu.Unlock()
	if begun > maxExportBegun {
		return errExportBegun
	}
	return x.save(e)
}

// leave keeps an export for the next process. A stop in good order is nobody's
// fault and does not count.
func (x *Exports) leave(e *export) {
	e.mu.Lock()
	e.record.Begun--
	e.mu.Unlock()
	if err := x.save(e); err != nil {
		x.log.Warn("an export is not kept as it is", "error", err)
	}
}

// exportFault is what the caller learns.
func exportFault(err error) string {
	switch {
	case errors.Is(err, sheet.ErrTooManyRows), errors.Is(err, errExportSize), errors.Is(err, errExportBegun):
		return err.Error()
	case errors.Is(err, context.Canceled):
		return "it was stopped"
	case errors.Is(err, context.DeadlineExceeded):
		return "it took longer than " + exportTime.String() + "; narrow the range"
	}
	return "it could not be written; the log says why"
}

var errExportSize = fmt.Errorf("the file is larger than %d MiB; narrow the range", maxExportBytes>>20)

// bounded stops a file that grows too large.
type bounded struct {
	file *os.File
	size int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.size += int64(len(p)); b.size > maxExportBytes {
		return 0, errExportSize
	}
	return b.file.Write(p)
}

func (x *Exports) write(ctx context.Context, e *export) (size int64, err error) {
	v := e.show()
	table, zone := exportTables[v.Kind], v.Filter.zone(x.zone)
	// Half a file of an earlier process may be there.
	file, err := os.OpenFile(x.fileOf(v), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := &bounded{file: file}
	rows := func(yield func([]sheet.Cell, error) bool) {
		for p, err := range pagesOf(ctx, table, x.journal, v.Filter.query(), zone) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range p.rows {
				if !yield(row, nil) {
					return
				}
			}
			e.update(func(now *exportView) { now.advance(p) })
		}
	}
	if err := sheet.Write(out, sheet.Format(v.Format), table.columns, rows); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil { // nobody wants it any more
		return 0, err
	}
	if err := file.Sync(); err != nil { // it has to be there when its record says so
		return 0, fmt.Errorf("export: %w", err)
	}
	return out.size, nil
}

// advance counts a part. Without a beginning the first record gives it.
func (v *exportView) advance(p exportRows) {
	v.Rows += len(p.rows)
	if v.Filter.From.IsZero() {
		v.Filter.From = p.first
	}
	if span := v.Filter.To.Sub(v.Filter.From); span > 0 && !p.last.IsZero() {
		v.Progress = min(max(p.last.Sub(v.Filter.From).Seconds()/span.Seconds(), v.Progress), .99)
	}
}

// pagesOf walks through all parts of a table; it ends after an error.
func pagesOf(ctx context.Context, table exportTable, j Journal, q journal.Query, zone *time.Location) func(func(exportRows, error) bool) {
	q.Limit = exportPage
	return func(yield func(exportRows, error) bool) {
		for {
			p, err := table.page(ctx, j, q, zone)
			if !yield(p, err) || err != nil {
				return
			}
			if q.Cursor = p.next; p.next == "" {
				return
			}
		}
	}
}

func idCell(id uint64) sheet.Cell { return sheet.Text(strconv.FormatUint(id, 10)) }
