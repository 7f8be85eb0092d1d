package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"github.com/patchbay-gw/patchbay/core/internal/minisig"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
)

// Files of a key pair when no others are named.
const (
	defaultSecret = "patchbay.key"
	defaultPublic = "patchbay.pub"
)

// keyPassword is the variable that holds the password of a key where nobody can
// type it.
const keyPassword = "PATCHBAY_KEY_PASSWORD"

// keygen makes a key pair in the files of minisign.
func keygen(env *environment, args []string) error {
	f := env.flags("plugin keygen")
	secret := f.String("key", defaultSecret, "file of the private key")
	public := f.String("public", defaultPublic, "file of the public key")
	open := f.Bool("no-password", false, "leave the private key readable for whoever reads the file")
	if _, err := env.parse(f, args); err != nil {
		return err
	}
	for _, path := range []string{*secret, *public} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already; a key that has signed something must not be lost", path)
		}
	}
	password := ""
	if !*open {
		var err error
		if password, err = newPassword(env); err != nil {
			return err
		}
	}
	key, private, err := minisig.Generate()
	if err != nil {
		return err
	}
	text, err := private.Encrypt(password)
	if err != nil {
		return err
	}
	if err := create(*secret, text, 0o600); err != nil {
		return fmt.Errorf("private key: %w", err)
	}
	if err := create(*public, key.File(), 0o644); err != nil {
		return fmt.Errorf("public key: %w", err)
	}
	_, err = fmt.Fprintf(env.stdout, "%s  private, keep it to yourself\n%s  public, key id %s\n\nGateways trust it by this in gateway.hcl:\n\ntrust {\n  keys = [\"%s\"]\n}\n",
		*secret, *public, key.ID(), key)
	return err
}

// create writes a file that is not there yet.
func create(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// sign writes the signature beside a plugin file.
func sign(env *environment, args []string) error {
	f := env.flags("plugin sign")
	secret := f.String("key", defaultSecret, "file of the private key, of `patchbay plugin keygen` or of minisign")
	comment := f.String("comment", "", "comment that is signed, too; id, version and time when empty")
	rest, err := env.parse(f, args, "FILE.wasm")
	if err != nil {
		return err
	}
	p, err := plugin.Read(rest[0])
	if err != nil {
		return err
	}
	text, err := os.ReadFile(*secret)
	if err != nil {
		return fmt.Errorf("private key: %w", err)
	}
	private, err := minisig.OpenPrivateKey(text, func() (string, error) { return askPassword(env, "Password of "+*secret+": ") })
	if err != nil {
		return fmt.Errorf("%s: %w", *secret, err)
	}
	if *comment == "" {
		*comment = fmt.Sprintf("plugin:%s version:%s time:%s", p.Manifest.ID, p.Manifest.Version, time.Now().UTC().Format(time.RFC3339))
	}
	s, err := private.Sign(p.Code, *comment)
	if err != nil {
		return err
	}
	path := rest[0] + minisig.Extension
	if err := replace(path, s.Text()); err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	_, err = fmt.Fprintf(env.stdout, "%s  key %s  %s\n", path, s.KeyID(), s.Comment())
	return err
}

// replace writes a file by renaming, so that a gateway that watches the folder
// never sees half of it.
func replace(path string, content []byte) error {
	temporary := path + ".part"
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// verify checks the signature beside a plugin file as the gateway does.
func verify(env *environment, args []string) error {
	f := env.flags("plugin verify")
	named := f.String("key", defaultPublic, `the trusted public key, "RW…", or its file`)
	rest, err := env.parse(f, args, "FILE.wasm")
	if err != nil {
		return err
	}
	key, err := publicKey(*named)
	if err != nil {
		return err
	}
	p, err := plugin.Read(rest[0])
	if err != nil {
		return err
	}
	signature, err := plugin.ReadSignature(rest[0])
	if err != nil {
		return err
	}
	t := plugin.Policy{Keys: []minisig.Key{key}}.Judge(p.Code, signature)
	if t.State != plugin.Signed {
		return fmt.Errorf("%s is %s: %s", rest[0], t.State, t.Reason)
	}
	_, err = fmt.Fprintf(env.stdout, "%s  %s %s  signed by %s: %s\n", rest[0], p.Manifest.ID, p.Manifest.Version, t.KeyID, t.Comment)
	return err
}

// publicKey reads a key that was typed, or a file with one.
func publicKey(named string) (minisig.Key, error) {
	key, err := minisig.ParseKey(named)
	if err == nil {
		return key, nil
	}
	text, fault := os.ReadFile(filepath.Clean(named))
	if fault != nil {
		return key, fmt.Errorf("--key: %w, and no file: %w", err, fault)
	}
	if key, err = minisig.ParseKey(string(text)); err != nil {
		return key, fmt.Errorf("%s: %w", named, err)
	}
	return key, nil
}

// newPassword asks twice where somebody types.
func newPassword(env *environment) (string, error) {
	first, err := askPassword(env, "Password for the private key: ")
	if err != nil {
		return "", err
	}
	if first == "" {
		return "", fmt.Errorf("the password is empty; --no-password leaves the key open")
	}
	if _, set := os.LookupEnv(keyPassword); set {
		return first, nil
	}
	again, err := askPassword(env, "Once more: ")
	if err == nil && again != first {
		err = errors.New("the passwords differ")
	}
	return first, err
}

// askPassword reads a password from the variable or from the terminal.
func askPassword(env *environment, prompt string) (string, error) {
	if word, set := os.LookupEnv(keyPassword); set {
		return word, nil
	}
	in, ok := env.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", fmt.Errorf("nobody can type the password of the key here; set %s", keyPassword)
	}
	if _, err := io.WriteString(env.stderr, prompt); err != nil {
		return "", err
	}
	word, err := term.ReadPassword(int(in.Fd()))
	_, _ = io.WriteString(env.stderr, "\n") // the one that was typed does not show
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(word), nil
}
