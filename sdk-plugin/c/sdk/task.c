/* A task: the request, the handler, the reply. A guest has one at a time. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static struct {
    uint8_t *buffer; /* where the gateway writes a request; a task reads it in place */
    size_t size;
    pb_task task;
    pb_task configured; /* the configure task, which lasts as long as the guest */
} guest;

/* ---- requests ---- */

pb_value pb_params(const pb_task *t) { return t->params; }

pb_str pb_param(pb_task *t, const char *name) { return pb_as_str(t, pb_get(t->params, name)); }

pb_value pb_settings(void) { return guest.configured.params; }

pb_str pb_setting(pb_task *t, const char *name) { return pb_as_str(t, pb_get(pb_settings(), name)); }

pb_phone pb_phone_of(const pb_task *t, const char *param)
{
    pb_value known = pb_get(t->derived, param);
    return (pb_phone){
        .e164 = pb_as_bytes(pb_get(known, "e164")),
        .region = pb_as_bytes(pb_get(known, "region")),
        .type = pb_as_bytes(pb_get(known, "type")),
    };
}

pb_str pb_point(const pb_task *t) { return t->point; }
pb_str pb_name(const pb_task *t) { return t->name; }
pb_str pb_instance(const pb_task *t) { return t->instance; }
pb_str pb_request_id(const pb_task *t) { return t->request_id; }
pb_str pb_user(const pb_task *t) { return t->user; }
int32_t pb_timeout_ms(const pb_task *t) { return t->timeout_ms; }

static pb_fault read_request(pb_task *t, const uint8_t *p, size_t n)
{
    pbi_reader r = pbi_message(p, n);
    t->kind = (uint32_t)pbi_read_int(&r, 0, UINT8_MAX);
    t->point = pbi_read_str(&r);
    t->name = pbi_read_str(&r);
    t->params = pbi_read_value(&r);
    t->instance = pbi_read_str(&r);
    t->request_id = pbi_read_str(&r);
    t->user = pbi_read_str(&r);
    t->timeout_ms = (int32_t)pbi_read_int(&r, INT32_MIN, INT32_MAX);
    t->derived = pbi_read_value(&r);
    return r.fault;
}

/* ---- log ---- */

static void write_line(pbi_level level, pb_str line) { pbi_host_log(level, line.p, (uint32_t)line.n); }

void pb_log_debug(pb_str line) { write_line(PBI_DEBUG, line); }
void pb_log_info(pb_str line) { write_line(PBI_INFO, line); }
void pb_log_warn(pb_str line) { write_line(PBI_WARN, line); }
void pb_log_error(pb_str line) { write_line(PBI_ERROR, line); }

void pb_panic(const char *why)
{
    write_line(PBI_ERROR, pb_s(why));
    __builtin_trap();
}

/* ---- replies ---- */

pb_reply pb_ok(pb_value body) { return (pb_reply){.body = body}; }

pb_reply pb_rows(pb_value rows, pb_str format) { return (pb_reply){.form = PB_ROWS, .body = rows, .format = format}; }

pb_reply pb_raw(pb_task *t, pb_str content_type, pb_str body)
{
    return (pb_reply){.form = PB_RAW, .content_type = content_type, .body = pb_from_bytes(t, body.p, body.n)};
}

pb_reply pb_attach(const pb_attachment *a)
{
    return (pb_reply){.error = a->error, .form = PB_ATTACHMENT, .attachment = a->id,
                      .content_type = a->content_type, .next = a->next};
}

/* More of a text than this is no use to anybody, and might not fit a message. */
#define MOST ((size_t)64 << 10)

pb_reply pb_fail(pb_task *t, pb_error e)
{
    e.message = pb_cut(e.message, MOST);
    e.detail = pb_cut(e.detail, MOST);
    return (pb_reply){.error = memcpy(pbi_alloc(t, sizeof e), &e, sizeof e)};
}

pb_reply pb_invalid(pb_task *t, const char *param, pb_str detail)
{
    return pb_fail(t, (pb_error){.code = PB(PB_INVALID), .message = pb_s(param), .source = PB(PB_BY_CALLER), .detail = detail});
}

pb_reply pb_not_found(pb_task *t, pb_str text)
{
    return pb_fail(t, (pb_error){.code = PB(PB_NOT_FOUND), .message = text, .source = PB(PB_BY_CALLER)});
}

static pb_error upstream(const char *code, const char *system, pb_str detail)
{
    return (pb_error){.code = pb_s(code), .message = pb_s(system), .source = PB(PB_BY_UPSTREAM), .detail = detail};
}

pb_reply pb_refused(pb_task *t, const char *system, pb_str detail)
{
    return pb_fail(t, upstream(PB_REFUSED, system, detail));
}

pb_reply pb_not_now(pb_task *t, const char *system, pb_str detail)
{
    return pb_fail(t, upstream(PB_UNAVAILABLE, system, detail));
}

pb_reply pb_busy(pb_task *t, const char *system, pb_str detail, int32_t retry_ms)
{
    pb_error e = upstream(PB_BUSY, system, detail);
    e.retry_ms = retry_ms;
    return pb_fail(t, e);
}

pb_reply pb_uncertain(pb_task *t, const char *system, pb_str detail)
{
    pb_error e = upstream(PB_UNAVAILABLE, system, detail);
    e.sent = true;
    return pb_fail(t, e);
}

pb_reply pb_unavailable(pb_task *t, const char *system, const pb_error *cause)
{
    pb_error e = upstream(PB_UNAVAILABLE, system, (pb_str){0});
    if (cause == NULL)
        return pb_fail(t, e);
    e.detail = pb_join(t, cause->code, PB(": "), cause->message, PB(" ("), cause->detail, PB(")"));
    e.sent = cause->sent;
    e.retry_ms = cause->retry_ms;
    if (pb_eq(cause->code, PB_TIMEOUT) || pb_eq(cause->code, PB_BUSY))
        e.code = cause->code;
    if (pb_eq(cause->code, PB_INTERNAL) || pb_eq(cause->code, PB_DENIED))
        e.source = cause->source; /* not the system's fault */
    return pb_fail(t, e);
}

/* ---- the way of one task ---- */

static bool is(pb_str s, const char *name) { return name != NULL && pb_eq(s, name); }

static const pb_handler *find(const pb_task *t)
{
    for (const pb_handler *h = pb_handlers; h->kind != PB_NONE; h++) {
        if ((uint32_t)h->kind != t->kind)
            continue;
        if (h->kind == PB_CONFIGURE || h->kind == PB_HEALTH)
            return h;
        if (is(t->name, h->name) && (h->kind == PB_ACTION || is(t->point, h->point)))
            return h;
    }
    return NULL;
}

static pb_reply internal(pb_task *t, const char *source, pb_str detail)
{
    return pb_fail(t, (pb_error){.code = PB(PB_INTERNAL), .source = pb_s(source), .detail = detail});
}

static pb_reply serve(pb_task *t)
{
    const pb_handler *h = find(t);
    if (h != NULL)
        return h->serve(t);
    if (t->kind == PB_CONFIGURE || t->kind == PB_HEALTH)
        return (pb_reply){0};
    return internal(t, PB_BY_PLUGIN, pb_join(t, t->point, PB(" "), t->name, PB(" has no handler in pb_handlers")));
}

static pbi_state answer(pb_task *t, pb_reply reply)
{
    pbi_buf b = pb_begin(t);
    if (reply.error == NULL) {
        pbi_put_reply(&b, &reply);
        if (b.n_ <= PBI_MAX_MESSAGE) {
            pbi_host_reply(t->id, b.p_, (uint32_t)b.n_);
            return PBI_FINISHED;
        }
        reply = pb_fail(t, (pb_error){.code = PB(PB_TOO_LARGE), .source = PB(PB_BY_PLUGIN),
                                      .detail = PB("the reply is over 16 MiB"), .sent = true});
    }
    b = pb_begin(t);
    pbi_put_error(&b, reply.error);
    pbi_host_reply(t->id, b.p_, (uint32_t)b.n_);
    return PBI_FAILED;
}

/* The settings outlive the buffer that they came in. */
static pb_task *keep_settings(const pb_task *task, size_t size)
{
    pb_task *t = &guest.configured;
    pbi_release(&t->arena);
    *t = (pb_task){.id = task->id};
    uint8_t *copy = pbi_alloc(t, size);
    memcpy(copy, guest.buffer, size);
    read_request(t, copy, size);
    return t;
}

uint32_t pbi_version(void) { return PBI_VERSION; }

void *pbi_buffer(uint32_t size)
{
    if (size > guest.size || guest.buffer == NULL) {
        free(guest.buffer);
        guest.size = size > 0 ? size : 1;
        guest.buffer = malloc(guest.size);
        if (guest.buffer == NULL)
            pb_panic("out of memory");
    }
    return guest.buffer;
}

uint32_t pbi_start(uint32_t id, uint32_t size)
{
    pb_task *t = &guest.task;
    pbi_state state;
    *t = (pb_task){.arena = t->arena, .id = id};
    if (size > guest.size || read_request(t, guest.buffer, size) != PB_FINE) {
        state = answer(t, internal(t, PB_BY_HOST, PB("the request is no message")));
    } else {
        if (t->kind == PB_CONFIGURE)
            t = keep_settings(t, size);
        state = answer(t, serve(t));
    }
    pbi_reset(&guest.task.arena);
    return state;
}
