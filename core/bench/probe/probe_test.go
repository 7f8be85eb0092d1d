package probe

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// open starts a probe and returns how to give it a command.
func open(t *testing.T) func(command string) string {
	t.Helper()
	in, commands := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Serve(in, out) }()
	lines := bufio.NewScanner(answers)
	t.Cleanup(func() {
		_ = commands.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return func(command string) string {
		if _, err := io.WriteString(commands, command+"\n"); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() {
			t.Fatal("no answer: ", lines.Err())
		}
		text, ok := strings.CutPrefix(lines.Text(), Prefix)
		if !ok {
			t.Fatalf("%q does not begin with %q", lines.Text(), Prefix)
		}
		return text
	}
}

func TestBadCommands(t *testing.T) {
	say := open(t)
	for _, bad := range []string{"", "dance", End, Begin + " \x00/no/such"} {
		if a := say(bad); !strings.HasPrefix(a, "failed: ") {
			t.Errorf("%q: %s", bad, a)
		}
	}
	if a := say(Begin); a != "begun" {
		t.Fatal(a)
	}
	if a := say(Begin); !strings.HasPrefix(a, "failed: ") {
		t.Errorf("begun twice: %s", a)
	}
}

var sink []byte

// TestCount: what is allocated meanwhile is in the figure, and the profiles are there.
func TestCount(t *testing.T) {
	say := open(t)
	folder := filepath.Join(t.TempDir(), "profile")
	for _, command := range []string{Begin, Begin + " " + folder} {
		if a := say(command); a != "begun" {
			t.Fatal(a)
		}
		const objects, size = 1000, 10_000
		for range objects {
			sink = make([]byte, size)
		}
		var c Count
		if err := json.Unmarshal([]byte(say(End)), &c); err != nil {
			t.Fatal(err)
		}
		if c.Objects < objects || c.Bytes < objects*size {
			t.Errorf("%+v, want at least %d objects of %d bytes", c, objects, size)
		}
	}
	for _, name := range []string{CPU, Allocs, Base} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}
