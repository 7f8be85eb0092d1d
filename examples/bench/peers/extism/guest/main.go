// Command guest is the plugin of the Extism peer: the same work, written with
// Extism's own kit for Go. It is built like the gateway's plugins, with
// GOOS=wasip1 and -buildmode=c-shared.
package main

import (
	"encoding/json"
	"strings"

	pdk "github.com/extism/go-pdk"

	"github.com/patchbay-gw/patchbay/examples/bench/work"
)

func main() {}

// sms is the input: JSON, as Extism's documentation shows it, or number and text
// with a line feed between them, which costs a guest the least.
type sms struct {
	Phone   string `json:"phone"`
	Message string `json:"message"`
}

func input() (in sms, ok bool) {
	if raw := pdk.Input(); len(raw) == 0 || raw[0] != '{' {
		in.Phone, in.Message, ok = strings.Cut(string(raw), "\n")
		return in, ok
	}
	return in, pdk.InputJSON(&in) == nil
}

// Results that the host turns into refusals.
const (
	done int32 = iota
	badPhone
	badUpstream
	badInput
)

//go:wasmexport estimate
func estimate() int32 {
	in, ok := input()
	if !ok {
		return badInput
	}
	return finish(in, "", false)
}

//go:wasmexport submit
func submit() int32 {
	in, ok := input()
	if !ok {
		return badInput
	}
	number, ok := work.ParsePhone(in.Phone)
	if !ok {
		return badPhone
	}
	upstream, _ := pdk.GetConfig("upstream")
	q := pdk.NewHTTPRequest(pdk.MethodPost, upstream)
	q.SetHeader("Content-Type", "text/plain; charset=utf-8")
	q.SetHeader("X-Phone", number.E164)
	q.SetBody([]byte(in.Message))
	answer := q.Send()
	if answer.Status() != 200 {
		return badUpstream
	}
	return finish(in, string(answer.Body()), true)
}

// finish writes the answer.
func finish(in sms, answer string, asked bool) int32 {
	out, _, ok := work.Answer(make([]byte, 0, 128), in.Phone, in.Message)
	if !ok {
		return badPhone
	}
	if asked {
		text, err := json.Marshal(answer)
		if err != nil {
			return badUpstream
		}
		out = append(append(append(out[:len(out)-1], `,"answer":`...), text...), '}')
	}
	pdk.Output(out)
	return done
}
