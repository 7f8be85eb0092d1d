package guard

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Mode says what a guard does with what it would refuse.
type Mode string

// Modes.
const (
	ModeEnforce Mode = "enforce"
	ModeWatch   Mode = "watch" // only counts and raises alarms
	ModeOff     Mode = "off"
)

// limits of one scope; 0 means without limit.
type limits struct {
	minute, hour, day uint32
	atOnce            uint32
	spend             Money // a day
}

// Webhook is where alarms are posted.
type Webhook struct {
	URL string
	// Private allows addresses of private networks and of the machine itself.
	Private bool
}

// userRule is what one user may do beyond or below the others.
type userRule struct {
	allow table[string]
	day   *uint32
	spend *Money
}

// Rules are the compiled settings of one kind. They never change.
type Rules struct {
	kind     Kind
	mode     Mode
	region   string // the gateway's country
	home     bool
	allow    table[string] // how the entries are called
	deny     table[string]
	refuse   []string
	internal *regexp.Regexp // nil: there are no internal numbers
	users    map[string]*userRule
	scopes   [scopes]limits
	tariff   *Tariff
	minutes  int // of a call that are reserved
	currency string
	night    *night
	refusals uint32
	hook     Webhook
}

// Mode is what these rules do.
func (r *Rules) Mode() Mode { return r.mode }

// Currency names the tariff's currency.
func (r *Rules) Currency() string { return r.currency }

// Fault is a mistake in settings.
type Fault struct {
	Setting string
	Err     error
}

// Compile builds rules from settings that satisfy [Schema], defaults filled in.
// region is the gateway's country, zone its time zone.
//
// # Errors
//
// Faults that no schema can find: prefixes, the tariff, hours, patterns.
func Compile(k Kind, v abi.Value, region string, zone *time.Location) (*Rules, []Fault) {
	d := decoder{v: v}
	r := &Rules{
		kind: k, mode: Mode(d.text("mode")), region: region, home: v.Get("home").Bool(),
		refuse: d.texts("refuse"), currency: d.text("currency"), minutes: int(d.count("minutes")), refusals: d.count("refusals"),
		hook: Webhook{d.text("webhook"), v.Get("webhook_private").Bool()},
	}
	for name, to := range map[string]*table[string]{"allow": &r.allow, "deny": &r.deny} {
		var err error
		*to, err = prefixes(d.texts(name))
		d.note(name, err)
	}
	if pattern := d.text("internal"); pattern != "" && k == Call {
		re, err := regexp.Compile("^(?:" + pattern + ")$")
		if err != nil {
			err = errors.New("is not a regular expression")
		}
		r.internal = re
		d.note("internal", err)
	}
	for s := range scopes {
		name := scopeNames[s]
		r.scopes[s] = limits{
			minute: d.count(name + "_per_minute"), hour: d.count(name + "_per_hour"), day: d.count(name + "_per_day"),
			atOnce: d.count(name + "_at_once"), spend: d.money(v, name+"_spend"),
		}
	}
	var err error
	r.tariff, err = ParseTariff(d.text("tariff"))
	d.note("tariff", err)
	r.users = d.users()
	if err == nil && r.tariff.Len() == 0 && r.limitsMoney(slices.Collect(maps.Keys(r.users))...) {
		d.note("tariff", errors.New("a limit of spending needs a tariff"))
	}
	r.night, err = parseNight(d.text("night"), d.text("night_zone") == "number", zone)
	d.note("night", err)
	if r.hook.URL != "" {
		u, err := url.Parse(r.hook.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			d.note("webhook", errors.New("is not an address such as https://example.com/alarms"))
		}
	}
	return r, d.faults
}

// decoder reads settings and collects what is wrong with them.
type decoder struct {
	v      abi.Value
	faults []Fault
}

func (d *decoder) note(setting string, err error) {
	if err != nil {
		d.faults = append(d.faults, Fault{setting, err})
	}
}

func (d *decoder) text(name string) string { return d.v.Get(name).String() }

func (d *decoder) texts(name string) []string { return texts(d.v.Get(name)) }

func texts(v abi.Value) (out []string) {
	for e := range v.Elements() {
		out = append(out, e.String())
	}
	return out
}

func (d *decoder) count(name string) uint32 {
	n, _ := d.v.Get(name).Int()
	return uint32(min(max(n, 0), 1<<31))
}

// money reads an amount; numbers have lost nothing within four digits.
func (d *decoder) money(v abi.Value, name string) Money {
	at := v.Get(name)
	if !at.Exists() {
		return 0
	}
	f, ok := at.Float()
	if !ok {
		return 0
	}
	m, err := ParseMoney(strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 4, 64), "0"), "."))
	if err == nil && m == 0 && f > 0 {
		err = errMoney // 0 would be no limit at all
	}
	d.note(name, err)
	return m
}

func (d *decoder) users() map[string]*userRule {
	out := map[string]*userRule{}
	for e := range d.v.Get("users").Elements() {
		login := e.Get("user").String()
		if out[login] != nil {
			d.note("users", fmt.Errorf("the user %.64q is there twice", login))
			continue
		}
		u := &userRule{}
		var err error
		u.allow, err = prefixes(texts(e.Get("allow")))
		d.note("users", err)
		if n, ok := e.Get("per_day").Int(); ok {
			day := uint32(min(max(n, 0), 1<<31))
			u.day = &day
		}
		if e.Get("spend").Exists() {
			m := d.money(e, "spend")
			u.spend = &m
		}
		out[login] = u
	}
	return out
}

// limits of a scope for a user.
func (r *Rules) limits(s Scope, user *userRule) limits {
	l := r.scopes[s]
	if s == ScopeUser && user != nil {
		if user.day != nil {
			l.day = *user.day
		}
		if user.spend != nil {
			l.spend = *user.spend
		}
	}
	return l
}

// destination is what the rules know about where an action goes.
type destination struct {
	internal bool
	number   string // E.164
	prefix   string // the entry of a list that let it through, or the home country
	price    Money  // of a minute or a part
}

// typeWords call types of numbers in refusals.
var typeWords = map[string]string{
	"premium_rate": "premium-rate number", "shared_cost": "shared-cost number", "personal": "personal number", "pager": "pager", "uan": "company number",
	"voicemail": "voice mailbox", "toll_free": "toll-free number", "voip": "internet number", "mobile": "mobile number", "fixed_line": "fixed-line number",
}

// destination judges where an action goes. What is denied stays denied, whoever
// asks and whatever is allowed.
func (g *Guard) destination(r *Rules, a *Ask, now time.Time) (destination, *problem.Problem) {
	n := &a.Number
	if r.internal != nil && n.E164 == "" && r.internal.MatchString(a.Text) {
		return destination{internal: true}, nil
	}
	if n.E164 == "" {
		found, ok := g.opt.Lookup(a.Text)
		if !ok {
			// What is no number has no account of its own; the mode watch counts it as one.
			return destination{prefix: "unknown"}, refuse("unknown", "Destination refused: not a telephone number!")
		}
		n = &found
	}
	d := destination{number: n.E164}
	price, priced := r.tariff.Price(n.E164)
	d.price = price
	if _, label, denied := r.deny.find(n.E164); denied {
		d.prefix = label
		return d, refuse("denied", "Destination refused: the prefix is denied!")
	}
	var refusal *problem.Problem
	d.prefix, refusal = r.country(n, a.User)
	switch {
	case refusal != nil:
	case slices.Contains(r.refuse, n.Type):
		refusal = refuse(n.Type, "Destination refused: "+typeWords[n.Type]+"!")
	case !priced && r.limitsMoney(a.User):
		refusal = refuse("no_price", "Destination refused: it has no price!")
	default:
		if wait := r.night.wait(n.E164, now, g.opt.Zones); wait > 0 {
			refusal = refuse("night", "Destination refused: night hours!")
			refusal.RetryAfter = wait
		}
	}
	return d, refusal
}

// limitsMoney reports whether the money of all, or of one of some users, is limited:
// then what has no price cannot be let through, its cost would not be counted.
func (r *Rules) limitsMoney(users ...string) bool {
	return r.scopes[ScopeUser].spend > 0 || r.scopes[ScopeTotal].spend > 0 ||
		slices.ContainsFunc(users, func(login string) bool { return r.limits(ScopeUser, r.users[login]).spend > 0 })
}

// country finds the list entry that lets a number through.
func (r *Rules) country(n *Number, user string) (string, *problem.Problem) {
	if _, label, ok := r.allow.find(n.E164); ok {
		return label, nil
	}
	if r.home && n.Region == r.region {
		return r.region, nil
	}
	if u := r.users[user]; u != nil {
		if _, label, ok := u.allow.find(n.E164); ok {
			return label, nil
		}
	}
	label := n.Region
	if label == "" {
		label = "unknown"
	}
	return label, refuse("country", "Destination refused: the country is not allowed!")
}
