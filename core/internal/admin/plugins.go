package admin

import (
	"context"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// Packages are the plugin files and their versions. Errors are those of
// [Changes]; versions are named by the SHA-256 of their file, in hex.
type Packages interface {
	Plugin(id string) (PluginDetail, error)
	// Difference compares two versions; from "" is the one in force.
	Difference(id, from, to string) (Difference, error)
	// Upload verifies a file with its signature (nil: none) and keeps it. Both belong
	// to the caller again when it returns.
	Upload(ctx context.Context, code, signature []byte, by string) (Uploaded, error)
	// Upgrade brings a version into force, or remembers that it waits for consent.
	Upgrade(ctx context.Context, id string, version uint64, u Upgrade) (Upgraded, error)
	// Consent grants what a version asks for; an upgrade that waited for it is done.
	Consent(ctx context.Context, id string, version uint64, c Consent) (Upgraded, error)
	// Rollback brings back the version that was in force before, or a named one.
	Rollback(ctx context.Context, id string, version uint64, u Upgrade) (Upgraded, error)
	// DeleteVersion removes the gateway's copy of a version that nobody uses.
	DeleteVersion(ctx context.Context, id, sha256 string) (Change, error)
}

// Plugins is the catalogue.
type Plugins struct {
	Plugins []Plugin `json:"plugins"`
	// Faults are the files that are no good plugins.
	Faults  []string `json:"faults"`
	Version uint64   `json:"state_version"`
}

// Plugin is one plugin, described by the version in force or, when there is none,
// by the newest one.
type Plugin struct {
	ID          string        `json:"id"`
	Kind        manifest.Kind `json:"kind"`
	Version     string        `json:"version"`
	Vendor      string        `json:"vendor"`
	License     string        `json:"license,omitempty"`
	Homepage    string        `json:"homepage,omitempty"`
	Title       manifest.Text `json:"title"`
	Description manifest.Text `json:"description"`
	// Notes are what an operator should know: limits, peculiarities, what was tested.
	Notes        []manifest.Text       `json:"notes,omitempty"`
	SHA256       string                `json:"sha256"`
	File         string                `json:"file"`
	Bytes        int                   `json:"bytes"`
	Capabilities []manifest.Capability `json:"capabilities"`
	// Imports are the operations that the code really uses.
	Imports []string             `json:"imports"`
	Extends []manifest.Extension `json:"extends,omitempty"`
	Points  []string             `json:"provides,omitempty"`
	// Settings is the schema of the form for a new instance.
	Settings *schema.Schema `json:"settings,omitempty"`
	// UsedBy names the modules and provider instances that run it, in any version.
	UsedBy []string `json:"used_by"`
	Trust  Trust    `json:"trust"`
	// Refused is why no version may run, "" when one may.
	Refused string `json:"refused"`
	// Versions counts the versions that are there.
	Versions int `json:"versions"`
	// Follow means that newer files of the folders are taken by themselves.
	Follow  bool     `json:"follow"`
	Waiting *Waiting `json:"waiting,omitempty"`
	Trial   *Trial   `json:"trial,omitempty"`
}

// Trust is what the signature of a file is worth; see [plugin.Trust].
type Trust struct {
	State   plugin.TrustState `json:"state"`
	KeyID   string            `json:"key_id,omitempty"`
	Comment string            `json:"comment,omitempty"`
	Reason  string            `json:"reason,omitempty"`
}

// Waiting is an upgrade that waits for consent.
type Waiting struct {
	SHA256  string    `json:"sha256"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
	By      string    `json:"by"`
	// Lacks says what each instance lacks.
	Lacks []string `json:"lacks"`
}

// Trial is the first time of a new version.
type Trial struct {
	SHA256   string    `json:"sha256"`
	Previous string    `json:"previous"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	By       string    `json:"by"`
	Crashes  int       `json:"crashes"`
	// Limit is how many crashes bring the previous version back.
	Limit int `json:"limit"`
}

// PluginDetail is everything about one plugin.
type PluginDetail struct {
	Plugin
	Files   []Version `json:"files"` // newest first
	Crashes []Crash   `json:"crashes"`
	State   uint64    `json:"state_version"`
}

// States of a version.
const (
	VersionInForce   = "in force"
	VersionOnTrial   = "on trial"
	VersionWaiting   = "waiting for consent"
	VersionRejected  = "rejected"
	VersionRefused   = "refused"
	VersionPinned    = "pinned" // gateway.hcl names it for some instance
	VersionAvailable = "available"
)

// Version is one file.
type Version struct {
	Version string        `json:"version"`
	SHA256  string        `json:"sha256"`
	Bytes   int           `json:"bytes"`
	File    string        `json:"file"`
	Added   time.Time     `json:"added"`
	By      string        `json:"by,omitempty"`
	Origin  plugin.Origin `json:"origin"`
	// InFolder is false for a file that was uploaded, or removed from its folder.
	// Kept ones have a copy in the gateway's data.
	InFolder bool   `json:"in_folder"`
	Kept     bool   `json:"kept"`
	Trust    Trust  `json:"trust"`
	State    string `json:"state"`
	// Reason says why it is refused or was rejected.
	Reason string `json:"reason,omitempty"`
	// Asks says in words what it may do once it is granted.
	Asks   []plugin.Ask `json:"asks"`
	UsedBy []string     `json:"used_by"`
}

// Crash is one entry of the history of crashes.
type Crash struct {
	At       time.Time `json:"at"`
	Instance string    `json:"instance"`
	Version  string    `json:"version"`
	SHA256   string    `json:"sha256"`
	Count    uint64    `json:"count"`
	Reason   string    `json:"reason"`
}

// Difference is what changes from one version to another.
type Difference struct {
	From         string       `json:"from"`
	To           string       `json:"to"`
	Capabilities plugin.Delta `json:"capabilities"`
	Operations   plugin.Delta `json:"operations"`
	Hosts        plugin.Delta `json:"hosts"`
	Settings     plugin.Delta `json:"settings"`
	// Required settings must have a value before the version can run.
	Required plugin.Delta `json:"required_settings"`
	Actions  plugin.Delta `json:"actions"`
	Points   plugin.Delta `json:"points"`
	// Asks says in words what is added.
	Asks []plugin.Ask `json:"asks"`
	// Lacks says what each instance was not granted yet; nothing means that an
	// upgrade needs no consent.
	Lacks []string `json:"lacks"`
}

// Uploaded is a file that was taken.
type Uploaded struct {
	ID      string  `json:"id"`
	Version Version `json:"file"`
	Change  Change  `json:"-"`
}

// Upgrade names a version. By is the login of who asks.
type Upgrade struct {
	SHA256 string
	// Follow returns to the newest file of the folders, and to taking newer ones.
	Follow bool
	By     string
}

// Consent says what instances may do. Instances nil means all that lack something.
type Consent struct {
	SHA256    string
	Instances []string
	Grant
	By string
}

// Upgraded is what became of an upgrade.
type Upgraded struct {
	Change Change
	// Waiting says what the instances lack; then the old version goes on.
	Waiting []string
}
