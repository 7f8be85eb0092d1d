/* The guest of the conformance kit; sdk-plugin/abi/conformance says what it does. */
#include "patchbay.h"

static pb_reply configure(pb_task *t)
{
    pb_str refuse = pb_setting(t, "refuse");
    return refuse.n > 0 ? pb_invalid(t, pb_cstr(t, refuse), PB("")) : (pb_reply){0};
}

static pb_reply echo(pb_task *t) { return pb_ok(pb_params(t)); }

static pb_reply describe(pb_task *t)
{
    return pb_ok(pb_object(t,
        {"instance", pb_from_str(t, pb_instance(t))},
        {"user", pb_from_str(t, pb_user(t))},
        {"request_id_is_set", pb_from_bool(pb_request_id(t).n > 0)},
        {"name", pb_from_str(t, pb_name(t))},
        {"point", pb_from_str(t, pb_point(t))}));
}

static pb_reply settings(pb_task *t)
{
    (void)t;
    return pb_ok(pb_settings());
}

static pb_parse parse_of(pb_str name)
{
    return pb_eq(name, "json") ? PB_PARSE_JSON : pb_eq(name, "xml") ? PB_PARSE_XML : pb_eq(name, "form") ? PB_PARSE_FORM
        : pb_eq(name, "auto") ? PB_PARSE_AUTO : PB_PARSE_NONE;
}

static pb_reply fetch(pb_task *t)
{
    int64_t timeout = 0;
    pb_as_int(pb_get(pb_params(t), "timeout_ms"), &timeout);
    pb_response a = pb_fetch(t, (pb_request){
        .method = pb_cstr(t, pb_param(t, "method")),
        .url = pb_param(t, "url"),
        .header = pb_get(pb_params(t), "header"),
        .body = pb_param(t, "body"),
        .parse = parse_of(pb_param(t, "parse")),
        .timeout_ms = (int32_t)timeout,
        .follow = true});
    if (a.error != NULL)
        return pb_fail(t, *a.error);
    return pb_ok(pb_object(t,
        {"status", pb_from_int(t, a.status)},
        {"header", a.header},
        {"body", pb_from_str(t, a.body)},
        {"data", a.data}));
}

static pb_reply fetch_twice(pb_task *t)
{
    static const char *const urls[] = {"first", "second"};
    pb_builder statuses = pb_begin(t);
    for (size_t i = 0; i < 2; i++) {
        pb_response a = pb_fetch(t, (pb_request){.url = pb_param(t, urls[i])});
        if (a.error != NULL)
            return pb_fail(t, *a.error);
        pb_add(&statuses, pb_from_int(t, a.status));
    }
    return pb_ok(pb_array(&statuses));
}

/* Pairs of [key, bytes] as [[key, text], …]. */
static pb_value texts(pb_task *t, pb_value pairs)
{
    pb_builder all = pb_begin(t);
    for (pb_iter i = pb_each(pairs); pb_next(&i);) {
        pb_builder pair = pb_begin(t);
        pb_add(&pair, pb_index(i.value, 0));
        pb_add(&pair, pb_from_str(t, pb_as_bytes(pb_index(i.value, 1))));
        pb_add(&all, pb_array(&pair));
    }
    return pb_array(&all);
}

static pb_reply kv(pb_task *t)
{
    pb_builder results = pb_begin(t);
    for (pb_iter i = pb_each(pb_get(pb_params(t), "steps")); pb_next(&i);) {
        pb_str verb = pb_as_str(t, pb_index(i.value, 0)), key = pb_as_str(t, pb_index(i.value, 1));
        int64_t n = 0;
        pb_result r;
        pb_value result = pb_from_bool(true);
        if (pb_eq(verb, "put")) {
            pb_as_int(pb_index(i.value, 3), &n);
            r = pb_kv_put(t, key, pb_as_str(t, pb_index(i.value, 2)), n);
        } else if (pb_eq(verb, "get")) {
            r = pb_kv_get(t, key);
            if (r.error != NULL && pb_eq(r.error->code, PB_NOT_FOUND))
                r.error = NULL, result = pb_nil();
            else
                result = pb_from_str(t, pb_as_bytes(r.body));
        } else if (pb_eq(verb, "list")) {
            pb_as_int(pb_index(i.value, 2), &n);
            r = pb_kv_list(t, key, (int32_t)n);
            result = texts(t, r.body);
        } else {
            r = pb_kv_delete(t, key);
        }
        if (r.error != NULL)
            return pb_fail(t, *r.error);
        pb_add(&results, result);
    }
    return pb_ok(pb_array(&results));
}

static pb_reply fail(pb_task *t)
{
    pb_value p = pb_params(t);
    int64_t status = 0, retry = 0;
    pb_as_int(pb_get(p, "status"), &status);
    pb_as_int(pb_get(p, "retry_ms"), &retry);
    return pb_fail(t, (pb_error){
        .code = pb_param(t, "code"), .status = (int32_t)status, .message = pb_param(t, "message"), .source = pb_param(t, "source"),
        .detail = pb_param(t, "detail"), .sent = pb_as_bool(pb_get(p, "sent")), .retry_ms = (int32_t)retry});
}

static pb_reply crash(pb_task *t)
{
    (void)t;
    pb_panic("crashed, as asked");
}

static pb_reply log_line(pb_task *t)
{
    pb_str level = pb_param(t, "level"), text = pb_param(t, "text");
    (pb_eq(level, "debug") ? pb_log_debug : pb_eq(level, "warn") ? pb_log_warn : pb_eq(level, "error") ? pb_log_error : pb_log_info)(text);
    return pb_ok(pb_nil());
}

static pb_reply spin(pb_task *t)
{
    volatile unsigned n = 0;
    for (;;)
        n++;
    return pb_ok(pb_from_int(t, n));
}

const pb_handler pb_handlers[] = {
    PB_ON_CONFIGURE(configure),
    PB_ON_OPERATION("conformance.kit", "echo", echo),
    PB_ON_OPERATION("conformance.kit", "describe", describe),
    PB_ON_OPERATION("conformance.kit", "settings", settings),
    PB_ON_OPERATION("conformance.kit", "fetch", fetch),
    PB_ON_OPERATION("conformance.kit", "fetch_twice", fetch_twice),
    PB_ON_OPERATION("conformance.kit", "kv", kv),
    PB_ON_OPERATION("conformance.kit", "fail", fail),
    PB_ON_OPERATION("conformance.kit", "crash", crash),
    PB_ON_OPERATION("conformance.kit", "log", log_line),
    PB_ON_OPERATION("conformance.kit", "spin", spin),
    PB_END,
};
