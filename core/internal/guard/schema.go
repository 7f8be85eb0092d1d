package guard

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

var (
	//go:embed call.schema.json
	callSchema []byte
	//go:embed message.schema.json
	messageSchema []byte
)

var schemas = sync.OnceValues(func() (both [2]*schema.Schema, err error) {
	for i, text := range [][]byte{callSchema, messageSchema} {
		s, issues := schema.Parse(text)
		if len(issues) > 0 {
			return both, fmt.Errorf("guard: schema of %s: %v", Kinds()[i], issues[0])
		}
		both[i] = s
	}
	return both, nil
})

// Schema returns the schema of the settings of a kind: what the panel shows and
// gateway.hcl may hold. Treat it as immutable.
//
// # Errors
//
// None in a gateway whose tests pass; the schema is part of the binary.
func Schema(k Kind) (*schema.Schema, error) {
	both, err := schemas()
	if err != nil {
		return nil, err
	}
	return both[k.index()], nil
}
