/* Host operations: what they send, and answers of every kind. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

static pb_value sent(size_t i) { return pb_index((pb_value){gateway.request.p, gateway.request.n}, i); }

static bool sent_is(size_t i, const char *want) { return pb_eq(pb_as_bytes(sent(i)), want); }

static pb_reply requests(pb_task *t)
{
    pb_fetch(t, (pb_request){.url = PB("https://x.example/a?b=1"), .query = pb_object(t, {"c", pb_from_str(t, PB("d e"))})});
    CHECK(sent_is(0, "GET") && sent_is(1, "https://x.example/a?b=1&c=d%20e") && !pb_exists(sent(2)) && pb_len(sent(3)) == 0
              && pb_as_bool(sent(7)), "GET");
    int64_t n = 0;
    CHECK(pb_as_int(sent(5), &n) && n == 1, "parse by content type");

    pb_fetch(t, (pb_request){.url = PB("https://x.example/"), .json = pb_object(t, {"to", pb_from_str(t, PB("+7"))}),
                             .bearer = PB("T"), .header = pb_object(t, {"x-a", pb_from_str(t, PB("1"))}), .parse = PB_PARSE_XML, .follow = true});
    CHECK(sent_is(0, "POST") && pb_eq(pb_as_bytes(sent(3)), "{\"to\":\"+7\"}") && pb_kind_of(sent(3)) == PB_BYTES, "JSON body");
    CHECK(pb_eq(pb_as_bytes(pb_get(sent(2), "authorization")), "Bearer T")
              && pb_eq(pb_as_bytes(pb_get(sent(2), "content-type")), "application/json")
              && pb_eq(pb_as_bytes(pb_get(sent(2), "x-a")), "1"), "header");
    CHECK(pb_as_int(sent(5), &n) && n == 3 && !pb_as_bool(sent(7)), "XML, following");

    pb_fetch(t, (pb_request){.url = PB("https://x.example/"), .login = PB("Aladdin"), .password = PB("open sesame")});
    CHECK(pb_eq(pb_as_bytes(pb_get(sent(2), "authorization")), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "RFC 7617");

    pb_fetch(t, (pb_request){.method = "PUT", .url = PB("https://x.example/"), .form = pb_object(t, {"a", pb_from_int(t, 1)}), .parse = PB_PARSE_NONE});
    CHECK(sent_is(0, "PUT") && pb_eq(pb_as_bytes(sent(3)), "a=1") && pb_as_int(sent(5), &n) && n == 0
              && pb_eq(pb_as_bytes(pb_get(sent(2), "content-type")), "application/x-www-form-urlencoded"), "form");
    return (pb_reply){0};
}

/* Answers that break the contract are an error that something may have happened. */
static pb_reply broken(pb_task *t)
{
    pb_response r = pb_fetch(t, (pb_request){.url = PB("https://x.example/")});
    CHECK(r.error != NULL && pb_eq(r.error->code, "internal") && pb_eq(r.error->source, "host") && r.error->sent,
          "%s is an answer", hex(gateway.answer.p, gateway.answer.n));
    return (pb_reply){0};
}

static void broken_answers(void)
{
    static const char *const cases[] = {"", "c0", "92c0", "92c0c0c0", "92c05f", "92c091a0", "9293a0a0a0c0", "92a0c0", "92c094ffc0c0c0", "92c0a1ff"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes b = from_hex(cases[i], strlen(cases[i])), old = gateway.answer;
        gateway.answer = b;
        in_task(broken);
        gateway.answer = old;
        free(b.p);
    }
}

static pb_reply oversized(pb_task *t)
{
    size_t n = PBI_MAX_MESSAGE;
    char *text = malloc(n);
    memset(text, 'x', n);
    gateway.operation = NULL;
    pb_result r = pb_kv_put(t, PB("k"), (pb_str){text, n}, 0);
    CHECK(r.error != NULL && pb_eq(r.error->code, "too_large") && !r.error->sent && gateway.operation == NULL, "an oversized request left");
    free(text);
    return (pb_reply){0};
}

static int32_t status;
static pb_reply map_status(pb_task *t)
{
    pb_response a = {.status = status};
    return pb_successful(&a) ? (pb_reply){0} : pb_unsuccessful(t, "ACME", &a, PB(""));
}

static void statuses(void)
{
    static const struct {
        int32_t status;
        const char *code; /* NULL: success */
        bool sent;
    } cases[] = {
        {200, NULL, false}, {204, NULL, false}, {299, NULL, false}, {400, "refused", false}, {422, "refused", false},
        {401, "refused", false}, {429, "busy", false}, {499, "refused", false}, {500, "unavailable", true}, {502, "unavailable", true},
        {503, "unavailable", true}, {302, "unavailable", true}, {199, "unavailable", true}, {0, "unavailable", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        status = cases[i].status;
        uint32_t state = in_task(map_status);
        pb_value reply = {gateway.reply.p, gateway.reply.n};
        CHECK(state == (cases[i].code == NULL ? PBI_FINISHED : PBI_FAILED), "%d: state %u", status, state);
        if (cases[i].code != NULL)
            CHECK(pb_eq(pb_as_bytes(pb_index(reply, 0)), cases[i].code) && pb_as_bool(pb_index(reply, 5)) == cases[i].sent, "%d", status);
    }
}

static pb_reply everything(pb_task *t)
{
    static const char *const names[] = {"kv_get", "kv_put", "kv_delete", "kv_list", "provider_list", "provider_call", "journal_begin",
        "journal_end", "users_list", "freeswitch_originate", "freeswitch_queues", "freeswitch_tiers", "freeswitch_agents",
        "freeswitch_channels", "freeswitch_cdr"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pb_str k = PB("k");
        pb_value v = {0};
        pb_result r = i == 0 ? pb_kv_get(t, k) : i == 1 ? pb_kv_put(t, k, k, 0) : i == 2 ? pb_kv_delete(t, k) : i == 3 ? pb_kv_list(t, k, 5)
            : i == 4 ? pb_providers(t, k) : i == 5 ? pb_provider_call(t, k, k, k, v, 0) : i == 6 ? pb_sms_begin(t, v)
            : i == 7 ? pb_sms_end(t, k, "OK", v) : i == 8 ? pb_users(t) : i == 9 ? pb_originate(t, k, k, k, k) : i == 10 ? pb_queues(t)
            : i == 11 ? pb_tiers(t) : i == 12 ? pb_agents(t) : i == 13 ? pb_channels(t) : pb_cdr(t, k);
        CHECK(strcmp(gateway.operation, names[i]) == 0, "%s instead of %s", gateway.operation, names[i]);
        CHECK(r.error == NULL && pb_check((pb_value){gateway.request.p, gateway.request.n}) == PB_FINE, "%s", names[i]);
    }
    return (pb_reply){0};
}

void test_operations(void)
{
    bytes old = gateway.answer;
    gateway.answer = (bytes){(uint8_t *)"\x92\xc0\xc0", 3};
    in_task(everything);
    in_task(oversized);
    gateway.answer = old;
}

void test_http(void)
{
    bytes old = gateway.answer;
    gateway.answer = (bytes){(uint8_t *)"\x92\xc0\x92\xcc\xc8\xc0", 6};
    in_task(requests);
    gateway.answer = old;
    broken_answers();
    statuses();
}
