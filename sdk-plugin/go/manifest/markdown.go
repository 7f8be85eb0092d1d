package manifest

import (
	"fmt"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// words of the tables, by language.
var words = map[string]map[string]string{
	"en": {
		"actions": "Actions", "action": "Action", "methods": "Methods", "summary": "What it does",
		"params": "Parameters", "param": "Parameter", "type": "Type", "required": "Required", "description": "Meaning", "default": "Default",
		"yes": "yes", "errors": "Errors", "status": "Status", "text": "Text", "when": "When",
		"points": "Extension points", "operation": "Operation", "optional": "optional", "extends": "Serves",
		"capabilities": "Capabilities", "capability": "Capability", "reason": "Why",
		"settings": "Settings", "setting": "Setting", "secret": "secret", "notes": "Notes", "instance": "one for each provider instance",
	},
	"ru": {
		"actions": "Действия", "action": "Действие", "methods": "Методы", "summary": "Что делает",
		"params": "Параметры", "param": "Параметр", "type": "Тип", "required": "Обязателен", "description": "Значение", "default": "По умолчанию",
		"yes": "да", "errors": "Ошибки", "status": "Код", "text": "Текст", "when": "Когда",
		"points": "Точки расширения", "operation": "Операция", "optional": "необязательна", "extends": "Обслуживает",
		"capabilities": "Возможности", "capability": "Возможность", "reason": "Зачем",
		"settings": "Настройки", "setting": "Настройка", "secret": "секрет", "notes": "Примечания", "instance": "по одному на экземпляр провайдера",
	},
}

type page struct {
	strings.Builder
	m    *Manifest
	lang string
	word map[string]string
}

// Markdown renders the tables of a plugin's README: actions with parameters and
// errors, extension points, capabilities, settings. Lang is "ru", otherwise
// English. The text ends with a line break.
func (m *Manifest) Markdown(lang string) string {
	if lang != "ru" {
		lang = "en"
	}
	p := &page{m: m, lang: lang, word: words[lang]}
	fmt.Fprintf(p, "**%s** `%s` %s\n\n%s\n", cell(m.Title.In(lang)), m.ID, m.Version, m.Description.In(lang))
	p.actions()
	p.points()
	p.capabilities()
	p.settings()
	if len(m.Notes) > 0 {
		p.heading(2, "notes")
		for _, n := range m.Notes {
			fmt.Fprintf(p, "- %s\n", cell(n.In(lang)))
		}
	}
	return p.String()
}

func (p *page) heading(level int, word string) {
	fmt.Fprintf(p, "\n%s %s\n\n", strings.Repeat("#", level), p.word[word])
}

func (p *page) columns(names ...string) {
	for _, n := range names {
		fmt.Fprintf(p, "| %s ", p.word[n])
	}
	p.WriteString("|\n" + strings.Repeat("|---", len(names)) + "|\n")
}

func (p *page) row(cells ...string) {
	for _, c := range cells {
		fmt.Fprintf(p, "| %s ", cell(c))
	}
	p.WriteString("|\n")
}

var cellEscaper = strings.NewReplacer("|", `\|`, "\n", " ", "\r", "")

func cell(s string) string { return cellEscaper.Replace(s) }

func code(s string) string { return "`" + strings.ReplaceAll(s, "`", "'") + "`" }

func (p *page) actions() {
	if len(p.m.Actions) == 0 {
		return
	}
	p.heading(2, "actions")
	p.columns("action", "methods", "summary")
	for _, a := range p.m.Actions {
		path := "/" + p.m.ID + "/" + a.Name
		summary := a.Summary.In(p.lang)
		if a.PerInstance != "" {
			path = "/" + p.m.ID + "/<…>"
			summary += " (" + p.word["instance"] + ")"
		}
		p.row(code(path), strings.Join(a.Methods, ", "), summary)
	}
	for _, a := range p.m.Actions {
		if len(a.Params.Properties()) == 0 && len(a.Errors) == 0 {
			continue
		}
		fmt.Fprintf(p, "\n### %s\n\n", a.Name)
		if len(a.Params.Properties()) > 0 {
			p.columns("param", "type", "required", "default", "description")
			p.properties(a.Params)
			p.WriteString("\n")
		}
		if len(a.Errors) > 0 {
			p.columns("status", "text", "when")
			for _, e := range a.Errors {
				p.row(fmt.Sprint(e.Status), code(e.Text), e.When.In(p.lang))
			}
		}
	}
}

func (p *page) properties(s *schema.Schema) {
	for _, f := range s.Properties() {
		kind := string(f.Schema.Type)
		if f.Schema.Format != "" {
			kind += ", " + string(f.Schema.Format)
		}
		if f.Schema.Secret {
			kind += ", " + p.word["secret"]
		}
		required, preset := "", ""
		if f.Required {
			required = p.word["yes"]
		}
		if len(f.Schema.Default) > 0 {
			preset = code(f.Schema.Default.String())
		}
		p.row(code(f.Name), kind, required, preset, p.meaning(f.Schema))
	}
}

func (p *page) meaning(s *schema.Schema) string {
	title, description := s.Title, s.Description
	if p.lang == "ru" {
		title, description = s.TitleRU, s.DescriptionRU
	}
	text := strings.TrimSpace(strings.TrimSuffix(title, ".") + ". " + description)
	if title == "" || description == "" {
		text = title + description
	}
	if s.Unit != "" {
		text += ", " + s.Unit
	}
	return text
}

func (p *page) points() {
	if len(p.m.Provides) > 0 {
		p.heading(2, "points")
		p.columns("operation", "summary")
		for _, point := range p.m.Provides {
			for _, o := range point.Operations {
				summary := o.Summary.In(p.lang)
				if o.Optional {
					summary += " (" + p.word["optional"] + ")"
				}
				p.row(code(point.Name+" "+o.Name), summary)
			}
		}
	}
	if len(p.m.Extends) > 0 {
		p.heading(2, "extends")
		for _, e := range p.m.Extends {
			fmt.Fprintf(p, "- %s: %s\n", code(e.Point), strings.Join(e.Operations, ", "))
		}
	}
}

func (p *page) capabilities() {
	if len(p.m.Capabilities) == 0 {
		return
	}
	p.heading(2, "capabilities")
	p.columns("capability", "operation", "reason")
	for _, c := range p.m.Capabilities {
		p.row(code(c.Name), strings.Join(c.Operations, ", "), c.Reason.In(p.lang))
	}
}

func (p *page) settings() {
	s := p.m.Settings
	if s == nil {
		return
	}
	p.heading(2, "settings")
	p.columns("setting", "type", "required", "default", "description")
	p.properties(s)
	for _, branch := range s.OneOf {
		p.row(code(s.Discriminator+" = "+branch.Property(s.Discriminator).Const.String()), "", "", "", p.meaning(branch))
		p.properties(branch)
	}
}
