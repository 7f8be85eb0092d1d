package patchbay

import (
	"errors"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Bind reads a setting into a variable whenever a guest is configured, before the
// function of [OnConfigure] runs. Call it in init:
//
//	var url, token string
//
//	func init() {
//		patchbay.Bind("url", &url)
//		patchbay.Bind("token", &token)
//	}
//
// The host has checked the settings against plugin.json and filled in defaults, so
// a setting that is missing is an optional one: its variable becomes zero.
func Bind[T string | bool | int | int64 | float64 | []string | Value](name string, to *T) {
	registry.bound = append(registry.bound, func(settings Value) error {
		var zero T
		*to = zero
		v := settings.Get(name)
		if !v.Exists() || read(v, any(to)) {
			return nil
		}
		return errors.New(name + ": has a type that the plugin does not expect; compare plugin.json")
	})
}

// read reports whether v has the type of the variable.
func read(v Value, to any) (ok bool) {
	switch p := to.(type) {
	case *string:
		*p, ok = v.String(), v.Kind() == abi.String
	case *bool:
		*p, ok = v.Bool(), v.Kind() == abi.Bool
	case *int:
		var n int64
		n, ok = v.Int()
		*p = int(n)
		ok = ok && int64(*p) == n
	case *int64:
		*p, ok = v.Int()
	case *float64:
		*p, ok = v.Number()
	case *Value:
		*p, ok = append(Value(nil), v...), true // the settings are the task's memory
	case *[]string:
		ok = v.Kind() == abi.Array
		for e := range v.Elements() {
			*p = append(*p, e.String())
		}
	}
	return ok
}

// configure hands the settings to whoever asked for them.
func configure(settings Value) error {
	for _, bind := range registry.bound {
		if err := bind(settings); err != nil {
			return err
		}
	}
	if registry.configure == nil {
		return nil
	}
	return registry.configure(settings)
}
