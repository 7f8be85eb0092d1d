// Package sheet writes tables as CSV and XLSX files that a spreadsheet opens
// without running, reformatting or losing anything.
//
// The dangers are formulas in text that came from outside ("=HYPERLINK(…)"),
// and the spreadsheet's own guessing: "+79190000000" and "0042" lose their
// sign and zeros, "441234567890" becomes 4.41E+11. XLSX says for every cell
// whether it is text; CSV cannot, so there an apostrophe in front marks such
// texts, which spreadsheets take as "this is text". Numbers that are [Number]
// or [Integer] cells are written plainly, with their sign.
package sheet

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
)

// Format is a file format.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// The limits of the XLSX format, header row included.
const (
	MaxRows     = 1_048_576
	MaxColumns  = 16_384
	MaxCellText = 32_767 // UTF-16 units; longer texts are cut and end in "…"
)

var (
	// ErrFormat means a format that this package does not write.
	ErrFormat = errors.New("sheet: unknown format")
	// ErrTooManyRows means more rows than an XLSX sheet can hold.
	ErrTooManyRows = fmt.Errorf("sheet: more than %d rows with the header, which is what an XLSX sheet holds; narrow the range or take CSV", MaxRows)
	// ErrTooManyColumns is the same for columns.
	ErrTooManyColumns = fmt.Errorf("sheet: more than %d columns", MaxColumns)
	// ErrRowWidth means a row with another number of cells than there are columns.
	ErrRowWidth = errors.New("sheet: row does not fit the columns")
)

// ParseFormat reads a format's name, "csv" or "xlsx".
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case CSV, XLSX:
		return f, nil
	}
	return "", fmt.Errorf("%w: %q is not one of csv, xlsx", ErrFormat, s)
}

// ContentType is the value for the HTTP header of that name.
func (f Format) ContentType() string {
	switch f {
	case CSV:
		return "text/csv; charset=utf-8"
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "application/octet-stream"
}

// Extension is the file name's ending with its dot, empty for an unknown format.
func (f Format) Extension() string {
	switch f {
	case CSV, XLSX:
		return "." + string(f)
	}
	return ""
}

type cellKind uint8

const (
	null cellKind = iota
	text
	number
	integer
	boolean
)

// Cell is one value of a table. The zero Cell is empty.
type Cell struct {
	kind cellKind
	text string
	num  float64
	int  int64
}

// Null is an empty cell.
func Null() Cell { return Cell{} }

// Text is a cell that stays text whatever it looks like.
func Text(s string) Cell { return Cell{kind: text, text: s} }

// Integer is a whole number. XLSX keeps 15 digits of a number; a longer one
// is written there as text.
func Integer(n int64) Cell { return Cell{kind: integer, int: n} }

// Number is a number; NaN and the infinities, which no spreadsheet knows,
// give an empty cell.
func Number(f float64) Cell {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Null()
	}
	return Cell{kind: number, num: f}
}

// Bool is a truth value.
func Bool(b bool) Cell {
	c := Cell{kind: boolean}
	if b {
		c.int = 1
	}
	return c
}

// String is the cell's value as plain text, without protection.
func (c Cell) String() string {
	switch c.kind {
	case text:
		return c.text
	case number:
		return strconv.FormatFloat(c.num, 'f', -1, 64)
	case integer:
		return strconv.FormatInt(c.int, 10)
	case boolean:
		return strconv.FormatBool(c.int != 0)
	}
	return ""
}

// Write writes a table with a header row. CSV goes out as the rows come; XLSX
// is collected (on disk when it is large) and goes out at the end. A row's
// slice may be reused by the sequence for the next row.
//
// # Errors
//
// An error from rows ends the table and is returned with the row's number;
// what has gone to w by then is incomplete. [ErrFormat], [ErrRowWidth],
// [ErrTooManyRows], [ErrTooManyColumns], or what w says.
func Write(w io.Writer, format Format, columns []string, rows iter.Seq2[[]Cell, error]) error {
	if len(columns) == 0 {
		return fmt.Errorf("%w: there are no columns", ErrRowWidth)
	}
	if len(columns) > MaxColumns {
		return ErrTooManyColumns
	}
	switch format {
	case CSV:
		return writeCSV(w, columns, rows)
	case XLSX:
		return writeXLSX(w, columns, rows)
	}
	return fmt.Errorf("%w: %q", ErrFormat, format)
}

// each passes the rows on after checking them; n counts from 1.
func each(columns []string, rows iter.Seq2[[]Cell, error], use func(n int, row []Cell) error) error {
	n := 0
	for row, err := range rows {
		n++
		if err != nil {
			return fmt.Errorf("sheet: row %d: %w", n, err)
		}
		if len(row) != len(columns) {
			return fmt.Errorf("%w: row %d has %d cells for %d columns", ErrRowWidth, n, len(row), len(columns))
		}
		if err := use(n, row); err != nil {
			return err
		}
	}
	return nil
}
