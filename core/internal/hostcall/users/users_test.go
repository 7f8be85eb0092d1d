package userscall_test

import (
	"context"
	"errors"
	"testing"

	userscall "github.com/patchbay-gw/patchbay/core/internal/hostcall/users"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func list(t testing.TB, request []byte, users []userscall.User, err error) (abi.Value, *abi.Error) {
	t.Helper()
	ops := userscall.Operations(func(context.Context) ([]userscall.User, error) { return users, err })
	body, failure, bad := abi.DecodeAnswer(ops[abi.OpUsersList].Run(t.Context(), &wasm.Call{}, request, nil))
	if bad != nil {
		t.Fatal(bad)
	}
	return body, failure
}

func TestList(t *testing.T) {
	users := []userscall.User{{"admin", "10"}, {"Ж", "0"}}
	for _, request := range [][]byte{nil, {0xc1}, abi.AppendStrings(nil, "x")} { // there is nothing to ask for
		body, failure := list(t, request, users, nil)
		if failure != nil || body.Len() != 2 {
			t.Fatal(failure, body.Len())
		}
		for i, u := range users {
			row := body.Index(i)
			if row.Len() != 2 || row.Get("username").String() != u.Name || row.Get("status").String() != u.Status || row.Get("status").Kind() != abi.String {
				t.Errorf("row %d: %v", i, row)
			}
		}
	}
	if body, failure := list(t, nil, nil, nil); failure != nil || body.Kind() != abi.Array || body.Len() != 0 {
		t.Errorf("nobody: %v %v", body, failure)
	}
	if _, failure := list(t, nil, users, errors.New("disk")); failure == nil || failure.Code != abi.CodeInternal || failure.Message != "" {
		t.Errorf("%+v", failure)
	}
	if _, failure := list(t, nil, nil, context.DeadlineExceeded); failure == nil || failure.Code != abi.CodeTimeout {
		t.Errorf("%+v", failure)
	}
}
