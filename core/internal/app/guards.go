package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/guard"
	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/journal/mask"
	"github.com/patchbay-gw/patchbay/core/internal/params"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// openGuards reads the books and brings the rules into force. What somebody decided
// in the panel and does not fit any more gives way to the file and the defaults,
// which are strict; a mistake in the file is one.
func (a *App) openGuards(ctx context.Context) (err error) {
	a.guard, err = guard.New(ctx, guard.Options{
		Store: guardStore{a.store.Prefix("guard")}, Log: a.log.Named("guard"), Zone: a.config().Gateway.TimeZone,
		Lookup: a.lookupNumber, Zones: params.TimeZones, Mask: mask.MaskPhone,
		Alarm: a.recordAlarm, Post: a.postAlarm, Live: a.callLives,
	})
	if err != nil {
		return err
	}
	state := a.states.Get()
	rules, err := a.guardRules(state)
	if err != nil && len(state.Guards) > 0 {
		a.log.Error("the guards' settings of the panel cannot be used", "error", err)
		state.Guards = nil
		rules, err = a.guardRules(state)
	}
	if err != nil {
		return err
	}
	a.adoptGuards(rules)
	return nil
}

func (a *App) lookupNumber(text string) (guard.Number, bool) {
	n, ok := params.Lookup(text, a.config().Gateway.Region)
	return guard.Number{E164: n.E164, Region: n.Region, Type: n.Type}, ok
}

// callLives asks a node whether a call is still there.
func (a *App) callLives(ctx context.Context, node, uuid string) (bool, error) {
	if a.link == nil {
		return false, errors.New("there is no link to FreeSWITCH")
	}
	return a.link.CallExists(ctx, node, uuid)
}

// callEnded is told by every node of every call.
func (a *App) callEnded(_, uuid string, billed time.Duration) {
	if a.guard != nil {
		a.guard.Ended(uuid, billed)
	}
}

// guardFault is a mistake in the settings of a guard.
type guardFault struct {
	kind    guard.Kind
	pointer string // of the setting: "/tariff"
	setting string
	message string
	code    string
	want    string
	at      string // where the file sets it, "" for the panel
}

func (f *guardFault) Error() string {
	text := fmt.Sprintf("guard %q: %s: %s", f.kind, f.pointer, f.message)
	if f.at != "" {
		text += " (" + f.at + ")"
	}
	return text
}

// guardValues are the settings of a kind: the panel's under those of the file.
func guardValues(cfg *config.Config, k guard.Kind, s registry.State) (file, all map[string]any) {
	block, _ := cfg.FindGuard(string(k))
	return block.Values, over(s.Guards[string(k)].Settings, block.Values)
}

// compileGuard checks settings and makes rules of them.
func compileGuard(cfg *config.Config, k guard.Kind, values map[string]any) (*guard.Rules, []*guardFault, error) {
	form, err := guard.Schema(k)
	if err != nil {
		return nil, nil, err
	}
	var faults []*guardFault
	add := func(pointer, message, code, want string) {
		f := &guardFault{kind: k, pointer: pointer, setting: firstOf(pointer), message: message, code: code, want: want}
		if at, ok := cfg.Locate(config.JoinPath("guard", string(k), f.setting)); ok && cfg.IsSet(config.JoinPath("guard", string(k), f.setting)) {
			f.at = at.String()
		}
		faults = append(faults, f)
	}
	for _, v := range settings.Check(form, values) {
		add(v.Pointer, v.Message, v.Code, v.Want)
	}
	if len(faults) > 0 {
		return nil, faults, nil
	}
	value, err := settingsValue(form, values)
	if err != nil {
		return nil, nil, err
	}
	rules, found := guard.Compile(k, value, cfg.Gateway.Region, cfg.Gateway.TimeZone)
	for _, f := range found {
		add("/"+f.Setting, f.Err.Error(), "guard", "")
	}
	return rules, faults, nil
}

// firstOf returns the setting that a JSON pointer leads to: its first element.
func firstOf(pointer string) string {
	for i := 1; i < len(pointer); i++ {
		if pointer[i] == '/' {
			return pointer[1:i]
		}
	}
	return pointer[min(1, len(pointer)):]
}

// guardRules compiles the rules of all kinds.
func (a *App) guardRules(s registry.State) (map[guard.Kind]*guard.Rules, error) {
	return guardRules(a.target(), s)
}

func guardRules(cfg *config.Config, s registry.State) (map[guard.Kind]*guard.Rules, error) {
	out := map[guard.Kind]*guard.Rules{}
	for _, k := range guard.Kinds() {
		_, values := guardValues(cfg, k, s)
		rules, faults, err := compileGuard(cfg, k, values)
		if err != nil {
			return nil, fmt.Errorf("guard %q: %w", k, err)
		}
		if len(faults) > 0 {
			return nil, faults[0]
		}
		out[k] = rules
	}
	return out, nil
}

// adoptGuards brings compiled rules into force.
func (a *App) adoptGuards(rules map[guard.Kind]*guard.Rules) {
	if a.guard == nil {
		return // of tools and tests that serve nothing
	}
	for k, r := range rules {
		a.guard.SetRules(k, r)
	}
}

// alarmPicture is an alarm in its audit record.
type alarmPicture struct {
	Level string `json:"level"`
	Scope string `json:"scope"`
	Name  string `json:"name"`
	Rule  string `json:"rule"`
	Value string `json:"value"`
	Limit string `json:"limit"`
}

func (a *App) recordAlarm(ctx context.Context, x guard.Alarm) error {
	value, limit := x.Texts()
	text, err := json.Marshal(alarmPicture{string(x.Level), x.Scope.String(), x.Name, x.Rule, value, limit})
	if err != nil {
		return err
	}
	_, err = a.journal.AppendAudit(ctx, journal.Audit{Time: x.At, Action: "guard.alarm", Object: string(x.Kind), After: string(text)})
	return err
}

// postAlarm posts an alarm. The address is judged when it is dialled, as those of
// plugins are.
func (a *App) postAlarm(ctx context.Context, hook guard.Webhook, body []byte) error {
	u, err := url.Parse(hook.URL)
	if err != nil {
		return errors.New("the webhook is no address")
	}
	client, err := httpcall.New(httpcall.Options{
		Name: "guard", Pool: a.http, Parsers: parsers{}, Logger: a.log.Named("guard"),
		Grant:  httpcall.Grant{Hosts: []string{u.Host}, Private: hook.Private, Plaintext: true},
		Limits: httpcall.Limits{InFlight: 1, Request: 64 << 10, Answer: 64 << 10},
	})
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	q := abi.HTTPRequest{
		Method: "POST", URL: hook.URL, Header: new(abi.Object).Str("content-type", "application/json").Value(), Body: body, NoRedirect: true,
	}
	answer, failure, err := abi.DecodeAnswer(client.Fetch(ctx, q.Append(nil), nil))
	switch {
	case err != nil:
		return fmt.Errorf("webhook: %w", err)
	case failure != nil:
		return fmt.Errorf("webhook: %w", failure)
	}
	var r abi.HTTPResponse
	if err := r.Decode(answer); err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	if r.Status < 200 || r.Status > 299 {
		return fmt.Errorf("webhook: status %d", r.Status)
	}
	return nil
}

// forgetGuarded removes a number from the books of the guards.
func (a *App) forgetGuarded(phone string, dry bool) error {
	if dry || a.guard == nil {
		return nil
	}
	n, ok := a.lookupNumber(phone)
	if !ok {
		return nil // what is no number has no account
	}
	if err := a.guard.Forget(n.E164); err != nil {
		return fmt.Errorf("books of the guards: %w", err)
	}
	return nil
}

// guardStore is the part of the store that holds the books.
type guardStore struct{ view store.View }

var _ guard.Store = guardStore{}

func (s guardStore) Scan(ctx context.Context, prefix string, fn func(key string, value []byte) error) error {
	return s.view.Scan(ctx, prefixRange([]byte(prefix)), func(key, value []byte) error { return fn(string(key), value) })
}

func (s guardStore) Write(changes []guard.Change) error {
	return s.view.Batch(func(b store.Batch) error {
		for _, c := range changes {
			var err error
			if c.Value == nil {
				err = b.Delete([]byte(c.Key))
			} else {
				err = b.Put([]byte(c.Key), c.Value, c.TTL)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// guardKeys are the names of the settings of a kind, sorted.
func guardKeys(k guard.Kind) []string {
	form, err := guard.Schema(k)
	if err != nil {
		return nil
	}
	names := map[string]bool{}
	for _, p := range form.Properties() {
		names[p.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
