// Command versions writes versions of the module "demo" into a folder:
//
//	versions FOLDER VERSION…
//
// Its action "say" answers with the version, "die" crashes. The plugins are
// assembled, not compiled, so that a gateway takes them at once.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func main() {
	if err := write(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "versions:", err)
		os.Exit(1)
	}
}

func write(folder string, versions []string) error {
	for _, version := range versions {
		reply := (&abi.Reply{Body: abi.AppendString(nil, version)}).Append(nil)
		code := guest.Asm{
			Data: map[uint32][]byte{guest.FreeAt: reply},
			Start: guest.Body(
				guest.IfKind(abi.Action, guest.Seq(
					guest.IfName('d', guest.Trap()),
					guest.ReplyWith(guest.FreeAt, len(reply)), guest.State(abi.Finished))),
				guest.Reply(), guest.Const(int(abi.Finished))),
		}.Bytes()
		action := `{"name":"%s","title":{"en":"A","ru":"А"},"summary":{"en":"A","ru":"А"}}`
		manifest := fmt.Sprintf(`{"id":"demo","kind":"module","abi":1,"version":"%s","vendor":"Test","title":{"en":"Demo","ru":"Проба"},
			"description":{"en":"For tests.","ru":"Для проб."},"actions":[`+action+","+action+`]}`, version, "say", "die")
		p, err := plugin.Pack(code, []byte(manifest))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, "demo-"+version+".wasm"), p.Code, 0o600); err != nil {
			return err
		}
	}
	return nil
}
