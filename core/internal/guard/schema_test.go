package guard

import "testing"

func TestSchemasAreSound(t *testing.T) {
	for _, k := range Kinds() {
		s, err := Schema(k)
		if err != nil {
			t.Fatal(err)
		}
		v := s.WithDefaults([]byte{0x80})
		if err := s.Validate(v); err != nil {
			t.Fatalf("%s: the defaults do not satisfy the schema: %v", k, err)
		}
		if r, faults := Compile(k, v, "RU", moscow(t)); len(faults) > 0 || r.Mode() != ModeEnforce {
			t.Fatalf("%s: %v", k, faults)
		}
	}
}
