#include "rig.h"

#include <stdlib.h>
#include <string.h>

int failures;
struct gateway gateway;
pb_reply (*body)(pb_task *t);
pb_reply (*configure)(pb_task *t);

bytes copy(const void *p, size_t n)
{
    bytes b = {malloc(n + 1), n}; /* one more: malloc(0) may be NULL */
    if (n > 0)
        memcpy(b.p, p, n);
    return b;
}

static void replace(bytes *b, const void *p, size_t n)
{
    bytes old = *b;
    *b = copy(p, n);
    free(old.p);
}

bool same(bytes b, const void *p, size_t n) { return b.n == n && (n == 0 || memcmp(b.p, p, n) == 0); }

static bool waiting; /* an answer was announced and not yet taken */

static uint32_t operation(const char *name, const void *p, uint32_t n)
{
    CHECK(!waiting, "%s before the answer to %s was taken", name, gateway.operation);
    gateway.operation = name;
    replace(&gateway.request, p, n);
    waiting = true;
    return (uint32_t)gateway.answer.n;
}

#define STAND_IN(name) \
    uint32_t pbi_host_##name(uint32_t task, const void *p, uint32_t n) \
    { \
        CHECK(task == 7, "task %u begins " #name, task); \
        return operation(#name, p, n); \
    }
PBI_OPERATIONS(STAND_IN)

void pbi_host_take(void *p)
{
    CHECK(waiting, "take without an answer");
    waiting = false;
    if (gateway.answer.n > 0)
        memcpy(p, gateway.answer.p, gateway.answer.n);
}

void pbi_host_reply(uint32_t task, const void *p, uint32_t n)
{
    CHECK(task == 7, "task %u replies", task);
    gateway.replies++;
    replace(&gateway.reply, p, n);
}

void pbi_host_log(uint32_t level, const void *p, uint32_t n)
{
    gateway.level = level;
    replace(&gateway.line, p, n);
}

static pb_reply run(pb_task *t) { return body(t); }
static pb_reply run_configure(pb_task *t) { return configure != NULL ? configure(t) : (pb_reply){0}; }

const pb_handler pb_handlers[] = {
    PB_ON_CONFIGURE(run_configure),
    PB_ON_ACTION("run", run),
    PB_ON_ACTION("send", run),
    PB_ON_OPERATION("sms.provider", "send", run),
    PB_END,
};

uint32_t deliver(const uint8_t *p, size_t n)
{
    gateway.replies = 0;
    memcpy(pbi_buffer((uint32_t)n), p, n);
    uint32_t state = pbi_start(7, (uint32_t)n);
    CHECK(gateway.replies == 1, "%d replies", gateway.replies);
    CHECK(state == PBI_FINISHED || state == PBI_FAILED, "state %u", state);
    CHECK(pb_check((pb_value){gateway.reply.p, gateway.reply.n}) == PB_FINE, "the reply is malformed");
    return state;
}

bytes request(uint32_t kind, const char *point, const char *name, pb_value params)
{
    pb_task t = {0};
    pbi_buf b = pb_begin(&t);
    pbi_put_array(&b, 9);
    pbi_put_uint(&b, kind);
    pbi_put_str(&b, pb_s(point));
    pbi_put_str(&b, pb_s(name));
    pbi_put_value(&b, params);
    for (int i = 0; i < 3; i++)
        pbi_put_str(&b, PB(""));
    pbi_put_int(&b, 1000);
    pbi_put_nil(&b);
    bytes r = copy(b.p_, b.n_);
    pbi_release(&t.arena);
    return r;
}

uint32_t in_task(pb_reply (*f)(pb_task *t))
{
    body = f;
    bytes r = request(PB_ACTION, "", "run", (pb_value){0});
    uint32_t state = deliver(r.p, r.n);
    free(r.p);
    return state;
}

bytes from_hex(const char *text, size_t n)
{
    bytes b = copy(NULL, 0);
    b.p = realloc(b.p, n / 2 + 1);
    for (size_t i = 0; i + 1 < n; i += 2) {
        char two[3] = {text[i], text[i + 1], 0};
        b.p[b.n++] = (uint8_t)strtoul(two, NULL, 16);
    }
    return b;
}

const char *hex(const void *p, size_t n)
{
    static char text[1024];
    n = n < 500 ? n : 500;
    for (size_t i = 0; i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", ((const uint8_t *)p)[i]);
    text[2 * n] = 0;
    return text;
}

pb_value rewrite(pb_task *t, pb_value v)
{
    int64_t i;
    uint64_t u;
    double f;
    pb_builder b = pb_begin(t);
    switch (pb_kind_of(v)) {
    case PB_BOOL: return pb_from_bool(pb_as_bool(v));
    case PB_INT:
        if (pb_as_int(v, &i))
            return pb_from_int(t, i);
        return pb_as_uint(v, &u) ? pb_from_uint(t, u) : pb_nil();
    case PB_FLOAT: return pb_as_float(v, &f) ? pb_from_float(t, f) : pb_nil();
    case PB_STRING: return pb_from_str(t, pb_as_str(t, v));
    case PB_BYTES: return pb_from_bytes(t, pb_as_bytes(v).p, pb_as_bytes(v).n);
    case PB_ARRAY:
        for (pb_iter e = pb_each(v); pb_next(&e);)
            pb_add(&b, rewrite(t, e.value));
        return pb_array(&b);
    case PB_MAP:
        for (pb_iter e = pb_each(v); pb_next(&e);)
            pb_set(&b, e.key, rewrite(t, e.value));
        return pb_map(&b);
    default: return pb_nil();
    }
}

void read_all(pb_task *t, pb_value v, int depth)
{
    volatile unsigned seen = 0; /* every byte is really read */
    int64_t n;
    uint64_t u;
    double f;
    pb_str s = pb_as_str(t, v), raw = pb_as_bytes(v);
    for (size_t i = 0; i < s.n; i++)
        seen += (uint8_t)s.p[i];
    for (size_t i = 0; i < raw.n; i++)
        seen += (uint8_t)raw.p[i];
    pb_as_int(v, &n);
    pb_as_uint(v, &u);
    pb_as_float(v, &f);
    pb_as_bool(v);
    pb_len(v);
    pb_exists(v);
    pb_path(v, "a.0.b");
    pb_index(v, 3);
    pb_get(v, "");
    if (depth == 0) {
        pb_json(t, v);
        pb_form(t, v);
        rewrite(t, v);
    }
    if (depth < 4)
        for (pb_iter i = pb_each(v); pb_next(&i);) {
            for (size_t k = 0; k < i.key.n; k++)
                seen += (uint8_t)i.key.p[k];
            read_all(t, i.value, depth + 1);
        }
}
