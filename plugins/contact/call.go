package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// The texts of the manual.
const (
	wrongID    = "Wrong ID!"
	unfinished = "Recording is not finished!"
)

// audio answers with the recording of a call, which stays with the host.
func audio(t *patchbay.Task) (patchbay.Reply, error) {
	recording, err := t.Recording(t.Param("id"))
	if err != nil {
		return patchbay.Reply{}, lookupFailure(err)
	}
	return patchbay.Attach(recording), nil
}

// cdr answers with the call detail record of a call.
func cdr(t *patchbay.Task) (patchbay.Reply, error) {
	record, err := t.CDR(t.Param("id"))
	if err != nil {
		return patchbay.Reply{}, lookupFailure(err)
	}
	return patchbay.JSON(record), nil
}

// lookupFailure makes no difference between an id that is none and an id that
// nobody has: neither tells a stranger anything.
func lookupFailure(err error) error {
	if e, ok := errors.AsType[*patchbay.Error](err); ok {
		switch e.Code {
		case abi.CodeNotFound, abi.CodeInvalid:
			return patchbay.NotFound(wrongID)
		case abi.CodeConflict:
			return &patchbay.Error{Code: abi.CodeConflict, Message: unfinished, Source: abi.SourceUpstream, Detail: e.Detail, RetryMS: e.RetryMS}
		}
	}
	return patchbay.Unavailable(system, err)
}
