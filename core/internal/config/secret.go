package config

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
)

const hidden = "(secret)"

// Secret is text that must not be printed. Every fmt verb, JSON and text marshalling show "(secret)", or nothing
// if it is empty. The zero Secret is empty.
type Secret struct {
	// A pointer, because fmt does not call methods on unexported fields of other structs:
	// even there it shows an address instead of the text.
	text *string
}

// NewSecret hides text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the text. Call it where the text is used, and do not keep the result.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal compares with text from outside in a time that does not depend on where they differ.
// An empty secret equals nothing.
func (s Secret) Equal(text string) bool {
	want, got := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && !s.IsZero()
}

// String returns "(secret)", or "" if s is empty.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return hidden
}

// Format prints String for every verb, %#v and %x included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText returns String; it also serves encoding/json and log/slog.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
