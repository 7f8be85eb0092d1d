package auth_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

// derive issues a token from another one.
func (f *fixture) derive(parent auth.Issued) auth.Issued {
	f.t.Helper()
	issued, err := f.Issue(f.t.Context(), parent.Principal.Login, auth.TokenOptions{
		Label: "login", Lifetime: 10 * time.Minute, Parent: parent.Principal.TokenID, // the label is the caller's choice
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return issued
}

func TestDerivedTokensSayWhatTheyAre(t *testing.T) {
	f := setUp(t)
	session := f.login("alice")
	if f.store.contains(`"parent"`) {
		t.Error("the record of a login names a parent: older versions wrote none")
	}
	child := f.derive(session)
	const more = 8 // the store gives records in any order
	for range more {
		f.derive(session)
	}
	check := func(when string) {
		t.Helper()
		if list, _ := f.Tokens("alice"); len(list) != more+2 {
			t.Errorf("%s: %d tokens", when, len(list))
		}
		if f.wantAlive(session.Token).Derived || !f.wantAlive(child.Token).Derived || !f.Peek(child.Token).Derived {
			t.Errorf("%s: session and child are not told apart", when)
		}
	}
	check("at first")
	f.update("alice", func(u *auth.User) { u.Rights = []string{"sms.*"} })
	check("after a change of the user")
	if err := f.Sweep(); err != nil {
		t.Fatal(err)
	}
	f.reopen()
	check("after a restart")
	f.clock.advance(30 * time.Second)
	f.wantAlive(child.Token)
	if err := f.Sweep(); err != nil { // writes the child anew
		t.Fatal(err)
	}
	f.reopen()
	check("after a second restart")
	f.clock.advance(10 * time.Minute)
	f.wantDead(child.Token)
	f.wantAlive(session.Token)
}

func TestOnlyALiveTokenOfTheUserIsAParent(t *testing.T) {
	f := setUp(t)
	f.create("bob", auth.RoleManager)
	session, other := f.login("alice"), f.login("bob")
	child := f.derive(session)
	ended := f.login("alice")
	if err := f.Revoke(t.Context(), "alice", ended.Principal.TokenID); err != nil {
		t.Fatal(err)
	}
	refused := func(name, id string) {
		t.Helper()
		before := f.store.count("token/")
		issued, err := f.Issue(t.Context(), "alice", auth.TokenOptions{Parent: id})
		if err != auth.ErrNoToken || issued.Token != "" || f.store.count("token/") != before {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused("a token of somebody else", other.Principal.TokenID)
	refused("a token that was issued from another one", child.Principal.TokenID)
	refused("an ended token", ended.Principal.TokenID)
	refused("no token", "x")
	f.clock.advance(time.Hour)
	refused("a token that was idle too long", session.Principal.TokenID)
}

// TestDerivedTokensEndWithTheirParent goes through every way in which a token ends.
func TestDerivedTokensEndWithTheirParent(t *testing.T) {
	user := func(change func(*auth.User)) func(*fixture, auth.Issued) {
		return func(f *fixture, _ auth.Issued) { f.update("alice", change) }
	}
	for name, row := range map[string]struct {
		end func(f *fixture, session auth.Issued)
		all bool // every token of the user ends
	}{
		"logout": {end: func(f *fixture, s auth.Issued) {
			if err := f.Revoke(f.t.Context(), "alice", s.Principal.TokenID); err != nil {
				f.t.Fatal(err)
			}
		}},
		"all revoked": {all: true, end: func(f *fixture, _ auth.Issued) {
			if n, err := f.RevokeAll(f.t.Context(), "alice", ""); err != nil || n != 3 {
				f.t.Fatalf("%d ended, %v", n, err)
			}
		}},
		"all others revoked": {end: func(f *fixture, _ auth.Issued) {
			list, err := f.Tokens("alice")
			if err != nil {
				f.t.Fatal(err)
			}
			for _, token := range list {
				if token.Label == "crm" {
					if n, err := f.RevokeAll(f.t.Context(), "alice", token.ID); err != nil || n != 2 {
						f.t.Fatalf("%d ended, %v", n, err)
					}
				}
			}
		}},
		"second factor confirmed elsewhere": {end: func(f *fixture, _ auth.Issued) {
			phone, _ := f.enrol("alice")
			if _, err := f.ConfirmSecondFactor("alice", f.login("alice").Principal.TokenID, phone.code(), home); err != nil {
				f.t.Fatal(err)
			}
		}},
		"password changed": {all: true, end: func(f *fixture, _ auth.Issued) {
			if err := f.ChangePassword(f.t.Context(), "alice", password, "a new password", home); err != nil {
				f.t.Fatal(err)
			}
		}},
		"password set": {all: true, end: func(f *fixture, _ auth.Issued) {
			if err := f.SetPassword(f.t.Context(), "alice", "a new password", false); err != nil {
				f.t.Fatal(err)
			}
		}},
		"blocked": {all: true, end: user(func(u *auth.User) { u.Status = auth.StatusBlocked })},
		"deleted": {all: true, end: user(func(u *auth.User) { u.Status = auth.StatusDeleted })},
		"evicted": {end: func(f *fixture, _ auth.Issued) {
			f.clock.advance(time.Second)
			for f.store.count("token/") < f.opt.TokensPerUser {
				f.login("alice")
			}
			if list, _ := f.Tokens("alice"); len(list) != f.opt.TokensPerUser {
				f.t.Fatalf("%d tokens", len(list))
			}
			f.login("alice")
		}},
		"idle": {end: func(f *fixture, _ auth.Issued) { f.clock.advance(time.Minute) }},
		"expired": {end: func(f *fixture, s auth.Issued) {
			for f.clock.Now().Before(s.Expires) {
				if _, err := f.Authenticate(s.Token, home); err != nil {
					f.t.Fatal("the session is idle, not expired")
				}
				f.clock.advance(30 * time.Second)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := setUp(t, func(o *auth.Options) { o.TokenIdle, o.TokenLifetime, o.TokensPerUser = 2*time.Minute, 5*time.Minute, 8 })
			session := f.login("alice")
			// The child alone would live for longer than its parent in every way.
			child, err := f.Issue(t.Context(), "alice", auth.TokenOptions{Parent: session.Principal.TokenID, Lifetime: time.Hour, Idle: -1})
			if err != nil {
				t.Fatal(err)
			}
			if !child.Expires.Equal(session.Expires) {
				t.Errorf("the child expires %v, its parent %v", child.Expires, session.Expires)
			}
			f.clock.advance(90 * time.Second) // a use of the child is none of its parent
			machine, err := f.Issue(t.Context(), "alice", auth.TokenOptions{Label: "crm", Lifetime: time.Hour, Idle: -1})
			if err != nil {
				t.Fatal(err)
			}
			f.wantAlive(child.Token)
			if name != "idle" {
				f.wantAlive(session.Token)
			}
			if name == "evicted" {
				f.clock.advance(time.Second)
				f.wantAlive(child.Token)
				f.wantAlive(machine.Token)
			}

			row.end(f, session)
			check := func() {
				t.Helper()
				f.wantDead(session.Token)
				f.wantDead(child.Token)
				if f.Peek(child.Token) != nil {
					t.Error("Peek takes the child for a live token")
				}
				if list, _ := f.Tokens("alice"); strings.Contains(ids(list), child.Principal.TokenID) {
					t.Error("the child is listed")
				}
				if row.all {
					f.wantDead(machine.Token)
				} else {
					f.wantAlive(machine.Token)
				}
			}
			check()
			before := f.store.snapshot()
			if err := f.Sweep(); err != nil {
				t.Fatal(err)
			}
			check()
			if f.store.contains(child.Principal.TokenID) {
				t.Error("the record of the child stays")
			}
			f.store.records = before // the gateway stops before it sweeps
			f.reopen()
			check()
			if f.store.contains(child.Principal.TokenID) {
				t.Error("the record of the child stays after a restart")
			}
		})
	}
}

func ids(list []auth.Token) string {
	var all []string
	for _, token := range list {
		all = append(all, token.ID)
	}
	return strings.Join(all, " ")
}

// TestDerivedTokensAtStart: what ended on disk or while the gateway was away takes its children along.
func TestDerivedTokensAtStart(t *testing.T) {
	for name, end := range map[string]func(f *fixture, session, child string){
		"the parent's record is gone": func(f *fixture, session, _ string) { _ = f.store.Delete(f.store.find(session)) },
		"the parent was idle":         func(f *fixture, _, _ string) { f.clock.advance(2 * time.Minute) },
		"the parent is the child": func(f *fixture, session, child string) {
			f.store.edit(child, `"parent":"`+session+`"`, `"parent":"`+child+`"`)
		},
		"the parent has a parent": func(f *fixture, session, child string) {
			f.store.edit(session, `"idle":`, `"parent":"`+child+`","idle":`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := setUp(t, func(o *auth.Options) { o.TokenIdle = 2 * time.Minute })
			session := f.login("alice")
			child, err := f.Issue(t.Context(), "alice", auth.TokenOptions{Parent: session.Principal.TokenID, Idle: -1})
			if err != nil {
				t.Fatal(err)
			}
			end(f, session.Principal.TokenID, child.Principal.TokenID)
			f.reopen()
			f.wantDead(child.Token)
			if f.store.find(child.Principal.TokenID) != "" {
				t.Error("the record of the child stays")
			}
		})
	}
}

func (s *memStore) snapshot() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.records)
}

// find returns the key of the token record with an ID, "" for none.
func (s *memStore) find(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, value := range s.records {
		if strings.Contains(string(value), `{"id":"`+id+`"`) {
			return key
		}
	}
	return ""
}

// edit changes a part of the token record with an ID.
func (s *memStore) edit(id, old, next string) {
	key := s.find(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[key] = []byte(strings.Replace(string(s.records[key]), old, next, 1))
}

func TestDerivedTokensWhenTheStoreFails(t *testing.T) {
	f := setUp(t)
	session := f.login("alice")
	child := f.derive(session)
	f.store.failWith(errStore)
	if err := f.Revoke(t.Context(), "alice", session.Principal.TokenID); !errors.Is(err, errStore) {
		t.Errorf("got %v", err)
	}
	f.wantDead(child.Token)
	if list, _ := f.Tokens("alice"); len(list) != 0 {
		t.Errorf("%v is listed", list)
	}
}

// TestDerivedTokensSpareTheirParent: a token that ends the one that it is issued from would be dead at once.
func TestDerivedTokensSpareTheirParent(t *testing.T) {
	f := setUp(t, func(o *auth.Options) { o.TokensPerUser = 1 })
	session := f.login("alice")
	for range 3 {
		f.clock.advance(time.Minute)
		f.wantAlive(f.derive(session).Token)
		f.wantAlive(session.Token)
		if n := f.store.count("token/"); n > 2 {
			t.Errorf("%d tokens are stored", n)
		}
	}
	f.wantAlive(f.login("alice").Token)
	f.wantDead(session.Token)
	if n := f.store.count("token/"); n != 1 {
		t.Errorf("%d tokens are stored after a login", n)
	}
}

// TestASessionKeepsItsOwnTokens: the session that confirms the second factor goes on, and so does its page of reports.
func TestASessionKeepsItsOwnTokens(t *testing.T) {
	f := setUp(t)
	session := f.login("alice")
	child, err := f.Issue(t.Context(), "alice", auth.TokenOptions{Label: "report", Parent: session.Principal.TokenID})
	if err != nil {
		t.Fatal(err)
	}
	phone, _ := f.enrol("alice")
	if _, err := f.ConfirmSecondFactor("alice", session.Principal.TokenID, phone.code(), home); err != nil {
		t.Fatal(err)
	}
	f.wantAlive(session.Token)
	f.wantAlive(child.Token)
}
