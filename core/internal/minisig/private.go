package minisig

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"aead.dev/minisign"
)

// PrivateKey signs. It is kept in memory only; see [PrivateKey.Encrypt].
type PrivateKey struct{ key minisign.PrivateKey }

// Generate makes a key pair.
func Generate() (Key, PrivateKey, error) {
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, PrivateKey{}, fmt.Errorf("make a key pair: %w", err)
	}
	return Key{public}, PrivateKey{private}, nil
}

// Public returns the key that verifies what p signs.
func (p PrivateKey) Public() Key {
	k, _ := p.key.Public().(minisign.PublicKey)
	return Key{k}
}

// Encrypt returns the text of a key file. With a password it takes a gigabyte of
// memory for some seconds, as minisign does: that is what guessing costs, too. An
// empty password leaves the key readable.
func (p PrivateKey) Encrypt(password string) ([]byte, error) {
	text, err := p.key.MarshalText()
	if password != "" {
		text, err = minisign.EncryptKey(password, p.key)
	}
	if err != nil {
		return nil, fmt.Errorf("write the private key: %w", err)
	}
	return append(text, '\n'), nil
}

// ErrPassword means that the password does not open the key file, or that the
// file is damaged: the format cannot tell them apart.
var ErrPassword = errors.New("the password is wrong or the key file is damaged")

// OpenPrivateKey reads the text of a key file. password is asked only when the
// file is encrypted.
func OpenPrivateKey(text []byte, password func() (string, error)) (PrivateKey, error) {
	if len(text) > MaxSize {
		return PrivateKey{}, errors.New("the private key is too long")
	}
	text = []byte(strings.TrimSpace(string(text)))
	if !minisign.IsEncrypted(text) {
		var p PrivateKey
		if err := p.key.UnmarshalText(text); err != nil {
			return PrivateKey{}, errors.New("it is no minisign private key")
		}
		return p, nil
	}
	word, err := password()
	if err != nil {
		return PrivateKey{}, err
	}
	key, err := minisign.DecryptKey(word, text)
	if err != nil {
		return PrivateKey{}, ErrPassword
	}
	return PrivateKey{key}, nil
}

// maxComment bounds a trusted comment, in bytes.
const maxComment = 1 << 10

// Sign signs content together with a comment of one line, by the content's hash:
// minisign's default.
func (p PrivateKey) Sign(content []byte, comment string) (*Signature, error) {
	if len(comment) > maxComment || strings.ContainsFunc(comment, unicode.IsControl) {
		return nil, fmt.Errorf("the comment must be one line of at most %d bytes", maxComment)
	}
	r := minisign.NewReader(bytes.NewReader(content))
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, fmt.Errorf("hash the file: %w", err)
	}
	return Parse(r.SignWithComments(p.key, comment, "signature from patchbay, key "+p.Public().ID()))
}
