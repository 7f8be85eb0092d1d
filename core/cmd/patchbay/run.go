package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/app"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/logging"
)

// Exit codes.
const (
	exitOK    = 0
	exitFault = 1
	exitUsage = 2
)

// command is one verb of the program.
type command struct {
	name, arguments, summary string
	run                      func(env *environment, args []string) error
}

// environment is the world of a command, so that tests can give another one.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// errUsage means that the arguments are wrong; the command has said how.
var errUsage = errors.New("usage")

func commands() []command {
	return []command{
		{"serve", "[--config FILE] [--data DIR] [--listen HOST:PORT]", "run the gateway", serve},
		{"check", "[--config FILE]", "check the configuration and the plugins, and end", check},
		{"user", "list | add | set | password | token | remove …", "manage users, also of a running gateway", userCommand},
		{"plugin", "new | pack | test | run | inspect …", "make, try and look at plugins; `patchbay plugin help`", pluginCommand},
		{"export", "[--json] [--users]", "write what the running gateway does as blocks of gateway.hcl, without secrets", export},
		{"reload", "[--config FILE] [--data DIR]", "make the running gateway read its configuration again, as SIGHUP does", reload},
		{"secrets", "rotate [--config FILE] [--data DIR]", "replace the key of the secrets in the store", secrets},
		{"apply", "[--dry-run] [--prune] FILE", "bring such a document into force on the running gateway", apply},
		{"erase", "--phone NUMBER [--dry-run]", "forget a telephone number, in the journal and the call records", erase},
		{"doctor", "[--repair]", "say what is wrong with the data of a stopped gateway, and how to go on", doctor},
		{"backup", "[--with-key] FILE|-", "write the data of the gateway, running or not, into a file", backup},
		{"restore", "FILE --data DIR", "make a data folder of such a file", restore},
		{"version", "", "print the version", version},
	}
}

// run is main without the process: it returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	env := &environment{stdin, stdout, stderr}
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		usage(stdout)
		return exitOK
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		switch err := c.run(env, args[1:]); {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return exitOK
		case errors.Is(err, errUsage):
			return exitUsage
		default:
			_, _ = fmt.Fprintln(stderr, "patchbay:", err)
			return exitFault
		}
	}
	_, _ = fmt.Fprintf(stderr, "patchbay: there is no command %q; `patchbay help` lists them\n", args[0])
	return exitUsage
}

func usage(w io.Writer) {
	var b strings.Builder
	b.WriteString("patchbay: the call-centre API gateway\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  patchbay %-8s %s\n  %18s%s\n", c.name, c.arguments, "", c.summary)
	}
	_, _ = io.WriteString(w, b.String())
}

// flags returns a flag set that reports to the environment.
func (env *environment) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet("patchbay "+name, flag.ContinueOnError)
	f.SetOutput(env.stderr)
	return f
}

// parse parses flags and refuses arguments beyond the expected ones.
func (env *environment) parse(f *flag.FlagSet, args []string, positional ...string) ([]string, error) {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, errUsage
	}
	if f.NArg() != len(positional) {
		_, _ = fmt.Fprintf(env.stderr, "usage: %s [flags] %s\n", f.Name(), strings.Join(positional, " "))
		f.PrintDefaults()
		return nil, errUsage
	}
	return f.Args(), nil
}

// defaultConfig is read when it is there and --config is not given.
const defaultConfig = "gateway.hcl"

// load reads the configuration; every mistake is printed, not only the first.
func (env *environment) load(path string, o config.Override) (*config.Config, error) {
	cfg, diagnostics := loader(path, o)()
	for _, d := range diagnostics {
		_, _ = fmt.Fprintln(env.stderr, d)
	}
	if diagnostics.HasErrors() {
		return nil, fmt.Errorf("the configuration has %d mistakes", len(diagnostics))
	}
	return cfg, nil
}

// loader reads the configuration as often as it is asked to. A default file is looked
// for once: a gateway that began without one does not begin to use one.
func loader(path string, o config.Override) app.Loader {
	if path == "" {
		if _, err := os.Stat(defaultConfig); err == nil {
			path = defaultConfig
		}
	}
	return func() (*config.Config, config.Diagnostics) {
		cfg := config.Default()
		var diagnostics config.Diagnostics
		if path != "" {
			cfg, diagnostics = config.Load(path)
		}
		if diagnostics.HasErrors() {
			return nil, diagnostics
		}
		cfg, more := cfg.With(o)
		return cfg, append(diagnostics, more...)
	}
}

// What the panel shows of the log: so many entries of so many instances.
const (
	logEntries   = 500
	logInstances = 200
)

func serve(env *environment, args []string) error {
	f := env.flags("serve")
	path := f.String("config", "", "configuration file; gateway.hcl in this folder when it is there, else built-in defaults")
	data := f.String("data", "", "folder of the gateway's data")
	listen := f.String("listen", "", "address to serve on, host:port")
	if _, err := env.parse(f, args); err != nil {
		return err
	}
	cfg, err := env.load(*path, config.Override{Listen: *listen, Data: *data})
	if err != nil {
		return err
	}
	tail := logging.NewTail(logEntries, logInstances)
	log, err := logging.New(logging.Options{Level: cfg.Gateway.Log.Level, Format: cfg.Gateway.Log.Format, Output: env.stderr, Sink: tail})
	if err != nil {
		return err
	}
	collectOften()
	ctx, signals := follow(context.Background())
	defer signals.end()
	gateway, err := app.New(ctx, cfg, log)
	if err != nil {
		return err
	}
	gateway.ShowLog(tail)
	gateway.ReloadFrom(loader(*path, config.Override{Listen: *listen, Data: *data}))
	signals.gateway.Store(gateway)
	if password := gateway.FirstPassword(); password != "" {
		_, _ = fmt.Fprintf(env.stdout, "First start: user admin with password %s (shown once; change it)\n", password)
	}
	return gateway.Run(ctx, func(a net.Addr) { _, _ = fmt.Fprintf(env.stdout, "patchbay listens on %s\n", a) })
}

// collectOften has garbage collected at half of the usual growth, unless the operator
// says otherwise (GOGC, see runtime/debug). A request leaves less than a kilobyte, so a
// collection is rare in any case; ten thousand that wait need 25 MB less.
func collectOften() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}

func check(env *environment, args []string) error {
	f := env.flags("check")
	path := f.String("config", "", "configuration file")
	if _, err := env.parse(f, args); err != nil {
		return err
	}
	cfg, err := env.load(*path, config.Override{})
	if err != nil {
		return err
	}
	if faults := app.Check(cfg); len(faults) > 0 {
		for _, fault := range faults {
			_, _ = fmt.Fprintln(env.stderr, fault)
		}
		return fmt.Errorf("%d things cannot run as configured", len(faults))
	}
	_, _ = fmt.Fprintln(env.stdout, "The configuration is good.")
	return nil
}

func version(env *environment, _ []string) error {
	_, err := fmt.Fprintln(env.stdout, "patchbay", app.Version)
	return err
}
