package app

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/recording"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

//go:embed node_form.json
var nodeFormText []byte

// nodeForm is what can be said about a FreeSWITCH node in the panel, in the dialect of
// plugins' settings. The dial string and files of this machine are not in it: they
// decide what the gateway itself may reach.
var nodeForm = sync.OnceValue(func() *schema.Schema {
	s, _ := schema.Parse(nodeFormText) // a test reads its issues
	return s
})

// nodeSet is the FreeSWITCH nodes in force: those of gateway.hcl, then those of the
// panel. It never changes.
type nodeSet struct {
	list       []config.FreeSWITCH
	recordings map[string]recording.Source
}

func (s *nodeSet) find(name string) (config.FreeSWITCH, bool) {
	if s != nil {
		for _, n := range s.list {
			if n.Name == name {
				return n, true
			}
		}
	}
	return config.FreeSWITCH{}, false
}

// openNodes makes the link. A node of the panel that does not fit any more must not
// keep the gateway from starting.
func (a *App) openNodes() error {
	var err error
	if a.link, err = freeswitch.New(freeswitch.Config{OnHangup: a.callEnded}, a.log.Named("freeswitch")); err != nil {
		return err
	}
	state := a.states.Get()
	for name := range state.Nodes {
		if _, err := panelNode(name, state.Nodes[name].Settings); err != nil {
			a.log.Error("a FreeSWITCH node of the panel cannot be used", "node", name, "error", err)
			delete(state.Nodes, name)
		}
	}
	return a.setNodes(state)
}

// setNodes brings the nodes of a state into force. On an error nothing has changed.
func (a *App) setNodes(state registry.State) error {
	next := &nodeSet{list: slices.Clone(a.target().FreeSWITCH)}
	for _, name := range slices.Sorted(maps.Keys(state.Nodes)) {
		if _, inFile := next.find(name); inFile {
			continue // the file wins
		}
		n, err := panelNode(name, state.Nodes[name].Settings)
		if err != nil {
			return fmt.Errorf("freeswitch %q: %w", name, err)
		}
		next.list = append(next.list, n)
	}
	var err error
	if next.recordings, err = recordingSources(next.list, a.target().Gateway.TimeZone); err != nil {
		return err
	}
	nodes := make([]freeswitch.NodeConfig, len(next.list))
	for i, n := range next.list {
		if nodes[i], err = nodeConfig(n); err != nil {
			return err
		}
	}
	if err := a.link.SetNodes(nodes); err != nil {
		return err
	}
	a.nodes.Store(next)
	return nil
}

// nodeConfig is a node as the link takes it.
func nodeConfig(n config.FreeSWITCH) (freeswitch.NodeConfig, error) {
	dial, err := freeswitch.ParseDialTemplate(n.Dial)
	if err != nil {
		return freeswitch.NodeConfig{}, fmt.Errorf("freeswitch %q: %w", n.Name, err)
	}
	weight := n.Weight
	if weight == 0 {
		weight = -1 // only calls that name the node
	}
	return freeswitch.NodeConfig{
		Name: n.Name, Address: n.Address, User: n.User, Password: n.Password.Reveal(), Connections: n.Connections, Weight: weight,
		CommandTimeout: n.CommandTimeout, OriginateTimeout: n.OriginateTimeout, Dial: dial, Accounts: n.Accounts, AccountPattern: n.AccountPattern, Domain: n.Domain,
	}, nil
}

// nodeValues is what the form holds.
type nodeValues struct {
	Address          string `json:"address"`
	User             string `json:"user"`
	Password         string `json:"password"`
	Connections      int    `json:"connections"`
	Weight           int    `json:"weight"`
	OriginateTimeout int    `json:"originate_timeout"` // seconds
	AccountPattern   string `json:"account_pattern"`
	Domain           string `json:"domain"`
	CDRToken         string `json:"cdr_token"`
	RecordingsURL    string `json:"recordings_url"`
}

// nodeFault is a value of the form that cannot be used.
type nodeFault struct {
	field string
	err   error
}

func (f *nodeFault) Error() string { return f.field + ": " + f.err.Error() }
func (f *nodeFault) Unwrap() error { return f.err }

// panelNode reads what the panel keeps of a node; everything but the single values has
// been checked against the form.
//
// # Errors
//
// A [*nodeFault] for one value.
func panelNode(name string, values map[string]any) (config.FreeSWITCH, error) {
	v, err := readNode(values)
	if err != nil {
		return config.FreeSWITCH{}, err
	}
	pattern, err := regexp.Compile(`^(?:` + v.AccountPattern + `)$`)
	if err != nil {
		return config.FreeSWITCH{}, &nodeFault{"account_pattern", err}
	}
	n := config.FreeSWITCH{
		Name: name, Address: v.Address, User: v.User, Password: config.NewSecret(v.Password), Connections: v.Connections, Weight: v.Weight,
		CommandTimeout: commandTime, OriginateTimeout: time.Duration(v.OriginateTimeout) * time.Second,
		Dial: freeswitch.DefaultDialTemplate, AccountPattern: pattern, Domain: v.Domain,
	}
	if v.CDRToken != "" {
		n.CDR = &config.CDR{Token: config.NewSecret(v.CDRToken)}
	}
	if v.RecordingsURL != "" {
		n.Recordings = &config.Recordings{Source: "http", URL: v.RecordingsURL}
		if _, err := recordingSources([]config.FreeSWITCH{n}, time.UTC); err != nil {
			return n, &nodeFault{"recordings_url", err}
		}
	}
	ready, err := nodeConfig(n)
	if err == nil {
		// The link knows best what it takes.
		_, err = freeswitch.New(freeswitch.Config{Nodes: []freeswitch.NodeConfig{ready}}, nil)
	}
	var bad *freeswitch.ValueError
	if errors.As(err, &bad) {
		return n, &nodeFault{bad.Field, errors.New(bad.Reason)}
	}
	return n, err
}

// commandTime bounds one command of a node of the panel, as in gateway.hcl.
const commandTime = 10 * time.Second

func readNode(values map[string]any) (v nodeValues, err error) {
	raw, err := transcode.FromAny(nil, values)
	if err != nil {
		return v, err
	}
	text, err := transcode.AppendJSON(nil, nodeForm().WithDefaults(raw))
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("settings of a node: %w", err)
	}
	return v, nil
}

// hideNode is what may be shown of a node.
func hideNode(values map[string]any) map[string]any { return settings.Hide(nodeForm(), values) }
