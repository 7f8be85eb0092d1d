package app

import (
	"os"
	"strings"
	"testing"
)

func TestReadOnlyPages(t *testing.T) {
	const program = "/usr/bin/patch bay"
	for _, c := range []struct {
		line        string
		start, size uintptr
		ok          bool
	}{
		{"00400000-01e5a000 r-xp 00000000 08:01 1234 /usr/bin/patch bay", 0x400000, 0x1a5a000, true},
		{"01e5a000-03a00000 r--p 01a5a000 08:01 1234    /usr/bin/patch bay", 0x1e5a000, 0x1ba6000, true},
		{"03a00000-03b00000 rw-p 03600000 08:01 1234 /usr/bin/patch bay", 0, 0, false},
		{"03a00000-03b00000 r--s 03600000 08:01 1234 /usr/bin/patch bay", 0, 0, false},
		{"00400000-01e5a000 r-xp 00000000 08:01 1234 /usr/lib/other", 0, 0, false},
		{"00400000-00400000 r-xp 00000000 08:01 1234 /usr/bin/patch bay", 0, 0, false},
		{"c000000000-c004000000 rw-p 00000000 00:00 0", 0, 0, false},
		{"7ffd0000-7ffe0000 r-xp 00000000 00:00 0 [vdso]", 0, 0, false},
		{"", 0, 0, false}, {"x", 0, 0, false},
	} {
		if start, size, ok := readOnly(c.line, program); start != c.start || size != c.size || ok != c.ok {
			t.Errorf("%q: %#x, %#x, %v", c.line, start, size, ok)
		}
	}
}

// TestForgetStartPages: the test program's own file is found, and it lives on.
func TestForgetStartPages(t *testing.T) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(maps)) {
		if _, _, ok := readOnly(strings.TrimSuffix(line, "\n"), program); ok {
			found++
		}
	}
	if found == 0 {
		t.Errorf("no pages of %s in\n%s", program, maps)
	}
	forgetStartPages()
}
