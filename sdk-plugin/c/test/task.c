/* Tasks: replies, errors, settings, memory, operations. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

static pb_value field(size_t i) { return pb_index((pb_value){gateway.reply.p, gateway.reply.n}, i); }

static bool text_is(size_t i, const char *want) { return pb_eq(pb_as_bytes(field(i)), want); }

static pb_reply invalid(pb_task *t) { return pb_invalid(t, "phone", PB("no digits")); }
static pb_reply refused(pb_task *t) { return pb_refused(t, "ACME", PB("blocked")); }
static pb_reply not_now(pb_task *t) { return pb_not_now(t, "ACME", PB("no money")); }
static pb_reply uncertain(pb_task *t) { return pb_uncertain(t, "ACME", PB("garbage")); }
static pb_reply not_found(pb_task *t) { return pb_not_found(t, PB("Wrong ID!")); }
static pb_reply unavailable(pb_task *t) { return pb_unavailable(t, "ACME", NULL); }
static pb_reply timed_out(pb_task *t)
{
    return pb_unavailable(t, "ACME", &(pb_error){.code = PB(PB_TIMEOUT), .source = PB(PB_BY_UPSTREAM), .sent = true, .retry_ms = 5});
}
static pb_reply denied(pb_task *t)
{
    return pb_unavailable(t, "ACME", &(pb_error){.code = PB(PB_DENIED), .source = PB(PB_BY_HOST)});
}

static pb_reply long_detail(pb_task *t)
{
    static char text[1 << 17];
    memset(text, 'x', sizeof text);
    return pb_refused(t, "ACME", (pb_str){text, sizeof text});
}

static pb_reply too_large(pb_task *t)
{
    size_t n = PBI_MAX_MESSAGE;
    char *text = malloc(n);
    memset(text, 'x', n);
    pb_reply r = pb_raw(t, PB("text/plain"), (pb_str){text, n});
    free(text);
    return r;
}

static void errors(void)
{
    static const struct {
        pb_reply (*f)(pb_task *t);
        const char *code, *message, *source;
        bool sent;
    } cases[] = {
        {invalid, "invalid", "phone", "caller", false}, {refused, "refused", "ACME", "upstream", false},
        {not_now, "unavailable", "ACME", "upstream", false}, {uncertain, "unavailable", "ACME", "upstream", true},
        {not_found, "not_found", "Wrong ID!", "caller", false}, {unavailable, "unavailable", "ACME", "upstream", false},
        {timed_out, "timeout", "ACME", "upstream", true}, {denied, "unavailable", "ACME", "host", false},
        {long_detail, "refused", "ACME", "upstream", false}, {too_large, "too_large", "", "plugin", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(in_task(cases[i].f) == PBI_FAILED, "case %zu finished", i);
        CHECK(text_is(0, cases[i].code) && text_is(2, cases[i].message) && text_is(3, cases[i].source)
                  && pb_as_bool(field(5)) == cases[i].sent, "case %zu: %s", i, hex(gateway.reply.p, gateway.reply.n));
    }
}

static void requests_without_handler(void)
{
    static const struct {
        uint32_t kind;
        const char *point, *name;
        uint32_t state;
    } cases[] = {
        {PB_HEALTH, "", "", PBI_FINISHED}, {PB_ACTION, "", "unknown", PBI_FAILED}, {PB_OPERATION, "sms.provider", "unknown", PBI_FAILED},
        {PB_OPERATION, "other.point", "send", PBI_FAILED}, {9, "", "run", PBI_FAILED}, {PB_NONE, "", "", PBI_FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes r = request(cases[i].kind, cases[i].point, cases[i].name, (pb_value){0});
        CHECK(deliver(r.p, r.n) == cases[i].state, "case %zu", i);
        CHECK(cases[i].state == PBI_FINISHED || text_is(0, "internal"), "case %zu", i);
        free(r.p);
    }
}

static void broken_requests(void)
{
    static const char *const cases[] = {"", "c0", "80", "99", "9900", "91a178", "91cd0100", "9900a0a0c0a0a0a0cf7fffffffffffffff",
                                        "9100c0", "920001", "9900a1ff"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes b = from_hex(cases[i], strlen(cases[i]));
        configure = NULL;
        uint32_t state = deliver(b.p, b.n);
        CHECK(state == PBI_FAILED && text_is(0, "internal") && text_is(3, "host"), "%s was served", cases[i]);
        free(b.p);
    }
    static const char *const short_ones[] = {"90", "9100", "9a00a0a0c0a0a0a000c0c3"}; /* older and newer gateways */
    for (size_t i = 0; i < sizeof short_ones / sizeof *short_ones; i++) {
        bytes b = from_hex(short_ones[i], strlen(short_ones[i]));
        CHECK(deliver(b.p, b.n) == PBI_FINISHED, "%s was not served", short_ones[i]);
        free(b.p);
    }
    size_t n = PBI_MAX_MESSAGE + 1; /* [byte string] of one byte too many */
    uint8_t *large = calloc(n, 1);
    large[0] = 0x91, large[1] = 0xc6, large[3] = 0xff, large[4] = 0xff, large[5] = 0xfb;
    CHECK(pbi_message(large, n).fault == PB_NO_MESSAGE && pbi_message(large + 1, n - 1).fault == PB_NO_MESSAGE, "over the limit");
    large[5] = 0xfa;
    CHECK(pbi_message(large, n - 1).fault == PB_FINE, "at the limit");
    free(large);
    CHECK(pbi_start(7, 1 << 24) == PBI_FAILED, "a length over the buffer was believed");
}

/* ---- settings and memory ---- */

static pb_str kept; /* obtained in configure */

static pb_reply keep(pb_task *t)
{
    kept = pb_join(t, PB("Bearer "), pb_setting(t, "token"));
    return (pb_reply){0};
}
static pb_reply use_kept(pb_task *t)
{
    CHECK(pb_eq(kept, "Bearer secret") && pb_eq(pb_setting(t, "token"), "secret"), "settings were lost");
    for (int i = 0; i < 200; i++)
        pb_number(t, i), pb_from_bytes(t, "x", 1);
    return pb_ok(pb_settings());
}
static pb_reply fail_configure(pb_task *t) { return pb_invalid(t, "url", PB("")); }

static void settings(void)
{
    pb_task t = {0};
    bytes r = request(PB_CONFIGURE, "", "", pb_object(&t, {"token", pb_from_str(&t, PB("secret"))}));
    configure = keep;
    CHECK(deliver(r.p, r.n) == PBI_FINISHED, "configure");
    for (int i = 0; i < 100; i++)
        CHECK(in_task(use_kept) == PBI_FINISHED, "task %d", i);
    configure = fail_configure;
    CHECK(deliver(r.p, r.n) == PBI_FAILED && text_is(0, "invalid") && text_is(2, "url"), "a bad setting was accepted");
    configure = NULL;
    free(r.p);
    pbi_release(&t.arena);
}

static pb_reply big(pb_task *t)
{
    pb_builder b = pb_begin(t);
    for (int i = 0; i < 100000; i++)
        pb_add(&b, pb_from_int(t, i));
    pb_value v = pb_array(&b);
    int64_t n;
    CHECK(pb_as_int(pb_index(v, 99999), &n) && n == 99999, "memory was mixed up");
    return pb_ok(v);
}

static void arena(void)
{
    pb_task t = {0};
    uint8_t *blocks[300];
    for (size_t i = 0; i < 300; i++) {
        size_t n = i * i % 9001;
        blocks[i] = pbi_alloc(&t, n);
        CHECK((uintptr_t)blocks[i] % 8 == 0, "alignment");
        memset(blocks[i], (int)i, n);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t k = 0; k < i * i % 9001; k++)
            if (blocks[i][k] != (uint8_t)i) {
                CHECK(false, "block %zu was overwritten", i);
                break;
            }
    pbi_reset(&t.arena);
    uint8_t *again = pbi_alloc(&t, 16);
    uint8_t *longer = pbi_grow(&t, again, 16, 64);
    CHECK(longer == again, "the newest block did not grow in place");
    pbi_alloc(&t, 1);
    CHECK(pbi_grow(&t, longer, 64, 128) != longer, "a block grew over the next");
    pbi_release(&t.arena);
    CHECK(in_task(big) == PBI_FINISHED, "big");
}

static pb_reply log_line(pb_task *t)
{
    pb_log_warn(pb_join(t, PB("status "), pb_number(t, 503)));
    return (pb_reply){0};
}

void test_tasks(void)
{
    errors();
    requests_without_handler();
    broken_requests();
    settings();
    arena();
    in_task(log_line);
    CHECK(gateway.level == 4 && same(gateway.line, "status 503", 10), "log");
}
