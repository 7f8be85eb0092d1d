package binary_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
)

func TestAppendCustomReplaces(t *testing.T) {
	plain := sample()
	one, err := binary.AppendCustom(plain, "patchbay.manifest", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := binary.AppendCustom(one, "patchbay.manifest", []byte(`{"id":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := binary.Custom(two, "patchbay.manifest")
	if err != nil || string(got) != `{"id":"x"}` {
		t.Fatalf("%q, %v", got, err)
	}
	if !bytes.HasPrefix(two, plain) {
		t.Error("other bytes changed")
	}
	if f, err := binary.Parse(two); err != nil {
		t.Error(err)
	} else if note, err := f.Custom("note"); err != nil || !bytes.Equal(note, []byte{1, 2, 3}) {
		t.Errorf("%v, %v", note, err)
	}
	empty, err := binary.AppendCustom(two, "patchbay.manifest", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := binary.Custom(empty, "patchbay.manifest"); err != nil || len(got) != 0 {
		t.Errorf("empty section: %q, %v", got, err)
	}
}

func TestCustomErrors(t *testing.T) {
	twice := binary.AppendCustomSection(binary.AppendCustomSection(binary.Header(), "m", nil), "m", []byte{1})
	if _, err := binary.Custom(twice, "m"); !errors.Is(err, binary.ErrRepeatedSection) {
		t.Errorf("repeated: %v", err)
	}
	if _, err := binary.Custom(twice, "n"); !errors.Is(err, binary.ErrNoSection) {
		t.Errorf("absent: %v", err)
	}
	if once, err := binary.AppendCustom(twice, "m", []byte{2}); err != nil {
		t.Error(err)
	} else if got, err := binary.Custom(once, "m"); err != nil || !bytes.Equal(got, []byte{2}) {
		t.Errorf("after replacing both: %v, %v", got, err)
	}
	var located *binary.SyntaxError
	if _, err := binary.Custom(twice[:len(twice)-1], "m"); !errors.As(err, &located) {
		t.Errorf("cut: %v", err)
	}
	if _, err := binary.AppendCustom([]byte("no"), "m", nil); !errors.As(err, &located) {
		t.Errorf("not a file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample())
	f.Add(binary.Header())
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, wasm []byte) {
		file, err := binary.Parse(wasm)
		if err != nil {
			var located *binary.SyntaxError
			if !errors.As(err, &located) || located.Offset < 0 || located.Offset > len(wasm) {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		for _, e := range file.Exports {
			if e.Index >= file.Count(e.Kind) {
				t.Fatalf("export %q of %s %d of %d", e.Name, e.Kind, e.Index, file.Count(e.Kind))
			}
		}
		again, err := binary.AppendCustom(wasm, "fuzz", []byte{1})
		if err != nil {
			t.Fatalf("a section cannot be appended: %v", err)
		}
		if got, err := binary.Custom(again, "fuzz"); err != nil || !bytes.Equal(got, []byte{1}) {
			t.Fatalf("appended section: %v, %v", got, err)
		}
		if _, err := binary.Parse(again); err != nil {
			t.Fatalf("with one more custom section: %v", err)
		}
	})
}
