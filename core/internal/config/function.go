package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// maxSecretFile bounds what file("…") reads: it is meant for passwords, tokens and keys.
const maxSecretFile = 64 << 10

// Env is what a file may ask of the machine. The zero Env knows no variables and no files.
type Env struct {
	// Getenv finds an environment variable, as os.LookupEnv does.
	Getenv func(name string) (value string, ok bool)
	// ReadFile returns at most limit+1 bytes of a file, so that the caller sees that it is too long.
	ReadFile func(path string, limit int) ([]byte, error)
	// Dir is the folder that relative paths start from; empty leaves them as they are.
	Dir string
}

// OS is the Env of this process for a file in the given folder.
func OS(dir string) Env { return Env{Getenv: os.LookupEnv, ReadFile: readFile, Dir: dir} }

func readFile(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// A pipe or a device would block or never end.
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	return io.ReadAll(io.LimitReader(f, int64(limit)+1))
}

func (e Env) path(path string) string {
	if path == "" || e.Dir == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(e.Dir, path)
}

// call evaluates env("NAME"), env("NAME", "default") and file("path").
func (d *decoder) call(e *hclsyntax.FunctionCallExpr, v value) (value, bool) {
	fn := map[string]func([]string) (string, error){"env": d.callEnv, "file": d.callFile}[e.Name]
	if fn == nil {
		d.error(rangeOf(e.NameRange), suggest(e.Name, []string{"env", "file"}), "unknown function %q", e.Name)
		return v, false
	}
	if e.ExpandFinal {
		d.error(v.rng, "write the arguments one by one", "%s(…) takes no list", e.Name)
		return v, false
	}
	args := make([]string, 0, len(e.Args))
	for _, expr := range e.Args {
		arg, ok := d.eval(expr)
		if !ok {
			return v, false
		}
		if arg.kind != kindString {
			d.error(arg.rng, "put it in quotes", "an argument of %s must be a string, not %s", e.Name, arg.kind)
			return v, false
		}
		args = append(args, arg.str)
	}
	result, err := fn(args)
	if err != nil {
		d.error(v.rng, hintOf(err), "%s", err.Error())
		return v, false
	}
	v.kind, v.str, v.computed = kindString, result, true
	return v, true
}

func (d *decoder) callEnv(args []string) (string, error) {
	if len(args) != 1 && len(args) != 2 {
		return "", wrong(`env("NAME") or env("NAME", "default")`, "env takes one or two arguments, not %d", len(args))
	}
	if d.env.Getenv != nil {
		if val, ok := d.env.Getenv(args[0]); ok {
			return val, nil
		}
	}
	if len(args) == 2 {
		return args[1], nil
	}
	return "", wrong(`set it, or give a default: env("`+args[0]+`", "…")`, "environment variable %q is not set", args[0])
}

func (d *decoder) callFile(args []string) (string, error) {
	if len(args) != 1 || args[0] == "" {
		return "", wrong(`file("path")`, "file takes one argument, a path")
	}
	path := d.env.path(args[0])
	if d.env.ReadFile == nil {
		return "", wrong("", "file %q cannot be read here", args[0])
	}
	text, err := d.env.ReadFile(path, maxSecretFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", wrong("paths are relative to the folder of the configuration file", "file %q does not exist", path)
	case errors.Is(err, fs.ErrPermission):
		return "", wrong("let the user of the gateway read it", "file %q may not be read", path)
	case err != nil:
		return "", wrong("", "file %q cannot be read: %v", path, err)
	case len(text) > maxSecretFile:
		return "", wrong("", "file %q is longer than %d KiB", path, maxSecretFile>>10)
	}
	// Editors and `echo secret > file` end the file with a newline that is not part of the secret.
	return strings.TrimRight(string(text), "\r\n"), nil
}
