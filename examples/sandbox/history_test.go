package sandbox

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
)

func TestHistoryOverHTTP(t *testing.T) {
	w := start(t, Options{Speed: 100})
	base := "http://" + w.HTTPAddr()
	for _, path := range []string{"/incidents", "/commands", "/calls"} {
		if got := get(t, base+path); strings.TrimSpace(got) != "[]" {
			t.Errorf("%s of a new world: %s", path, got)
		}
	}
	conn, err := net.Dial("tcp", w.ESLAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.Write([]byte("auth ClueCon\n\napi originate user/1001 &system(id>/x)\n\n")); err != nil {
		t.Fatal(err)
	}
	buffer, seen := make([]byte, 4096), ""
	for !strings.Contains(seen, "api/response") {
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatalf("%v after %q", err, seen)
		}
		seen += string(buffer[:n])
	}
	var incidents []struct{ Kind, Detail, Command string }
	if err := json.Unmarshal([]byte(get(t, base+"/incidents")), &incidents); err != nil {
		t.Fatal(err)
	}
	if len(incidents) != 1 || incidents[0].Kind != "EXECUTED SHELL" || incidents[0].Detail != "id>/x" || !strings.Contains(incidents[0].Command, "originate") {
		t.Errorf("incidents %+v", incidents)
	}
	commands := get(t, base+"/commands")
	if !strings.Contains(commands, "&system(id>/x)") || strings.Contains(commands, "ClueCon") {
		t.Errorf("commands %s", commands)
	}
	if calls := get(t, base+"/calls"); !strings.Contains(calls, `"dial_string":"user/1001"`) {
		t.Errorf("calls %s", calls)
	}
}
