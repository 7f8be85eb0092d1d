package sandbox

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T, o Options) *World {
	t.Helper()
	w, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// The manual's four modules against one world.
func TestWorld(t *testing.T) {
	posts := make(chan string, 10)
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		posts <- r.URL.Path + "?" + r.URL.RawQuery + " " + r.Header.Get("Content-Type") + " " + user
	}))
	t.Cleanup(gateway.Close)
	w := start(t, Options{Gateway: gateway.URL + "/", CDRURL: "/cdr", CDREncoding: "base64", CDRUser: "fs", CDRPassword: "x", Speed: 100, Password: "secret"})
	if got := <-posts; got != "/cdr?uuid=a_87e64143-758c-4f9b-b990-e06613a3d7d2 application/x-www-form-base64-encoded fs" {
		t.Errorf("first post: %s", got)
	}

	socket, err := net.Dial("tcp", w.ESLAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	_ = socket.SetDeadline(time.Now().Add(10 * time.Second)) // only against a hanging test
	if _, err := io.WriteString(socket, "auth secret\n\napi originate {origination_caller_id_number=1001}user/1234 89100000000 XML default\n\n"); err != nil {
		t.Fatal(err)
	}
	for r := bufio.NewReader(socket); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, "+OK ") {
			if line != "+OK 87e64143-758c-4f9b-b990-e06613a3d7d2\n" {
				t.Errorf("%q", line)
			}
			break
		}
	}
	if calls := w.Calls(); len(calls) != 1 || calls[0].Account != "1234" {
		t.Errorf("%+v", calls)
	}
	if commands := w.Commands(); len(commands) != 1 || !strings.HasPrefix(commands[0].Raw, "api originate ") {
		t.Errorf("%+v", commands)
	}
	if found := w.Incidents(); len(found) > 0 {
		t.Errorf("%v", found)
	}
	if file, err := os.Stat(filepath.Join(w.RecordingsDir(), "87e64143-758c-4f9b-b990-e06613a3d7d2.wav")); err != nil || file.Size() != 64044 {
		t.Errorf("recording: %v", err)
	}

	base := "http://" + w.HTTPAddr()
	if got := get(t, base+"/sms/kannel?username=patchbay&password=secret&to=89190000000&text=x"); got != "0: Accepted for delivery" {
		t.Errorf("%s", got)
	}
	if messages := w.SMS(); len(messages) != 1 || messages[0].To != "89190000000" {
		t.Errorf("%+v", messages)
	}
	if got := get(t, base+"/stats/get?project_id=1111"); !strings.Contains(got, `"cntLoggedIn":78`) {
		t.Errorf("%s", got)
	}
	if got := get(t, base+"/crm/reports/demo?from=2022-11-10&to=2022-11-10"); !strings.Contains(got, "session expired") {
		t.Errorf("%s", got)
	}
	if requests := w.CRMRequests(); len(requests) != 1 || requests[0].Authorized {
		t.Errorf("%+v", requests)
	}
	w.ExpireCRMSessions()
	if len(w.CDRPosts()) == 0 || w.Switch() == nil {
		t.Error("introspection")
	}
}

func TestCloseEndsASilentRequest(t *testing.T) {
	w := start(t, Options{})
	socket, err := net.Dial("tcp", w.HTTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if _, err := io.WriteString(socket, "GET /sms/kannel?username=patchbay&password=secret&to=79190000003&text=x HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	for len(w.SMS()) == 0 {
		time.Sleep(time.Millisecond)
	}
	dir := w.RecordingsDir()
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if answer, err := io.ReadAll(socket); len(answer) > 0 {
		t.Errorf("%q %v", answer, err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the temporary recordings are still there: %v", err)
	}
}

func TestStartRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"relative CDR address without a gateway": {CDRURL: "/cdr"}, "encoding": {CDREncoding: "xml"}, "event socket address": {ESL: "x"},
		"HTTP address": {HTTP: "x"}, "recordings": {Recordings: file}, "speed": {Speed: -1}, "CDR address": {CDRURL: "ftp://x"},
	} {
		if w, err := Start(o); err == nil {
			_ = w.Close()
			t.Errorf("%s was accepted", name)
		}
	}
}
