package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

const journalSystem = "Journal"

// journal returns the handler of a report of the gateway's own journal. The rows
// stay with the host, however many they are.
func journal(kind string) patchbay.Handler {
	return func(t *patchbay.Task) (patchbay.Reply, error) {
		p, err := readPeriod(t)
		if err != nil {
			return patchbay.Reply{}, err
		}
		page, err := t.Report(abi.JournalReport{
			Kind: kind, Start: p.start, Stop: p.stop, Zone: t.Param("tz"), Limit: limit(t),
			Cursor: t.Param("cursor"), Extended: t.Params().Get("extended").Bool(),
		})
		if err != nil {
			return patchbay.Reply{}, failure(journalSystem, err)
		}
		reply := patchbay.Attach(page)
		reply.Format, reply.Wrap = t.Param("format"), true
		reply.Filename = p.filename(kind, reply.Format)
		return reply, nil
	}
}

// limit returns the number of rows that the caller asked for, 0 for the default.
func limit(t *patchbay.Task) int {
	n, _ := t.Params().Get("limit").Int()
	return int(n)
}

// failure keeps an error that names a parameter: only the host can tell that a
// cursor or a time zone is none.
func failure(system string, err error) error {
	if e, ok := errors.AsType[*patchbay.Error](err); ok && e.Code == abi.CodeInvalid {
		switch e.Message {
		case "start_date", "stop_date", "limit", "cursor", "tz":
			return e
		}
	}
	return patchbay.Unavailable(system, err)
}
