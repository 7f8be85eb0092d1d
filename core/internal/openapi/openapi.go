// Package openapi describes the integrators' API from the manifests: an OpenAPI
// 3.1 document for tools and a page for people. Both are made from the same
// routes that requests are served by, so they cannot be out of date.
//
// The output depends on nothing but the arguments: equal routes give equal bytes.
package openapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// Route is one action as it can be called.
type Route struct {
	// Module and Name make the path: /<Module>/<Name>.
	Module, Name string
	// Manifest is that of the module.
	Manifest *manifest.Manifest
	Action   *manifest.Action
}

// Document is what there is to describe.
type Document struct {
	// Server is the address that integrators use, without a slash at the end:
	// "https://api.example.com".
	Server string
	// Version of the gateway.
	Version string
	// Routes in the order in which they are to be shown.
	Routes []Route
}

// New checks that the routes can be described.
//
// # Errors
//
// A route without module, name, manifest or action, and two routes of one path.
func New(server, version string, routes []Route) (*Document, error) {
	seen := map[string]bool{loginPath: true}
	for i, r := range routes {
		if r.Module == "" || r.Name == "" || r.Manifest == nil || r.Action == nil {
			return nil, fmt.Errorf("route %d (%s/%s) is not complete", i, r.Module, r.Name)
		}
		if seen[r.path()] {
			return nil, fmt.Errorf("the path %s is there twice", r.path())
		}
		seen[r.path()] = true
	}
	if server == "" {
		return nil, errors.New("the server's address is missing")
	}
	return &Document{Server: strings.TrimRight(server, "/"), Version: version, Routes: slices.Clone(routes)}, nil
}

const loginPath = "/auth/login"

func (r Route) path() string { return "/" + r.Module + "/" + r.Name }

// failure is an error that the gateway itself answers.
type failure struct {
	status int
	text   string
	when   manifest.Text
	// retry: the answer tells in Retry-After when to come back.
	retry bool
}

// failures returns every error of an action with the text that the caller sees:
// the gateway's own and those of the manifest, by status, in a fixed order.
func failures(a *manifest.Action) []failure {
	all := slices.Clone(common)
	for _, name := range required(a) {
		all = append(all, failure{status: 419, text: "Empty " + name + "!", when: manifest.Text{
			EN: "The parameter " + name + " is missing or empty.", RU: "Параметр " + name + " не задан или пуст."}})
	}
	for _, p := range a.Params.Properties() {
		all = append(all, failure{status: 422, text: "Invalid " + p.Name + "!", when: manifest.Text{
			EN: "The parameter " + p.Name + " is not acceptable.", RU: "Параметр " + p.Name + " имеет недопустимое значение."}})
	}
	if !a.Safe {
		all = append(all, repeated...)
	}
	for _, e := range a.Errors {
		if !slices.ContainsFunc(all, func(f failure) bool { return f.status == e.Status && f.text == e.Text }) {
			all = append(all, failure{status: e.Status, text: e.Text, when: e.When})
		}
	}
	slices.SortStableFunc(all, func(a, b failure) int { return a.status - b.status })
	return all
}

func required(a *manifest.Action) []string {
	if a.Params == nil {
		return nil
	}
	return a.Params.Required
}

// common are the answers of the gateway to every action.
var common = []failure{
	{status: 401, text: "Unauthorized!", when: manifest.Text{
		EN: "No token, or one that is unknown, expired or revoked.", RU: "Токен не передан, неизвестен, просрочен или отозван."}},
	{status: 405, text: "Access denied!", when: manifest.Text{
		EN: "No such module or action, no right to it, or it is switched off.", RU: "Нет такого модуля или действия, нет прав на него, либо оно выключено."}},
	{status: 413, text: "Request is too large!", when: manifest.Text{
		EN: "The body is over the limit.", RU: "Тело запроса больше допустимого."}},
	{status: 415, text: "Unsupported content type!", when: manifest.Text{
		EN: "The body is multipart.", RU: "Тело запроса передано как multipart."}},
	{status: 420, text: "Invalid JSON!", when: manifest.Text{
		EN: "The body is not a JSON object.", RU: "Тело запроса не является объектом JSON."}},
	{status: 429, text: "Too many requests!", retry: true, when: manifest.Text{
		EN: "The limit of requests is reached.", RU: "Превышено допустимое число запросов."}},
	{status: 500, text: "Internal error!", when: manifest.Text{
		EN: "A fault of the gateway; the id is in its log.", RU: "Ошибка шлюза; идентификатор есть в его журнале."}},
	{status: 502, text: "<system> is unavailable!", when: manifest.Text{
		EN: "The system behind the gateway did not answer or refused.", RU: "Система за шлюзом не ответила или отказала."}},
	{status: 503, text: "Not ready, try again later!", retry: true, when: manifest.Text{
		EN: "The module is being started.", RU: "Модуль ещё запускается."}},
	{status: 504, text: "<system> is unavailable!", when: manifest.Text{
		EN: "The system behind the gateway did not answer in time.", RU: "Система за шлюзом не ответила вовремя."}},
}

// repeated are the answers to a bad use of Idempotency-Key.
var repeated = []failure{
	{status: 409, text: "This Idempotency-Key was used with another request!", when: manifest.Text{
		EN: "The same key with other parameters.", RU: "Тот же ключ с другими параметрами."}},
	{status: 409, text: "The first request with this Idempotency-Key is still running!", retry: true, when: manifest.Text{
		EN: "The same key again before the answer.", RU: "Тот же ключ до получения ответа."}},
	{status: 409, text: "The outcome of the first request with this Idempotency-Key is unknown!", when: manifest.Text{
		EN: "The gateway was stopped in between; find out before you repeat.", RU: "Шлюз был остановлен во время выполнения; перед повтором выясните результат."}},
}

// loginErrors are the answers of the login itself.
var loginErrors = []failure{
	{status: 401, text: "Wrong login or password!", when: manifest.Text{
		EN: "Wrong login or password, unknown or blocked user.", RU: "Неверный логин или пароль, пользователь неизвестен или заблокирован."}},
	{status: 419, text: "Empty login!", when: manifest.Text{EN: "The login is missing.", RU: "Логин не задан."}},
	{status: 419, text: "Empty password!", when: manifest.Text{EN: "The password is missing.", RU: "Пароль не задан."}},
	{status: 420, text: "Invalid JSON!", when: manifest.Text{
		EN: "The body is not a JSON object.", RU: "Тело запроса не является объектом JSON."}},
	{status: 429, text: "Too many requests!", retry: true, when: manifest.Text{
		EN: "Too many failed logins.", RU: "Слишком много неудачных попыток входа."}},
}

// queryable returns the parameters that can stand in a query string.
func queryable(a *manifest.Action) []schema.Property {
	var all []schema.Property
	for _, p := range a.Params.Properties() {
		if p.Schema.Type != schema.Object && p.Schema.Type != schema.Array {
			all = append(all, p)
		}
	}
	return all
}

func lower(method string) string { return strings.ToLower(method) }

// methods returns the methods of an action, POST first.
func methods(a *manifest.Action) []string {
	var all []string
	for _, m := range []string{http.MethodPost, http.MethodGet} {
		if a.Allows(m) {
			all = append(all, m)
		}
	}
	return all
}
