package sms

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// receiver collects receipts; it refuses the first ones when told to.
func receiver(t *testing.T, refuse int) (base string, got chan string) {
	t.Helper()
	got = make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // an error shows in the text
		got <- r.Method + " " + r.URL.RequestURI() + " " + string(body)
		if refuse > 0 {
			refuse--
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

func TestKannelReceipts(t *testing.T) {
	s, base := start(t)
	s.options.Delay = time.Millisecond
	target, got := receiver(t, 0)
	post := func(to, mask string) {
		t.Helper()
		if status, text, err := send(t, get(t, base+"/cgi-bin/sendsms", "username", "patchbay", "password", "secret", "to", to, "text", "Hi",
			"dlr-mask", mask, "dlr-url", target+"/a%%20b?r=7&d=%d&i=%i&a=%A")); err != nil || status != 202 {
			t.Fatal(status, text, err)
		}
	}
	expect := func(want ...string) {
		t.Helper()
		for _, w := range want {
			if g := <-got; g != "GET /a%20b?r=7&d="+w+" " {
				t.Errorf("got %s, want d=%s", g, w)
			}
		}
	}
	post("89190000000", "27")
	expect("8&i=sandbox&a=ACK%2F", "1&i=sandbox&a=stat%3ADELIVRD+err%3A000")
	post("89190000000", "1")
	expect("1&i=sandbox&a=stat%3ADELIVRD+err%3A000")
	post("89190000008", "3")
	expect("2&i=sandbox&a=stat%3AEXPIRED+err%3A000")
	post("89190000009", "31")
	s.work.Wait()
	if len(got) > 0 {
		t.Errorf("a receipt for a secretive number: %s", <-got)
	}
}

func TestJSONReceiptsAndStatus(t *testing.T) {
	s, base := start(t)
	s.options.Delay = time.Millisecond
	target, got := receiver(t, 2)
	request := func(method, path, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequest(method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer sandbox-key")
		status, text, err := send(t, r)
		if err != nil {
			t.Fatal(err)
		}
		return status, text
	}
	_, text := request("POST", "/api/send", `{"to":"79190000007","text":"Hi","callback":"`+target+`","reference":"17"}`)
	var sent struct{ ID string }
	if err := json.Unmarshal([]byte(text), &sent); err != nil {
		t.Fatal(text, err)
	}
	for _, want := range []string{"SENT", "SENT", "SENT", "UNDELIVERED"} { // refused twice
		var r map[string]string
		_, body, _ := strings.Cut(<-got, "/ ")
		if err := json.Unmarshal([]byte(body), &r); err != nil || r["status"] != want || r["id"] != sent.ID || r["reference"] != "17" {
			t.Errorf("%s, want %s", body, want)
		}
	}
	s.work.Wait()
	for path, want := range map[string]string{
		"/api/status?id=" + url.QueryEscape(sent.ID): `{"id":"` + sent.ID + `","status":"UNDELIVERED"}`,
		"/api/status?id=1":                           `{"error":"no such message"}`,
		"/api/balance":                               `{"balance":"1042.50"}`,
	} {
		if _, text := request("GET", path, ""); text != want {
			t.Errorf("%s: %s, want %s", path, text, want)
		}
	}
	if status, _, err := send(t, get(t, base+"/api/balance")); err != nil || status != 401 {
		t.Errorf("without a key: %d %v", status, err)
	}
}
