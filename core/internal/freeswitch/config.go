package freeswitch

import (
	"errors"
	"fmt"
	"net"
	"path"
	"regexp"
	"strings"
	"time"
)

// Config describes the nodes. The hooks are called one after another on a goroutine of the node: they must not block
// and must not call back into the Link.
type Config struct {
	Nodes []NodeConfig
	// OnHangup is called on the goroutine of the event connection when a call on a node has ended, whoever placed it,
	// with the time that FreeSWITCH bills. It must not block. nil: the event is not asked for.
	OnHangup func(node, uuid string, billed time.Duration)
	// OnRestart is called when a node has come back as another process: every live state known of it is void.
	OnRestart func(node, oldCore, newCore string)
	// OnState is called whenever a node goes up or down.
	OnState func(NodeHealth)
}

// NodeConfig describes one FreeSWITCH. Zero values mean the defaults given.
type NodeConfig struct {
	// Name is letters, digits and "._-"; it identifies the node everywhere.
	Name    string
	Address string // host:port of mod_event_socket
	// User, if set, logs in with userauth ("user@domain"). It needs BACKGROUND_JOB, HEARTBEAT and SHUTDOWN in esl-allowed-events.
	User     string
	Password string

	Connections      int           // command connections, default 4, at most 64
	DialTimeout      time.Duration // connecting and logging in, default 3 s
	CommandTimeout   time.Duration // default 10 s
	OriginateTimeout time.Duration // ringing, default 60 s; whole seconds
	ProbeInterval    time.Duration // a node silent for so long is asked for a sign of life, default 15 s
	ReconnectMin     time.Duration // default 200 ms
	ReconnectMax     time.Duration // default 15 s

	// Weight is the share of calls among the nodes that are up, default 1. Negative: only calls that name the node.
	Weight int

	Dial    DialTemplate // default DefaultDialTemplate
	Context string       // {context}, default "default"
	Exten   string       // {exten}
	Gateway string       // {gateway}
	Domain  string       // {domain}
	// Variables are set on every call.
	Variables map[string]string
	// Accounts are the SIP accounts that may be rung: names, or patterns with * and ?. With no Accounts and no AccountPattern any
	// well-formed account may be rung.
	Accounts []string
	// AccountPattern, if set, allows every account that it matches as a whole.
	AccountPattern *regexp.Regexp
}

func (c Config) withDefaults() (Config, error) {
	var errs []error
	if len(c.Nodes) == 0 {
		errs = append(errs, errors.New("freeswitch: no nodes are configured"))
	}
	nodes := make([]NodeConfig, len(c.Nodes))
	seen := map[string]bool{}
	for i, n := range c.Nodes {
		n, err := n.withDefaults()
		if err == nil && seen[n.Name] {
			err = errors.New("the name is taken by another node")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("freeswitch node %q: %w", n.Name, err))
		}
		seen[n.Name] = true
		nodes[i] = n
	}
	c.Nodes = nodes
	return c, errors.Join(errs...)
}

func (n NodeConfig) withDefaults() (NodeConfig, error) {
	fallback := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	fallback(&n.DialTimeout, 3*time.Second)
	fallback(&n.CommandTimeout, 10*time.Second)
	fallback(&n.OriginateTimeout, 60*time.Second)
	fallback(&n.ProbeInterval, 15*time.Second)
	fallback(&n.ReconnectMin, 200*time.Millisecond)
	fallback(&n.ReconnectMax, max(15*time.Second, n.ReconnectMin))
	if n.Connections == 0 {
		n.Connections = 4
	}
	if n.Weight == 0 {
		n.Weight = 1
	}
	if n.Context == "" {
		n.Context = "default"
	}
	if len(n.Dial.parts) == 0 {
		n.Dial, _ = ParseDialTemplate(DefaultDialTemplate)
	}
	if n.AccountPattern != nil {
		// The whole account: a search for the pattern would find "100" of 100|1001 in the account 1001 and stop there.
		whole, err := regexp.Compile(`\A(?:` + n.AccountPattern.String() + `)\z`)
		if err != nil {
			return n, &ValueError{"account_pattern", err.Error()}
		}
		n.AccountPattern = whole
	}
	return n, n.validate()
}

func (n NodeConfig) validate() error {
	if !isWord(n.Name, "._-") {
		return &ValueError{"name", "want letters, digits and ._-"}
	}
	if host, port, err := net.SplitHostPort(n.Address); err != nil || host == "" || port == "" {
		return &ValueError{"address", "want host:port"}
	}
	if n.Password == "" || strings.ContainsAny(n.Password+n.User, "\r\n\x00") {
		return &ValueError{"password", "missing, or user or password holds a line break"}
	}
	if strings.ContainsAny(n.User, ": ") {
		return &ValueError{"user", "want user@domain"}
	}
	if n.Connections < 1 || n.Connections > 64 {
		return &ValueError{"connections", "want 1 to 64"}
	}
	for name, d := range map[string]time.Duration{"dial_timeout": n.DialTimeout, "command_timeout": n.CommandTimeout, "probe_interval": n.ProbeInterval,
		"reconnect_min": n.ReconnectMin, "reconnect_max": n.ReconnectMax - n.ReconnectMin + 1} {
		if d <= 0 {
			return &ValueError{name, "must be positive, and reconnect_max not below reconnect_min"}
		}
	}
	if n.OriginateTimeout < time.Second || n.OriginateTimeout > 10*time.Minute {
		return &ValueError{"originate_timeout", "want 1 s to 10 min"}
	}
	for name, v := range map[string]string{"context": n.Context, "exten": n.Exten, "gateway": n.Gateway, "domain": n.Domain} {
		if v != "" && !isWord(v, "._-") || v == "" && n.Dial.uses(name) {
			return &ValueError{name, "want letters, digits and ._-; the dial template uses it"}
		}
	}
	for name, v := range n.Variables {
		if !isWord(name, "_-") {
			return &ValueError{"variables", fmt.Sprintf("name %.40q", name)}
		}
		if err := plainValue(name, v); err != nil {
			return err
		}
	}
	for _, pattern := range n.Accounts {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return &ValueError{"accounts", fmt.Sprintf("pattern %.40q", pattern)}
		}
	}
	return nil
}

// allows reports whether the account may be rung through the node.
func (n NodeConfig) allows(a Account) bool {
	for _, pattern := range n.Accounts {
		if ok, _ := path.Match(pattern, a.name); ok {
			return true
		}
	}
	if n.AccountPattern != nil {
		return n.AccountPattern.MatchString(a.name)
	}
	return len(n.Accounts) == 0
}
