/* The operations of the gateway. */
#include "internal.h"

static pb_error *host_error(pb_task *t, const char *code, const char *source, pb_str detail, bool sent)
{
    pb_error *e = pbi_alloc(t, sizeof *e);
    *e = (pb_error){.code = pb_s(code), .source = pb_s(source), .detail = detail, .sent = sent};
    return e;
}

static const pb_error *broken(pb_task *t, const char *operation)
{
    return host_error(t, PB_INTERNAL, PB_BY_HOST, pb_join(t, pb_s(operation), PB(": the answer is no message")), true);
}

typedef uint32_t operation(uint32_t task, const void *p, uint32_t n);

/* Begins an operation, waits for its end, and takes its answer: [error, body]. */
static pb_result call(pb_task *t, operation *begin, const char *name, const pbi_buf *request)
{
    pb_result result = {0};
    if (request->n_ > PBI_MAX_MESSAGE) {
        result.error = host_error(t, PB_TOO_LARGE, PB_BY_PLUGIN, pb_join(t, pb_s(name), PB(": the request is over 16 MiB")), false);
        return result;
    }
    size_t n = begin(t->id, request->p_, (uint32_t)request->n_);
    uint8_t *answer = pbi_alloc(t, n);
    pbi_host_take(answer);

    pbi_reader r = pbi_message(answer, n);
    pb_value failure = pbi_read_value(&r);
    result.body = pbi_read_value(&r);
    if (r.fault == PB_FINE && failure.n > 0) {
        pb_error *e = pbi_alloc(t, sizeof *e);
        pbi_read_error(failure, e, &r.fault);
        result = (pb_result){.error = e};
    }
    return r.fault == PB_FINE ? result : (pb_result){.error = broken(t, name)};
}

/* CALL(kv_get, &b) */
#define CALL(name, request) call(t, pbi_host_##name, #name, (request))

/* A request whose fields are texts. */
#define TEXTS(b, ...) \
    put_texts((b), (const pb_str[]){__VA_ARGS__}, sizeof((const pb_str[]){__VA_ARGS__}) / sizeof(pb_str))

static void put_texts(pbi_buf *b, const pb_str *texts, size_t n)
{
    pbi_put_array(b, n);
    for (size_t i = 0; i < n; i++)
        pbi_put_str(b, texts[i]);
}

static pbi_buf nothing(pb_task *t)
{
    pbi_buf b = pb_begin(t);
    pbi_put_array(&b, 0);
    return b;
}

/* ---- HTTP ---- */

static bool has_query(pb_str url)
{
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] == '?')
            return true;
    return false;
}

static pb_str address(pb_task *t, const pb_request *q)
{
    if (q->query.n == 0)
        return q->url;
    return pb_join(t, q->url, has_query(q->url) ? PB("&") : PB("?"), pb_form(t, q->query));
}

static pb_value basic(pb_task *t, pb_str login, pb_str password)
{
    pbi_buf b = pb_begin(t);
    pbi_put(&b, "Basic ", 6);
    pbi_put_base64(&b, pb_join(t, login, PB(":"), password));
    return pb_from_str(t, (pb_str){(const char *)b.p_, b.n_});
}

/* The header of the request with those that its other fields stand for. */
static pb_value header(pb_task *t, const pb_request *q, pb_str content_type)
{
    pb_builder all = pb_begin(t);
    for (pb_iter i = pb_each(q->header); pb_next(&i);)
        pb_set(&all, i.key, i.value);
    if (content_type.n > 0)
        pb_set(&all, PB("content-type"), pb_from_str(t, content_type));
    if (q->bearer.n > 0)
        pb_set(&all, PB("authorization"), pb_from_str(t, pb_join(t, PB("Bearer "), q->bearer)));
    if (q->login.n > 0)
        pb_set(&all, PB("authorization"), basic(t, q->login, q->password));
    return all.count_ > 0 ? pb_map(&all) : (pb_value){0};
}

static void put_request(pbi_buf *b, pb_task *t, const pb_request *q)
{
    static const uint8_t parse[] = {[PB_PARSE_NONE] = 0, [PB_PARSE_AUTO] = 1, [PB_PARSE_JSON] = 2,
                                    [PB_PARSE_XML] = 3, [PB_PARSE_FORM] = 4};
    pb_str body = q->body, type = q->content_type;
    if (q->json.n > 0) {
        body = pb_json(t, q->json);
        type = type.n > 0 ? type : PB("application/json");
    } else if (q->form.n > 0) {
        body = pb_form(t, q->form);
        type = type.n > 0 ? type : PB("application/x-www-form-urlencoded");
    }
    pb_str url = address(t, q);
    pb_value all = header(t, q, type);
    pbi_put_array(b, 8);
    pbi_put_str(b, pb_s(q->method != NULL ? q->method : body.n > 0 ? "POST" : "GET"));
    pbi_put_str(b, url);
    pbi_put_value(b, all);
    pbi_put_bytes(b, body.p, body.n);
    pbi_put_int(b, q->timeout_ms);
    pbi_put_uint(b, (size_t)q->parse < sizeof parse ? parse[q->parse] : 1);
    pbi_put_int(b, q->max_bytes);
    pbi_put_bool(b, !q->follow);
}

pb_response pb_fetch(pb_task *t, pb_request q)
{
    pbi_buf b = pb_begin(t);
    put_request(&b, t, &q);
    pb_result r = CALL(http_fetch, &b);
    if (r.error != NULL)
        return (pb_response){.error = r.error};
    pbi_reader in = pbi_inner(r.body);
    pb_response answer = {0};
    answer.status = (int32_t)pbi_read_int(&in, 0, INT32_MAX);
    answer.header = pbi_read_value(&in);
    answer.body = pbi_read_bytes(&in);
    answer.data = pbi_read_value(&in);
    return in.fault == PB_FINE ? answer : (pb_response){.error = broken(t, "http_fetch")};
}

bool pb_successful(const pb_response *answer)
{
    return answer->error == NULL && answer->status >= 200 && answer->status <= 299;
}

pb_reply pb_unsuccessful(pb_task *t, const char *system, const pb_response *answer, pb_str why)
{
    if (answer->error != NULL)
        return pb_unavailable(t, system, answer->error);
    pb_str detail = pb_join(t, PB("HTTP "), pb_number(t, answer->status), why.n > 0 ? PB(": ") : PB(""), why);
    if (answer->status == 429)
        return pb_busy(t, system, detail, 1000);
    if (answer->status >= 400 && answer->status <= 499)
        return pb_refused(t, system, detail);
    return pb_uncertain(t, system, detail);
}

/* ---- key-value store ---- */

pb_result pb_kv_get(pb_task *t, pb_str key)
{
    pbi_buf b = pb_begin(t);
    TEXTS(&b, key);
    return CALL(kv_get, &b);
}

pb_result pb_kv_put(pb_task *t, pb_str key, pb_str value, int64_t ttl_seconds)
{
    pbi_buf b = pb_begin(t);
    pbi_put_array(&b, 3);
    pbi_put_str(&b, key);
    pbi_put_bytes(&b, value.p, value.n);
    pbi_put_int(&b, ttl_seconds);
    return CALL(kv_put, &b);
}

pb_result pb_kv_delete(pb_task *t, pb_str key)
{
    pbi_buf b = pb_begin(t);
    TEXTS(&b, key);
    return CALL(kv_delete, &b);
}

pb_result pb_kv_list(pb_task *t, pb_str prefix, int32_t limit)
{
    pbi_buf b = pb_begin(t);
    pbi_put_array(&b, 2);
    pbi_put_str(&b, prefix);
    pbi_put_int(&b, limit);
    return CALL(kv_list, &b);
}

/* ---- providers ---- */

pb_result pb_providers(pb_task *t, pb_str point)
{
    pbi_buf b = pb_begin(t);
    TEXTS(&b, point);
    return CALL(provider_list, &b);
}

pb_result pb_provider_call(pb_task *t, pb_str point, pb_str name, pb_str instance, pb_value params, int32_t timeout_ms)
{
    pbi_buf b = pb_begin(t);
    pbi_put_array(&b, 5);
    pbi_put_str(&b, point);
    pbi_put_str(&b, name);
    pbi_put_str(&b, instance);
    pbi_put_value(&b, params);
    pbi_put_int(&b, timeout_ms);
    return CALL(provider_call, &b);
}

/* ---- journal and users ---- */

pb_result pb_sms_begin(pb_task *t, pb_value fields)
{
    pbi_buf b = pb_begin(t);
    pbi_put_array(&b, 2);
    pbi_put_str(&b, PB("sms"));
    pbi_put_value(&b, fields);
    return CALL(journal_begin, &b);
}

pb_result pb_sms_end(pb_task *t, pb_str id, const char *result, pb_value fields)
{
    pbi_buf b = pb_begin(t);
    pbi_put_array(&b, 4);
    pbi_put_str(&b, PB("sms"));
    pbi_put_str(&b, id);
    pbi_put_str(&b, pb_s(result));
    pbi_put_value(&b, fields);
    return CALL(journal_end, &b);
}

pb_result pb_sms_receipts(pb_task *t, pb_str instance, pb_value receipts)
{
    pbi_buf b = pb_begin(t);
    pbi_put_array(&b, 3);
    pbi_put_str(&b, PB("sms"));
    pbi_put_str(&b, instance);
    pbi_put_value(&b, receipts);
    return CALL(journal_receipt, &b);
}

pb_result pb_sms_find(pb_task *t, pb_str id, pb_str instance, pb_str message_id)
{
    pbi_buf b = pb_begin(t);
    TEXTS(&b, PB("sms"), id, instance, message_id);
    return CALL(journal_find, &b);
}

static pb_attachment attachment(pb_task *t, const char *name, pb_result r)
{
    pb_attachment a = {.error = r.error};
    if (r.error != NULL)
        return a;
    pbi_reader in = pbi_inner(r.body);
    a.id = (uint32_t)pbi_read_int(&in, 0, UINT32_MAX);
    a.size = pbi_read_int(&in, INT64_MIN, INT64_MAX);
    a.content_type = pbi_read_str(&in);
    a.rows = (int32_t)pbi_read_int(&in, 0, INT32_MAX);
    a.next = pbi_read_str(&in);
    return in.fault == PB_FINE ? a : (pb_attachment){.error = broken(t, name)};
}

pb_attachment pb_report(pb_task *t, pb_report_query q)
{
    pbi_buf b = pb_begin(t);
    pbi_put_array(&b, 7);
    pbi_put_str(&b, q.kind);
    pbi_put_str(&b, q.start);
    pbi_put_str(&b, q.stop);
    pbi_put_str(&b, q.zone);
    pbi_put_int(&b, q.limit);
    pbi_put_str(&b, q.cursor);
    pbi_put_bool(&b, q.extended);
    return attachment(t, "journal_report", CALL(journal_report, &b));
}

pb_result pb_users(pb_task *t)
{
    pbi_buf b = nothing(t);
    return CALL(users_list, &b);
}

/* ---- FreeSWITCH ---- */

pb_result pb_originate(pb_task *t, pb_str called, pb_str caller, pb_str account, pb_str node)
{
    pbi_buf b = pb_begin(t);
    TEXTS(&b, called, caller, account, node);
    return CALL(freeswitch_originate, &b);
}

pb_result pb_queues(pb_task *t)
{
    pbi_buf b = nothing(t);
    return CALL(freeswitch_queues, &b);
}

pb_result pb_tiers(pb_task *t)
{
    pbi_buf b = nothing(t);
    return CALL(freeswitch_tiers, &b);
}

pb_result pb_agents(pb_task *t)
{
    pbi_buf b = nothing(t);
    return CALL(freeswitch_agents, &b);
}

pb_result pb_channels(pb_task *t)
{
    pbi_buf b = nothing(t);
    return CALL(freeswitch_channels, &b);
}

pb_result pb_cdr(pb_task *t, pb_str call_id)
{
    pbi_buf b = pb_begin(t);
    TEXTS(&b, call_id);
    return CALL(freeswitch_cdr, &b);
}

pb_attachment pb_recording(pb_task *t, pb_str call_id)
{
    pbi_buf b = pb_begin(t);
    TEXTS(&b, call_id);
    return attachment(t, "freeswitch_recording", CALL(freeswitch_recording, &b));
}
