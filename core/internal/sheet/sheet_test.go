package sheet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/patchbay-gw/patchbay/core/internal/sheet"
)

func rowsOf(rows ...[]sheet.Cell) iter.Seq2[[]sheet.Cell, error] {
	return func(yield func([]sheet.Cell, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func writeBytes(t testing.TB, f sheet.Format, columns []string, rows iter.Seq2[[]sheet.Cell, error]) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := sheet.Write(&b, f, columns, rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readCSV(t testing.TB, b []byte) [][]string {
	t.Helper()
	rest, ok := bytes.CutPrefix(b, []byte("\ufeff"))
	if !ok {
		t.Fatal("no byte order mark")
	}
	out, err := csv.NewReader(bytes.NewReader(rest)).ReadAll()
	if err != nil {
		t.Fatalf("%v in %q", err, rest)
	}
	return out
}

func openXLSX(t testing.TB, b []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestBadInput(t *testing.T) {
	mine := errors.New("mine")
	failing := func(yield func([]sheet.Cell, error) bool) {
		if yield([]sheet.Cell{sheet.Text("a")}, nil) {
			yield(nil, mine)
		}
	}
	for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX} {
		var b bytes.Buffer
		err := sheet.Write(&b, f, []string{"a"}, failing)
		if !errors.Is(err, mine) || !strings.Contains(err.Error(), "row 2") {
			t.Errorf("%s: rows' error became %v", f, err)
		}
		if err := sheet.Write(&b, f, []string{"a", "b"}, rowsOf([]sheet.Cell{sheet.Null()})); !errors.Is(err, sheet.ErrRowWidth) {
			t.Errorf("%s: short row: %v", f, err)
		}
		if err := sheet.Write(&b, f, nil, rowsOf()); !errors.Is(err, sheet.ErrRowWidth) {
			t.Errorf("%s: no columns: %v", f, err)
		}
		if err := sheet.Write(&b, f, make([]string, sheet.MaxColumns+1), rowsOf()); !errors.Is(err, sheet.ErrTooManyColumns) {
			t.Errorf("%s: too many columns: %v", f, err)
		}
		if err := sheet.Write(brokenWriter{mine}, f, []string{"a"}, rowsOf()); !errors.Is(err, mine) {
			t.Errorf("%s: writer's error became %v", f, err)
		}
		if got, err := sheet.ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("ParseFormat(%q): %q, %v", f, got, err)
		}
	}
	if err := sheet.Write(&bytes.Buffer{}, "pdf", []string{"a"}, rowsOf()); !errors.Is(err, sheet.ErrFormat) {
		t.Errorf("pdf: %v", err)
	}
	if _, err := sheet.ParseFormat("CSV "); !errors.Is(err, sheet.ErrFormat) {
		t.Errorf("ParseFormat: %v", err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestCSVBytes(t *testing.T) {
	got := writeBytes(t, sheet.CSV, []string{"Id", "имя", "=x"}, rowsOf(
		[]sheet.Cell{sheet.Text("98"), sheet.Text(`say "hi", you`), sheet.Null()},
		[]sheet.Cell{sheet.Text(""), sheet.Bool(true), sheet.Text("a;=1+1")},
		[]sheet.Cell{sheet.Integer(-5), sheet.Number(-0.25), sheet.Number(math.NaN())},
		[]sheet.Cell{sheet.Integer(math.MaxInt64), sheet.Number(1e21), sheet.Text("two\nlines")},
	))
	want := "\ufeffId,имя,'=x\r\n" +
		"98,\"say \"\"hi\"\", you\",\r\n" +
		"\"\",true,\"a;=1+1\"\r\n" +
		"-5,-0.25,\r\n" +
		"9223372036854775807,1000000000000000000000,\"two\nlines\"\r\n"
	if string(got) != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestTextsStayText(t *testing.T) {
	protected := []string{
		"=1+1", "+79190000000", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", " =1", "＝1+1", "＋7", "\u00a0=1", "\ufeff=1", "-",
		"89190000000", "441234567890", "0042", "007", "1E5", "12e3", "1234567890", "00.5", "12345678901.5",
	}
	untouched := []string{
		"", "98", "405", "abc", "a=b", "2022-11-10 09:56:40", "10.20.30.40", "Access denied!", "0", "0.5", "E5", "e",
		"'quoted'", "приветик", "1111", "b68bd54c-ddc3-4080-91ab-77c08fd4104e", "100.0%", "0:01:18",
	}
	var rows [][]sheet.Cell
	for _, s := range slices.Concat(protected, untouched) {
		rows = append(rows, []sheet.Cell{sheet.Text(s)})
	}
	lines := readCSV(t, writeBytes(t, sheet.CSV, []string{"c"}, rowsOf(rows...)))[1:]
	if len(lines) != len(rows) {
		t.Fatalf("%d lines, want %d", len(lines), len(rows))
	}
	for i, s := range protected {
		if got := lines[i][0]; got != "'"+s {
			t.Errorf("%q is not protected: %q", s, got)
		}
	}
	for i, s := range untouched {
		if got := lines[len(protected)+i][0]; got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	f := openXLSX(t, writeBytes(t, sheet.XLSX, []string{"c"}, rowsOf(rows...)))
	for i, s := range slices.Concat(protected, untouched) {
		at := fmt.Sprintf("A%d", i+2)
		got, err := f.GetCellValue("Sheet1", at)
		if want := strings.ReplaceAll(s, "\r", "\n"); err != nil || got != want && got != s {
			t.Errorf("%q reads back as %q, %v", s, got, err)
		}
		kind, err := f.GetCellType("Sheet1", at)
		if err != nil || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
			t.Errorf("%q is a cell of type %v, %v", s, kind, err)
		}
		if formula, err := f.GetCellFormula("Sheet1", at); formula != "" || err != nil {
			t.Errorf("%q became the formula %q, %v", s, formula, err)
		}
	}
}

func TestXLSXValues(t *testing.T) {
	long := strings.Repeat("ы", 40_000)
	astral := "x" + strings.Repeat("😀", 20_000)
	f := openXLSX(t, writeBytes(t, sheet.XLSX, []string{"a\x01b", "v"}, rowsOf(
		[]sheet.Cell{sheet.Text("int"), sheet.Integer(-42)},
		[]sheet.Cell{sheet.Text("float"), sheet.Number(2.5)},
		[]sheet.Cell{sheet.Text("bool"), sheet.Bool(true)},
		[]sheet.Cell{sheet.Text("null"), sheet.Null()},
		[]sheet.Cell{sheet.Text("long int"), sheet.Integer(1234567890123456789)},
		[]sheet.Cell{sheet.Text("illegal"), sheet.Text("a\x00\x08\x1fb\ufffec\xffd\ttab")},
		[]sheet.Cell{sheet.Text("escape"), sheet.Text("_x0041_ & <b>")},
		[]sheet.Cell{sheet.Text("long"), sheet.Text(long)},
		[]sheet.Cell{sheet.Text("astral"), sheet.Text(astral)},
	)))
	for i, want := range []struct {
		value string
		kind  excelize.CellType
	}{
		{"-42", excelize.CellTypeUnset}, {"2.5", excelize.CellTypeUnset}, {"TRUE", excelize.CellTypeBool},
		{"", excelize.CellTypeUnset}, {"1234567890123456789", excelize.CellTypeInlineString},
		{"abc\ufffdd\ttab", excelize.CellTypeInlineString}, {"_x0041_ & <b>", excelize.CellTypeInlineString},
		{long[:2*(sheet.MaxCellText-1)] + "…", excelize.CellTypeInlineString},
		{astral[:1+4*16382] + "…", excelize.CellTypeInlineString},
	} {
		at := fmt.Sprintf("B%d", i+2)
		got, err := f.GetCellValue("Sheet1", at)
		if err != nil || got != want.value {
			t.Errorf("%s: %.60q (%d bytes), %v; want %.60q (%d bytes)", at, got, len(got), err, want.value, len(want.value))
		}
		if kind, err := f.GetCellType("Sheet1", at); err != nil || kind != want.kind {
			t.Errorf("%s: cell type %v, want %v, %v", at, kind, want.kind, err)
		}
	}
	if got, err := f.GetCellValue("Sheet1", "A1"); got != "ab" || err != nil {
		t.Errorf("header %q, %v", got, err)
	}
}

// TestXLSXRowLimit writes a full sheet and then one row more.
func TestXLSXRowLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("writes two million rows")
	}
	rows := func(n int) iter.Seq2[[]sheet.Cell, error] {
		row := []sheet.Cell{sheet.Null()}
		return func(yield func([]sheet.Cell, error) bool) {
			for range n {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
	var full, over countingWriter
	if err := sheet.Write(&full, sheet.XLSX, []string{"a"}, rows(sheet.MaxRows-1)); err != nil || full == 0 {
		t.Errorf("full sheet: %v, %d bytes", err, full)
	}
	if err := sheet.Write(&over, sheet.XLSX, []string{"a"}, rows(sheet.MaxRows)); !errors.Is(err, sheet.ErrTooManyRows) || over != 0 {
		t.Errorf("one row more: %v, %d bytes", err, over)
	}
}

type countingWriter int

func (w *countingWriter) Write(p []byte) (int, error) {
	*w += countingWriter(len(p))
	return len(p), nil
}

// FuzzCSV: whatever the texts, a reader gets the same cells back, and none
// begins like a formula.
func FuzzCSV(f *testing.F) {
	f.Add("=1+1", "a,b")
	f.Add("\"", "\r\n")
	f.Add(" ", "\xff\x00")
	f.Add("", "''")
	f.Fuzz(func(t *testing.T, a, b string) {
		out := writeBytes(t, sheet.CSV, []string{"a", "b"}, rowsOf([]sheet.Cell{sheet.Text(a), sheet.Text(b)}))
		if !utf8.Valid(out) {
			t.Fatal("invalid UTF-8")
		}
		lines := readCSV(t, out)
		if len(lines) != 2 || len(lines[1]) != 2 {
			t.Fatalf("%q", lines)
		}
		for i, s := range []string{a, b} {
			want := strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
			want = strings.ReplaceAll(want, "\r\n", "\n") // encoding/csv reads it so
			got := lines[1][i]
			if got != want && got != "'"+want {
				t.Fatalf("%q reads back as %q", s, got)
			}
			if got != "" && strings.ContainsAny(got[:1], "=+-@\t\r\n") {
				t.Fatalf("%q would run", got)
			}
		}
	})
}

// FuzzXLSX: whatever the text, the file opens and the cell is text.
func FuzzXLSX(f *testing.F) {
	f.Add("=1+1")
	f.Add("_x005F_x0041_\x00")
	f.Add("]]>&lt;")
	f.Fuzz(func(t *testing.T, s string) {
		file := openXLSX(t, writeBytes(t, sheet.XLSX, []string{"a"}, rowsOf([]sheet.Cell{sheet.Text(s)})))
		if formula, err := file.GetCellFormula("Sheet1", "A2"); formula != "" || err != nil {
			t.Fatalf("%q became the formula %q, %v", s, formula, err)
		}
		if _, err := file.GetCellValue("Sheet1", "A2"); err != nil {
			t.Fatal(err)
		}
	})
}
