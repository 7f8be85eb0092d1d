// Package config turns gateway.hcl into an immutable [Config], or into the complete list of mistakes in it,
// each with its file, line and column and a hint.
//
// The file is a list of facts: literals, lists, objects, strings with ${…} and the two functions env and file.
// Loops, conditions, variables and arithmetic are refused, so that what the operator reads is what is in force.
//
// It is the only package that imports the HCL library; nothing of that library is visible outside.
package config

import (
	"net/netip"
	"regexp"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/minisig"
)

// Config is the configuration of one gateway. It is read-only once returned: share it freely, never change it.
// Keys that the file leaves out have the values of default.hcl.
type Config struct {
	Gateway    Gateway
	Auth       Auth
	Limits     Limits
	Journal    Journal
	Store      Store
	Trust      Trust
	Upgrade    Upgrade
	Guards     []Guard         // in file order; kinds are unique
	FreeSWITCH []FreeSWITCH    // in file order; names are unique
	Modules    []ModuleBlock   // in file order; names are unique
	Providers  []ProviderBlock // in file order; names are unique

	set  map[string]Range // what the file itself sets, by path
	kept map[string]bool  // of a document: the paths of secrets that are not shown
}

// Gateway is the block "gateway".
type Gateway struct {
	Listen         string         // host:port; the host may be empty for all addresses
	Data           string         // folder of the store; relative paths are relative to the file's folder
	TimeZone       *time.Location // of dates in requests, reports and the journal; never nil
	Region         string         // ISO 3166-1 code: the country of telephone numbers without a country code
	PublicURL      string         // address that integrators use, base path included, for the documentation; "": from Listen
	Plugins        []string       // folders with plugin files
	BodyLimit      int64          // bytes
	RequestTimeout time.Duration
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed; masked
	BasePath       string         // "" or "/…" without a slash at the end
	TLS            *TLS           // nil: plain HTTP
	Connections    Connections
	Drain          Drain
	SecretKey      Secret // seals the secrets in the store, in base64; empty: the key file of the data folder
	CORS           CORS
	Log            Log
}

// CORS says which web pages may call the gateway from a browser. No origins: none.
type CORS struct {
	Origins []string // "https://crm.example" without a path, or "*"
	MaxAge  time.Duration
}

// Log is the block "log".
type Log struct {
	Level  string // trace, debug, info, warn, error, off
	Format string // text, json
}

// Auth is the block "auth".
type Auth struct {
	TokenIdle     time.Duration // a token unused for so long ends
	TokenLifetime time.Duration // a token ends then at the latest; not shorter than TokenIdle
	TokensPerUser int           // the oldest one ends when there would be more
	Login         Login
	Argon2        Argon2
}

// Login throttles failed logins: Attempts are free within Window, then each one has to wait.
type Login struct {
	Attempts int
	Window   time.Duration
}

// Argon2 is the price of one password check.
type Argon2 struct {
	Memory      int64 // bytes
	Time        int   // passes
	Parallelism int
}

// Limits are the request rates that hold where a module's action sets none.
type Limits struct {
	User   Rate // all requests of one user
	Action Rate // one action of one user
}

// Rate is "N/s", "N/m" or "N/h", optionally "N/s burst M". The zero Rate ("off") does not limit.
type Rate struct {
	Count int
	Per   time.Duration
	Burst int // at least 1 unless the Rate is zero; Count if not given
}

// IsZero reports whether the rate does not limit.
func (r Rate) IsZero() bool { return r.Count == 0 }

// Journal is the block "journal".
type Journal struct {
	Durability string // process: survives a crash of the process; power: survives a power cut
	Body       string // masked, full, none: how much of a request's body is recorded
	Phones     string // masked, full
	Messages   string // full, hidden: texts of SMS
	Retention  Retention
}

// Retention says how long records are kept; 0 ("forever") means without end.
//
//lint:ignore ST1011 SMS are messages here, not milliseconds
type Retention struct{ Requests, BadRequests, SMS, Calls, CDR, Audit time.Duration }

// Store is the block "store".
type Store struct {
	Cache int64 // bytes
	// Reserve is the room that the disk keeps: below it the gateway answers 503. Bytes.
	Reserve int64
}

// Values of Trust.Unsigned.
const (
	UnsignedAllow   = "allow"   // any file of the folders and any upload
	UnsignedShipped = "shipped" // only those that lie beside the gateway's own binary
	UnsignedRefuse  = "refuse"
)

// Trust is the block "trust": whose plugins run.
type Trust struct {
	Keys     []minisig.Key // whose signatures count; none twice
	Unsigned string        // allow, shipped, refuse
}

// Upgrade is the block "upgrade": how plugins change while the gateway runs.
type Upgrade struct {
	Watch   time.Duration // how often the plugin folders are looked at
	Trial   time.Duration // how long a new version is watched; 0: not at all
	Crashes int           // so many crashes within the trial bring the old version back
	Keep    int           // versions of each plugin that stay on disk beside those in use
}

// FreeSWITCH is one telephone node: a block freeswitch "<name>".
type FreeSWITCH struct {
	Name             string
	Address          string // host:port of mod_event_socket
	User             string // user@domain for "userauth"; empty for the plain password
	Password         Secret
	Connections      int
	Weight           int // share of new calls; 0 keeps the node as a reserve
	CommandTimeout   time.Duration
	OriginateTimeout time.Duration
	Dial             string         // with {account}, {called} and, if wanted, {caller}, {domain}
	Accounts         []string       // SIP accounts that may be dialled; empty: AccountPattern decides
	AccountPattern   *regexp.Regexp // nil if Accounts is given; matches the whole account
	Domain           string
	Recordings       *Recordings // nil: this node gives no recordings
	CDR              *CDR        // nil: this node's CDR are not accepted
}

// Recordings says where a node's call recordings are read from.
type Recordings struct {
	Source string // file, http
	Path   string // with {uuid}; source "file"
	URL    string // with {uuid}; source "http"
}

// CDR says how a node's mod_xml_cdr or mod_json_cdr proves who it is: by a token in the URL, by user and
// password, or by both; and where it leaves the records that it could not post.
type CDR struct {
	Token    Secret
	User     string
	Password Secret
	ErrorDir string
	Allow    []netip.Prefix // empty: any address
}

// Plugin is what blocks module "<name>" and provider "<name>" have in common.
type Plugin struct {
	Name     string // the label
	Plugin   string // id of the plugin; the label if not given
	SHA256   string // the version that runs, in full; "" if it is not pinned here
	Enabled  bool   // true if not given; see Config.IsSet
	Grant    *Grant // nil: what the operator consented to in the panel
	Settings map[string]any
	Secrets  map[string]Secret
}

// ModuleBlock is a block module "<name>".
type ModuleBlock struct {
	Plugin
	Actions []ActionBlock // in file order; names are unique
}

// ProviderBlock is a block provider "<name>": a named instance of a provider plugin.
type ProviderBlock struct{ Plugin }

// ActionBlock is a block action "<name>" within a module.
type ActionBlock struct {
	Name    string
	Enabled bool  // true if not given; see Config.IsSet
	Limit   *Rate // per user; nil if not given, then Limits.Action holds
}

// Grant is the operator's consent written in the file.
type Grant struct {
	Capabilities []string         // nil: what the manifest asks for; empty: none
	HTTP         *HTTPGrant       // nil: no host narrowed
	FreeSWITCH   *FreeSWITCHGrant // nil: no operation narrowed
}

// HTTPGrant narrows the capability http. Hosts are lower-case "host", "host:port", "*.domain" or "*.domain:port";
// an empty list allows no host. Private allows addresses of private networks and of the machine itself.
type HTTPGrant struct {
	Hosts   []string
	Private bool
}

// FreeSWITCHGrant narrows the capability freeswitch to the named operations; an empty list allows none.
type FreeSWITCHGrant struct{ Operations []string }

// FindModule returns the block module "<name>".
func (c *Config) FindModule(name string) (ModuleBlock, bool) {
	return find(c.Modules, func(m ModuleBlock) bool { return m.Name == name })
}

// FindProvider returns the block provider "<name>".
func (c *Config) FindProvider(name string) (ProviderBlock, bool) {
	return find(c.Providers, func(p ProviderBlock) bool { return p.Name == name })
}

// FindAction returns the block action "<name>" of the module.
func (m ModuleBlock) FindAction(name string) (ActionBlock, bool) {
	return find(m.Actions, func(a ActionBlock) bool { return a.Name == name })
}

func find[T any](list []T, is func(T) bool) (found T, ok bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return found, false
}
