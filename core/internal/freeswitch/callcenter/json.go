package callcenter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// The arguments that the JSON form understands; anything else is an error there.
const (
	TierList     = "tier list"
	AgentList    = "agent list"
	MemberList   = "member list"
	QueueAgents  = "queue list agents"
	QueueMembers = "queue list members"
	QueueTiers   = "queue list tiers"
)

// Request returns the argument of the "json" command for one list; queue is "" for the lists of everything.
func Request(arguments, queue string) string {
	type data struct {
		Arguments string `json:"arguments"`
		QueueName string `json:"queue_name,omitempty"`
	}
	raw, _ := json.Marshal(struct {
		Command string `json:"command"`
		Data    data   `json:"data"`
	}{"callcenter_config", data{arguments, queue}}) // strings only: cannot fail
	return string(raw)
}

// ValidName reports whether s may be sent as the name of a queue or an agent: letters, digits, blanks and "._-@+", at most
// 128 bytes. In particular no "$", which FreeSWITCH would expand, and nothing that it reads as quoting.
func ValidName(s string) bool {
	if s == "" || len(s) > 128 || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
		case r == ' ', r == '.', r == '_', r == '-', r == '@', r == '+':
		default:
			return false
		}
	}
	return true
}

// ParseTiers reads the JSON answer to TierList or QueueTiers.
//
// # Errors
//
// ErrRefused when FreeSWITCH reports an error, ErrDamaged when the answer is not such a list. An unknown queue is an empty list.
func ParseTiers(raw []byte) ([]Tier, error) { return parseList[Tier](raw) }

// ParseAgents reads the JSON answer to AgentList or QueueAgents. Errors as ParseTiers.
func ParseAgents(raw []byte) ([]Agent, error) { return parseList[Agent](raw) }

// ParseMembers reads the JSON answer to MemberList or QueueMembers. Errors as ParseTiers.
func ParseMembers(raw []byte) ([]Member, error) { return parseList[Member](raw) }

func parseList[T any](raw []byte) ([]T, error) {
	if bytes.HasPrefix(raw, []byte("-ERR")) || bytes.HasPrefix(raw, []byte("-USAGE")) {
		return nil, ErrRefused
	}
	// An error carries something else than a list in "response", so the status is looked at first.
	var answer struct {
		Status   string          `json:"status"`
		Response json.RawMessage `json:"response"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	switch answer.Status {
	case "error":
		return nil, ErrRefused
	case "success":
	default:
		return nil, fmt.Errorf("%w: status %.20q", ErrDamaged, answer.Status)
	}
	var rows []*T
	if err := json.Unmarshal(answer.Response, &rows); err != nil || rows == nil {
		return nil, fmt.Errorf("%w: response is not a list", ErrDamaged)
	}
	out := make([]T, 0, len(rows))
	for _, row := range rows {
		if row == nil {
			return nil, fmt.Errorf("%w: null row", ErrDamaged)
		}
		out = append(out, *row)
	}
	return out, nil
}
