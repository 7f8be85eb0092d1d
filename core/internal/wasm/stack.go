package wasm

import (
	"errors"
	"reflect"

	"github.com/tetratelabs/wazero/api"
)

// maxStack bounds the machine stack of a guest, in bytes; it may be passed by what
// one slice of the meter can call. wazero lets a stack grow to 80 MB, doubling it on
// the host's heap each time: one endless recursion leaves 160 MB of garbage there.
const maxStack = 4 << 20

var errStackOverflow = errors.New("stack overflow: more than 4 MiB")

// export is a function of a guest with the machine stack that wazero runs it on, nil
// where there is none (the interpreter). Like shrink, it finds it by the field's name.
type export struct {
	api.Function
	stack *[]byte
}

func exported(m api.Module, name string) export {
	f := m.ExportedFunction(name)
	if f == nil {
		return export{}
	}
	return export{f, bytesAt(part(reflect.ValueOf(f), "stack"))}
}

// checkStack ends a guest that calls itself without an end. It runs inside the call.
func (g *guest) checkStack() {
	if g.stackNow != nil && len(*g.stackNow) > maxStack {
		panic(errStackOverflow)
	}
}
