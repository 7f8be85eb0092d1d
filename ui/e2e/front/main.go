// Command front stands before a gateway as nginx would: it strips a path prefix
// and passes everything on. The panel's tests use it to prove that the panel
// works below any prefix. When the gateway was built without the panel, it serves
// the one that is embedded here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/patchbay-gw/patchbay/ui"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "front:", err)
		os.Exit(1)
	}
}

// run serves until ctx is done; the address is the first line of out.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("front", flag.ContinueOnError)
	gateway := flags.String("gateway", "", "address of the gateway: http://127.0.0.1:8080")
	prefix := flags.String("prefix", "/pbx", "what to strip, without a slash at its end")
	listen := flags.String("listen", "127.0.0.1:0", "where to listen")
	if err := flags.Parse(args); err != nil {
		return err
	}
	target, err := url.Parse(*gateway)
	if err != nil || target.Host == "" {
		return fmt.Errorf("--gateway: want http://host:port, not %q", *gateway)
	}
	handler, err := front(ctx, target, *prefix)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Fprintf(out, "http://%s%s/admin/\n", l.Addr(), *prefix)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(end) // what still runs then is cut off by the end of the process
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

func front(ctx context.Context, target *url.URL, prefix string) (http.Handler, error) {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "bad gateway", http.StatusBadGateway) // as nginx says it
		},
	}
	has, err := hasPanel(ctx, target)
	if err != nil {
		return nil, err
	}
	files, err := ui.Files()
	if err != nil {
		return nil, err
	}
	panel, err := ui.NewHandler("/admin", files)
	if err != nil {
		return nil, err
	}
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if !has && (path == "/admin" || strings.HasPrefix(path, "/admin/")) && !strings.HasPrefix(path, "/admin/api/") {
			panel.ServeHTTP(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	})
	return http.StripPrefix(prefix, inner), nil
}

// hasPanel reports whether the gateway serves a panel itself.
func hasPanel(ctx context.Context, target *url.URL) (bool, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, target.JoinPath("/admin/").String(), nil)
	if err != nil {
		return false, fmt.Errorf("ask the gateway: %w", err)
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return false, fmt.Errorf("ask the gateway: %w", err)
	}
	defer a.Body.Close()
	return a.StatusCode == http.StatusOK && strings.HasPrefix(a.Header.Get("Content-Type"), "text/html"), nil
}
