package main

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"testing"
)

// TestRun measures a small journal: every report has rows, what is there once is
// found once, and what is nowhere is not.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	args := []string{"--dir", filepath.Join(t.TempDir(), "data"), "--rows", "40000", "--calm", "100ms", "--appenders", "64"}
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Rows != 40000 || r.RecordsPerS <= 0 || r.BytesPerRecord <= 0 || r.Removed == 0 || r.Calm.Appends == 0 || r.Retention.Appends == 0 {
		t.Errorf("%+v", r)
	}
	want := map[string]int{
		"requests of the user with one among all": 1, "requests of a user without any": 0, "request by its id": 1,
		"requests with a text that is nowhere": 0, "sms to the number with one among all": 1,
	}
	for _, p := range r.Pages {
		if rows, known := want[p.Name]; known && p.Rows != rows {
			t.Errorf("%s: %d rows, want %d", p.Name, p.Rows, rows)
		}
		delete(want, p.Name)
	}
	if len(want) > 0 {
		t.Errorf("not measured: %v", want)
	}
}

func TestRefused(t *testing.T) {
	for _, args := range [][]string{{}, {"--dir", t.TempDir()}, {"--dir", "x", "--rows", "1"}, {"--dir", "x", "more"}, {"--what"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}
