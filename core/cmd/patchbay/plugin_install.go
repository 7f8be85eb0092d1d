package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/app"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/minisig"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
)

// installTime bounds an installation: a large plugin is compiled in it.
const installTime = 5 * time.Minute

// install hands a plugin file to the running gateway.
func install(env *environment, args []string) error {
	f := env.flags("plugin install")
	path := f.String("config", "", "configuration file; gateway.hcl in this folder when it is there")
	data := f.String("data", "", "folder of the gateway's data, when it is not the configured one")
	signature := f.String("signature", "", "the signature; FILE.wasm.minisig when it is there")
	upgrade := f.Bool("upgrade", false, "bring the version into force")
	consent := f.Bool("consent", false, "grant everything that the version asks for; it is printed")
	rest, err := env.parse(f, args, "FILE.wasm")
	if err != nil {
		return err
	}
	p, err := plugin.Read(rest[0])
	if err != nil {
		return err
	}
	signed, err := plugin.ReadSignature(rest[0])
	if *signature != "" {
		signed, err = os.ReadFile(*signature)
	}
	if err != nil {
		return err
	}
	cfg, err := env.load(*path, config.Override{Data: *data})
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), installTime)
	defer stop()
	client, err := dialGateway(ctx, cfg)
	if err != nil {
		return err
	}
	defer client.http.CloseIdleConnections()
	var up admin.Uploaded
	if err := upload(client, filepath.Base(rest[0]), p.Code, signed, &up); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s  %s  sha256 %s\n", up.ID, up.Version.Version, up.Version.Trust.State, up.Version.SHA256)
	for _, ask := range up.Version.Asks {
		fmt.Fprintf(&b, "asks for %s: %s\n", ask.Capability, ask.In("en"))
	}
	if *consent {
		if err := grantAll(client, up); err != nil {
			return errors.Join(err, printed(env, &b))
		}
		b.WriteString("everything that it asks for is granted\n")
	}
	if *upgrade {
		text, err := bringIntoForce(client, up)
		if err != nil {
			return errors.Join(err, printed(env, &b))
		}
		b.WriteString(text)
	}
	return printed(env, &b)
}

func printed(env *environment, b *strings.Builder) error {
	_, err := io.WriteString(env.stdout, b.String())
	return err
}

// dialGateway returns a client of the running gateway's control socket.
func dialGateway(ctx context.Context, cfg *config.Config) (*userClient, error) {
	socket := app.ControlSocket(cfg.Gateway.Data)
	dial := func() (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "unix", socket) }
	conn, err := dial()
	if err != nil {
		return nil, fmt.Errorf("no gateway answers on %s; start it, or copy the file into one of its plugin folders: %w", socket, err)
	}
	_ = conn.Close() // only to see whether somebody answers
	return newUserClient(ctx, dial, nil), nil
}

func upload(client *userClient, name string, code, signature []byte, up *admin.Uploaded) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, part := range []struct {
		field, name string
		content     []byte
	}{{"file", name, code}, {"signature", name + minisig.Extension, signature}} {
		if part.content == nil {
			continue
		}
		w, err := form.CreateFormFile(part.field, part.name)
		if err == nil {
			_, err = w.Write(part.content)
		}
		if err != nil {
			return fmt.Errorf("request: %w", err)
		}
	}
	if err := form.Close(); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	text, err := client.send(http.MethodPost, admin.UploadPath, form.FormDataContentType(), &body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, up); err != nil {
		return fmt.Errorf("answer of the gateway: %w", err)
	}
	return nil
}

func grantAll(client *userClient, up admin.Uploaded) error {
	granted := []string{}
	for _, ask := range up.Version.Asks {
		granted = append(granted, ask.Capability)
	}
	_, err := client.do(http.MethodPost, admin.UploadPath+"/"+up.ID+"/consent", map[string]any{"sha256": up.Version.SHA256, "granted": granted}, nil)
	if statusOf(err) == http.StatusConflict {
		return nil // nobody lacks anything
	}
	return err
}

func bringIntoForce(client *userClient, up admin.Uploaded) (string, error) {
	var now struct {
		SHA256 string   `json:"sha256"`
		Lacks  []string `json:"lacks"`
	}
	_, err := client.do(http.MethodPost, admin.UploadPath+"/"+up.ID+"/upgrade", map[string]string{"sha256": up.Version.SHA256}, &now)
	switch {
	case statusOf(err) == http.StatusConflict && strings.Contains(err.Error(), "in force"):
		return "it is in force\n", nil
	case err != nil:
		return "", err
	case len(now.Lacks) > 0:
		return "it waits for consent: " + strings.Join(now.Lacks, "; ") + "\n", nil
	}
	return "it is in force\n", nil
}
