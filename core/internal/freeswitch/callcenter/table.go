// Package callcenter reads what mod_callcenter answers: its text tables and the JSON form of
// "callcenter_config".
//
// Which form for what: the JSON form is safe against a pipe or a line break in a name, so agents, tiers and members use it.
// Its queue list lacks calls_answered, calls_abandoned and ring_progressively_delay, so queues are read from the text
// table, where nothing is escaped: a row that does not fit the header is reported, never shifted.
package callcenter

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

var (
	// ErrRefused means that FreeSWITCH answered with an error instead of a list.
	ErrRefused = errors.New("mod_callcenter refused the command")
	// ErrDamaged means that the answer is neither a list nor an error of mod_callcenter.
	ErrDamaged = errors.New("answer of mod_callcenter is damaged")
)

// Table is one text table. Every row of Rows has exactly len(Columns) cells.
type Table struct {
	Columns []string
	Rows    [][]string
	// Malformed holds the lines that do not fit the header, as received: the remains of a name with a pipe or a line break.
	Malformed []string
}

// ParseTable reads a header line, rows and the closing "+OK". No rows may mean no header: an empty table is just "+OK".
//
// # Errors
//
// ErrRefused for "-ERR …" and "-USAGE …", ErrDamaged when the closing "+OK" is missing.
func ParseTable(text string) (Table, error) {
	switch {
	case strings.HasPrefix(text, "-ERR"), strings.HasPrefix(text, "-USAGE"):
		return Table{}, ErrRefused
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	last := len(lines) - 1
	if lines[last] != "+OK" {
		return Table{}, fmt.Errorf("%w: no closing +OK after %d lines", ErrDamaged, len(lines))
	}
	lines = lines[:last]
	if len(lines) == 0 {
		return Table{}, nil
	}
	t := Table{Columns: strings.Split(lines[0], "|")}
	for i, c := range t.Columns {
		if c == "" || slices.Contains(t.Columns[:i], c) {
			return Table{}, fmt.Errorf("%w: header %.80q", ErrDamaged, lines[0])
		}
	}
	for _, line := range lines[1:] {
		row := strings.Split(line, "|")
		if len(row) != len(t.Columns) {
			t.Malformed = append(t.Malformed, line)
			continue
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}
