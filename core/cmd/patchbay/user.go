package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"
)

// userVerb is one verb of `patchbay user`.
type userVerb struct {
	name, arguments, summary string
	positional               int
	run                      func(v *userVisit, args []string) error
}

func userVerbs() []userVerb {
	return []userVerb{
		{"list", "[--deleted]", "list the users", 0, listUsers},
		{"add", "LOGIN [--if-missing]", "add a user", 1, addUser},
		{"set", "LOGIN", "change role, rights, networks or note", 1, setUser},
		{"password", "LOGIN", "set a password; ends all tokens", 1, setUserPassword},
		{"block", "LOGIN", "keep a user out; ends all tokens", 1, blockUser},
		{"unblock", "LOGIN", "let a blocked user in again", 1, unblockUser},
		{"second-factor", "LOGIN", "take the second factor away from a user who has lost it", 1, resetSecondFactor},
		{"remove", "LOGIN", "delete a user for good; the login stays reserved", 1, removeUser},
		{"token", "LOGIN [--label TEXT]", "issue a token; it is shown once", 1, issueUserToken},
		{"tokens", "LOGIN", "list the tokens of a user", 1, listUserTokens},
		{"revoke", "LOGIN [TOKEN-ID | --all]", "end one token of a user, or all", -1, revokeUserTokens},
	}
}

// userVisit is one run of a verb.
type userVisit struct {
	env    *environment
	flags  *userFlags
	client *userClient
}

// userFlags are the flags of all verbs; a verb registers those that it knows.
type userFlags struct {
	set                        *flag.FlagSet
	config, data               string
	json                       bool
	rights, role, ip, note     string
	password                   string
	passwordStdin, mustChange  bool
	ifMissing, deleted, all    bool
	label, lifetime, idleLimit string
}

func newUserFlags(env *environment, verb string) *userFlags {
	o := &userFlags{set: env.flags("user " + verb)}
	f := o.set
	f.StringVar(&o.config, "config", "", "configuration file; gateway.hcl in this folder when it is there")
	f.StringVar(&o.data, "data", "", "folder of the gateway's data, when it is not the configured one")
	f.BoolVar(&o.json, "json", false, "print the answer as JSON")
	switch verb {
	case "list":
		f.BoolVar(&o.deleted, "deleted", false, "show deleted users, too")
	case "add", "set":
		f.StringVar(&o.rights, "rights", "", `rights, separated by commas: "sms.send,contact.*", "*"`)
		f.StringVar(&o.role, "role", "", "administrator, manager, auditor or integrator (the default)")
		f.StringVar(&o.ip, "ip", "", "networks that the user may come from, separated by commas; none: from anywhere")
		f.StringVar(&o.note, "note", "", "a note for administrators")
	case "token":
		f.StringVar(&o.label, "label", "", "what the token is for")
		f.StringVar(&o.lifetime, "lifetime", "", "how long it lives: 90d, 12h; the configured time when left out")
		f.StringVar(&o.idleLimit, "idle", "", "how long it may stay unused: 30d, 12h, never; the configured time when left out")
	case "revoke":
		f.BoolVar(&o.all, "all", false, "end all tokens of the user")
	}
	if verb == "add" {
		f.BoolVar(&o.ifMissing, "if-missing", false, "do nothing when the user is there already")
	}
	if verb == "add" || verb == "password" {
		f.StringVar(&o.password, "password", "", "the password; others on this machine may see it in the list of processes")
		f.BoolVar(&o.passwordStdin, "password-stdin", false, "read the password from the first line of the input; without either one is made and printed")
		f.BoolVar(&o.mustChange, "must-change", false, "ask for a new password at the next login to the panel")
	}
	return o
}

// given reports whether a flag stands on the command line.
func (o *userFlags) given(name string) (yes bool) {
	o.set.Visit(func(f *flag.Flag) { yes = yes || f.Name == name })
	return yes
}

// parse reads flags before and behind the positional arguments.
func (o *userFlags) parse(args []string) (positional []string, err error) {
	for {
		if err := o.set.Parse(args); err != nil {
			return nil, err
		}
		args = o.set.Args()
		if len(args) == 0 {
			return positional, nil
		}
		positional = append(positional, args[0])
		args = args[1:]
	}
}

// userTimeout bounds one command.
const userTimeout = time.Minute

// userCommand manages users: of a running gateway through its control socket, of
// a stopped one in its data.
func userCommand(env *environment, args []string) error {
	verbs := userVerbs()
	i := -1
	if len(args) > 0 {
		i = slices.IndexFunc(verbs, func(v userVerb) bool { return v.name == args[0] })
	}
	if i < 0 {
		return userUsage(env, verbs)
	}
	verb := verbs[i]
	o := newUserFlags(env, verb.name)
	positional, err := o.parse(args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errUsage
	case verb.positional >= 0 && len(positional) != verb.positional:
		_, _ = fmt.Fprintf(env.stderr, "usage: patchbay user %s %s\n", verb.name, verb.arguments)
		o.set.PrintDefaults()
		return errUsage
	}
	ctx, stop := context.WithTimeout(context.Background(), userTimeout)
	defer stop()
	client, err := openUsers(ctx, env, o, verb.name == "add")
	if err != nil {
		return err
	}
	err = verb.run(&userVisit{env, o, client}, positional)
	if closed := client.close(ctx); err == nil {
		err = closed
	}
	return err
}

func userUsage(env *environment, verbs []userVerb) error {
	var b strings.Builder
	b.WriteString("usage: patchbay user VERB [flags]\n\n")
	for _, v := range verbs {
		fmt.Fprintf(&b, "  %-34s %s\n", v.name+" "+v.arguments, v.summary)
	}
	b.WriteString("\n`patchbay user VERB --help` lists the flags.\n")
	_, _ = fmt.Fprint(env.stderr, b.String())
	return errUsage
}
