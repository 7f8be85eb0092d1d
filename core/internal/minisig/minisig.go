// Package minisig signs plugin files and verifies their signatures, in the format
// of minisign (https://jedisct1.github.io/minisign/): Ed25519, with the file or
// its BLAKE2b-512 hash signed, and a comment that is signed too. What it writes
// the tool minisign reads, and the other way round.
//
// It is the only importer of the library that knows the format.
package minisig

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"aead.dev/minisign"
)

// Extension is what the name of a signature adds to that of its file.
const Extension = ".minisig"

// MaxSize bounds a signature, a public key and a private key, in bytes of text.
const MaxSize = 4 << 10

// ErrMismatch means that a signature of this key does not belong to the content,
// or that its trusted comment was changed.
var ErrMismatch = errors.New("the signature does not fit the file")

// Key is a public key. The zero value verifies nothing.
type Key struct{ key minisign.PublicKey }

// ParseKey reads a public key: "RW…", or the whole text of a .pub file.
func ParseKey(text string) (Key, error) {
	var k Key
	if len(text) > MaxSize {
		return k, errors.New("the public key is too long")
	}
	if err := k.key.UnmarshalText([]byte(strings.TrimSpace(text))); err != nil {
		return Key{}, errors.New(`it is no minisign public key, which is a line of 56 characters that begins with "RW"`)
	}
	return k, nil
}

// ID returns the id of the key as minisign prints it.
func (k Key) ID() string { return id(k.key.ID()) }

// String returns the key as one line, "RW…".
func (k Key) String() string { return k.key.String() }

// MarshalText writes the key as one line.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// File returns the text of a .pub file.
func (k Key) File() []byte {
	return fmt.Appendf(nil, "untrusted comment: minisign public key %s\n%s\n", k.ID(), k)
}

func id(n uint64) string { return fmt.Sprintf("%016X", n) }

// Signature is a signature that was read and not verified yet: what it says is
// only true after [Signature.Verify].
type Signature struct {
	signature minisign.Signature
	text      []byte
}

// Parse reads the text of a signature. The result does not refer to text.
func Parse(text []byte) (*Signature, error) {
	if len(text) > MaxSize {
		return nil, fmt.Errorf("the signature is longer than %d bytes", MaxSize)
	}
	if !utf8.Valid(text) {
		return nil, errors.New("the signature is no text")
	}
	lines := bytes.Split(bytes.TrimRight(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), "\n"), []byte("\n"))
	if len(lines) != 4 {
		return nil, fmt.Errorf("a signature has 4 lines, not %d", len(lines))
	}
	for i, line := range lines {
		// minisign's own comments hold tabs.
		if bytes.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
			return nil, fmt.Errorf("line %d of the signature holds a control character", i+1)
		}
	}
	s := &Signature{text: append(bytes.Join(lines, []byte("\n")), '\n')}
	if err := s.signature.UnmarshalText(s.text); err != nil {
		return nil, fmt.Errorf("the signature cannot be read: %s", strings.TrimPrefix(err.Error(), "minisign: "))
	}
	return s, nil
}

// KeyID names the key that claims to have signed.
func (s *Signature) KeyID() string { return id(s.signature.KeyID) }

// Comment is the trusted comment: one printable line, signed like the content.
func (s *Signature) Comment() string { return s.signature.TrustedComment }

// Text returns the signature as it is written to a file.
func (s *Signature) Text() []byte { return bytes.Clone(s.text) }

// Verify checks content and comment. The error is [ErrMismatch], or says that
// another key signed.
func (s *Signature) Verify(k Key, content []byte) error {
	if s.signature.KeyID != k.key.ID() {
		return fmt.Errorf("key %s signed it, not %s", s.KeyID(), k.ID())
	}
	if !minisign.Verify(k.key, content, s.text) {
		return ErrMismatch
	}
	return nil
}
