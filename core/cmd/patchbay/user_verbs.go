package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

// userRow is what the commands show of a user.
type userRow struct {
	Login      string      `json:"login"`
	Status     auth.Status `json:"status"`
	Role       auth.Role   `json:"role"`
	Rights     []string    `json:"rights"`
	AllowedIPs []string    `json:"allowed_ips"`
	Note       string      `json:"note"`
	LastLogin  *time.Time  `json:"last_login"`
}

func userPath(login string, more ...string) string {
	path := "/users/" + url.PathEscape(login)
	for _, m := range more {
		path += "/" + url.PathEscape(m)
	}
	return path
}

// say prints the answer as it is with --json, else what human writes.
func (v *userVisit) say(answer []byte, format string, args ...any) error {
	var err error
	if v.flags.json {
		if len(answer) == 0 {
			answer = []byte("{}")
		}
		_, err = fmt.Fprintf(v.env.stdout, "%s\n", answer)
	} else {
		_, err = fmt.Fprintf(v.env.stdout, format+"\n", args...)
	}
	return err
}

func (v *userVisit) table(write func(w io.Writer)) error {
	w := tabwriter.NewWriter(v.env.stdout, 0, 0, 2, ' ', 0)
	write(w)
	return w.Flush()
}

func statusText(s auth.Status) string {
	switch s {
	case auth.StatusActive:
		return "active"
	case auth.StatusBlocked:
		return "blocked"
	case auth.StatusDeleted:
		return "deleted"
	}
	return strconv.Itoa(int(s))
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func listUsers(v *userVisit, _ []string) error {
	var answer struct {
		Users []json.RawMessage `json:"users"`
	}
	if _, err := v.client.do(http.MethodGet, "/users", nil, &answer); err != nil {
		return err
	}
	kept := answer.Users[:0]
	var rows []userRow
	for _, raw := range answer.Users {
		var u userRow
		if err := json.Unmarshal(raw, &u); err != nil {
			return fmt.Errorf("answer of the gateway: %w", err)
		}
		if u.Status != auth.StatusDeleted || v.flags.deleted {
			kept, rows = append(kept, raw), append(rows, u)
		}
	}
	if v.flags.json {
		answer.Users = kept
		text, err := json.Marshal(answer)
		if err != nil {
			return fmt.Errorf("answer of the gateway: %w", err)
		}
		return v.say(text, "")
	}
	return v.table(func(w io.Writer) {
		_, _ = fmt.Fprintln(w, "LOGIN\tSTATUS\tROLE\tRIGHTS\tNETWORKS\tLAST LOGIN")
		for _, u := range rows {
			last := "never"
			if u.LastLogin != nil {
				last = u.LastLogin.Local().Format(time.DateTime)
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", u.Login, statusText(u.Status), u.Role, dash(strings.Join(u.Rights, ",")),
				dash(strings.Join(u.AllowedIPs, ",")), last)
		}
	})
}

// split takes a list separated by commas apart; an empty text is an empty list.
func split(s string) []string {
	out := []string{}
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// wishes returns the fields of a user that the flags set.
func (v *userVisit) wishes() map[string]any {
	o, body := v.flags, map[string]any{}
	if o.given("rights") {
		body["rights"] = split(o.rights)
	}
	if o.given("role") {
		body["role"] = o.role
	}
	if o.given("ip") {
		body["allowed_ips"] = split(o.ip)
	}
	if o.given("note") {
		body["note"] = o.note
	}
	return body
}

// maxPasswordLine bounds what is read for a password.
const maxPasswordLine = 4 << 10

// choosePassword puts the password into body; without one the gateway makes it.
func (v *userVisit) choosePassword(body map[string]any) error {
	o := v.flags
	if o.given("must-change") {
		body["must_change"] = o.mustChange
	}
	switch {
	case o.given("password") && o.passwordStdin:
		return errors.New("give either --password or --password-stdin")
	case o.given("password"):
		if o.password == "" {
			return errors.New("--password is empty; leave it out to have one made")
		}
		body["password"] = o.password
	case o.passwordStdin:
		line, err := bufio.NewReader(io.LimitReader(v.env.stdin, maxPasswordLine)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the password: %w", err)
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return errors.New("there is no password in the input")
		}
		body["password"] = line
	}
	return nil
}

func addUser(v *userVisit, args []string) error {
	body := v.wishes()
	body["login"] = args[0]
	if v.flags.ifMissing {
		var there userRow
		raw, err := v.client.do(http.MethodGet, userPath(args[0]), nil, &there)
		switch {
		case err == nil && there.Status == auth.StatusDeleted:
			return fmt.Errorf("the login %s belongs to a deleted user; choose another one", args[0])
		case err == nil:
			wrapped, err := json.Marshal(map[string]json.RawMessage{"user": raw})
			if err != nil {
				return fmt.Errorf("answer of the gateway: %w", err)
			}
			return v.say(wrapped, "User %s is there already; nothing was changed.", args[0])
		case statusOf(err) != http.StatusNotFound:
			return err
		}
	}
	if err := v.choosePassword(body); err != nil {
		return err
	}
	return v.changePassword(http.MethodPost, "/users", body, "User "+args[0]+" is added")
}

func setUserPassword(v *userVisit, args []string) error {
	body := map[string]any{}
	if err := v.choosePassword(body); err != nil {
		return err
	}
	return v.changePassword(http.MethodPost, userPath(args[0], "password"), body, "User "+args[0]+" has a new password")
}

func (v *userVisit) changePassword(method, path string, body map[string]any, done string) error {
	var made struct {
		Password string `json:"password"`
	}
	answer, err := v.client.do(method, path, body, &made)
	if err != nil {
		return err
	}
	if made.Password != "" {
		return v.say(answer, "%s: %s (shown once)", done, made.Password)
	}
	return v.say(answer, "%s.", done)
}

func setUser(v *userVisit, args []string) error {
	body := v.wishes()
	if len(body) == 0 {
		return errors.New("nothing to set; give --role, --rights, --ip or --note")
	}
	return v.patch(args[0], body, "is changed")
}

func blockUser(v *userVisit, args []string) error {
	return v.patch(args[0], map[string]any{"status": auth.StatusBlocked}, "is blocked")
}

func unblockUser(v *userVisit, args []string) error {
	return v.patch(args[0], map[string]any{"status": auth.StatusActive}, "is active")
}

func (v *userVisit) patch(login string, body map[string]any, done string) error {
	answer, err := v.client.do(http.MethodPatch, userPath(login), body, nil)
	if err != nil {
		return err
	}
	return v.say(answer, "User %s %s.", login, done)
}

func removeUser(v *userVisit, args []string) error {
	answer, err := v.client.do(http.MethodDelete, userPath(args[0]), nil, nil)
	if err != nil {
		return err
	}
	return v.say(answer, "User %s is deleted.", args[0])
}

func resetSecondFactor(v *userVisit, args []string) error {
	answer, err := v.client.do(http.MethodDelete, userPath(args[0])+"/second-factor", nil, nil)
	if err != nil {
		return err
	}
	return v.say(answer, "User %s needs the password alone.", args[0])
}

// seconds reads a duration that may count days.
func seconds(name, text string) (int64, error) {
	days, isDays := strings.CutSuffix(text, "d")
	if n, err := strconv.ParseInt(days, 10, 32); isDays && err == nil && n > 0 {
		return n * 24 * 3600, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second {
		return 0, fmt.Errorf("--%s: want a time such as 90d, 12h or 30m, not %q", name, text)
	}
	return int64(d / time.Second), nil
}

func issueUserToken(v *userVisit, args []string) error {
	o := v.flags
	body := map[string]any{"label": o.label}
	if o.lifetime != "" {
		n, err := seconds("lifetime", o.lifetime)
		if err != nil {
			return err
		}
		body["lifetime_seconds"] = n
	}
	switch o.idleLimit {
	case "":
	case "never":
		body["idle_seconds"] = -1
	default:
		n, err := seconds("idle", o.idleLimit)
		if err != nil {
			return err
		}
		body["idle_seconds"] = n
	}
	var token struct {
		ID      string    `json:"id"`
		Token   string    `json:"token"`
		Expires time.Time `json:"expires"`
	}
	answer, err := v.client.do(http.MethodPost, userPath(args[0], "tokens"), body, &token)
	if err != nil {
		return err
	}
	return v.say(answer, "%s\n(token %s of %s until %s, shown once)", token.Token, token.ID, args[0], token.Expires.Local().Format(time.DateTime))
}

func listUserTokens(v *userVisit, args []string) error {
	var list struct {
		Tokens []auth.Token `json:"tokens"`
	}
	answer, err := v.client.do(http.MethodGet, userPath(args[0], "tokens"), nil, &list)
	if err != nil {
		return err
	}
	if v.flags.json {
		return v.say(answer, "")
	}
	return v.table(func(w io.Writer) {
		_, _ = fmt.Fprintln(w, "ID\tLABEL\tADDRESS\tCREATED\tLAST USED\tEXPIRES")
		for _, t := range list.Tokens {
			address := ""
			if t.Address.IsValid() {
				address = t.Address.String()
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, dash(t.Label), dash(address), t.Created.Local().Format(time.DateTime),
				t.LastUsed.Local().Format(time.DateTime), t.Expires.Local().Format(time.DateTime))
		}
	})
}

func revokeUserTokens(v *userVisit, args []string) error {
	switch {
	case len(args) == 1 && v.flags.all:
		var done struct {
			Revoked int `json:"revoked"`
		}
		answer, err := v.client.do(http.MethodDelete, userPath(args[0], "tokens"), nil, &done)
		if err != nil {
			return err
		}
		return v.say(answer, "%d tokens of %s have ended.", done.Revoked, args[0])
	case len(args) == 2 && !v.flags.all:
		answer, err := v.client.do(http.MethodDelete, userPath(args[0], "tokens", args[1]), nil, nil)
		if err != nil {
			return err
		}
		return v.say(answer, "The token %s of %s has ended.", args[1], args[0])
	}
	_, _ = fmt.Fprintln(v.env.stderr, "usage: patchbay user revoke LOGIN TOKEN-ID\n       patchbay user revoke LOGIN --all")
	return errUsage
}
