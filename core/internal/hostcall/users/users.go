// Package userscall is the host side of capability users: the names and states
// of the users, and nothing else about them.
package userscall

import (
	"context"

	"github.com/patchbay-gw/patchbay/core/internal/hostcall"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// User is one row of the list; Status is "10" active, "9" blocked, "0" deleted.
type User struct{ Name, Status string }

// Operations returns the capability's operation over a list of users.
func Operations(list func(ctx context.Context) ([]User, error)) map[string]wasm.Operation {
	run := func(ctx context.Context, _ *wasm.Call, _, dst []byte) []byte {
		users, err := list(ctx)
		if err != nil {
			return hostcall.Internal(dst, abi.OpUsersList, err)
		}
		var rows abi.List
		for _, u := range users {
			rows.Add(new(abi.Object).Str("username", u.Name).Str("status", u.Status).Value())
		}
		return hostcall.OK(dst, rows.Value())
	}
	return map[string]wasm.Operation{abi.OpUsersList: {Run: run}}
}
