/* The golden bytes of the contract: what the SDK reads and what it writes. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

/* Compares a value with its description in JSON; byte strings are {"bin": hex}. */
static bool match(const char **p, pb_task *t, pb_value v);

static pb_str quoted(const char **p, pb_task *t)
{
    pb_builder b = pb_begin(t);
    for (++*p; **p != '"'; ++*p) {
        if (**p == '\\')
            ++*p; /* the file escapes quotes and backslashes only */
        pbi_put_byte(&b, (uint8_t)**p);
    }
    ++*p;
    return (pb_str){(const char *)b.p_, b.n_};
}

static bool match_list(const char **p, pb_task *t, pb_value v, char end)
{
    size_t n = 0;
    bool ok = pb_kind_of(v) == (end == '}' ? PB_MAP : PB_ARRAY);
    for (++*p; **p != end; n++) {
        *p += n > 0; /* comma */
        pb_value e = end == ']' ? pb_index(v, n) : (pb_value){0};
        if (end == '}') {
            pb_str key = quoted(p, t);
            ++*p; /* colon */
            if (pb_eq(key, "bin")) {
                pb_str digits = quoted(p, t), content = pb_as_bytes(v);
                bytes want = from_hex(digits.p, digits.n);
                ok = pb_kind_of(v) == PB_BYTES && same(want, content.p, content.n);
                free(want.p);
                ++*p;
                return ok;
            }
            e = pb_get(v, pb_cstr(t, key));
        }
        ok = match(p, t, e) && ok;
    }
    ++*p;
    return ok && pb_len(v) == n;
}

static bool match(const char **p, pb_task *t, pb_value v)
{
    if (**p == '"') {
        pb_str want = quoted(p, t);
        return pb_kind_of(v) == PB_STRING && pb_eq(pb_as_bytes(v), pb_cstr(t, want));
    }
    if (**p == '{' || **p == '[')
        return match_list(p, t, v, **p == '{' ? '}' : ']');
    size_t n = strcspn(*p, ",]}\n");
    pb_str word = {*p, n};
    *p += n;
    if (pb_eq(word, "null"))
        return pb_kind_of(v) == PB_NIL;
    return pb_eq(pb_as_str(t, v), pb_cstr(t, word)) && pb_kind_of(v) <= PB_FLOAT;
}

/* ---- what the SDK writes, by the vector's name ---- */

static pb_value params(pb_task *t)
{
    return pb_object(t, {"phone", pb_from_str(t, PB("89190000000"))}, {"message", pb_from_str(t, PB("Привет"))});
}

static pb_reply reply_empty(pb_task *t) { return (void)t, (pb_reply){0}; }
static pb_reply reply_value(pb_task *t)
{
    return (pb_reply){.status = 200, .body = pb_object(t, {"result", pb_from_str(t, PB("OK"))})};
}
static pb_reply reply_bytes(pb_task *t)
{
    pb_reply r = pb_raw(t, PB("audio/wav"), (pb_str){"\x00\xff", 2});
    r.status = 201;
    r.filename = PB("a.wav");
    return r;
}
static pb_reply reply_attachment(pb_task *t)
{
    (void)t;
    pb_reply r = pb_attach(&(pb_attachment){.id = 4294967295, .next = PB("c2")});
    r.format = PB("csv");
    return r;
}
static pb_reply reply_rows(pb_task *t)
{
    pb_builder rows = pb_begin(t);
    pb_add(&rows, pb_object(t, {"Id", pb_from_str(t, PB("3"))}, {"x", (pb_value){0}}));
    pb_reply r = pb_rows(pb_array(&rows), PB("xlsx"));
    r.filename = PB("sms.xlsx");
    r.wrap = true;
    return r;
}
static pb_reply error_empty(pb_task *t) { return pb_fail(t, (pb_error){0}); }
static pb_reply error_unavailable(pb_task *t)
{
    return pb_fail(t, (pb_error){PB("unavailable"), 502, PB("SMS"), PB("upstream"), PB("dial: refused"), true, 1500});
}

static pb_reply http_request(pb_task *t)
{
    pb_fetch(t, (pb_request){
        .method = "POST", .url = PB("https://api.example.com/send"), .body = PB("{\"a\":1}"),
        .header = pb_object(t, {"content-type", pb_from_str(t, PB("application/json"))}),
        .timeout_ms = 3000, .parse = PB_PARSE_JSON, .max_bytes = 1 << 20});
    return (pb_reply){0};
}
static pb_reply provider_call(pb_task *t)
{
    pb_provider_call(t, PB("sms.provider"), PB("balance"), PB("mts-main"), (pb_value){0}, 1000);
    return (pb_reply){0};
}
static pb_reply originate(pb_task *t)
{
    pb_originate(t, PB("89100000000"), PB("1001"), PB("1234"), PB(""));
    return (pb_reply){0};
}
static pb_reply journal_begin(pb_task *t) { return (void)pb_sms_begin(t, params(t)), (pb_reply){0}; }
static pb_reply journal_end(pb_task *t)
{
    pb_sms_end(t, PB("98"), "unknown", pb_object(t, {"segments", pb_from_int(t, 2)}));
    return (pb_reply){0};
}
static pb_reply journal_report(pb_task *t)
{
    pb_report(t, (pb_report_query){PB("badRequest"), PB("2022-11-10"), PB("2022-11-11 23:59:59"),
                                   PB("Europe/Moscow"), 100, PB("c1"), true});
    return (pb_reply){0};
}
static pb_reply journal_receipt(pb_task *t)
{
    pb_builder all = pb_begin(t);
    pb_add(&all, pb_object(t, {"reference", pb_from_str(t, PB("98"))}, {"status", pb_from_str(t, PB("delivered"))},
                           {"at", pb_from_str(t, PB("2026-11-22T02:00:00Z"))}));
    return (void)pb_sms_receipts(t, PB("kannel"), pb_array(&all)), (pb_reply){0};
}
static pb_reply journal_find(pb_task *t)
{
    return (void)pb_sms_find(t, PB(""), PB("kannel"), PB("c0ffee")), (pb_reply){0};
}
static pb_reply kv_get(pb_task *t) { return (void)pb_kv_get(t, PB("token")), (pb_reply){0}; }
static pb_reply kv_put(pb_task *t) { return (void)pb_kv_put(t, PB("token"), PB("abc"), 3600), (pb_reply){0}; }

static const struct {
    const char *name;
    pb_reply (*write)(pb_task *t);
    const char *operation; /* NULL: the reply counts */
} written[] = {
    {"reply/empty", reply_empty, NULL}, {"reply/value", reply_value, NULL}, {"reply/bytes", reply_bytes, NULL},
    {"reply/attachment", reply_attachment, NULL}, {"reply/rows", reply_rows, NULL},
    {"error/empty", error_empty, NULL}, {"error/unavailable", error_unavailable, NULL},
    {"http/request", http_request, "http_fetch"}, {"provider/call", provider_call, "provider_call"},
    {"freeswitch/originate", originate, "freeswitch_originate"}, {"journal/begin", journal_begin, "journal_begin"},
    {"journal/end", journal_end, "journal_end"}, {"journal/report", journal_report, "journal_report"},
    {"journal/receipt", journal_receipt, "journal_receipt"}, {"journal/find", journal_find, "journal_find"},
    {"kv/get", kv_get, "kv_get"}, {"kv/put", kv_put, "kv_put"},
};

/* ---- what the SDK reads ---- */

static bytes vector; /* the one at hand */

static pb_reply answer_body(pb_task *t)
{
    pb_result r = pb_sms_begin(t, params(t));
    CHECK(r.error == NULL && pb_eq(pb_as_str(t, r.body), "98"), "answer/body");
    return (pb_reply){0};
}
static pb_reply answer_nothing(pb_task *t)
{
    pb_result r = pb_kv_delete(t, PB("k"));
    CHECK(r.error == NULL && r.body.n == 0, "answer/nothing");
    return (pb_reply){0};
}
static pb_reply answer_error(pb_task *t)
{
    pb_result r = pb_kv_get(t, PB("k"));
    CHECK(r.error != NULL && pb_eq(r.error->code, "denied") && pb_eq(r.error->source, "host") && !r.error->sent
              && pb_eq(r.error->detail, "not granted"), "answer/error");
    return (pb_reply){0};
}
static pb_reply http_response(pb_task *t)
{
    pb_response r = pb_fetch(t, (pb_request){.url = PB("https://x.example/")});
    int64_t n = 0;
    CHECK(r.error == NULL && r.status == 200 && r.body.n == 0 && pb_as_int(pb_path(r.data, "1"), &n) && n == 300
              && pb_as_bool(pb_path(r.data, "2")) && pb_eq(pb_as_str(t, pb_path(r.data, "3")), "1.5")
              && pb_eq(pb_as_str(t, pb_get(r.header, "content-type")), "application/json"), "http/response");
    return (pb_reply){0};
}
static pb_reply attachment(pb_task *t)
{
    pb_attachment a = pb_recording(t, PB("id"));
    CHECK(a.error == NULL && a.id == 1 && a.size == -1 && pb_eq(a.content_type, "audio/wav"), "attachment");
    return (pb_reply){0};
}
static pb_reply attachment_rows(pb_task *t)
{
    pb_attachment a = pb_report(t, (pb_report_query){0});
    CHECK(a.error == NULL && a.id == 2 && a.size == (int64_t)1 << 33 && a.rows == 10000
              && pb_eq(a.next, "1669295680528041"), "attachment/rows");
    return (pb_reply){0};
}

static const struct {
    const char *name;
    pb_reply (*read)(pb_task *t);
    bool whole; /* the vector is the answer, not its body */
} read[] = {
    {"answer/body", answer_body, true}, {"answer/nothing", answer_nothing, true}, {"answer/error", answer_error, true},
    {"http/response", http_response, false}, {"attachment", attachment, false}, {"attachment/rows", attachment_rows, false},
};

static pb_reply see_action(pb_task *t)
{
    pb_phone phone = pb_phone_of(t, "phone");
    CHECK(pb_eq(pb_param(t, "phone"), "89190000000") && pb_eq(pb_param(t, "message"), "Привет")
              && pb_eq(pb_request_id(t), "0197f3") && pb_eq(pb_user(t), "API_test_2") && pb_timeout_ms(t) == 15000
              && pb_eq(phone.e164, "+79190000000") && pb_eq(phone.region, "RU") && pb_eq(phone.type, "mobile"),
          "request/action");
    return (pb_reply){0};
}
static pb_reply see_operation(pb_task *t)
{
    CHECK(pb_eq(pb_point(t), "sms.provider") && pb_eq(pb_name(t), "send") && pb_eq(pb_instance(t), "backup")
              && pb_timeout_ms(t) == 70000, "request/operation");
    return (pb_reply){0};
}
static pb_reply see_settings(pb_task *t)
{
    CHECK(pb_eq(pb_setting(t, "url"), "http://127.0.0.1:8090") && pb_eq(pb_instance(t), "mts-main"), "request/configure");
    return (pb_reply){0};
}

static void check_request(const char *name)
{
    configure = strcmp(name, "request/configure") == 0 ? see_settings : NULL;
    body = strcmp(name, "request/operation") == 0 ? see_operation : see_action; /* unused by the others */
    uint32_t state = deliver(vector.p, vector.n);
    CHECK(state == PBI_FINISHED, "%s: state %u", name, state);
}

static pb_reply check_vector(pb_task *t)
{
    pb_value v = {vector.p, vector.n};
    CHECK(pb_check(v) == PB_FINE, "%s: fault %d", hex(v.p, v.n), pb_check(v));
    pb_value again = rewrite(t, v);
    CHECK(same(vector, again.p, again.n), "%s was rewritten", hex(v.p, v.n));
    for (size_t n = 0; n < vector.n; n++) {
        bytes cut = copy(vector.p, n); /* its own block: reading on is found */
        CHECK(pb_check((pb_value){cut.p, n}) != PB_FINE, "%s: cut at %zu", hex(v.p, v.n), n);
        free(cut.p);
    }
    bytes longer = copy(vector.p, vector.n);
    longer.p[longer.n++] = 0xc0;
    CHECK(pb_check((pb_value){longer.p, longer.n}) == PB_TRAILING, "%s: bytes behind it", hex(v.p, v.n));
    free(longer.p);
    return (pb_reply){0};
}

static const char *description;
static pb_reply check_description(pb_task *t)
{
    CHECK(match(&description, t, (pb_value){vector.p, vector.n}), "%s", hex(vector.p, vector.n));
    return (pb_reply){0};
}

static unsigned used; /* tables' entries that met their vector */

static void check_message(const char *name)
{
    if (strncmp(name, "request/", 8) == 0)
        check_request(name);
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        if (strcmp(written[i].name, name) != 0)
            continue;
        used++;
        in_task(written[i].write);
        bytes got = written[i].operation != NULL ? gateway.request : gateway.reply;
        CHECK(same(got, vector.p, vector.n), "%s\n got  %s", name, hex(got.p, got.n));
        if (written[i].operation != NULL)
            CHECK(strcmp(gateway.operation, written[i].operation) == 0, "%s: %s", name, gateway.operation);
    }
    for (size_t i = 0; i < sizeof read / sizeof *read; i++) {
        if (strcmp(read[i].name, name) != 0)
            continue;
        used++;
        bytes old = gateway.answer, wrapped = {malloc(vector.n + 2), vector.n + 2};
        memcpy(wrapped.p, "\x92\xc0", 2);
        memcpy(wrapped.p + 2, vector.p, vector.n);
        gateway.answer = read[i].whole ? vector : wrapped;
        in_task(read[i].read);
        gateway.answer = old;
        free(wrapped.p);
    }
}

void test_vectors(const char *file)
{
    FILE *f = fopen(file, "r");
    CHECK(f != NULL, "cannot open %s", file);
    if (f == NULL)
        return;
    bytes old = gateway.answer;
    gateway.answer = (bytes){(uint8_t *)"\x92\xc0\xc0", 3};
    char line[4096], name[64];
    unsigned n = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        char *digits = strstr(line, "\",\"hex\":\"");
        char *value = strstr(line, "\",\"value\":");
        if (digits == NULL || value == NULL)
            continue;
        n++;
        const char *start = strchr(strstr(line, "\"name\":") + 7, '"') + 1;
        snprintf(name, sizeof name, "%.*s", (int)(digits - start), start);
        digits += 9;
        vector = from_hex(digits, (size_t)(value - digits));
        description = value + 10;
        in_task(check_vector);
        in_task(check_description);
        check_message(name);
        free(vector.p);
    }
    fclose(f);
    gateway.answer = old;
    CHECK(n >= 46, "only %u vectors in %s", n, file);
    CHECK(used == sizeof written / sizeof *written + sizeof read / sizeof *read, "%u messages were checked", used);
}
