package freeswitchcall

import (
	"reflect"
	"strings"
	"sync"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// columnsOf caches the column names of a row type, in the order of its fields.
var columnsOf sync.Map // reflect.Type → []string

// appendRow writes a row, a pointer to a struct of strings, as a map of its
// columns in FreeSWITCH's order and spelling (the json tags).
func appendRow(b []byte, row any) []byte {
	v := reflect.ValueOf(row).Elem()
	names := columns(v.Type())
	b = abi.AppendMap(b, len(names))
	for i, name := range names {
		// FreeSWITCH passes on what its configuration holds, in any encoding.
		b = abi.AppendString(abi.AppendString(b, name), strings.ToValidUTF8(v.Field(i).String(), "\ufffd"))
	}
	return b
}

func columns(t reflect.Type) []string {
	if names, ok := columnsOf.Load(t); ok {
		return names.([]string)
	}
	names := make([]string, t.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	columnsOf.Store(t, names)
	return names
}
