package server_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func rowsOf(maps ...abi.Value) abi.Value {
	var l abi.List
	for _, m := range maps {
		l.Add(m)
	}
	return l.Value()
}

func object(pairs ...string) abi.Value {
	var o abi.Object
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Str(pairs[i], pairs[i+1])
	}
	return o.Value()
}

// TestReplyForms: every form of a reply, well made and badly made. What is
// recorded is what was answered.
func TestReplyForms(t *testing.T) {
	mixed := rowsOf(
		new(abi.Object).Str("a", "+7919").Int("b", 1<<60).Value(),
		new(abi.Object).Str("c", "=1+1").Set("a", abi.AppendNil(nil)).Value(),
		new(abi.Object).Value(),
		new(abi.Object).Set("b", rowsOf(abi.StringValue("x"))).Set("c", abi.AppendBool(nil, true)).Set("a", abi.AppendFloat(nil, 1.5)).Value(),
	)
	const js, csv = "application/json; charset=utf-8", "text/csv; charset=utf-8"
	rows := []struct {
		name   string
		reply  abi.Reply
		status int
		ctype  string
		body   string // "<500>" for an internal error
	}{
		{"value", abi.Reply{Body: object("result", "OK")}, 200, js, `{"result":"OK"}`},
		{"status", abi.Reply{Status: 201, Body: object()}, 201, js, `{}`},
		{"nothing", abi.Reply{}, 200, js, `null`},
		{"a number that JSON has not", abi.Reply{Body: abi.AppendFloat(nil, math.NaN())}, 500, js, `<500>`},
		{"bytes", abi.Reply{Form: abi.FormBytes, Body: abi.AppendBytes(nil, []byte("RIFF")), ContentType: "audio/wav"}, 200, "audio/wav", "RIFF"},
		{"bytes, type with a parameter", abi.Reply{Form: abi.FormBytes, Body: abi.AppendBytes(nil, []byte("x")), ContentType: "text/plain; charset=utf-8"}, 200, "text/plain; charset=utf-8", "x"},
		{"bytes, XML", abi.Reply{Form: abi.FormBytes, Body: abi.AppendBytes(nil, []byte("x")), ContentType: "text/xml"}, 200, "text/xml", "x"},
		{"bytes, no type", abi.Reply{Form: abi.FormBytes, Body: abi.AppendBytes(nil, []byte("x"))}, 200, "application/octet-stream", "x"},
		{"bytes, half a type", abi.Reply{Form: abi.FormBytes, ContentType: "html"}, 200, "application/octet-stream", ""},
		{"bytes, a page", abi.Reply{Form: abi.FormBytes, ContentType: "Text/HTML; charset=utf-8"}, 200, "application/octet-stream", ""},
		{"bytes, a drawing", abi.Reply{Form: abi.FormBytes, ContentType: "image/svg+xml"}, 200, "application/octet-stream", ""},
		{"bytes, a page as XML", abi.Reply{Form: abi.FormBytes, ContentType: "application/xhtml+xml"}, 200, "application/octet-stream", ""},
		{"bytes, a header in the type", abi.Reply{Form: abi.FormBytes, ContentType: "text/plain\r\nX-Evil: 1"}, 200, "application/octet-stream", ""},
		{"rows", abi.Reply{Form: abi.FormRows, Body: mixed}, 200, js,
			`[{"a":"+7919","b":1152921504606846976},{"a":null,"c":"=1+1"},{},{"a":1.5,"b":["x"],"c":true}]`},
		{"rows, wrapped", abi.Reply{Form: abi.FormRows, Body: rowsOf(object("id", "1")), Wrap: true, Format: "json"}, 200, js, `{"result":"OK","data":[{"id":"1"}]}`},
		{"no rows, wrapped", abi.Reply{Form: abi.FormRows, Body: rowsOf(), Wrap: true}, 200, js, `{"result":"OK","data":[]}`},
		{"rows as CSV", abi.Reply{Form: abi.FormRows, Body: mixed, Format: "csv"}, 200, csv,
			"\ufeffa,b,c\r\n'+7919,1152921504606846976,\r\n\"\",,'=1+1\r\n\"\",,\r\n1.5,\"[\"\"x\"\"]\",true\r\n"},
		{"no rows as CSV", abi.Reply{Form: abi.FormRows, Body: rowsOf(), Format: "csv"}, 200, csv, "\ufeff\"\"\r\n"},
		{"empty rows as CSV", abi.Reply{Form: abi.FormRows, Body: rowsOf(object()), Format: "csv"}, 200, csv, "\ufeff\"\"\r\n\"\"\r\n"},
		{"rows in a format that nobody knows", abi.Reply{Form: abi.FormRows, Body: rowsOf(), Format: "pdf"}, 422, js, `{"error":"Invalid format!"}`},
		{"rows that are none", abi.Reply{Form: abi.FormRows, Body: object()}, 500, js, `<500>`},
		{"rows without a body", abi.Reply{Form: abi.FormRows}, 500, js, `<500>`},
		{"a row that is none", abi.Reply{Form: abi.FormRows, Body: rowsOf(abi.StringValue("x"))}, 500, js, `<500>`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t)
			r.route("send", replies(row.reply))
			r.start()
			got := r.send("/sms/send", phone)
			want := strings.ReplaceAll(row.body, "<500>", `{"error":"Internal error!","id":"`+got.id()+`"}`)
			if got.status != row.status || got.body != want || got.header.Get("Content-Type") != row.ctype {
				t.Errorf("%d %s %q\nwant %d %s %q", got.status, got.header.Get("Content-Type"), got.body, row.status, row.ctype, want)
			}
			if row.reply.Form == abi.FormBytes && (got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Content-Security-Policy") != "sandbox") {
				t.Errorf("a browser may run it: %v", got.header)
			}
			rec := r.last(1)
			if rec.Status != row.status || rec.ErrorID != got.id() || (row.status == 500) != r.logged(got.id()) {
				t.Errorf("record %+v of %d %s", rec, got.status, got.body)
			}
		})
	}
}

// TestRowsThatExplode: a small message must not stand for a huge table.
func TestRowsThatExplode(t *testing.T) {
	wide := new(abi.Object)
	for i := range 20_000 {
		wide.Int(strings.Repeat("k", 1+i%3)+string(rune('a'+i%26))+strings.Repeat("x", i/26%40)+string(rune(0x4e00+i)), 1)
	}
	var long abi.List
	first := new(abi.Object)
	for i := range 5000 {
		first.Int(string(rune(0x4e00+i)), 1)
	}
	long.Add(first.Value())
	for range 2000 {
		long.Add(object())
	}
	for name, body := range map[string]abi.Value{"columns": rowsOf(wide.Value()), "cells": long.Value()} {
		r := newRig(t)
		r.route("send", replies(abi.Reply{Form: abi.FormRows, Body: body}))
		r.start()
		if got := r.send("/sms/send", phone); got.status != 500 || r.last(1).Status != 500 {
			t.Errorf("%s: %d with %d bytes", name, got.status, len(got.body))
		}
	}
}

// TestSheetNameEndsOnce: some plugins give the whole name of the file.
func TestSheetNameEndsOnce(t *testing.T) {
	for _, name := range []string{"rows_1", "rows_1.csv"} {
		r := newRig(t)
		r.route("send", replies(abi.Reply{Form: abi.FormRows, Body: rowsOf(object("a", "b")), Format: "csv", Filename: name}))
		r.start()
		if got := r.send("/sms/send", phone); got.status != 200 || got.header.Get("Content-Disposition") != "attachment; filename=rows_1.csv" {
			t.Errorf("%s: %d %v", name, got.status, got.header)
		}
	}
}

func TestXLSX(t *testing.T) {
	for name, body := range map[string]abi.Value{"rows": rowsOf(object("phone", "+79190001234")), "no rows": rowsOf()} {
		r := newRig(t)
		r.route("send", replies(abi.Reply{Form: abi.FormRows, Body: body, Format: "xlsx", Filename: `отчёт "1"`}))
		r.start()
		got := r.send("/sms/send", phone)
		if got.status != 200 || got.header.Get("Content-Disposition") != `attachment; filename*=utf-8''%D0%BE%D1%82%D1%87%D1%91%D1%82%20%221%22.xlsx` {
			t.Errorf("%s: %d %v", name, got.status, got.header)
		}
		if _, err := zip.NewReader(strings.NewReader(got.body), int64(len(got.body))); err != nil {
			t.Errorf("%s: no workbook: %v", name, err)
		}
	}
}

func TestReplyHeaders(t *testing.T) {
	r := newRig(t)
	r.route("send", runner(func(context.Context, *abi.Request) (*wasm.Result, error) {
		return &wasm.Result{
			Reply: abi.Reply{Next: "cur\r\nsor"}, Warnings: []string{"node pbx2 is unavailable", "a \"b\"\r\nX-Evil: 1"},
		}, nil
	}))
	r.start()
	got := r.send("/sms/send", phone)
	want := []string{`199 patchbay "node pbx2 is unavailable"`, `199 patchbay "a 'b'X-Evil: 1"`}
	if w := got.header.Values("Warning"); len(w) != 2 || w[0] != want[0] || w[1] != want[1] {
		t.Errorf("warnings %q", w)
	}
	if got.header.Get("X-Next-Cursor") != "cursor" || got.header.Get("X-Evil") != "" {
		t.Errorf("headers %v", got.header)
	}
}

// textPage is a page of a report.
type textPage struct {
	rows   [][]string
	closed int
}

func (p *textPage) Names() []string             { return []string{"id", "text"} }
func (p *textPage) Len() int                    { return len(p.rows) }
func (p *textPage) Cell(row, column int) string { return p.rows[row][column] }
func (p *textPage) Close() error                { p.closed++; return nil }

func TestPage(t *testing.T) {
	for format, want := range map[string]string{
		"":     `{"result":"OK","data":[{"id":"0042","text":"a\"b"}]}`,
		"csv":  "\ufeffid,text\r\n'0042,\"a\"\"b\"\r\n",
		"odt":  `{"error":"Invalid format!"}`,
		"json": `{"result":"OK","data":[{"id":"0042","text":"a\"b"}]}`,
	} {
		p := &textPage{rows: [][]string{{"0042", `a"b`}}}
		r := newRig(t)
		r.route("send", attaches(p, abi.Reply{Format: format, Wrap: true}))
		r.start()
		if got := r.send("/sms/send", phone); got.body != want || p.closed != 1 {
			t.Errorf("%q: %d %q, closed %d times", format, got.status, got.body, p.closed)
		}
	}
}

// strange is an attachment that is neither a file nor a page.
type strange struct{ closed int }

func (s *strange) Close() error { s.closed++; return nil }

func TestUnknownAttachment(t *testing.T) {
	a := &strange{}
	r := newRig(t)
	r.route("send", attaches(a, abi.Reply{}))
	r.start()
	if got := r.send("/sms/send", phone); got.status != 500 || a.closed != 1 || r.last(1).Status != 500 {
		t.Errorf("%d %s, closed %d times", got.status, got.body, a.closed)
	}
}

// TestFile: a recording whole and in ranges (RFC 9110 section 14), closed once
// whatever happens.
func TestFile(t *testing.T) {
	const text = "0123456789"
	modified := time.Date(2026, 3, 1, 10, 0, 0, 5000, time.UTC)
	rows := []struct {
		name, method string
		header       []string
		empty        bool
		seek         error
		status       int
		body         string
		crange       string
		length       string
	}{
		{name: "whole", status: 200, body: text, length: "10"},
		{name: "first bytes", header: []string{"Range", "bytes=0-3"}, status: 206, body: "0123", crange: "bytes 0-3/10", length: "4"},
		{name: "one byte", header: []string{"Range", "bytes=0-0"}, status: 206, body: "0", crange: "bytes 0-0/10", length: "1"},
		{name: "middle", header: []string{"Range", "bytes=4-6"}, status: 206, body: "456", crange: "bytes 4-6/10", length: "3"},
		{name: "to the end", header: []string{"Range", "bytes=7-"}, status: 206, body: "789", crange: "bytes 7-9/10", length: "3"},
		{name: "behind the end", header: []string{"Range", "bytes=8-99"}, status: 206, body: "89", crange: "bytes 8-9/10", length: "2"},
		{name: "suffix", header: []string{"Range", "bytes=-3"}, status: 206, body: "789", crange: "bytes 7-9/10", length: "3"},
		{name: "long suffix", header: []string{"Range", "bytes=-99"}, status: 206, body: text, crange: "bytes 0-9/10", length: "10"},
		{name: "everything", header: []string{"Range", "bytes=0-9"}, status: 206, body: text, crange: "bytes 0-9/10", length: "10"},
		{name: "empty suffix", header: []string{"Range", "bytes=-0"}, status: 416, crange: "bytes */10"},
		{name: "begins behind the end", header: []string{"Range", "bytes=10-"}, status: 416, crange: "bytes */10"},
		{name: "far behind the end", header: []string{"Range", "bytes=99999999999999999-"}, status: 416, crange: "bytes */10"},
		{name: "the wrong way round", header: []string{"Range", "bytes=5-3"}, status: 416, crange: "bytes */10"},
		{name: "several", header: []string{"Range", "bytes=0-1,4-5"}, status: 200, body: text, length: "10"},
		{name: "another unit", header: []string{"Range", "rows=0-1"}, status: 200, body: text, length: "10"},
		{name: "nonsense", header: []string{"Range", "bytes=a-b"}, status: 200, body: text, length: "10"},
		{name: "only a minus", header: []string{"Range", "bytes=-"}, status: 200, body: text, length: "10"},
		{name: "the same file still", header: []string{"Range", "bytes=0-1", "If-Range", "Sun, 01 Mar 2026 10:00:00 GMT"}, status: 206, body: "01", crange: "bytes 0-1/10", length: "2"},
		{name: "another file meanwhile", header: []string{"Range", "bytes=0-1", "If-Range", "Sun, 01 Mar 2026 09:59:59 GMT"}, status: 200, body: text, length: "10"},
		{name: "HEAD", method: "HEAD", status: 200, length: "10"},
		{name: "GET", method: "GET", header: []string{"Range", "bytes=1-1"}, status: 206, body: "1", crange: "bytes 1-1/10", length: "1"},
		{name: "an empty file", empty: true, status: 200, length: "0"},
		{name: "a range of an empty file", empty: true, header: []string{"Range", "bytes=0-"}, status: 200, length: "0"},
		{name: "a file that cannot be read", seek: errors.New("stale handle"), status: 500},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f := newFile(text)
			if row.empty {
				f = newFile("")
			}
			f.modified, f.failSeek = modified, row.seek
			r := newRig(t)
			r.route("send", attaches(f, abi.Reply{Filename: "call.wav"}), safe)
			r.start()
			var got answer
			if row.method == "" {
				got = r.send("/sms/send", phone, row.header...)
			} else {
				got = r.do(row.method, "/sms/send?phone=1", "", append(row.header, "Authorization", "Bearer "+r.token)...)
			}
			if got.status != row.status || row.status < 400 && got.body != row.body || got.header.Get("Content-Range") != row.crange {
				t.Errorf("%d %q %q\nwant %d %q %q", got.status, got.body, got.header.Get("Content-Range"), row.status, row.body, row.crange)
			}
			if row.status < 400 {
				if got.header.Get("Content-Length") != row.length || got.header.Get("Content-Type") != "audio/wav" || got.header.Get("Accept-Ranges") != "bytes" ||
					got.header.Get("Last-Modified") != modified.Format(http.TimeFormat) || got.header.Get("Content-Disposition") != "attachment; filename=call.wav" {
					t.Errorf("headers %v", got.header)
				}
			} else if got.header.Get("Accept-Ranges") != "" || got.header.Get("Content-Type") != "application/json; charset=utf-8" {
				t.Errorf("headers %v", got.header)
			}
			if rec := r.last(1); rec.Status != row.status || rec.ErrorID != got.id() {
				t.Errorf("recorded %+v", rec)
			}
			if n := f.closes(); n != 1 {
				t.Errorf("closed %d times", n)
			}
		})
	}
}

// TestFileToACallerWhoLeft: the file is closed when the caller goes away in the
// middle of it.
func TestFileToACallerWhoLeft(t *testing.T) {
	closed := make(chan struct{})
	f := &endless{closed: closed}
	r := newRig(t)
	r.route("send", attaches(f, abi.Reply{}))
	base := r.start().listen()
	q, err := http.NewRequestWithContext(t.Context(), "POST", base+"/sms/send", strings.NewReader(phone))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+r.token)
	p, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(p.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	_ = p.Body.Close()
	<-closed
}

// endless is a file that is larger than any socket buffer.
type endless struct{ closed chan struct{} }

func (e *endless) Size() int64                    { return 1 << 40 }
func (e *endless) ModTime() time.Time             { return time.Time{} }
func (e *endless) ContentType() string            { return "audio/wav" }
func (e *endless) Seek(int64, int) (int64, error) { return 0, nil }
func (e *endless) Close() error                   { close(e.closed); return nil }

func (e *endless) Read(p []byte) (int, error) {
	return copy(p, bytes.Repeat([]byte("x"), len(p))), nil
}
