package admin

import (
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// Abilities are what integrators can call.
type Abilities interface {
	// Abilities lists every action of the modules that are loaded.
	Abilities() []Ability
}

// Ability is one action as an integrator sees it.
type Ability struct {
	Module string        `json:"module"`
	Action string        `json:"action"`
	Right  string        `json:"right"`
	Title  manifest.Text `json:"title"`
	Safe   bool          `json:"safe"` // it reads only
	// Off is why it answers nobody, "" when it is on.
	Off string `json:"off"`
	// Curl are ready commands; the token is $TOKEN.
	Curl []string `json:"curl"`
}

// userAbility is one action with what the user may do.
type userAbility struct {
	Ability
	Allowed bool `json:"allowed"`
	// Works is Allowed, and the action is on, and the user active.
	Works bool `json:"works"`
}

type abilitiesAnswer struct {
	Actions []userAbility `json:"actions"`
}

func (a *API) abilities(c *call) (any, error) {
	u, err := a.opt.Users.User(c.param("login"))
	if err != nil {
		return nil, err
	}
	rights, err := auth.ParseRights(u.Rights)
	if err != nil {
		return nil, err
	}
	out := abilitiesAnswer{[]userAbility{}}
	for _, x := range a.opt.Gateway.Abilities() {
		allowed := rights.Allows(x.Module, x.Action)
		out.Actions = append(out.Actions, userAbility{x, allowed, allowed && x.Off == "" && u.Status == auth.StatusActive})
	}
	return out, nil
}

// preset is a set of rights with a name.
type preset struct {
	ID     string        `json:"id"`
	Title  manifest.Text `json:"title"`
	Rights []string      `json:"rights"`
}

type presetsAnswer struct {
	Presets []preset `json:"presets"`
}

// presets are made of the modules that there are: everything, everything that only
// reads, and each module.
func (a *API) presets(*call) (any, error) {
	all := []preset{{"all", manifest.Text{EN: "Everything", RU: "Всё"}, []string{"*"}}}
	reading := preset{"read", manifest.Text{EN: "Reading only", RU: "Только чтение"}, []string{}}
	for _, x := range a.opt.Gateway.Abilities() {
		if x.Safe {
			reading.Rights = append(reading.Rights, x.Right)
		}
	}
	slices.Sort(reading.Rights)
	if len(reading.Rights) > 0 {
		all = append(all, reading)
	}
	for _, m := range a.opt.Gateway.Rights() {
		all = append(all, preset{"module." + m.Module, m.Title, []string{m.Right}})
	}
	return presetsAnswer{all}, nil
}
