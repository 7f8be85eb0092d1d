package auth_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

// TestHammer logs in, authenticates, revokes, blocks, changes rights and sweeps all at once. Each user has one
// goroutine that changes it and therefore knows what must hold; readers check what can be seen from outside.
func TestHammer(t *testing.T) {
	const users, rounds = 6, 60
	f := setUp(t, func(o *auth.Options) {
		o.Hashers, o.QueuedLogins, o.TokensPerUser, o.LoginAttempts = 8, 1000, 6, 1_000_000
	})
	stop := make(chan struct{})
	var tokens sync.Map // token -> login
	// No token ends before a reader has seen one: on a machine of few processors the writers could be done first.
	seen := make(chan struct{})
	var once sync.Once
	awaitReader := func() {
		select {
		case <-seen:
		case <-time.After(time.Minute):
			t.Error("no reader saw a live token")
		}
	}
	var background, writers sync.WaitGroup

	for range 3 { // readers
		background.Go(func() {
			for {
				tokens.Range(func(token, login any) bool {
					p, err := f.Authenticate(token.(string), home)
					switch {
					case err == nil && p.Login != login:
						t.Errorf("the token of %v authenticates %s", login, p.Login)
					case err == nil && p.Rights.Allows("even", "x") == p.Rights.Allows("odd", "x"):
						t.Errorf("half a change of rights is visible: %v", p.Rights.Strings())
					case err == nil:
						once.Do(func() { close(seen) })
					case !errors.Is(err, auth.ErrUnauthorized):
						t.Error(err)
					}
					return true
				})
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	background.Go(func() { // housekeeping
		awaitReader()
		for aged := time.Duration(0); ; {
			if aged < f.opt.TokenIdle/2 { // every token in use stays alive
				aged += 2 * time.Second
				f.clock.advance(2 * time.Second)
			}
			if err := f.Sweep(); err != nil {
				t.Error(err)
			}
			f.Users()
			select {
			case <-stop:
				return
			default:
			}
		}
	})

	for i := range users {
		login := fmt.Sprintf("user%d", i)
		f.create(login, auth.RoleIntegrator, "even.x")
		writers.Go(func() {
			for round := range rounds {
				issued, err := f.Login(t.Context(), login, password, home)
				if err != nil {
					t.Error(err)
					return
				}
				tokens.Store(issued.Token, login)
				awaitReader()
				other, err := f.Issue(t.Context(), login, auth.TokenOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				child, err := f.Issue(t.Context(), login, auth.TokenOptions{Parent: issued.Principal.TokenID})
				if err != nil {
					t.Error(err)
					return
				}
				tokens.Store(child.Token, login)
				right := []string{"even.x", "odd.x"}[round%2]
				f.update(login, func(u *auth.User) { u.Rights = []string{right} })
				if p, err := f.Authenticate(issued.Token, home); err != nil || p.Rights.Strings()[0] != right {
					t.Errorf("after the change the token gives %v, %v", p, err)
				}
				switch round % 3 {
				case 0:
					if err := f.Revoke(t.Context(), login, issued.Principal.TokenID); err != nil {
						t.Error(err)
					}
				case 1:
					f.update(login, func(u *auth.User) { u.Status = auth.StatusBlocked })
					if _, err := f.Login(t.Context(), login, password, home); err != auth.ErrWrongLogin {
						t.Errorf("a blocked user gets %v", err)
					}
					f.update(login, func(u *auth.User) { u.Status = auth.StatusActive })
					if _, err := f.Authenticate(other.Token, home); err == nil {
						t.Error("a token outlived the block")
					}
				case 2:
					if _, err := f.RevokeAll(t.Context(), login, other.Principal.TokenID); err != nil {
						t.Error(err)
					}
					if _, err := f.Authenticate(other.Token, home); err != nil {
						t.Error("the excepted token ended")
					}
				}
				if _, err := f.Authenticate(issued.Token, home); err == nil {
					t.Error("an ended token still authenticates")
				}
				if _, err := f.Authenticate(child.Token, home); err == nil {
					t.Error("a token outlived the one that it was issued from")
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	background.Wait()

	// The store and the memory agree, once what ended with its parent is swept.
	if err := f.Sweep(); err != nil {
		t.Fatal(err)
	}
	live := 0
	for _, u := range f.Users() {
		list, err := f.Tokens(u.Login)
		if err != nil {
			t.Fatal(err)
		}
		live += len(list)
	}
	if stored := f.store.count("token/"); stored != live {
		t.Errorf("%d tokens are stored, %d live", stored, live)
	}
}
