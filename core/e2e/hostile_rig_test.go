package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// gang are the hostile plugins of testdata/hostile: a folder of modules that load
// and one of files that must not.
type gang struct{ folder, broken string }

// hire builds them, once for all tests.
var hire = sync.OnceValues(func() (*gang, error) {
	folder := filepath.Join(root, "build", "e2e", "hostile")
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	g := &gang{folder, filepath.Join(folder, "broken")}
	source := filepath.Join(root, "core", "e2e", "testdata", "hostile")
	if err := tool("go", "run", source, folder); err != nil {
		return nil, err
	}
	code := filepath.Join(g.broken, "thief.code")
	if err := tool("env", "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false",
		"-o", code, filepath.Join(source, "thief")); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(source, "thief", "plugin.json"))
	if err != nil {
		return nil, err
	}
	for _, id := range []string{"thief", "keeper"} { // the same code, so what it may reach differs by the instance alone
		path := filepath.Join(g.broken, id+".json")
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), `"id": "thief"`, fmt.Sprintf(`"id": "%s"`, id), 1)), 0o600); err != nil {
			return nil, err
		}
		if err := tool(patchbay, "plugin", "pack", "--manifest", path, "--output", filepath.Join(folder, id+".wasm"), code); err != nil {
			return nil, err
		}
	}
	return g, nil
})

func tool(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOFLAGS=") // those of the test run are not for guests
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// hostileConfig lets the gateway find all of them. Those that ask for http are
// granted what is not there; the thief may ask {upstream} and the name localhost,
// which is no public address.
const hostileConfig = `
gateway {
  plugins = ["{plugins}", "{hostile}", "{more}"]
  log { level = "debug" }
  {gateway}
}
trust {
  unsigned = "allow"
}
limits {
  user   = "off"
  action = "off"
}
module "report" {}
module "evil-operations" {
  grant {
    http { hosts = ["upstream.test"] }
  }
}
module "evil-reply-wait" {
  grant {
    http { hosts = ["upstream.test"] }
  }
}
module "evil-take" {
  grant {
    http { hosts = ["upstream.test"] }
  }
}
module "evil-exclusive" {
  grant {
    http { hosts = ["upstream.test"] }
  }
}
module "thief" {
  grant {
    http {
      hosts   = ["{upstream}"]
      private = true
    }
  }
}
module "keeper" {
  grant {
    http { hosts = ["localhost"] }
  }
}
`

// newHostileWorld starts a gateway with the gang at the door, the files that must
// not load too if broken is set. Only the modules of hostileConfig are on; the test
// lets the others in.
func newHostileWorld(t testing.TB, upstream string, broken bool) *world {
	t.Helper()
	g, err := hire()
	if err != nil {
		t.Fatal(err)
	}
	more := t.TempDir()
	if broken {
		more = g.broken
	}
	w := &world{t: t, client: newClient(t)}
	w.text = expand(hostileConfig, map[string]string{"plugins": plugins, "hostile": g.folder, "more": more, "upstream": upstream})
	w.startGateway(t.TempDir(), freeAddress(t))
	w.prepareUsers()
	return w
}

// switchOn lets a module in.
func (w *world) switchOn(t testing.TB, module string) {
	t.Helper()
	w.admin(t, "PUT", "/modules/"+module+"/enabled", `{"enabled":true}`)
}

// condition is the state of a module as administrators see it.
func (w *world) condition(t testing.TB, module string) (name, reason string) {
	t.Helper()
	m := decode[struct {
		State struct{ Name, Reason string }
	}](t, w.admin(t, "GET", "/modules/"+module, ""))
	return m.State.Name, m.State.Reason
}

// victim is a caller of another plugin who must not notice anything.
type victim struct {
	served atomic.Int64
	stop   chan struct{}
	gone   sync.WaitGroup
}

// newVictim calls report/users all the time and checks every answer.
func newVictim(t testing.TB, w *world) *victim {
	v := &victim{stop: make(chan struct{})}
	want := w.post(t, "/report/users", "")
	if want.status != 200 || !strings.Contains(want.body, integrator) {
		t.Fatalf("%d %s", want.status, want.body)
	}
	v.gone.Go(func() {
		for {
			select {
			case <-v.stop:
				return
			default:
			}
			got, err := w.send("POST", "/report/users", "", "Authorization", "Bearer "+w.token)
			if err != nil || got.status != want.status || got.body != want.body {
				t.Errorf("the victim got %d %s, %v", got.status, got.body, err)
				return
			}
			v.served.Add(1)
		}
	})
	t.Cleanup(func() { close(v.stop); v.gone.Wait() })
	return v
}
