package freeswitch

import "time"

// State says whether a node can be used.
type State string

// The states of a node.
const (
	StateConnecting State = "connecting" // no attempt has come to an end yet
	StateUp         State = "up"
	StateDown       State = "down"
)

// NodeHealth is a snapshot of one node.
type NodeHealth struct {
	Name    string
	Address string
	State   State
	// Reason is why the node is down, nil otherwise. errors.Is finds esl.ErrAuth, esl.ErrRejected and the like.
	Reason error
	Since  time.Time
	// CoreUUID identifies the running FreeSWITCH process; "" while unknown.
	CoreUUID string
	// LastHeartbeat is zero before the first one; Sessions is the number of channels it reported.
	LastHeartbeat time.Time
	Sessions      int
	// Waiting is the number of commands without a result yet.
	Waiting int
}
