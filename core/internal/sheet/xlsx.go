package sheet

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// exact is the largest whole number of which Excel keeps every digit.
const exact = 999_999_999_999_999

const sheetName = "Sheet1"

func writeXLSX(w io.Writer, columns []string, rows iter.Seq2[[]Cell, error]) (err error) {
	file := excelize.NewFile()
	defer func() { err = errors.Join(err, file.Close()) }() // removes its temporary files
	stream, err := file.NewStreamWriter(sheetName)
	if err != nil {
		return fmt.Errorf("sheet: begin XLSX: %w", err)
	}
	values := make([]any, len(columns))
	for i, name := range columns {
		values[i] = clean(name)
	}
	if err := setRow(stream, 1, values); err != nil {
		return err
	}
	err = each(columns, rows, func(n int, row []Cell) error {
		if n+1 > MaxRows {
			return ErrTooManyRows
		}
		for i, c := range row {
			values[i] = c.xlsx()
		}
		return setRow(stream, n+1, values)
	})
	if err != nil {
		return err
	}
	if err := stream.Flush(); err != nil {
		return fmt.Errorf("sheet: end XLSX: %w", err)
	}
	if _, err := file.WriteTo(w); err != nil {
		return fmt.Errorf("sheet: write XLSX: %w", err)
	}
	return nil
}

func setRow(stream *excelize.StreamWriter, n int, values []any) error {
	at, err := excelize.CoordinatesToCellName(1, n)
	if err == nil {
		err = stream.SetRow(at, values)
	}
	if err != nil {
		return fmt.Errorf("sheet: XLSX row %d: %w", n, err)
	}
	return nil
}

// xlsx is the value in the type that the stream writer turns into the right
// kind of cell; a string always becomes text there, never a formula.
func (c Cell) xlsx() any {
	switch c.kind {
	case text:
		return clean(c.text)
	case number:
		return c.num
	case integer:
		if c.int > exact || c.int < -exact {
			return c.String()
		}
		return c.int
	case boolean:
		return c.int != 0
	}
	return nil
}

// clean removes what XML 1.0 cannot hold, replaces invalid UTF-8 and cuts the
// text to the longest that a cell takes.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
		case r < 0x20 || r == 0xfffe || r == 0xffff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	if len(s) <= MaxCellText {
		return s
	}
	units, end := 0, 0
	for i, r := range s {
		n := 1
		if r >= 0x10000 {
			n = 2
		}
		if units += n; units > MaxCellText {
			return s[:end] + "…"
		}
		if units < MaxCellText {
			end = i + utf8.RuneLen(r) // leaves one unit for the mark
		}
	}
	return s
}
