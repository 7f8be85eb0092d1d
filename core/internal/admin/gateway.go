package admin

import (
	"context"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// Gateway is the running gateway as the API sees it.
type Gateway interface {
	Views
	Changes
	Hooks
	Packages
	Desk
	NodeChanges
	Guards
}

// Views show what is there. Results are the caller's.
type Views interface {
	// Modules returns the configured modules and those that are only in the
	// catalogue.
	Modules() List[ModuleView]
	Providers() List[ProviderView]
	Plugins() Plugins
	Nodes() []Node
	Rights() []ModuleRights
}

// Changes change what is there. version is the version of the state that the
// caller read, or [registry.AnyVersion]. A change is in force and stored when
// the method returns; on an error nothing has changed.
//
// # Errors
//
// [registry.ErrConflict], [*Rejection], [*problem.Problem]; everything else is a
// fault of the gateway.
type Changes interface {
	SetEnabled(ctx context.Context, t Target, version uint64, on bool) (Change, error)
	SetAction(ctx context.Context, module, action string, version uint64, wish ActionWish) (Change, error)
	Settings(t Target) (Settings, error)
	SetSettings(ctx context.Context, t Target, version uint64, values map[string]any) (Change, error)
	CreateProvider(ctx context.Context, version uint64, p NewProvider) (Change, error)
	DeleteProvider(ctx context.Context, name string, version uint64) (Change, error)
	// SetGrant changes what an instance may do.
	SetGrant(ctx context.Context, t Target, version uint64, g Grant) (Change, error)
}

// Target names a module or a provider instance.
type Target struct {
	Kind manifest.Kind
	Name string
}

// Change is what a change did, for the audit record: values that encoding/json
// writes, without secrets.
type Change struct{ Before, After any }

// List is a list together with the version of the state that it shows.
type List[T any] struct {
	Items   []T
	Version uint64
}

// Instance is what modules and providers have in common.
type Instance struct {
	Plugin        string        `json:"plugin"`
	Title         manifest.Text `json:"title"`
	Description   manifest.Text `json:"description"`
	Vendor        string        `json:"vendor"`
	PluginVersion string        `json:"version"`
	SHA256        string        `json:"sha256"`
	On            bool          `json:"on"`
	State         State         `json:"state"`
	Stats         Stats         `json:"stats"`
	HasSettings   bool          `json:"has_settings"`
	// Progress is there while a change brings the instance to life.
	Progress *Progress `json:"progress,omitempty"`
	Lock
}

// Lock names the fields that the configuration file sets, which the API cannot
// change, and where.
type Lock struct {
	Locked   []string          `json:"locked"`
	LockedAt map[string]string `json:"locked_at"`
}

// State is a station in the life of an instance; see [plugin.State].
type State struct {
	Name   string    `json:"name"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since,omitzero"`
	// Until is when a crashed instance starts again.
	Until time.Time `json:"until,omitzero"`
}

// Stats are the figures of an instance since its start.
type Stats struct {
	Tasks       uint64 `json:"tasks"`
	Failures    uint64 `json:"failures"`
	Crashes     uint64 `json:"crashes"`
	InFlight    int64  `json:"in_flight"`
	Guests      int    `json:"guests"`
	MemoryBytes uint64 `json:"memory_bytes"`
	BusyMS      int64  `json:"busy_ms"`
}

// ModuleView is one module.
type ModuleView struct {
	ID string `json:"id"`
	Instance
	Actions []ActionView `json:"actions"`
}

// ActionView is one action of a module.
type ActionView struct {
	Name    string        `json:"name"`
	Title   manifest.Text `json:"title"`
	Summary manifest.Text `json:"summary"`
	Methods []string      `json:"methods"`
	// Provider is the provider instance that the action belongs to, if it is one
	// of those that exist once for each instance.
	Provider string `json:"provider,omitempty"`
	On       bool   `json:"on"`
	// Limit is the rate that the file or the panel decided, "" for none; then
	// DefaultLimit holds.
	Limit        string `json:"limit"`
	DefaultLimit string `json:"default_limit"`
	Lock
}

// ActionWish is a change of an action; nil leaves a field as it is.
type ActionWish struct {
	On *bool
	// Limit is a rate such as "10/s", "10/s burst 30" or "off"; "" returns to the default.
	Limit *string
}

// ProviderView is one provider instance.
type ProviderView struct {
	Name string `json:"name"`
	Instance
	Points []string `json:"points"`
	// Hosts and Granted are what the operator consented to.
	Hosts   []string `json:"hosts"`
	Private bool     `json:"private"`
	Granted []string `json:"granted"`
	// InFile is true for a provider that the configuration file defines.
	InFile bool `json:"in_file"`
}

// NewProvider is a provider instance to be made. Settings may be nil.
type NewProvider struct {
	Name, Plugin string
	Settings     map[string]any
	Hosts        []string
	Private      bool
	Granted      []string
}

// Grant is what an instance may do: names of capabilities, hosts of the capability
// http (nil: those that the manifest names), and whether private addresses are
// among them.
type Grant struct {
	Granted []string
	Hosts   []string
	Private bool
}

// Settings are the settings of an instance, secrets hidden.
type Settings struct {
	// Schema is nil when the plugin has no settings.
	Schema  *schema.Schema `json:"schema"`
	Values  map[string]any `json:"values"`
	Version uint64         `json:"version"`
	Lock
}

// Node is the health of one FreeSWITCH node.
type Node struct {
	Name          string    `json:"name"`
	Address       string    `json:"address"`
	State         string    `json:"state"`
	Reason        string    `json:"reason"`
	Code          string    `json:"code,omitempty"` // names the usual reasons, see [TestReport]
	Since         time.Time `json:"since,omitzero"`
	CoreUUID      string    `json:"core_uuid"`
	LastHeartbeat time.Time `json:"last_heartbeat,omitzero"`
	Sessions      int       `json:"sessions"`
	Waiting       int       `json:"waiting"`
	// InFile is true for a node that the configuration file defines.
	InFile bool `json:"in_file"`
}

// ModuleRights lists the rights to the actions of one module.
type ModuleRights struct {
	Module string        `json:"module"`
	Title  manifest.Text `json:"title"`
	// Right is the right to the whole module: "sms.*".
	Right   string  `json:"right"`
	Actions []Right `json:"actions"`
}

// Right is the right to one action.
type Right struct {
	Right string        `json:"right"`
	Name  string        `json:"name"`
	Title manifest.Text `json:"title"`
}

// Violation is one mistake in a request: where and what.
type Violation = settings.Violation
