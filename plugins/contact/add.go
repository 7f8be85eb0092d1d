package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// system is the name in "FreeSWITCH is unavailable!".
const system = "FreeSWITCH"

// add places a call. The host validates the numbers once more and builds the
// dial string; no text from outside reaches it.
func add(t *patchbay.Task) (patchbay.Reply, error) {
	uuid, node, err := t.Originate(abi.Originate{
		Called: t.Param("called_number"), Caller: t.Param("caller_number"), Account: t.Param("sip"),
	})
	if err != nil {
		return patchbay.Reply{}, callFailure(err)
	}
	t.Info("call placed", "uuid", uuid, "node", node)
	var o patchbay.Object
	return patchbay.JSON(o.Str("message", "+OK "+uuid+"\n").Value()), nil
}

// callFailure keeps what the caller can act on: FreeSWITCH's word for a refusal
// and the name of a number that is not acceptable.
func callFailure(err error) error {
	if e, ok := errors.AsType[*patchbay.Error](err); ok {
		switch {
		case e.Code == abi.CodeInvalid, e.Code == abi.CodeBusy:
			return e
		case e.Code == abi.CodeRefused && e.Message != "":
			return patchbay.Refused(e.Message, e.Detail)
		}
	}
	return patchbay.Unavailable(system, err)
}
