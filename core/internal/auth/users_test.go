package auth_test

import (
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

func TestCreateRefuses(t *testing.T) {
	f := setUp(t)
	good := auth.User{Login: "bob", Role: auth.RoleManager}
	for name, tt := range map[string]struct {
		change   func(*auth.User)
		password string
		field    string
	}{
		"no login":       {func(u *auth.User) { u.Login = "" }, password, "login"},
		"spaces":         {func(u *auth.User) { u.Login = "a b" }, password, "login"},
		"line break":     {func(u *auth.User) { u.Login = "bob\n" }, password, "login"},
		"slash":          {func(u *auth.User) { u.Login = "a/b" }, password, "login"},
		"long login":     {func(u *auth.User) { u.Login = strings.Repeat("a", 65) }, password, "login"},
		"no role":        {func(u *auth.User) { u.Role = "" }, password, "role"},
		"unknown role":   {func(u *auth.User) { u.Role = "root" }, password, "role"},
		"bad right":      {func(u *auth.User) { u.Rights = []string{"sms.send", "sms"} }, password, "rights"},
		"bad network":    {func(u *auth.User) { u.AllowedIPs = []netip.Prefix{{}} }, password, "allowed_ips"},
		"bad rate":       {func(u *auth.User) { u.Limits.All.PerSecond = math.NaN() }, password, "limits"},
		"negative rate":  {func(u *auth.User) { u.Limits.All.PerSecond = -1 }, password, "limits"},
		"bad limit name": {func(u *auth.User) { u.Limits.Actions = map[string]auth.Rate{"sms.*": {}} }, password, "limits"},
		"long note":      {func(u *auth.User) { u.Note = strings.Repeat("x", 1001) }, password, "note"},
		"too many":       {func(u *auth.User) { u.Rights = slices.Repeat([]string{"a.b"}, 1001) }, password, "user"},
		"short password": {func(*auth.User) {}, "1234567", "password"},
		"long password":  {func(*auth.User) {}, strings.Repeat("x", 1025), "password"},
		"not UTF-8":      {func(*auth.User) {}, "\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff", "password"},
	} {
		t.Run(name, func(t *testing.T) {
			u := good
			tt.change(&u)
			if _, err := f.Create(t.Context(), u, tt.password); invalidField(err) != tt.field {
				t.Errorf("got %v, want a fault of %q", err, tt.field)
			}
		})
	}
	for _, taken := range []string{"alice", "ALICE", "Alice"} {
		if _, err := f.Create(t.Context(), auth.User{Login: taken, Role: auth.RoleManager}, password); err != auth.ErrTaken {
			t.Errorf("%s: got %v", taken, err)
		}
	}
	if f.store.count("user/") != 1 {
		t.Error("a refused user was stored")
	}
}

func TestCreateNormalizes(t *testing.T) {
	f := setUp(t)
	in := auth.User{
		Login: "a@b.c-d_1", Role: auth.RoleAuditor, Rights: []string{"sms.send", "report.get", "sms.*", "sms.send"},
		AllowedIPs: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8"), netip.MustParsePrefix("::ffff:10.0.0.0/104")},
		Version:    77, Note: "заметка",
	}
	u, err := f.Create(t.Context(), in, "пароль78")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(u.Rights, []string{"report.get", "sms.*"}) || u.Version != 1 || u.Status != auth.StatusActive ||
		!slices.Equal(u.AllowedIPs, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}) {
		t.Errorf("got %+v", u)
	}
	u.Rights[0], u.AllowedIPs[0] = "changed", netip.Prefix{}
	again, err := f.User("a@b.c-d_1")
	if err != nil || again.Rights[0] != "report.get" || !again.AllowedIPs[0].IsValid() {
		t.Errorf("the caller's copy is shared: %+v, %v", again, err)
	}
	f.reopen()
	if stored, _ := f.User("a@b.c-d_1"); !reflect.DeepEqual(stored, again) {
		t.Errorf("stored %+v, want %+v", stored, again)
	}
	if text, _ := json.Marshal(again); strings.Contains(string(text), "argon2") {
		t.Errorf("a user shows its password hash: %s", text)
	}
}

func TestUsersAreSorted(t *testing.T) {
	f := setUp(t)
	f.create("zoe", auth.RoleIntegrator)
	f.create("Bob", auth.RoleIntegrator)
	f.update("zoe", func(u *auth.User) { u.Status = auth.StatusDeleted })
	var got []string
	for _, u := range f.Users() {
		got = append(got, u.Login)
	}
	if !slices.Equal(got, []string{"Bob", "alice", "zoe"}) {
		t.Errorf("got %v", got)
	}
	if _, err := f.User("nobody"); err != auth.ErrNoUser {
		t.Errorf("got %v", err)
	}
	if _, err := f.User("bob"); err != auth.ErrNoUser {
		t.Errorf("logins are case-sensitive, got %v", err)
	}
}

func TestUpdateVersions(t *testing.T) {
	f := setUp(t)
	note := func(text string) func(*auth.User) error {
		return func(u *auth.User) error { u.Note = text; return nil }
	}
	u, err := f.Update(t.Context(), "alice", 1, note("one"))
	if err != nil || u.Version != 2 {
		t.Fatalf("got %+v, %v", u, err)
	}
	if _, err := f.Update(t.Context(), "alice", 1, note("two")); err != auth.ErrStale {
		t.Errorf("an old version gives %v", err)
	}
	f.login("alice")
	if u, _ := f.User("alice"); u.Version != 2 || u.Note != "one" || u.LastLogin.IsZero() {
		t.Errorf("a login is no change of the user: %+v", u)
	}
	if _, err := f.Update(t.Context(), "alice", 2, note(strings.Repeat("x", 2000))); invalidField(err) != "note" {
		t.Errorf("got %v", err)
	}
	boom := errors.New("boom")
	if _, err := f.Update(t.Context(), "alice", 2, func(u *auth.User) error { u.Rights[0] = "x"; u.Note = "y"; return boom }); err != boom {
		t.Errorf("got %v", err)
	}
	f.store.failWith(errStore)
	if _, err := f.Update(t.Context(), "alice", 2, note("three")); !errors.Is(err, errStore) {
		t.Errorf("got %v", err)
	}
	f.store.failWith(nil)
	if u, _ := f.User("alice"); u.Version != 2 || u.Note != "one" || u.Rights[0] != "report.*" {
		t.Errorf("a failed update changed the user: %+v", u)
	}
	u = f.update("alice", func(u *auth.User) { u.Login, u.Version = "mallory", 99 })
	if u.Login != "alice" || u.Version != 3 {
		t.Errorf("login or version were changed: %+v", u)
	}
	if _, err := f.Update(t.Context(), "nobody", 0, note("x")); err != auth.ErrNoUser {
		t.Errorf("got %v", err)
	}
}

func TestChangesHoldForLiveTokens(t *testing.T) {
	f := setUp(t)
	token := f.login("alice").Token
	before := f.wantAlive(token)
	f.update("alice", func(u *auth.User) { u.Rights = []string{"contact.*"}; u.Role = auth.RoleAuditor })
	after := f.wantAlive(token)
	if after.Rights.Allows("sms", "send") || !after.Rights.Allows("contact", "add") || after.Role != auth.RoleAuditor || after.TokenID != before.TokenID {
		t.Errorf("the token still has the old rights: %+v", after)
	}
	if !before.Rights.Allows("sms", "send") {
		t.Error("a principal in use was changed")
	}
	f.reopen()
	if !f.wantAlive(token).Rights.Allows("contact", "add") {
		t.Error("the rights are lost after a restart")
	}
}

func TestBlockingEndsTokens(t *testing.T) {
	f := setUp(t)
	token := f.login("alice").Token
	f.update("alice", func(u *auth.User) { u.Status = auth.StatusBlocked })
	f.wantDead(token)
	f.update("alice", func(u *auth.User) { u.Status = auth.StatusActive })
	f.wantDead(token) // for good
	next := f.login("alice").Token
	f.reopen()
	f.wantDead(token)
	f.wantAlive(next) // although issued at the same instant as the change
}

// TestVoidedTokensStayDead: the records of ended tokens cannot come back even if deleting them failed.
func TestVoidedTokensStayDead(t *testing.T) {
	f := setUp(t)
	token := f.login("alice").Token
	saved := map[string][]byte{}
	for key, value := range f.store.records {
		if strings.HasPrefix(key, "token/") {
			saved[key] = value
		}
	}
	f.update("alice", func(u *auth.User) { u.Status = auth.StatusBlocked })
	f.update("alice", func(u *auth.User) { u.Status = auth.StatusActive })
	for key, value := range saved { // as if the deletion had been lost
		if err := f.store.Put(key, value, 0); err != nil {
			t.Fatal(err)
		}
	}
	f.reopen()
	f.wantDead(token)
	if f.store.count("token/") != 0 {
		t.Error("the voided record is still there")
	}
}

func TestDeletedUsers(t *testing.T) {
	f := setUp(t)
	token := f.login("alice").Token
	u := f.update("alice", func(u *auth.User) { u.Status = auth.StatusDeleted })
	f.wantDead(token)
	if len(u.Rights) != 0 || f.store.contains("argon2") || f.store.contains("192.0.2") {
		t.Errorf("a deleted user keeps %+v", u)
	}
	if _, err := f.Login(t.Context(), "alice", password, home); err != auth.ErrWrongLogin {
		t.Errorf("login gives %v", err)
	}
	if _, err := f.Create(t.Context(), auth.User{Login: "Alice", Role: auth.RoleIntegrator}, password); err != auth.ErrTaken {
		t.Errorf("the login is not reserved: %v", err)
	}
	for _, status := range []auth.Status{auth.StatusActive, auth.StatusBlocked} {
		if _, err := f.Update(t.Context(), "alice", 0, func(u *auth.User) error { u.Status = status; return nil }); err != auth.ErrDeleted {
			t.Errorf("undoing gives %v", err)
		}
	}
	if err := f.SetPassword(t.Context(), "alice", password, false); err != auth.ErrDeleted {
		t.Errorf("a new password gives %v", err)
	}
	if list := f.Users(); len(list) != 1 || list[0].Status != auth.StatusDeleted {
		t.Errorf("the report must still show it: %+v", list)
	}
}

func TestLastAdministrator(t *testing.T) {
	f := setUp(t)
	f.create("root", auth.RoleAdministrator)
	for name, change := range map[string]func(*auth.User){
		"block": func(u *auth.User) { u.Status = auth.StatusBlocked }, "delete": func(u *auth.User) { u.Status = auth.StatusDeleted },
		"demote": func(u *auth.User) { u.Role = auth.RoleManager },
	} {
		if _, err := f.Update(t.Context(), "root", 0, func(u *auth.User) error { change(u); return nil }); err != auth.ErrLastAdministrator {
			t.Errorf("%s: got %v", name, err)
		}
	}
	f.create("second", auth.RoleAdministrator)
	f.update("root", func(u *auth.User) { u.Status = auth.StatusDeleted })
}

func TestSetPassword(t *testing.T) {
	f := setUp(t)
	token := f.login("alice").Token
	if err := f.SetPassword(t.Context(), "alice", "short", true); invalidField(err) != "password" {
		t.Errorf("got %v", err)
	}
	if err := f.SetPassword(t.Context(), "nobody", "long enough", true); err != auth.ErrNoUser {
		t.Errorf("got %v", err)
	}
	f.wantAlive(token)
	if err := f.SetPassword(t.Context(), "alice", "long enough", true); err != nil {
		t.Fatal(err)
	}
	f.wantDead(token)
	issued, err := f.Login(t.Context(), "alice", "long enough", home)
	if err != nil || !issued.Principal.MustChange {
		t.Errorf("got %+v, %v", issued, err)
	}
}

func TestEnsureAdmin(t *testing.T) {
	store, work := newStore(), &derivations{}
	a, err := auth.Open(t.Context(), store, auth.WithDerive(auth.Options{}, work.derive))
	if err != nil {
		t.Fatal(err)
	}
	first, created, err := a.EnsureAdmin(t.Context())
	if err != nil || !created || len(first) < 20 {
		t.Fatalf("got %q, %v, %v", first, created, err)
	}
	issued, err := a.Login(t.Context(), auth.AdminLogin, first, home)
	if err != nil || issued.Principal.Role != auth.RoleAdministrator || !issued.Principal.MustChange || !issued.Principal.Rights.Allows("any", "thing") {
		t.Errorf("got %+v, %v", issued, err)
	}
	if again, created, err := a.EnsureAdmin(t.Context()); again != "" || created || err != nil {
		t.Errorf("the second start gives %q, %v, %v", again, created, err)
	}
	if store.contains(first) {
		t.Error("the password is in the store")
	}
	store = newStore()
	store.failWith(errStore)
	b, err := auth.Open(t.Context(), store, auth.WithDerive(auth.Options{}, work.derive))
	if err != nil {
		t.Fatal(err)
	}
	if pass, created, err := b.EnsureAdmin(t.Context()); pass != "" || created || !errors.Is(err, errStore) {
		t.Errorf("a failing store gives %q, %v, %v", pass, created, err)
	}
}

func TestOpenRefusesSillyArgon2(t *testing.T) {
	for _, p := range []auth.Argon2{{MemoryKiB: 7, Time: 1, Parallelism: 1}, {MemoryKiB: 64, Time: 0, Parallelism: 1}, {MemoryKiB: 2 << 20, Time: 1, Parallelism: 1}} {
		if _, err := auth.Open(t.Context(), newStore(), auth.Options{Argon2: p}); err == nil {
			t.Errorf("%+v is accepted", p)
		}
	}
}
