package plugin

import (
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// Ask is one thing that a plugin asks for, in words for the person who consents.
type Ask struct {
	Capability string `json:"capability"`
	// Operations with what each of them lets the plugin do.
	Operations []AskOperation `json:"operations"`
	Hosts      []string       `json:"hosts"`
	// Reason is the plugin's own.
	Reason manifest.Text `json:"reason"`
}

// AskOperation is one operation in words.
type AskOperation struct {
	Name string        `json:"name"`
	Text manifest.Text `json:"text"`
	// Used is false when the code does not import it: a later version may.
	Used bool `json:"used"`
}

// words says what an operation lets a plugin do; the gateway's words, because the
// plugin's would say what it likes.
var words = map[string]manifest.Text{
	abi.OpHTTPFetch:           {EN: "send requests over HTTP to the hosts that it is granted", RU: "отправлять запросы по HTTP узлам, которые ему разрешены"},
	abi.OpKVGet:               {EN: "read what it has stored itself", RU: "читать то, что сам сохранил"},
	abi.OpKVPut:               {EN: "store data of its own", RU: "хранить собственные данные"},
	abi.OpKVDelete:            {EN: "delete what it has stored itself", RU: "удалять то, что сам сохранил"},
	abi.OpKVList:              {EN: "list what it has stored itself", RU: "перечислять то, что сам сохранил"},
	abi.OpProviderList:        {EN: "see which providers extend it", RU: "видеть, какие провайдеры его расширяют"},
	abi.OpProviderCall:        {EN: "hand work to the providers that extend it", RU: "передавать работу провайдерам, которые его расширяют"},
	abi.OpJournalBegin:        {EN: "begin records of SMS in the journal", RU: "начинать записи об SMS в журнале"},
	abi.OpJournalEnd:          {EN: "complete its records in the journal", RU: "завершать свои записи в журнале"},
	abi.OpJournalReport:       {EN: "read the journal: requests, SMS and their texts", RU: "читать журнал: запросы, SMS и их тексты"},
	abi.OpJournalReceipt:      {EN: "record what became of its SMS", RU: "записывать состояние доставки своих SMS"},
	abi.OpJournalFind:         {EN: "look up its own records in the journal", RU: "находить свои записи в журнале"},
	abi.OpUsersList:           {EN: "read the names and states of all users", RU: "читать имена и состояние всех пользователей"},
	abi.OpFreeswitchOriginate: {EN: "place calls", RU: "совершать звонки"},
	abi.OpFreeswitchQueues:    {EN: "read the queues of FreeSWITCH", RU: "читать очереди FreeSWITCH"},
	abi.OpFreeswitchTiers:     {EN: "read which agents serve which queues", RU: "читать, какие операторы обслуживают какие очереди"},
	abi.OpFreeswitchAgents:    {EN: "read the states of the agents", RU: "читать состояние операторов"},
	abi.OpFreeswitchChannels:  {EN: "read the calls that are going on", RU: "читать текущие звонки"},
	abi.OpFreeswitchCDR:       {EN: "read records of calls", RU: "читать записи о звонках (CDR)"},
	abi.OpFreeswitchRecording: {EN: "open recordings of calls", RU: "открывать аудиозаписи звонков"},
}

// Asks says in words what a version asks for.
func (p *Package) Asks() []Ask {
	out := []Ask{}
	for _, c := range p.Manifest.Capabilities {
		a := Ask{Capability: c.Name, Operations: []AskOperation{}, Hosts: append([]string{}, c.Hosts...), Reason: c.Reason}
		for _, name := range c.Operations {
			text, known := words[name]
			if !known {
				text = manifest.Text{EN: "use " + name, RU: "пользоваться " + name}
			}
			a.Operations = append(a.Operations, AskOperation{name, text, slices.Contains(p.Imports, name)})
		}
		out = append(out, a)
	}
	return out
}

// In returns the ask as one line.
func (a Ask) In(lang string) string {
	parts := make([]string, len(a.Operations))
	for i, o := range a.Operations {
		parts[i] = o.Text.In(lang)
	}
	line := strings.Join(parts, "; ")
	if len(a.Hosts) > 0 {
		line += " (" + strings.Join(a.Hosts, ", ") + ")"
	}
	return line + ": " + a.Reason.In(lang)
}
