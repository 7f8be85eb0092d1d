package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// State is what managers decided in the panel or by the administration API. What
// gateway.hcl says wins over it. The zero State decides nothing.
type State struct {
	Version   uint64                   `json:"version"`
	Modules   map[string]ModuleState   `json:"modules,omitempty"`
	Providers map[string]ProviderState `json:"providers,omitempty"`
	Plugins   map[string]PluginState   `json:"plugins,omitempty"`
	Nodes     map[string]NodeState     `json:"nodes,omitempty"`
	Guards    map[string]GuardState    `json:"guards,omitempty"` // by kind
	Updated   time.Time                `json:"updated,omitzero"`
}

// ModuleState is what was decided about a module.
type ModuleState struct {
	Enabled  *bool                  `json:"enabled,omitempty"`
	Settings map[string]any         `json:"settings,omitempty"`
	Actions  map[string]ActionState `json:"actions,omitempty"`
	Consent
}

// ActionState is what was decided about an action.
type ActionState struct {
	Enabled *bool  `json:"enabled,omitempty"`
	Limit   string `json:"limit,omitempty"`
}

// ProviderState is what was decided about a provider instance.
type ProviderState struct {
	Plugin   string         `json:"plugin,omitempty"`
	Enabled  *bool          `json:"enabled,omitempty"`
	Settings map[string]any `json:"settings,omitempty"`
	Consent
}

// GuardState is what was decided about a guard against fraud.
type GuardState struct {
	Settings map[string]any `json:"settings,omitempty"`
}

// NodeState is a FreeSWITCH node that was made in the panel. Settings are those of the
// form of nodes, secrets among them.
type NodeState struct {
	Settings map[string]any `json:"settings,omitempty"`
}

// Consent is what an instance was granted in the panel. Granted is nil when nobody
// has decided.
type Consent struct {
	// Granted names capabilities, Operations those of their operations that the
	// consent was about: nil means all of them.
	Granted    []string `json:"granted,omitempty"`
	Operations []string `json:"operations,omitempty"`
	Hosts      []string `json:"hosts,omitempty"`
	Private    bool     `json:"private,omitempty"`
	// Version is the sum of the plugin file whose manifest was shown.
	Version string `json:"consented,omitempty"`
}

// PluginState is which version of a plugin runs and what is happening to it. The
// zero value means: the newest one of the folders, chosen at the start.
type PluginState struct {
	// SHA256 is the version in force, "" for the one that the start has chosen.
	SHA256 string `json:"sha256,omitempty"`
	// Follow means that newer files of the folders are taken by themselves although
	// a version is in force: the gateway chose it, not an operator.
	Follow bool `json:"follow,omitempty"`
	// Waiting is a version that asks for more than is granted.
	Waiting *Waiting `json:"waiting,omitempty"`
	// Trial is there while a new version is being watched.
	Trial *Trial `json:"trial,omitempty"`
	// Rejected are versions that were tried and taken back, by their sums. They are
	// not tried again by themselves.
	Rejected map[string]Rejection `json:"rejected,omitempty"`
	// Before are the versions that were in force before, the last one first.
	Before []string `json:"before,omitempty"`
}

// Waiting is an upgrade that waits for consent.
type Waiting struct {
	SHA256 string    `json:"sha256"`
	Since  time.Time `json:"since"`
	// By is who asked for it, "" for a file of the folders.
	By string `json:"by,omitempty"`
}

// Trial is the first time of a new version.
type Trial struct {
	// Previous is what comes back when it fails.
	Previous string    `json:"previous"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	By       string    `json:"by,omitempty"`
}

// Rejection says why a version was taken back.
type Rejection struct {
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// maxBefore and maxRejected bound what is remembered of each plugin.
const (
	maxBefore   = 5
	maxRejected = 10
)

// Replace puts another version into force; the present one becomes the last that
// was before.
func (p *PluginState) Replace(present, next string) {
	before := []string{}
	if present != "" && present != next {
		before = append(before, present)
	}
	for _, sum := range p.Before {
		if sum != next && sum != present && len(before) < maxBefore {
			before = append(before, sum)
		}
	}
	p.SHA256, p.Before = next, before
}

// Return goes back to a version that was before: what was in force since is forgotten,
// so that going back once more goes further back. A version that never was before
// replaces the present one.
func (p *PluginState) Return(present, to string) {
	i := slices.Index(p.Before, to)
	if i < 0 {
		p.Replace(present, to)
		return
	}
	p.SHA256, p.Before = to, slices.Clone(p.Before[i+1:])
}

// Reject remembers that a version failed.
func (p *PluginState) Reject(sha256, reason string, at time.Time) {
	next := maps.Clone(p.Rejected)
	if next == nil {
		next = map[string]Rejection{}
	}
	next[sha256] = Rejection{reason, at}
	for len(next) > maxRejected {
		oldest := sha256
		for sum, r := range next {
			if r.At.Before(next[oldest].At) {
				oldest = sum
			}
		}
		delete(next, oldest)
	}
	p.Rejected = next
}

// Pardon forgets that a version failed: an operator wants it again.
func (p *PluginState) Pardon(sha256 string) {
	if _, rejected := p.Rejected[sha256]; rejected {
		p.Rejected = maps.Clone(p.Rejected)
		delete(p.Rejected, sha256)
	}
}

// Storage keeps the state.
type Storage interface {
	// Get returns the stored bytes, nil when there are none.
	Get(key string) ([]byte, error)
	Put(key string, value []byte) error
}

// ErrConflict means that the state was changed by somebody else since it was
// read.
var ErrConflict = errors.New("the configuration was changed by somebody else since it was read")

// AnyVersion accepts whatever version of the state there is.
const AnyVersion uint64 = math.MaxUint64

// States keeps the stored state and its version. It is safe for concurrent use.
type States struct {
	storage Storage

	changing sync.Mutex // one change at a time, for as long as it takes
	mu       sync.Mutex // guards state, never held for long
	state    State
}

const stateKey = "state"

// LoadStates reads the stored state.
func LoadStates(storage Storage) (*States, error) {
	s := &States{storage: storage}
	raw, err := storage.Get(stateKey)
	if err != nil {
		return nil, fmt.Errorf("registry state: %w", err)
	}
	if raw != nil {
		// Numbers stay as they were written: a setting of 16 digits must not change
		// by a restart.
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&s.state); err != nil {
			return nil, fmt.Errorf("registry state: %w", err)
		}
	}
	return s, nil
}

// Get returns a copy of the state.
func (s *States) Get() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.clone()
}

// Update changes the state: edit changes a copy, apply brings the edited state
// into force, and only then it is stored. When it cannot be stored, apply brings
// the old one back. Readers see the old state until all of this is done. version
// is what the caller read, or [AnyVersion]. The edited state is returned with its
// new version.
//
// # Errors
//
// [ErrConflict] when version is not the present one; edit's own error, apply's,
// the storage's. The state is then what it was before.
func (s *States) Update(version uint64, now time.Time, edit, apply func(*State) error) (before, after State, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	before, after = s.Get(), s.Get()
	if version != AnyVersion && version != before.Version {
		return before, before, ErrConflict
	}
	if err := edit(&after); err != nil {
		return before, before, err
	}
	after.Version, after.Updated = before.Version+1, now
	raw, err := json.Marshal(after)
	if err != nil {
		return before, before, fmt.Errorf("registry state: %w", err)
	}
	next := after.clone()
	if err := apply(&next); err != nil {
		return before, before, err
	}
	if err := s.storage.Put(stateKey, raw); err != nil {
		old := before.clone()
		if back := apply(&old); back != nil {
			err = errors.Join(err, fmt.Errorf("and the old state cannot be brought back: %w", back))
		}
		return before, before, fmt.Errorf("registry state: %w", err)
	}
	s.mu.Lock()
	s.state = after.clone()
	s.mu.Unlock()
	return before, after, nil
}

// clone copies everything that an edit may change; setting values, lists and what
// a PluginState points to are replaced, never changed in place.
func (s State) clone() State {
	modules := make(map[string]ModuleState, len(s.Modules))
	for id, m := range s.Modules {
		m.Settings, m.Actions = maps.Clone(m.Settings), maps.Clone(m.Actions)
		modules[id] = m
	}
	providers := make(map[string]ProviderState, len(s.Providers))
	for name, p := range s.Providers {
		p.Settings = maps.Clone(p.Settings)
		providers[name] = p
	}
	plugins := make(map[string]PluginState, len(s.Plugins))
	maps.Copy(plugins, s.Plugins)
	nodes := make(map[string]NodeState, len(s.Nodes))
	for name, n := range s.Nodes {
		n.Settings = maps.Clone(n.Settings)
		nodes[name] = n
	}
	guards := make(map[string]GuardState, len(s.Guards))
	for kind, g := range s.Guards {
		g.Settings = maps.Clone(g.Settings)
		guards[kind] = g
	}
	s.Modules, s.Providers, s.Plugins, s.Nodes, s.Guards = modules, providers, plugins, nodes, guards
	return s
}
