package sheet

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

const (
	// Without the byte order mark Excel reads the file in the system's code page.
	byteOrderMark = "\ufeff"

	// plainDigits is how long a text of digits may be before a spreadsheet's
	// narrow column shows it as 8.9E+10.
	plainDigits = 9
)

// writeCSV follows RFC 4180: commas, CRLF, quotes doubled.
func writeCSV(w io.Writer, columns []string, rows iter.Seq2[[]Cell, error]) error {
	b := bufio.NewWriterSize(w, 32<<10)
	// A bufio.Writer keeps its first error for Flush.
	_, _ = b.WriteString(byteOrderMark)
	var line []byte
	for i, name := range columns {
		line = appendField(line, i, protect(name))
	}
	_, _ = b.Write(append(line, "\r\n"...))
	err := each(columns, rows, func(_ int, row []Cell) error {
		line = line[:0]
		for i, c := range row {
			s := c.String()
			if c.kind == text {
				s = protect(s)
			}
			line = appendField(line, i, s)
		}
		_, err := b.Write(append(line, "\r\n"...))
		return err
	})
	if flushErr := b.Flush(); flushErr != nil {
		return fmt.Errorf("sheet: write CSV: %w", flushErr)
	}
	return err
}

// appendField quotes whatever a reader might split or trim. Semicolon and tab
// are among it: where they are the spreadsheet's separator, an unquoted
// "a;=1+1" would give a second cell with a formula.
func appendField(line []byte, column int, s string) []byte {
	if column > 0 {
		line = append(line, ',')
	}
	if s == "" && column == 0 {
		return append(line, `""`...) // a lone empty field would be an empty line
	}
	if !strings.ContainsAny(s, ",;\t\"\r\n|") && strings.TrimSpace(s) == s {
		return append(line, s...)
	}
	line = append(line, '"')
	line = append(line, strings.ReplaceAll(s, `"`, `""`)...)
	return append(line, '"')
}

// protect puts an apostrophe before a text that a spreadsheet would run or
// turn into a number with other digits. Invalid UTF-8 and NUL, which end the
// cell in some programs, are replaced.
func protect(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
	if runs(s) || looksDamageable(s) {
		return "'" + s
	}
	return s
}

// runs: the characters that begin a formula, also in their full-width forms
// and behind blanks, which some programs drop.
func runs(s string) bool {
	if s == "" {
		return false
	}
	if strings.ContainsRune("\t\r\n", rune(s[0])) {
		return true
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimSpace(strings.TrimLeft(s, byteOrderMark)))
	return strings.ContainsRune("=+-@＝＋－＠", first)
}

// looksDamageable: digits with a leading zero, many digits, or digits with an
// exponent ("12E5").
func looksDamageable(s string) bool {
	digits, exponents, points := 0, 0, 0
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == 'e' || c == 'E':
			exponents++
		case c == '.' || c == ',' || c == '+' || c == '-':
			points++
		default:
			return false
		}
	}
	if digits == 0 || s[0] < '0' || s[0] > '9' {
		return false
	}
	leadingZero := s[0] == '0' && len(s) > 1 && s[1] >= '0' && s[1] <= '9'
	return exponents == 1 || exponents == 0 && points <= 1 && (leadingZero || digits > plainDigits)
}
