package openapi

import (
	"net/http"
	"strconv"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// JSON returns the OpenAPI 3.1 document in "en" or "ru".
func (d *Document) JSON(lang string) []byte {
	w := &writer{lang: lang, operations: map[string]bool{}}
	w.object(func() {
		w.str("openapi", "3.1.0")
		w.field("info", func() {
			w.object(func() {
				w.str("title", w.pick("Patchbay: call-centre API", "Patchbay: API центра обработки вызовов"))
				w.str("version", d.Version)
				w.str("description", w.pick(
					"POST a JSON object; actions that only read answer GET, too. Unknown parameters are ignored. Every answer carries X-Request-Id.",
					"Запросы передаются методом POST с объектом JSON; действия, которые только читают, отвечают и на GET. Неизвестные параметры не учитываются. Каждый ответ содержит X-Request-Id."))
			})
		})
		w.field("servers", func() { w.array(func() { w.object(func() { w.str("url", d.Server) }) }) })
		w.field("security", func() { w.raw(`[{"bearer":[]}]`) })
		w.field("tags", func() { w.array(func() { d.tags(w) }) })
		w.field("paths", func() {
			w.object(func() {
				w.field(loginPath, func() { w.object(w.login) })
				for _, r := range d.Routes {
					w.field(r.path(), func() {
						w.object(func() {
							for _, m := range methods(r.Action) {
								w.field(lower(m), func() { w.object(func() { w.operation(r, m) }) })
							}
						})
					})
				}
			})
		})
		w.field("components", func() { w.object(w.components) })
	})
	return append(w.b, '\n')
}

func (d *Document) tags(w *writer) {
	w.object(func() {
		w.str("name", "auth")
		w.str("description", w.pick("Access", "Доступ"))
	})
	seen := map[string]bool{"auth": true}
	for _, r := range d.Routes {
		if seen[r.Module] {
			continue
		}
		seen[r.Module] = true
		w.object(func() {
			w.str("name", r.Module)
			w.str("description", w.text(r.Manifest.Title)+". "+w.text(r.Manifest.Description))
		})
	}
}

func (w *writer) operation(r Route, method string) {
	a := r.Action
	w.str("operationId", w.operationID(r, method))
	w.field("tags", func() { w.array(func() { w.quote(r.Module) }) })
	w.str("summary", w.text(a.Title))
	w.str("description", w.text(a.Summary))
	w.field("parameters", func() {
		w.array(func() {
			if method == http.MethodGet {
				for _, p := range queryable(a) {
					w.object(func() { w.queryParameter(p) })
				}
			}
			if !a.Safe {
				w.object(func() { w.str("$ref", "#/components/parameters/IdempotencyKey") })
			}
		})
	})
	if method == http.MethodPost {
		w.field("requestBody", func() { w.object(func() { w.body(a) }) })
	}
	w.field("responses", func() {
		w.object(func() {
			w.field("200", func() { w.object(func() { w.success(a) }) })
			w.failures(failures(a), failedExamples(a, w.lang))
		})
	})
}

// operationID is <module>_<action>, with the method where there are two.
func (w *writer) operationID(r Route, method string) string {
	id := r.Module + "_" + r.Name
	if method == http.MethodGet && r.Action.Allows(http.MethodPost) {
		id += "_get"
	}
	for base, n := id, 2; w.operations[id]; n++ {
		id = base + "_" + strconv.Itoa(n)
	}
	w.operations[id] = true
	return id
}

func (w *writer) queryParameter(p schema.Property) {
	w.str("name", p.Name)
	w.str("in", "query")
	if p.Required {
		w.field("required", func() { w.raw("true") })
	}
	if p.Schema.Deprecated {
		w.field("deprecated", func() { w.raw("true") })
	}
	w.field("schema", func() { w.schema(p.Schema) })
}

func (w *writer) body(a *manifest.Action) {
	if len(required(a)) > 0 {
		w.field("required", func() { w.raw("true") })
	}
	w.field("content", func() {
		w.object(func() {
			w.field("application/json", func() {
				w.object(func() {
					w.field("schema", func() {
						if a.Params == nil {
							w.raw(`{"type":"object"}`)
						} else {
							w.schema(a.Params)
						}
					})
					w.examples(requestExamples(a, w.lang))
				})
			})
		})
	})
}

func (w *writer) success(a *manifest.Action) {
	w.str("description", w.text(a.Summary))
	w.field("headers", w.requestID)
	w.field("content", func() {
		w.object(func() {
			w.field(a.ResponseType, func() {
				w.object(func() {
					switch {
					case a.ResponseType != "application/json":
						w.field("schema", func() { w.raw(`{"type":"string","format":"binary"}`) })
					case a.Response != nil:
						w.field("schema", func() { w.schema(a.Response) })
					default:
						w.field("schema", func() { w.raw("{}") })
					}
					w.examples(responseExamples(a, w.lang))
				})
			})
		})
	})
}

func (w *writer) requestID() {
	w.object(func() {
		w.field("X-Request-Id", func() { w.object(func() { w.str("$ref", "#/components/headers/RequestId") }) })
	})
}

// failures writes one response for each status with all its texts.
func (w *writer) failures(all []failure, examples []example) {
	for i := 0; i < len(all); {
		status, j := all[i].status, i
		description, retry := "", false
		for ; j < len(all) && all[j].status == status; j++ {
			if j > i {
				description += "\n"
			}
			description += "`" + all[j].text + "` " + w.text(all[j].when)
			retry = retry || all[j].retry
		}
		texts := all[i:j]
		w.field(strconv.Itoa(status), func() {
			w.object(func() { w.failed(status, description, retry, texts, examples) })
		})
		i = j
	}
}

func (w *writer) failed(status int, description string, retry bool, texts []failure, examples []example) {
	w.str("description", description)
	w.field("headers", func() {
		w.object(func() {
			w.field("X-Request-Id", func() { w.object(func() { w.str("$ref", "#/components/headers/RequestId") }) })
			if retry {
				w.field("Retry-After", func() { w.object(func() { w.str("$ref", "#/components/headers/RetryAfter") }) })
			}
		})
	})
	name := "Error"
	if status >= 500 {
		name = "ErrorWithId"
	}
	var all []example
	for _, e := range examples {
		if e.status == status {
			all = append(all, e)
		}
	}
	for _, f := range texts {
		body := &writer{}
		body.object(func() {
			body.str("error", f.text)
			if status >= 500 {
				body.str("id", "8c2f01a9d4")
			}
		})
		all = append(all, example{title: f.text, body: body.b})
	}
	w.field("content", func() {
		w.object(func() {
			w.field("application/json", func() {
				w.object(func() {
					w.field("schema", func() { w.object(func() { w.str("$ref", "#/components/schemas/"+name) }) })
					w.examples(all)
				})
			})
		})
	})
}

func (w *writer) login() {
	w.field("post", func() {
		w.object(func() {
			w.operations["auth_login"] = true
			w.str("operationId", "auth_login")
			w.raw(`,"tags":["auth"],"security":[]`)
			w.str("summary", w.pick("Get a token", "Получить токен"))
			w.field("requestBody", func() {
				w.raw(`{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Login"}}}}`)
			})
			w.field("responses", func() {
				w.object(func() {
					w.field("200", func() {
						w.object(func() {
							w.str("description", w.pick("The token.", "Токен."))
							w.field("headers", w.requestID)
							w.field("content", func() {
								w.raw(`{"application/json":{"schema":{"$ref":"#/components/schemas/Token"},"examples":{"token":{"value":{"access_token":"7cbe2ada17c896e7cb47518943d94a01"}}}}}`)
							})
						})
					})
					w.failures(loginErrors, nil)
				})
			})
		})
	})
}

func (w *writer) components() {
	w.field("securitySchemes", func() { w.raw(`{"bearer":{"type":"http","scheme":"bearer"}}`) })
	w.field("headers", func() {
		w.object(func() {
			w.field("RequestId", func() {
				w.object(func() {
					w.str("description", w.pick("The id of the request in the journal.", "Идентификатор запроса в журнале."))
					w.field("schema", func() { w.raw(`{"type":"string"}`) })
				})
			})
			w.field("RetryAfter", func() {
				w.object(func() {
					w.str("description", w.pick("Seconds until the next attempt may succeed.", "Через сколько секунд повторить запрос."))
					w.field("schema", func() { w.raw(`{"type":"integer","minimum":1}`) })
				})
			})
		})
	})
	w.field("parameters", func() {
		w.object(func() {
			w.field("IdempotencyKey", func() {
				w.object(func() {
					w.str("name", "Idempotency-Key")
					w.str("in", "header")
					w.str("description", w.pick(
						"The same key with the same body within 24 hours gets the stored answer instead of a second action.",
						"Тот же ключ с тем же телом в течение 24 часов вернёт сохранённый ответ, действие не выполнится второй раз."))
					w.field("schema", func() { w.raw(`{"type":"string","maxLength":200}`) })
				})
			})
		})
	})
	w.field("schemas", func() {
		w.raw(`{"Error":{"type":"object","required":["error"],"properties":{"error":{"type":"string"}}},` +
			`"ErrorWithId":{"type":"object","required":["error","id"],"properties":{"error":{"type":"string"},"id":{"type":"string"}}},` +
			`"Login":{"type":"object","required":["login","password"],"properties":{"login":{"type":"string"},"password":{"type":"string"}},` +
			`"examples":[{"login":"API_test_2","password":"API_test_2"}]},` +
			`"Token":{"type":"object","required":["access_token"],"properties":{"access_token":{"type":"string","pattern":"^[0-9a-f]{32}$"}}}}`)
	})
}
