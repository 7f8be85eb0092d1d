package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBadArguments(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "gateway.hcl")
	if err := os.WriteFile(broken, []byte("gateway {"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{nil, 2, "--config"},
		{[]string{"--config", "x", "y"}, 2, "--config"},
		{[]string{"--dance"}, 2, "dance"},
		{[]string{"--config", "/does/not/exist"}, 1, "/does/not/exist"},
		{[]string{"--config", broken}, 1, "has mistakes"},
	} {
		var out, words bytes.Buffer
		if code := run(c.args, strings.NewReader(""), &out, &words); code != c.code || !strings.Contains(words.String(), c.says) || out.Len() > 0 {
			t.Errorf("%q: exit code %d, says %q, prints %q", c.args, code, words.String(), out.String())
		}
	}
}
