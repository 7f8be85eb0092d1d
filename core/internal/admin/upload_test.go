package admin

import (
	"bytes"
	"mime/multipart"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/minisig"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
)

// FuzzUpload: an upload is refused, or it is a file and at most one signature, each within its
// bounds and taken from the body.
func FuzzUpload(f *testing.F) {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for _, name := range []string{"file", "signature"} {
		part, err := w.CreateFormFile(name, name)
		if err != nil {
			f.Fatal(err)
		}
		_, _ = part.Write([]byte("\x00asm " + name))
	}
	_ = w.Close()
	f.Add("application/wasm", []byte("\x00asm"))
	f.Add("application/octet-stream; x=y", []byte(""))
	f.Add(w.FormDataContentType(), form.Bytes())
	f.Add(w.FormDataContentType(), form.Bytes()[:form.Len()-4])
	f.Add("multipart/form-data", form.Bytes())
	f.Add("multipart/form-data; boundary=\"\"", []byte("----\r\n\r\n"))
	f.Add("text/plain", []byte("x"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		code, signature, err := readUpload(contentType, body)
		if err != nil {
			if code != nil || signature != nil {
				t.Fatalf("%q: an error and %d and %d bytes", contentType, len(code), len(signature))
			}
			return
		}
		if len(code) == 0 || len(code) > plugin.MaxSize || len(signature) > minisig.MaxSize || len(code)+len(signature) > len(body) || !bytes.Contains(body, code) {
			t.Fatalf("%q: %d and %d bytes out of %d", contentType, len(code), len(signature), len(body))
		}
	})
}

// FuzzTime: a bound of a search is a time, and the end of a day is later than its beginning.
func FuzzTime(f *testing.F) {
	for _, text := range []string{"2022-11-24", "2022-11-24 16:14:40", "2022-11-24T16:14:40.5Z", "2022-11-24T16:14:40+03:00", "", "now", "0000-00-00", "9999-12-31"} {
		f.Add(text)
	}
	zone := time.FixedZone("", 3*60*60)
	f.Fuzz(func(t *testing.T, text string) {
		from, err := parseTime(text, false, zone)
		to, errTo := parseTime(text, true, zone)
		if (err == nil) != (errTo == nil) || err == nil && to.Before(from) {
			t.Fatalf("%q: from %v, %v to %v, %v", text, from, err, to, errTo)
		}
	})
}
