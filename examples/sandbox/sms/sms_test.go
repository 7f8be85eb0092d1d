package sms

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T) (*Server, string) {
	s, mux := New(Options{Hang: 10 * time.Second}), http.NewServeMux()
	s.Register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	t.Cleanup(s.Close)
	return s, server.URL
}

func send(t *testing.T, request *http.Request) (int, string, error) {
	t.Helper()
	response, err := http.DefaultClient.Do(request.WithContext(t.Context()))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, strings.TrimSpace(string(body)), err
}

func get(t *testing.T, target string, values ...string) *http.Request {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	r, err := http.NewRequest("GET", target+"?"+form.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFormats(t *testing.T) {
	s, base := start(t)
	kannel := func(to, user string) *http.Request {
		return get(t, base+"/cgi-bin/sendsms", "username", user, "password", "secret", "to", to, "text", "Проверка", "coding", "2", "charset", "UTF-8")
	}
	smsc := func(to, psw, format string) *http.Request {
		return get(t, base+"/sys/send.php", "login", "patchbay", "psw", psw, "phones", to, "mes", "Проверка", "fmt", format, "charset", "utf-8")
	}
	smsru := func(to, id string) *http.Request {
		return get(t, base+"/sms/send", "api_id", id, "to", to, "msg", "Проверка", "json", "1")
	}
	plain := func(body, key string) *http.Request {
		r, err := http.NewRequest("POST", base+"/api/send", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+key)
		return r
	}
	tests := []struct {
		name    string
		request *http.Request
		status  int
		body    string
	}{
		{"kannel accepts", kannel("89190000000", "patchbay"), 202, "0: Accepted for delivery"},
		{"kannel wrong user", kannel("89190000000", "x"), 403, "Authorization failed for sendsms"},
		{"kannel no number", kannel("", "patchbay"), 400, "Missing receiver number, rejected"},
		{"kannel refuses", kannel("79190000001", "patchbay"), 400, "Number(s) has/have been denied by white- and/or black-lists."},
		{"kannel queues", kannel("79190000002", "patchbay"), 202, "3: Queued for later delivery"},
		{"kannel garbage", kannel("79190000004", "patchbay"), 200, "<html>"},
		{"kannel unavailable", kannel("79190000006", "patchbay"), 503, "Temporal failure, try again later."},
		{"smsc accepts", smsc("89190000000", "secret", "3"), 200, `{"cnt":1,"id":`},
		{"smsc accepts text", smsc("89190000000", "secret", "0"), 200, "OK - 1 SMS, ID - "},
		{"smsc wrong password", smsc("89190000000", "x", "3"), 200, `{"error":"authorise error","error_code":2}`},
		{"smsc no number", smsc("", "secret", "0"), 200, "ERROR = 1 (parameters error)"},
		{"smsc refuses", smsc("79190000001", "secret", "3"), 200, `{"error":"invalid number","error_code":7}`},
		{"smsc inner error", smsc("79190000002", "secret", "3"), 200, `"error_code":3`},
		{"smsru accepts", smsru("89190000000", "sandbox-api-id"), 200, `{"balance":4122.56,"sms":{"89190000000":{"status":"OK","status_code":100,"sms_id":"202611-`},
		{"smsru wrong id", smsru("89190000000", "x"), 200, `{"status":"ERROR","status_code":200,`},
		{"smsru refuses", smsru("79190000001", "sandbox-api-id"), 200, `{"status":"ERROR","status_code":201,`},
		{"smsru error inside a success", smsru("79190000002", "sandbox-api-id"), 200, `"sms":{"79190000002":{"status":"ERROR","status_code":207,`},
		{"smsru garbage", smsru("79190000004", "sandbox-api-id"), 200, "<html>"},
		{"json accepts", plain(`{"to":"89190000000","text":"Проверка"}`, "sandbox-key"), 200, `"status":"accepted"`},
		{"json wrong key", plain(`{}`, "x"), 401, "invalid key"},
		{"json broken", plain(`{`, "sandbox-key"), 400, "invalid JSON"},
		{"json incomplete", plain(`{"to":"1"}`, "sandbox-key"), 422, "required"},
		{"json refuses", plain(`{"to":"79190000001","text":"x"}`, "sandbox-key"), 422, "number refused"},
		{"json error inside a success", plain(`{"to":"79190000002","text":"x"}`, "sandbox-key"), 200, `"status":"rejected"`},
		{"json unavailable", plain(`{"to":"79190000006","text":"x"}`, "sandbox-key"), 503, "try again later"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body, err := send(t, tt.request)
			if err != nil || status != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("%d %q %v", status, body, err)
			}
		})
	}
	accepted := 0
	for _, m := range s.Messages() {
		if m.Accepted {
			accepted++
			if m.Text != "Проверка" || m.Garbled {
				t.Errorf("%+v", m)
			}
		}
	}
	if accepted != 6 {
		t.Errorf("%d messages were accepted, want 6", accepted)
	}
}

func TestDropAndSilence(t *testing.T) {
	s, base := start(t)
	for _, to := range []string{"79190000005", "79190000003"} {
		r := get(t, base+"/sms/kannel", "username", "patchbay", "password", "secret", "to", to, "text", "x")
		result := make(chan error, 1)
		go func() {
			_, _, err := send(t, r)
			result <- err
		}()
		if to == "79190000003" {
			// The message has been read and the client waits; the end of the world answers it.
			for len(s.Messages()) < 2 {
				time.Sleep(time.Millisecond)
			}
			s.Close()
		}
		if err := <-result; err == nil {
			t.Errorf("%s got an answer", to)
		}
	}
	if n := len(s.Messages()); n < 2 {
		t.Errorf("%d messages were kept", n)
	}
}

func TestKannelNeedsACoding(t *testing.T) {
	s, base := start(t)
	if _, _, err := send(t, get(t, base+"/sms/kannel", "username", "patchbay", "password", "secret", "to", "1", "text", "Привет!")); err != nil {
		t.Fatal(err)
	}
	if m := s.Messages()[0]; m.Text != "??????!" || !m.Garbled {
		t.Errorf("%+v", m)
	}
	_, body, err := send(t, get(t, base+"/sms/messages"))
	if err != nil || !strings.Contains(body, `"text":"??????!"`) {
		t.Errorf("%s %v", body, err)
	}
}
