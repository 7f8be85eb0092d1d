package guard

import (
	"net/http"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// refuse is a 403. Field carries the rule's name to [Guard.refused].
func refuse(rule, text string) *problem.Problem {
	return &problem.Problem{Status: http.StatusForbidden, Text: text, Field: rule}
}

// RuleOf names the rule that a refusal of [Guard.Reserve] is about, as the settings do:
// country, number_per_day.
func RuleOf(p *problem.Problem) string {
	_, rule, _ := strings.Cut(p.Reason, ": ")
	return rule
}

// limited is the 429 of a limit that has room again after wait.
func limited(rule, text string, wait time.Duration) *problem.Problem {
	p := problem.TooMany(max(wait, time.Second))
	p.Text, p.Field = text, rule
	return p
}

// rulePeriod is the end of the setting that a shortage is about.
func rulePeriod(period string) string {
	switch period {
	case "minute", "hour", "day":
		return "per_" + period
	}
	return period
}

var (
	things = map[Kind]string{Call: "calls", Message: "messages"}
	whose  = [scopes]string{ScopeTotal: "of the gateway", ScopeUser: "of this user", ScopePrefix: "to this country or prefix", ScopeNumber: "to this number"}
	when   = map[string]string{"minute": "per minute", "hour": "per hour", "day": "per day", "at_once": "at once"}
)

// limitText says which limit has no room.
func limitText(k Kind, s Scope, period string) string {
	if period == "spend" {
		return "Limit reached: cost of " + things[k] + " " + whose[s] + " per day!"
	}
	return "Limit reached: " + things[k] + " " + whose[s] + " " + when[period] + "!"
}
