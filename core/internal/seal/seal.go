// Package seal encrypts what the gateway keeps: settings of provider instances with
// their passwords, the secrets of second factors, the keys of webhooks. A copy of
// the store, a backup for example, opens nothing without the key, which lies in a
// file of its own or comes from the configuration.
//
// Values are sealed with XChaCha20-Poly1305. Each one is bound to its place, so that
// nobody who can write to the store can move a secret to where it is shown.
//
// # Rotation
//
// The first key seals, all of them open. `patchbay secrets rotate` puts a new key in
// front of the others in the file, seals everything anew, and only then takes the old
// ones out; whoever brings the key in the configuration puts a new line in front of
// the others and starts the gateway, which seals everything anew. Then the old line
// may go.
package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/chacha20poly1305"
)

// magic begins every sealed value; no JSON text does.
var magic = []byte("\x00pbs1")

const idSize = 4

var (
	// ErrNoKey means a value that was sealed with a key that is not there any more.
	ErrNoKey = errors.New("it was sealed with a key that is missing; restore the key file from its backup")
	// ErrDamaged means a value that was never sealed, was changed, or moved to another
	// place.
	ErrDamaged = errors.New("it is damaged, is not sealed at all, or belongs to another place")
)

// Ring holds the keys. It is safe for concurrent use.
type Ring struct {
	// storing is held for reading while something is sealed and written, so that a
	// key can be replaced between two such steps and not within one.
	storing sync.RWMutex
	keys    atomic.Pointer[[]key]
}

type key struct {
	id   [idSize]byte
	aead cipher.AEAD
}

// New makes a ring of raw keys of 32 bytes; the first one seals.
func New(raw ...[]byte) (*Ring, error) {
	r := &Ring{}
	if err := r.Replace(raw...); err != nil {
		return nil, err
	}
	return r, nil
}

// Replace puts other keys into force, the first of which seals. When it returns,
// everything that a [Ring.Store] sealed with an older key is written.
func (r *Ring) Replace(raw ...[]byte) error {
	if len(raw) == 0 {
		return errors.New("there is no key")
	}
	keys := make([]key, len(raw))
	for i, k := range raw {
		aead, err := chacha20poly1305.NewX(k)
		if err != nil {
			return fmt.Errorf("a key has %d bytes, want %d", len(k), chacha20poly1305.KeySize)
		}
		sum := sha256.Sum256(append([]byte("patchbay key id "), k...))
		keys[i] = key{[idSize]byte(sum[:idSize]), aead}
	}
	r.storing.Lock()
	defer r.storing.Unlock()
	r.keys.Store(&keys)
	return nil
}

// Store seals a value for a place and lets put write it.
func (r *Ring) Store(place string, value []byte, put func(sealed []byte) error) error {
	r.storing.RLock()
	defer r.storing.RUnlock()
	return put(r.Seal(place, value))
}

// Parse reads keys in base64, one on each line; empty lines and those that begin
// with "#" are skipped.
func Parse(text string) ([][]byte, error) {
	var out [][]byte
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(raw) != chacha20poly1305.KeySize {
			return nil, fmt.Errorf("line %d is no key: want %d bytes in base64, as `openssl rand -base64 32` prints them", n, chacha20poly1305.KeySize)
		}
		out = append(out, raw)
	}
	return out, nil
}

// Load reads the key file. When there is none a new key is made if create is true, which
// its owner only can read; otherwise there are no keys.
//
// # Errors
//
// A file that is no key file, holds no key, or that others may read.
func Load(path string, create bool) ([][]byte, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		return makeFile(path)
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("key file: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s can be read by others; `chmod 600` it", path)
	}
	keys, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("key file %s holds no key; restore it from its backup, or remove it when nothing is stored yet", path)
	}
	return keys, nil
}

// makeFile writes a new key.
func makeFile(path string) ([][]byte, error) {
	raw := NewKey()
	return [][]byte{raw}, Save(path, raw)
}

// NewKey returns 32 random bytes.
func NewKey() []byte {
	raw := make([]byte, chacha20poly1305.KeySize)
	_, _ = rand.Read(raw) // never fails
	return raw
}

// Save writes a key file that only its owner can read. A crash leaves the old file or
// the new one.
func Save(path string, keys ...[]byte) error {
	var text strings.Builder
	text.WriteString("# The gateway's secrets are sealed with this key. Keep a copy of it apart from the\n# backups of the data.\n")
	for _, raw := range keys {
		text.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n")
	}
	folder := filepath.Dir(path)
	file, err := os.CreateTemp(folder, ".key")
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // renamed by then, or useless
	_, err = file.WriteString(text.String())      // CreateTemp lets only the owner read it
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if d, err := os.Open(folder); err == nil {
		_ = d.Sync() // not every system can; the file itself is written
		_ = d.Close()
	}
	return nil
}

// Seal encrypts a value for a place.
func (r *Ring) Seal(place string, value []byte) []byte {
	k := (*r.keys.Load())[0]
	out := make([]byte, 0, len(magic)+idSize+chacha20poly1305.NonceSizeX+len(value)+chacha20poly1305.Overhead)
	out = append(append(out, magic...), k.id[:]...)
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	_, _ = rand.Read(nonce) // never fails
	return k.aead.Seal(append(out, nonce...), nonce, value, []byte(place))
}

// Open decrypts a value of a place. current is false when it should be sealed anew: it
// was sealed with an older key.
//
// # Errors
//
// [ErrNoKey], [ErrDamaged].
func (r *Ring) Open(place string, sealed []byte) (value []byte, current bool, err error) {
	rest, ok := bytes.CutPrefix(sealed, magic)
	if !ok || len(rest) < idSize+chacha20poly1305.NonceSizeX {
		return nil, false, ErrDamaged
	}
	id, rest := rest[:idSize], rest[idSize:]
	nonce, text := rest[:chacha20poly1305.NonceSizeX], rest[chacha20poly1305.NonceSizeX:]
	for i, k := range *r.keys.Load() {
		if !bytes.Equal(k.id[:], id) {
			continue
		}
		value, err := k.aead.Open(nil, nonce, text, []byte(place))
		if err != nil {
			return nil, false, ErrDamaged
		}
		return value, i == 0, nil
	}
	return nil, false, fmt.Errorf("%w (its id is %s)", ErrNoKey, hex.EncodeToString(id))
}
