// Package show reads "show channels as json".
package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

var (
	// ErrRefused means that FreeSWITCH answered with an error or a usage line.
	ErrRefused = errors.New("FreeSWITCH refused the show command")
	// ErrDamaged means that the answer is not what "show … as json" prints.
	ErrDamaged = errors.New("answer of show is damaged")
)

// Channel is one live leg. All values are text; CreatedEpoch is epoch seconds. The table lags behind the calls:
// right after an answer CallState may still be RINGING.
type Channel struct {
	UUID            string `json:"uuid"`
	Direction       string `json:"direction"`
	Created         string `json:"created"`
	CreatedEpoch    string `json:"created_epoch"`
	Name            string `json:"name"`
	State           string `json:"state"`
	CallerName      string `json:"cid_name"`
	CallerNumber    string `json:"cid_num"`
	IPAddress       string `json:"ip_addr"`
	Destination     string `json:"dest"`
	Application     string `json:"application"`
	ApplicationData string `json:"application_data"`
	Dialplan        string `json:"dialplan"`
	Context         string `json:"context"`
	ReadCodec       string `json:"read_codec"`
	WriteCodec      string `json:"write_codec"`
	Secure          string `json:"secure"`
	Switchname      string `json:"hostname"`
	PresenceID      string `json:"presence_id"`
	AccountCode     string `json:"accountcode"`
	CallState       string `json:"callstate"`
	CalleeName      string `json:"callee_name"`
	CalleeNumber    string `json:"callee_num"`
	CalleeDirection string `json:"callee_direction"`
	// CallUUID is the uuid of the first leg of the call, "" when this leg stands alone.
	CallUUID            string `json:"call_uuid"`
	InitialCallerName   string `json:"initial_cid_name"`
	InitialCallerNumber string `json:"initial_cid_num"`
	InitialDestination  string `json:"initial_dest"`
}

// ParseChannels reads the answer. Without channels FreeSWITCH prints {"row_count": 0} and no rows at all; the result is
// an empty list then, never nil.
//
// # Errors
//
// ErrRefused or ErrDamaged; the latter also when the number of rows is not the number announced.
func ParseChannels(raw []byte) ([]Channel, error) {
	if bytes.HasPrefix(raw, []byte("-")) {
		return nil, ErrRefused
	}
	var answer struct {
		RowCount *int       `json:"row_count"`
		Rows     []*Channel `json:"rows"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if answer.RowCount == nil || *answer.RowCount != len(answer.Rows) {
		return nil, fmt.Errorf("%w: %d rows do not match row_count", ErrDamaged, len(answer.Rows))
	}
	out := make([]Channel, 0, len(answer.Rows))
	for _, c := range answer.Rows {
		if c == nil || c.UUID == "" {
			return nil, fmt.Errorf("%w: row without uuid", ErrDamaged)
		}
		out = append(out, *c)
	}
	return out, nil
}
