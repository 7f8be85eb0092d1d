package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/config"
)

// TestSecretIsNeverPrinted tries every way that a value usually gets into a log, inside other values too.
func TestSecretIsNeverPrinted(t *testing.T) {
	const text = "hunter2"
	s := config.NewSecret(text)
	type inner struct {
		Public  config.Secret
		private config.Secret
	}
	holders := []any{s, &s, inner{s, s}, &inner{s, s}, []config.Secret{s}, map[string]config.Secret{"k": s}, map[string]any{"k": inner{s, s}}}
	for _, holder := range holders {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"} {
			fmt.Fprintf(&out, verb+"\n", holder)
		}
		fmt.Fprintln(&out, holder, fmt.Errorf("wrapped: %v", holder))
		body, err := json.Marshal(holder)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(body)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "k", holder)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "k", holder)
		for _, leak := range []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), "hun"} {
			if strings.Contains(out.String(), leak) {
				t.Errorf("%T leaks %q: %s", holder, leak, out.String())
			}
		}
	}
	if got := fmt.Sprintf("%v %+v %#v", s, s, s); got != "(secret) (secret) (secret)" {
		t.Errorf("prints as %q", got)
	}
}

func TestSecretUse(t *testing.T) {
	s := config.NewSecret("hunter2")
	if s.Reveal() != "hunter2" || s.IsZero() || !s.Equal("hunter2") || s.Equal("hunter") || s.Equal("") {
		t.Error("a secret does not know its own text")
	}
	var empty config.Secret
	if empty.Reveal() != "" || !empty.IsZero() || empty.Equal("") || !config.NewSecret("").IsZero() || empty.String() != "" {
		t.Error("an empty secret must be empty and equal nothing, so that a missing password never matches")
	}
}
