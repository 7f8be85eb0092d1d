package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Bounds on passwords. There are no rules about kinds of characters: they make passwords worse (NIST SP 800-63B).
const (
	minPasswordChars = 8
	maxPasswordBytes = 1024
)

// Argon2 are the parameters of argon2id (RFC 9106).
type Argon2 struct {
	MemoryKiB   uint32
	Time        uint32
	Parallelism uint8
}

func (p Argon2) weakerThan(q Argon2) bool {
	return p.MemoryKiB < q.MemoryKiB || p.Time < q.Time || p.Parallelism < q.Parallelism
}

func (p Argon2) check() error {
	// The upper bounds keep a damaged or forged record from eating the machine.
	if p.Parallelism < 1 || p.Time < 1 || p.Time > 64 || p.MemoryKiB < 8*uint32(p.Parallelism) || p.MemoryKiB > 1<<20 {
		return fmt.Errorf("argon2 parameters m=%d,t=%d,p=%d are out of range", p.MemoryKiB, p.Time, p.Parallelism)
	}
	return nil
}

// deriveFunc is argon2id.
type deriveFunc func(password, salt []byte, p Argon2, length uint32) []byte

func deriveArgon2id(password, salt []byte, p Argon2, length uint32) []byte {
	return argon2.IDKey(password, salt, p.Time, p.MemoryKiB, p.Parallelism, length)
}

const (
	saltLength = 16
	hashLength = 32
)

// passwordHash is a parsed PHC string: $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>.
type passwordHash struct {
	params     Argon2
	salt, hash []byte
}

func (h passwordHash) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.MemoryKiB, h.params.Time, h.params.Parallelism, b64.EncodeToString(h.salt), b64.EncodeToString(h.hash))
}

func parsePasswordHash(text string) (h passwordHash, err error) {
	bad := errors.New("not an argon2id hash in PHC form")
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return h, bad
	}
	var numbers [3]uint64
	params := strings.Split(parts[3], ",")
	for i, name := range []string{"m=", "t=", "p="} {
		if len(params) != 3 || !strings.HasPrefix(params[i], name) {
			return h, bad
		}
		bits := 32
		if name == "p=" {
			bits = 8
		}
		if numbers[i], err = strconv.ParseUint(params[i][2:], 10, bits); err != nil {
			return h, bad
		}
	}
	h.params = Argon2{uint32(numbers[0]), uint32(numbers[1]), uint8(numbers[2])}
	if err := h.params.check(); err != nil {
		return h, err
	}
	b64 := base64.RawStdEncoding.Strict()
	if h.salt, err = b64.DecodeString(parts[4]); err != nil || len(h.salt) < 8 || len(h.salt) > 64 {
		return h, bad
	}
	if h.hash, err = b64.DecodeString(parts[5]); err != nil || len(h.hash) < 16 || len(h.hash) > 64 {
		return h, bad
	}
	return h, nil
}

// hasher runs argon2 for a few callers at a time: each run takes tens of megabytes.
type hasher struct {
	params  Argon2
	derive  deriveFunc
	slots   chan struct{}
	waiting atomic.Int64
	queue   int64
	dummy   string // a PHC text that is checked when there is no other, so that the work is the same
}

func newHasher(opt Options) (*hasher, error) {
	if err := opt.Argon2.check(); err != nil {
		return nil, err
	}
	h := &hasher{params: opt.Argon2, derive: opt.derive, slots: make(chan struct{}, opt.Hashers), queue: int64(opt.QueuedLogins)}
	// Nobody can find a password for a random hash, so nothing needs to be derived for it.
	dummy := passwordHash{params: opt.Argon2, salt: make([]byte, saltLength), hash: make([]byte, hashLength)}
	_, _ = rand.Read(dummy.salt) // never fails
	_, _ = rand.Read(dummy.hash)
	h.dummy = dummy.String()
	return h, nil
}

// acquire waits for a slot. When too many wait already it sends the caller away at once.
func (h *hasher) acquire(ctx context.Context) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	release = func() { <-h.slots }
	select {
	case h.slots <- struct{}{}:
		return release, nil
	default:
	}
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > h.queue {
		return nil, &TooManyError{RetryAfter: time.Second}
	}
	select {
	case h.slots <- struct{}{}:
		return release, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a password check: %w", ctx.Err())
	}
}

// verify compares in constant time. The caller holds a slot.
func (h *hasher) verify(password string, want passwordHash) bool {
	// No stored password is longer, but the work is done all the same.
	tooLong := len(password) > maxPasswordBytes
	got := h.derive([]byte(password[:min(len(password), maxPasswordBytes)]), want.salt, want.params, uint32(len(want.hash)))
	return subtle.ConstantTimeCompare(got, want.hash) == 1 && !tooLong
}

// makeUp does the rest of the work of today's parameters after a check with cheaper ones; nothing after one that was
// as dear. A whole run on top would tell, too. The caller holds a slot.
func (h *hasher) makeUp(checked Argon2) {
	p := h.params
	work := uint64(p.MemoryKiB) * uint64(p.Time) // what argon2 takes time for
	done := uint64(checked.MemoryKiB) * uint64(checked.Time)
	// On more lanes than today's the check ended sooner: that work counts for less.
	done = done * uint64(min(checked.Parallelism, p.Parallelism)) / uint64(checked.Parallelism)
	if done >= work {
		return
	}
	passes := uint64(p.Time)
	p.MemoryKiB = max(uint32((work-done+passes-1)/passes), 8*uint32(p.Parallelism)) // argon2 knows no less
	h.derive(nil, make([]byte, saltLength), p, hashLength)
}

// hash makes a new hash with a new salt. The caller holds a slot.
func (h *hasher) hash(password string) passwordHash {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails
	return passwordHash{h.params, salt, h.derive([]byte(password), salt, h.params, hashLength)}
}

// hashNew checks a new password and hashes it.
func (h *hasher) hashNew(ctx context.Context, password string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	release, err := h.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return h.hash(password).String(), nil
}

func checkPassword(password string) error {
	switch {
	case !utf8.ValidString(password):
		return &InvalidError{"password", errors.New("not valid UTF-8")}
	case utf8.RuneCountInString(password) < minPasswordChars:
		return &InvalidError{"password", fmt.Errorf("shorter than %d characters", minPasswordChars)}
	case len(password) > maxPasswordBytes:
		return &InvalidError{"password", fmt.Errorf("longer than %d bytes", maxPasswordBytes)}
	}
	return nil
}
