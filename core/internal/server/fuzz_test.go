package server_test

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// FuzzDispatch: whatever comes in, there is one well-formed answer and, for a path
// of two elements, exactly one record that is fit for the journal.
func FuzzDispatch(f *testing.F) {
	f.Add("POST", "/sms/send", "", []byte(phone), "application/json", "")
	f.Add("POST", "/sms/send", "", []byte(`{"phone":"1","pin":"x","я":[{}]}`), "", "key-1")
	f.Add("GET", "/sms/read", "phone=1&phone=2", []byte(nil), "", "")
	f.Add("HEAD", "/sms/read", "phone=%zz", []byte(nil), "", "")
	f.Add("POST", "/%ff/%00", "", []byte("\xef\xbb\xbf{}"), "multipart/x", "\x00")
	f.Add("POST", "/a/b/c", "", []byte("["), "", "")
	f.Add("OPTIONS", "//", "?", []byte("{}"), "text/plain", "")
	r := newRig(f)
	r.opt.BodyLimit = 1 << 20
	r.route("send", replies(abi.Reply{Body: abi.StringValue("x")}))
	r.route("read", replies(abi.Reply{Form: abi.FormRows, Body: rowsOf(object("a", "b"))}), safe)
	r.start()
	handler := r.s.App().Handler()
	f.Fuzz(func(t *testing.T, method, path, query string, body []byte, contentType, key string) {
		var c fasthttp.RequestCtx
		c.Init(&fasthttp.Request{}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
		c.Request.Header.SetMethod(method)
		c.Request.SetRequestURI("/" + strings.TrimPrefix(path, "/"))
		c.Request.URI().SetQueryString(query)
		c.Request.SetBody(body)
		c.Request.Header.Set("Content-Type", contentType)
		c.Request.Header.Set("Idempotency-Key", key)
		c.Request.Header.Set("Authorization", "Bearer "+r.token)
		before := len(r.records.all())
		handler(&c)

		var raw bytes.Buffer
		if _, err := c.Response.WriteTo(&raw); err != nil {
			t.Fatal(err)
		}
		p, err := http.ReadResponse(bufio.NewReader(&raw), &http.Request{Method: method})
		if err != nil {
			t.Fatalf("no HTTP: %v", err)
		}
		_ = p.Body.Close()
		if p.StatusCode >= 500 && !r.logged(answer{body: string(c.Response.Body())}.id()) {
			t.Errorf("%d %s", p.StatusCode, c.Response.Body())
		}
		records := r.records.all()[before:]
		if len(records) > 1 {
			t.Fatalf("%d records", len(records))
		}
		for _, rec := range records {
			if rec.Status != p.StatusCode || rec.RequestID != p.Header.Get("X-Request-Id") {
				t.Errorf("recorded %d of %d", rec.Status, p.StatusCode)
			}
			for _, s := range append(rec.Ignored, rec.Module, rec.Action, rec.Body, rec.Error, rec.Reason) {
				if !utf8.ValidString(s) || len(s) > 4096 || strings.ContainsAny(s, "\r\n\x00") {
					t.Errorf("recorded %q", s)
				}
			}
		}
	})
}
