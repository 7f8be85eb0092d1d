package admin

import (
	"context"
	"time"
)

// Guards are the guards against fraud; kind is call or message.
//
// # Errors
//
// As [Changes]; [*problem.Problem] for a kind that there is not.
type Guards interface {
	// GuardFigures show what the guards have counted. Numbers are masked.
	GuardFigures() GuardFigures
	GuardSettings(kind string) (Settings, error)
	SetGuardSettings(ctx context.Context, kind string, version uint64, values map[string]any) (Change, error)
}

// GuardFigures are what the guards have counted.
type GuardFigures struct {
	Guards []GuardView `json:"guards"`
	// Alarms are the last ones, the newest first.
	Alarms []GuardAlarm `json:"alarms"`
}

// GuardView is one guard.
type GuardView struct {
	Kind     string `json:"kind"`
	Mode     string `json:"mode"` // enforce, watch, off
	Currency string `json:"currency"`
	// Live is the number of calls that this gateway placed and that live.
	Live int `json:"live"`
	// Refusals are those since the start, by rule.
	Refusals []GuardRefusals `json:"refusals"`
	// Top are the users, numbers, prefixes and the total that have used most of their
	// limits, a few of each.
	Top []GuardUsage `json:"top"`
}

// GuardRefusals counts the refusals of one rule.
type GuardRefusals struct {
	Rule  string `json:"rule"`
	Count uint64 `json:"count"`
}

// GuardUsage is what one account has used.
type GuardUsage struct {
	Scope  string `json:"scope"` // total, user, prefix, number
	Name   string `json:"name"`
	Minute uint64 `json:"minute"`
	Hour   uint64 `json:"hour"`
	Day    uint64 `json:"day"`
	AtOnce uint64 `json:"at_once"`
	Spent  string `json:"spent"` // of the day
	// Share is the part of its nearest limit that is used: 1 is full.
	Share float64 `json:"share"`
}

// GuardAlarm is something that a person should look at.
type GuardAlarm struct {
	Time  time.Time `json:"time"`
	Kind  string    `json:"kind"`
	Level string    `json:"level"` // 80, 100, burst
	Scope string    `json:"scope"`
	Name  string    `json:"name"`
	Rule  string    `json:"rule"`
	Value string    `json:"value"`
	Limit string    `json:"limit"`
}

// guardRoutes are about the guards against fraud.
func guardRoutes() []route {
	return []route{
		{get, "/guards", auditor, false, true, (*API).guards, doc{sum: "What the guards against fraud have counted, and their alarms.", out: GuardFigures{}}},
		{get, "/guards/:kind/settings", auditor, false, true, shown((*API).guardForm), doc{sum: "Settings of the guard of calls or messages with their schema.", out: Settings{}}},
		{put, "/guards/:kind/settings", administrator, false, true, replaced((*API).guardForm), doc{sum: "Replace the settings of a guard.", body: "values:object!", out: Settings{}}},
	}
}

func (a *API) guards(*call) (any, error) { return a.opt.Gateway.GuardFigures(), nil }
