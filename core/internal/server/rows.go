package server

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/sheet"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// table is rows in any form, for all the formats that an answer may have.
type table interface {
	Names() []string
	Len() int
	// appendJSON appends one value as JSON.
	appendJSON(dst []byte, row, column int) ([]byte, error)
	// has reports whether a row has a column at all.
	has(row, column int) bool
	cell(row, column int) sheet.Cell
}

// textTable is a page of the journal: every value is text.
type textTable struct{ Page }

func (t textTable) appendJSON(dst []byte, row, column int) ([]byte, error) {
	return transcode.AppendQuoted(dst, t.Cell(row, column)), nil
}
func (t textTable) has(int, int) bool               { return true }
func (t textTable) cell(row, column int) sheet.Cell { return sheet.Text(t.Cell(row, column)) }

// mapTable is rows that a plugin gave: an array of maps.
type mapTable struct {
	names []string
	rows  [][]abi.Value
}

// maxCells bounds rows times columns: sixteen megabytes of a plugin's message
// could otherwise stand for a table that no memory holds.
const maxCells = 4 << 20

// valueRows takes an array of maps apart; the columns come in the order in which
// they are first met.
func valueRows(v abi.Value) (*mapTable, error) {
	t := &mapTable{}
	index := map[string]int{}
	if v.Kind() != abi.Array {
		return nil, fmt.Errorf("the plugin's rows are no array")
	}
	for row := range v.Elements() {
		if row.Kind() != abi.Map {
			return nil, fmt.Errorf("row %d of the plugin is no map", len(t.rows)+1)
		}
		cells := make([]abi.Value, len(t.names))
		at := 0
		for name, value := range row.Entries() {
			if at >= len(t.names) || t.names[at] != name { // rows mostly repeat the order of the first
				known := false
				if at, known = index[name]; !known {
					if at = len(t.names); at == sheet.MaxColumns {
						return nil, fmt.Errorf("the plugin's rows have more than %d columns", at)
					}
					index[name] = at
					t.names = append(t.names, name)
					cells = append(cells, nil)
				}
			}
			cells[at] = value
			at++
		}
		t.rows = append(t.rows, cells)
		if len(t.rows)*len(t.names) > maxCells {
			return nil, fmt.Errorf("the plugin's rows have more than %d cells", maxCells)
		}
	}
	return t, nil
}

func (t *mapTable) Names() []string { return t.names }
func (t *mapTable) Len() int        { return len(t.rows) }

func (t *mapTable) has(row, column int) bool {
	return column < len(t.rows[row]) && len(t.rows[row][column]) > 0
}

func (t *mapTable) appendJSON(dst []byte, row, column int) ([]byte, error) {
	return transcode.AppendJSON(dst, t.rows[row][column])
}

func (t *mapTable) cell(row, column int) sheet.Cell {
	if !t.has(row, column) {
		return sheet.Null()
	}
	v := t.rows[row][column]
	switch v.Kind() {
	case abi.Nil:
		return sheet.Null()
	case abi.Bool:
		return sheet.Bool(v.Bool())
	case abi.Int:
		if i, ok := v.Int(); ok {
			return sheet.Integer(i)
		}
	case abi.Float:
		if f, ok := v.Float(); ok {
			return sheet.Number(f)
		}
	case abi.Array, abi.Map:
		text, err := transcode.AppendJSON(nil, v)
		if err != nil {
			return sheet.Null()
		}
		return sheet.Text(string(text))
	}
	return sheet.Text(v.String())
}

// sendRows writes rows in the format that the reply asks for.
func (s *Server) sendRows(c *fiber.Ctx, rows any, p *abi.Reply) *problem.Problem {
	var t table
	switch r := rows.(type) {
	case Page:
		t = textTable{r}
	case table:
		t = r
	}
	if p.Format == "" || p.Format == "json" {
		return s.sendJSON(c, func(b []byte) ([]byte, error) { return appendRows(b, t, p.Wrap) })
	}
	format, err := sheet.ParseFormat(p.Format)
	if err != nil {
		return problem.Invalid("format", err)
	}
	return s.sendSheet(c, t, format, p.Filename)
}

// sampleRows is how many rows say how large the rest will be.
const sampleRows = 64

func appendRows(b []byte, t table, wrap bool) ([]byte, error) {
	if wrap {
		b = append(b, `{"result":"OK","data":`...)
	}
	names := t.Names()
	keys := make([][]byte, len(names))
	for i, name := range names {
		keys[i] = append(transcode.AppendQuoted(nil, name), ':')
	}
	b = append(b, '[')
	var err error
	for row := range t.Len() {
		if row > 0 {
			b = append(b, ',')
		}
		if row == sampleRows {
			b = slices.Grow(b, len(b)/sampleRows*(t.Len()-row)*9/8)
		}
		b = append(b, '{')
		first := true
		for column, key := range keys {
			if !t.has(row, column) {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			if b, err = t.appendJSON(append(b, key...), row, column); err != nil {
				return b, err
			}
		}
		b = append(b, '}')
	}
	b = append(b, ']')
	if wrap {
		b = append(b, '}')
	}
	return b, nil
}

func (s *Server) sendSheet(c *fiber.Ctx, t table, format sheet.Format, name string) *problem.Problem {
	names := t.Names()
	if len(names) == 0 {
		names = []string{""} // no rows: the columns are not known, and a sheet has one at least
	}
	var out bytes.Buffer
	if err := sheet.Write(&out, format, names, cells(t, len(names))); err != nil {
		return problem.Internal(fmt.Errorf("write the rows as %s: %w", format, err))
	}
	if name == "" {
		name = "report"
	}
	c.Set(fiber.HeaderContentType, format.ContentType())
	c.Set(fiber.HeaderContentDisposition, disposition(strings.TrimSuffix(name, format.Extension())+format.Extension()))
	c.Response().SetBodyRaw(out.Bytes())
	return nil
}

func cells(t table, columns int) iter.Seq2[[]sheet.Cell, error] {
	return func(yield func([]sheet.Cell, error) bool) {
		row := make([]sheet.Cell, columns)
		for i := range t.Len() {
			for column := range row {
				row[column] = t.cell(i, column)
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}
