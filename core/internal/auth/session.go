package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// tokenLength is the number of characters of a token, lower-case hexadecimal: 128 random bits.
const tokenLength = 32

type tokenHash [sha256.Size]byte

// hashToken returns the key under which a token is known; ok is false if text has not the shape of a token.
func hashToken(text string) (h tokenHash, ok bool) {
	if len(text) != tokenLength {
		return h, false
	}
	var buf [tokenLength]byte // keeps the text off the heap
	for i := range buf {
		c := text[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return h, false
		}
		buf[i] = c
	}
	return sha256.Sum256(buf[:]), true
}

// newToken returns 32 lower-case hexadecimal digits from crypto/rand.
func newToken() string {
	var b [tokenLength / 2]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// session is one live token.
type session struct {
	hash   tokenHash
	rec    sessionRecord // immutable; rec.Used is the value at load time only
	parent *session      // that it was issued from, or nil; immutable; has no parent itself

	// principal is nil once the token has ended: a reader that still holds the session sees it.
	principal atomic.Pointer[Principal]
	lastUsed  atomic.Int64 // Unix nanoseconds
	persisted int64        // last use as stored; guarded by Authority.mu
}

// sessionRecord is what the store holds, under the hexadecimal hash of the token.
type sessionRecord struct {
	ID      string        `json:"id"`
	Login   string        `json:"login"`
	Label   string        `json:"label,omitempty"`
	Address netip.Addr    `json:"address,omitzero"`
	Created time.Time     `json:"created"`
	Used    time.Time     `json:"used"`
	Expires time.Time     `json:"expires"`
	Idle    time.Duration `json:"idle"`             // 0: does not end when unused
	Parent  string        `json:"parent,omitempty"` // ID of the token that it was issued from
}

func newSession(hash tokenHash, rec sessionRecord) *session {
	s := &session{hash: hash, rec: rec, persisted: rec.Used.UnixNano()}
	s.lastUsed.Store(rec.Used.UnixNano())
	return s
}

func decodeSession(key string, value []byte) (*session, error) {
	var hash tokenHash
	if n, err := hex.Decode(hash[:], []byte(key[:min(len(key), 2*len(hash))])); err != nil || n != len(hash) || len(key) != 2*n {
		return nil, errors.New("the key is not a hash")
	}
	var rec sessionRecord
	if err := json.Unmarshal(value, &rec); err != nil {
		return nil, fmt.Errorf("the value is not a token record: %w", err)
	}
	if rec.ID != tokenID(hash) || rec.Login == "" || rec.Expires.IsZero() || rec.Idle < 0 {
		return nil, errors.New("the value does not belong to the key")
	}
	return newSession(hash, rec), nil
}

// tokenID names a token in lists and logs. It is part of the hash, which does not help to find the token.
func tokenID(h tokenHash) string { return hex.EncodeToString(h[:8]) }

// key is where the record of the token is kept.
func (s *session) key() string { return tokenPrefix + hex.EncodeToString(s.hash[:]) }

// alive reports whether neither the token has expired at the given Unix nanoseconds, nor its parent expired or ended.
// Asking the parent each time holds for every way to end; the next sweep deletes the record. A use of the child is none
// of the parent: it must not keep a session going that its person has left.
func (s *session) alive(now int64) bool {
	return s.fresh(now) && (s.parent == nil || s.parent.principal.Load() != nil && s.parent.fresh(now))
}

func (s *session) fresh(now int64) bool {
	return now < s.rec.Expires.UnixNano() && (s.rec.Idle == 0 || now-s.lastUsed.Load() < int64(s.rec.Idle))
}

// touch notes a use. Uses within a second are not told apart, to keep the memory of busy tokens shared between CPUs.
func (s *session) touch(now int64) {
	if last := s.lastUsed.Load(); now-last >= int64(time.Second) {
		s.lastUsed.CompareAndSwap(last, now) // if it fails, another request noted its use just now
	}
}

func (a *Authority) putSession(s *session) error {
	rec := s.rec
	rec.Used = time.Unix(0, s.lastUsed.Load()).UTC()
	value, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("encode token %s: %w", rec.ID, err)
	}
	ttl := max(rec.Expires.Sub(a.opt.Now()), time.Second)
	if err := a.store.Put(s.key(), value, ttl); err != nil {
		return fmt.Errorf("write token %s of %q: %w", rec.ID, rec.Login, err)
	}
	return nil
}

// end makes a token, and with it those issued from it, stop working at once and then deletes its record. Called with
// Authority.mu held. On error the token is dead in memory all the same.
func (a *Authority) end(acc *account, s *session) error {
	s.principal.Store(nil)
	a.sessions.remove(s.hash)
	delete(acc.sessions, s.hash)
	if err := a.store.Delete(s.key()); err != nil {
		return fmt.Errorf("delete token %s of %q: %w", s.rec.ID, s.rec.Login, err)
	}
	return nil
}

// sessionTable finds sessions by token hash. Readers take no lock: each shard is a map that is never changed,
// only replaced. Replacing copies 1/256 of all tokens, which is nothing beside the argon2 run of a login.
type sessionTable struct {
	mu     sync.Mutex // writers
	shards [256]atomic.Pointer[map[tokenHash]*session]
}

func newSessionTable() *sessionTable {
	t := &sessionTable{}
	for i := range t.shards {
		t.shards[i].Store(&map[tokenHash]*session{})
	}
	return t
}

// get returns nil if there is no such token. The time it takes depends on the hash at most, which a caller
// cannot choose, so it does not help to guess a token.
func (t *sessionTable) get(h tokenHash) *session { return (*t.shards[h[0]].Load())[h] }

func (t *sessionTable) add(s *session) {
	t.replace(s.hash, func(m map[tokenHash]*session) { m[s.hash] = s })
}

func (t *sessionTable) remove(h tokenHash) {
	t.replace(h, func(m map[tokenHash]*session) { delete(m, h) })
}

func (t *sessionTable) replace(h tokenHash, change func(map[tokenHash]*session)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := maps.Clone(*t.shards[h[0]].Load())
	change(next)
	t.shards[h[0]].Store(&next)
}

func (t *sessionTable) all() []*session {
	var list []*session
	for i := range t.shards {
		for _, s := range *t.shards[i].Load() {
			list = append(list, s)
		}
	}
	return list
}
