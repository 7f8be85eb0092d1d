package admin

import (
	"net/url"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// Figures are what the gateway counts about itself. Results are the caller's.
type Figures interface {
	Overview() Overview
	History(q HistoryQuery) History
	// Pulse returns what happened since an earlier pulse, nil for the first one,
	// whose rates are zero.
	Pulse(before *Pulse) *Pulse
	// States are the states of everything that has one.
	States() States
	// Callers are who called an action of a module in the last seven days, the
	// busiest first; action "" means any.
	Callers(module, action string) Callers
}

// Rates are figures of some time, per second.
type Rates struct {
	Requests float64 `json:"requests_per_second"`
	Refused  float64 `json:"refused_per_second"` // status 400 to 499
	Failed   float64 `json:"failed_per_second"`  // status 500 and above
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
}

// Overview is the first page of the panel.
type Overview struct {
	Time      time.Time          `json:"time"`
	Version   string             `json:"version"`
	Started   time.Time          `json:"started"`
	Now       Rates              `json:"now"` // of the last minute
	Modules   []OverviewModule   `json:"modules"`
	SMS       OverviewSMS        `json:"sms"`
	Nodes     []Node             `json:"nodes"`
	Providers []OverviewProvider `json:"providers"`
	// Attention lists what somebody should look at, the worst first.
	Attention []Attention `json:"attention"`
}

// OverviewModule is one module on the first page.
type OverviewModule struct {
	ID       string        `json:"id"`
	Title    manifest.Text `json:"title"`
	On       bool          `json:"on"`
	State    State         `json:"state"`
	Now      Rates         `json:"now"`
	LastHour Counts        `json:"last_hour"`
}

// Counts are figures of a fixed time.
type Counts struct {
	Requests uint64 `json:"requests"`
	Refused  uint64 `json:"refused"`
	Failed   uint64 `json:"failed"`
}

// OverviewProvider is one provider instance on the first page.
type OverviewProvider struct {
	Name   string        `json:"name"`
	Plugin string        `json:"plugin"`
	Title  manifest.Text `json:"title"`
	On     bool          `json:"on"`
	State  State         `json:"state"`
}

// OverviewSMS counts messages by what the aggregators said at once.
type OverviewSMS struct {
	AcceptedHour uint64 `json:"accepted_hour"`
	FailedHour   uint64 `json:"failed_hour"`
	AcceptedDay  uint64 `json:"accepted_day"`
	FailedDay    uint64 `json:"failed_day"`
}

// Attention is something that is not as it should be. Kind is module, provider,
// node or plugin; Level is error or warning.
type Attention struct {
	Level  string `json:"level"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// HistoryQuery selects a part of the history. Module "" means all of them.
type HistoryQuery struct {
	Coarse   bool // five minutes a step for a week; otherwise ten seconds for an hour
	From, To time.Time
	Module   string
}

// History is a part of the gateway's figures. Steps in which nothing ran are
// missing.
type History struct {
	StepSeconds int            `json:"step_seconds"`
	Modules     []string       `json:"modules"` // that occur, "" for requests without an action
	Points      []HistoryPoint `json:"points"`
}

// HistoryPoint is one step.
type HistoryPoint struct {
	Time time.Time `json:"time"` // its start
	Counts
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	SMSAccepted uint64  `json:"sms_accepted"`
	SMSFailed   uint64  `json:"sms_failed"`
}

// Pulse is what happened in the last seconds.
type Pulse struct {
	Time time.Time `json:"time"`
	Rates
	InFlight    int64            `json:"in_flight"`
	Modules     map[string]Rates `json:"modules"`
	SMSAccepted uint64           `json:"sms_accepted"`
	SMSFailed   uint64           `json:"sms_failed"`

	Mark any `json:"-"` // the gateway's own, for the next one
}

// States are the states of everything that has one, without figures that change all
// the time.
type States struct {
	Version   uint64      `json:"state_version"`
	Modules   []LiveState `json:"modules"`
	Providers []LiveState `json:"providers"`
	Nodes     []LiveState `json:"nodes"`
}

// LiveState is the state of one thing.
type LiveState struct {
	Name     string    `json:"name"`
	On       bool      `json:"on"`
	State    State     `json:"state"`
	Progress *Progress `json:"progress,omitempty"`
}

// Progress is a change that is under way: what is being switched on is not serving
// yet.
type Progress struct {
	// Step is enabling, compiling, starting or warm.
	Step   string    `json:"step"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason,omitempty"`
}

// Callers are who uses something.
type Callers struct {
	Callers []Caller `json:"callers"`
	// Complete is false when there were too many to remember all of them.
	Complete bool `json:"complete"`
	Days     int  `json:"days"`
}

// Caller is one user who called an action.
type Caller struct {
	User   string    `json:"user"`
	Action string    `json:"action"`
	Calls  uint64    `json:"calls"`
	Last   time.Time `json:"last"`
}

func (a *API) overview(*call) (any, error) { return a.opt.Gateway.Overview(), nil }

func (a *API) history(c *call) (any, error) {
	var q HistoryQuery
	values, err := c.query("step", "from", "to", "module")
	if err != nil {
		return nil, err
	}
	switch values.Get("step") {
	case "", "10s":
	case "5m":
		q.Coarse = true
	default:
		return nil, Reject("step", Violation{Pointer: "/step", Message: "want 10s or 5m"})
	}
	for name, to := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		if text := values.Get(name); text != "" {
			if *to, err = parseTime(text, name == "to", a.opt.Zone); err != nil {
				return nil, Reject(name, Violation{Pointer: "/" + name, Message: wantTime})
			}
		}
	}
	q.Module = values.Get("module")
	return a.opt.Gateway.History(q), nil
}

const wantTime = "want a date 2006-01-02, a time 2006-01-02 15:04:05 or RFC 3339"

// query returns the query of the request, in which only the named keys may be, each
// once.
func (c *call) query(allowed ...string) (url.Values, error) {
	values, err := url.ParseQuery(string(c.fiber.Context().URI().QueryString()))
	if err != nil {
		return nil, Reject("query", Violation{Message: "the query is not well-formed"})
	}
	known := "," + strings.Join(allowed, ",") + ","
	for name, list := range values {
		switch {
		case !strings.Contains(known, ","+name+","):
			return nil, Reject("query", Violation{Pointer: "/" + name, Message: "there is no such key"})
		case len(list) > 1:
			return nil, Reject("query", Violation{Pointer: "/" + name, Message: "is there twice"})
		}
	}
	return values, nil
}

func (a *API) callers(c *call) (any, error) {
	values, err := c.query("action")
	if err != nil {
		return nil, err
	}
	name := c.param("name")
	if _, err := a.showModule(c, name); err != nil {
		return nil, err
	}
	return a.opt.Gateway.Callers(name, values.Get("action")), nil
}

// livePause is how often a live view gets new figures.
const livePause = time.Second

// live streams the event "pulse" every second and the event "states" whenever
// something changed its state.
func (a *API) live(c *call) (any, error) {
	if _, err := c.query(); err != nil {
		return nil, err
	}
	var before *Pulse
	var shown changed
	return &stream{pause: livePause, next: func(s *sink) {
		before = a.opt.Gateway.Pulse(before)
		s.send("pulse", before)
		if states := a.opt.Gateway.States(); shown.differs(states) {
			s.send("states", states)
		}
	}}, nil
}
