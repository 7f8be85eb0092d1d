package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestMismatches(t *testing.T) {
	calls := []placed{{number: "89100010001", uuid: "a"}, {number: "89100010002", uuid: "b"}, {number: "89100010003", uuid: "c"}, {number: "89100010004"}}
	good := []sandboxCall{{UUID: "a", Destination: "89100010001"}, {UUID: "b", Destination: "79100010002"}, {UUID: "c", Destination: "+79100010003"}, {UUID: "bare", Destination: "hangup"}}
	if got := mismatches(calls, good); len(got) != 0 {
		t.Errorf("right answers: %q", got)
	}
	for name, tt := range map[string]struct {
		change func(calls []placed, known []sandboxCall)
		want   string
	}{
		"swapped":     {func(c []placed, _ []sandboxCall) { c[0].uuid, c[1].uuid = "b", "a" }, "89100010001: call b is to 79100010002"},
		"twice":       {func(c []placed, _ []sandboxCall) { c[1].uuid = "a" }, "89100010002: FreeSWITCH knows no call a, or two answers hold it"},
		"invented":    {func(c []placed, _ []sandboxCall) { c[2].uuid = "x" }, "89100010003: FreeSWITCH knows no call x"},
		"unanswered":  {func(c []placed, _ []sandboxCall) { c[2].uuid = "" }, "call c to +79100010003: its answer never came"},
		"placed more": {func(_ []placed, k []sandboxCall) { k[3].Destination = "89100010001" }, "call bare to 89100010001"},
	} {
		c, k := append([]placed{}, calls...), append([]sandboxCall{}, good...)
		tt.change(c, k)
		if got := strings.Join(mismatches(c, k), "\n"); !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestStartRate(t *testing.T) {
	at := time.Unix(0, 0)
	var calls []placed
	var known []sandboxCall
	for i := range 401 {
		id := fmt.Sprint(i)
		calls = append(calls, placed{uuid: id})
		known = append(known, sandboxCall{UUID: id, At: at.Add(time.Duration(i) * 5 * time.Millisecond)})
	}
	known = append(known, sandboxCall{UUID: "another", At: at.Add(time.Hour)})
	if got := startRate(calls, known); got != 200 {
		t.Errorf("got %v", got)
	}
	if got := startRate(calls[:1], known); got != 0 {
		t.Errorf("one call: %v", got)
	}
}

// Each call must go out once, on time or late, and with a number of its own.
func TestPlaceCalls(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != pathAdd {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		if i := n.Add(1); i == 7 {
			http.Error(w, `{"error":"USER_BUSY"}`, http.StatusBadGateway)
		} else {
			_, _ = fmt.Fprintf(w, `{"message":"+OK id-%d\n"}`, i)
		}
	}))
	defer server.Close()
	s := side{&process{address: server.Listener.Addr().(*net.TCPAddr).String()}, "secret"}
	calls, wrong, err := placeCalls(t.Context(), s, 100, 500*time.Millisecond)
	if err != nil || len(calls) != 50 || n.Load() != 50 || len(wrong) != 1 || !strings.Contains(wrong[0], "status 502") {
		t.Fatalf("%d calls, %d requests, %q, %v", len(calls), n.Load(), wrong, err)
	}
	numbers, ids := map[string]bool{}, map[string]bool{}
	for _, c := range calls {
		numbers[c.number] = true
		ids[c.uuid] = true
	}
	if len(numbers) != 50 || len(ids) != 50 { // 49 ids and the one of the refused call, ""
		t.Errorf("%d numbers, %d ids", len(numbers), len(ids))
	}
}

func TestFileSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	plain, packed, err := fileSize(path)
	if plain != 1<<20 || packed < 20 || packed > 1<<14 || err != nil {
		t.Errorf("%d, %d, %v", plain, packed, err)
	}
	if _, _, err := fileSize(path + "y"); err == nil {
		t.Error("a missing file has a size")
	}
}
