/*
 * Patchbay plugins in C.
 *
 * A plugin is a table of handlers, straight-line code, and a manifest
 * (plugin.json with "concurrency": "exclusive"): a guest serves one task at a
 * time, and host calls such as pb_fetch return when the gateway has the answer.
 *
 * Memory belongs to the task. Everything that this header hands out (texts,
 * values, errors, answers) lives until the handler returns and is never freed by
 * the plugin; what the configure handler obtains lives as long as the guest.
 * Nothing here returns NULL for want of memory: the guest ends instead.
 *
 * Every message of the gateway is checked completely before a handler sees it,
 * and every accessor stays inside its value: a path into an unknown document
 * needs no error handling.
 */
#ifndef PATCHBAY_H
#define PATCHBAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- texts ------------------------------------------------------------- */

/* A text of n bytes, not terminated by a zero. Texts of the gateway are valid
 * UTF-8; the body of an HTTP answer may be anything. */
typedef struct pb_str {
    const char *p;
    size_t n;
} pb_str;

/* PB("text") is a literal as a text. */
#define PB(literal) ((pb_str){"" literal "", sizeof(literal) - 1})

/* A task; also the owner of memory. */
typedef struct pb_task pb_task;

/* A zero-terminated string as a text; NULL is the empty one. Borrows s. */
pb_str pb_s(const char *s);
/* A zero-terminated copy of a text. */
const char *pb_cstr(pb_task *t, pb_str s);
bool pb_eq(pb_str s, const char *literal);
/* The texts one after the other: pb_join(t, PB("Bearer "), token). */
#define pb_join(t, ...) \
    pb_join_((t), (const pb_str[]){__VA_ARGS__}, sizeof((const pb_str[]){__VA_ARGS__}) / sizeof(pb_str))
pb_str pb_join_(pb_task *t, const pb_str *parts, size_t n);
/* At most n bytes of s, never half a character. */
pb_str pb_cut(pb_str s, size_t n);
/* A number in decimal. */
pb_str pb_number(pb_task *t, int64_t n);

/* ---- values ------------------------------------------------------------ */

/* A value: parameters, settings, bodies of answers. {0} is missing. What meets a
 * missing value or another type returns the zero result. */
typedef struct pb_value {
    const uint8_t *p;
    size_t n;
} pb_value;

typedef enum pb_kind {
    PB_MISSING, PB_NIL, PB_BOOL, PB_INT, PB_FLOAT, PB_STRING, PB_BYTES, PB_ARRAY, PB_MAP
} pb_kind;

pb_kind pb_kind_of(pb_value v);
/* Whether v is there and not nil. */
bool pb_exists(pb_value v);
/* A value of a map; of several equal keys the first. */
pb_value pb_get(pb_value map, const char *key);
/* Walks down: pb_path(v, "messages.0.id"). A number indexes an array. */
pb_value pb_path(pb_value v, const char *path);
pb_value pb_index(pb_value array, size_t i);
/* Elements of an array, pairs of a map, bytes of a text. */
size_t pb_len(pb_value v);

/* Scalars as text: strings and bytes as they are, numbers in decimal, true and
 * false; everything else is empty. */
pb_str pb_as_str(pb_task *t, pb_value v);
/* The content of a string or byte string, borrowed from v. */
pb_str pb_as_bytes(pb_value v);
/* Integers, whole floats and strings that hold a decimal integer. False for
 * everything else and for overflow; *n is untouched then. */
bool pb_as_int(pb_value v, int64_t *n);
bool pb_as_uint(pb_value v, uint64_t *n);
/* Numbers and strings that hold one. */
bool pb_as_float(pb_value v, double *f);
/* True for true only. */
bool pb_as_bool(pb_value v);

/* for (pb_iter i = pb_each(v); pb_next(&i);) use(i.key, i.value);
 * Arrays have empty keys. */
typedef struct pb_iter {
    pb_str key;
    pb_value value;
    const uint8_t *rest_;
    size_t size_;
    size_t left_;
    bool map_;
} pb_iter;
pb_iter pb_each(pb_value array_or_map);
bool pb_next(pb_iter *i);

/* Making values. Texts that are not valid UTF-8 get U+FFFD for what is not. */
pb_value pb_nil(void);
pb_value pb_from_bool(bool v);
pb_value pb_from_int(pb_task *t, int64_t n);
pb_value pb_from_uint(pb_task *t, uint64_t n);
pb_value pb_from_float(pb_task *t, double f);
pb_value pb_from_str(pb_task *t, pb_str s);
pb_value pb_from_bytes(pb_task *t, const void *p, size_t n);

/* pb_object(t, {"to", phone}, {"text", text}) is a map; missing values are nil. */
typedef struct pb_field {
    const char *key;
    pb_value value;
} pb_field;
#define pb_object(t, ...) \
    pb_object_((t), (const pb_field[]){__VA_ARGS__}, sizeof((const pb_field[]){__VA_ARGS__}) / sizeof(pb_field))
pb_value pb_object_(pb_task *t, const pb_field *fields, size_t n);

/* Maps and arrays whose size is not known beforehand:
 *   pb_builder list = pb_begin(t); pb_add(&list, v); pb_value v = pb_array(&list);
 *   pb_builder map = pb_begin(t); pb_set(&map, key, v); pb_value v = pb_map(&map); */
typedef struct pb_builder {
    pb_task *t_;
    uint8_t *p_;
    size_t n_, cap_;
    size_t count_;
} pb_builder;
pb_builder pb_begin(pb_task *t);
void pb_add(pb_builder *b, pb_value v);
void pb_set(pb_builder *b, pb_str key, pb_value v);
pb_value pb_array(const pb_builder *b);
pb_value pb_map(const pb_builder *b);

/* A value as JSON; byte strings become base64. */
pb_str pb_json(pb_task *t, pb_value v);
/* A map as name=value&…, percent-encoded: a query or the body of a form. Missing
 * values are left out, an array repeats its name. */
pb_str pb_form(pb_task *t, pb_value map);
/* A text for one part of a path or a query. */
pb_str pb_escape(pb_task *t, pb_str s);

/* Why bytes are not one well-formed value. */
typedef enum pb_fault {
    PB_FINE, PB_SHORT, PB_TAG, PB_TOO_DEEP, PB_NOT_UTF8, PB_NOT_A_KEY, PB_TRAILING, PB_NO_MESSAGE
} pb_fault;
pb_fault pb_check(pb_value v);

/* ---- errors ------------------------------------------------------------ */

/* The codes of an error; see ABI.md section 7. */
#define PB_EMPTY "empty"
#define PB_INVALID "invalid"
#define PB_NOT_FOUND "not_found"
#define PB_DENIED "denied"
#define PB_CONFLICT "conflict"
#define PB_TOO_LARGE "too_large"
#define PB_BUSY "busy"
#define PB_REFUSED "refused"
#define PB_UNAVAILABLE "unavailable"
#define PB_TIMEOUT "timeout"
#define PB_INTERNAL "internal"

/* Whose fault it is. */
#define PB_BY_PLUGIN "plugin"
#define PB_BY_UPSTREAM "upstream"
#define PB_BY_HOST "host"
#define PB_BY_CALLER "caller"

typedef struct pb_error {
    pb_str code;
    int32_t status;    /* HTTP status; 0 derives it from the code */
    pb_str message;    /* for the caller: a parameter, a text, the name of a system */
    pb_str source;
    pb_str detail;     /* for the log; never reaches the caller */
    bool sent;         /* an effect outside may have happened: never repeat it */
    int32_t retry_ms;  /* when the next attempt makes sense */
} pb_error;

/* ---- a task ------------------------------------------------------------ */

/* The checked parameters. Required ones are there, with the types of the manifest. */
pb_value pb_params(const pb_task *t);
/* A parameter as text, empty when it was not given. */
pb_str pb_param(pb_task *t, const char *name);
/* The settings of the instance, at any time, and one of them as text. */
pb_value pb_settings(void);
pb_str pb_setting(pb_task *t, const char *name);

/* What the gateway knows about a parameter of format phone. */
typedef struct pb_phone {
    pb_str e164;   /* +79190000000 */
    pb_str region; /* RU */
    pb_str type;   /* mobile, fixed_line, … */
} pb_phone;
pb_phone pb_phone_of(const pb_task *t, const char *param);

pb_str pb_point(const pb_task *t);      /* extension point of an operation */
pb_str pb_name(const pb_task *t);       /* action or operation */
pb_str pb_instance(const pb_task *t);   /* provider instance */
pb_str pb_request_id(const pb_task *t);
pb_str pb_user(const pb_task *t);       /* empty for the gateway's own tasks */
int32_t pb_timeout_ms(const pb_task *t);

/* One line of the plugin's log. Never log secrets, numbers or message texts. */
void pb_log_debug(pb_str line);
void pb_log_info(pb_str line);
void pb_log_warn(pb_str line);
void pb_log_error(pb_str line);
/* Logs why and ends the guest: for what must not happen. */
_Noreturn void pb_panic(const char *why);

/* ---- replies ----------------------------------------------------------- */

typedef enum pb_form_of_reply { PB_VALUE, PB_RAW, PB_ATTACHMENT, PB_ROWS } pb_form_of_reply;

/* What a handler returns. {0} is 200 without a body. */
typedef struct pb_reply {
    const pb_error *error; /* NULL, or the task failed and the rest does not matter */
    int32_t status;        /* 0 is 200 */
    pb_form_of_reply form;
    pb_value body;
    pb_str content_type;   /* for PB_RAW */
    uint32_t attachment;
    pb_str format;         /* rows: json (also when empty), csv, xlsx */
    pb_str filename;
    bool wrap;             /* JSON rows into {"result":"OK","data":[…]} */
    pb_str next;           /* cursor of the next page */
} pb_reply;

pb_reply pb_ok(pb_value body);
/* An array of maps with equal keys, written as JSON, CSV or XLSX. */
pb_reply pb_rows(pb_value rows, pb_str format);
pb_reply pb_raw(pb_task *t, pb_str content_type, pb_str body);

pb_reply pb_fail(pb_task *t, pb_error e);
/* A parameter (in configure: a setting) is not acceptable. */
pb_reply pb_invalid(pb_task *t, const char *param, pb_str detail);
pb_reply pb_not_found(pb_task *t, pb_str text);
/* The system answered and said no; nothing happened and nobody else would help. */
pb_reply pb_refused(pb_task *t, const char *system, pb_str detail);
/* The system did not do its work. A cause keeps what is certain: whether
 * something was sent, and that a time-out is one. Without one nothing was sent. */
pb_reply pb_unavailable(pb_task *t, const char *system, const pb_error *cause);
/* The same with a reason of your own: certainly not done, another may be tried. */
pb_reply pb_not_now(pb_task *t, const char *system, pb_str detail);
/* Too much at once: certainly not done, worth another attempt in retry_ms. */
pb_reply pb_busy(pb_task *t, const char *system, pb_str detail, int32_t retry_ms);
/* Nobody knows whether it was done: it is never repeated. */
pb_reply pb_uncertain(pb_task *t, const char *system, pb_str detail);

/* ---- HTTP -------------------------------------------------------------- */

/* How the gateway reads the answer's body, so that plugins need no parsers. */
typedef enum pb_parse { PB_PARSE_AUTO, PB_PARSE_JSON, PB_PARSE_XML, PB_PARSE_FORM, PB_PARSE_NONE } pb_parse;

typedef struct pb_request {
    const char *method;   /* NULL: POST with a body, GET without */
    pb_str url;
    pb_value query;       /* map, added to the url */
    pb_value header;      /* map of texts */
    pb_str bearer;        /* Authorization: Bearer … */
    pb_str login;         /* Authorization: Basic …, with password */
    pb_str password;
    pb_value json;        /* the body; at most one of json, form and body */
    pb_value form;        /* map */
    pb_str body;
    pb_str content_type;  /* of body */
    int32_t timeout_ms;   /* 0: the task's */
    pb_parse parse;       /* by content type unless told */
    int32_t max_bytes;    /* of the answer; 0: the gateway's limit */
    bool follow;          /* follows redirects: never for what must not happen twice */
} pb_request;

typedef struct pb_response {
    const pb_error *error; /* no answer; error->sent tells whether the request may have arrived */
    int32_t status;        /* every status is an answer */
    pb_value header;       /* map of texts, names in lower case */
    pb_str body;
    pb_value data;         /* the parsed body; missing when it could not be parsed */
} pb_response;

pb_response pb_fetch(pb_task *t, pb_request q);

/* The reply for an answer that is no success: 4xx said no, 429 not now, and nobody
 * knows what anything else means, a 2xx that is not understood included. why, for
 * the log, is what the answer says about it; it may be empty. */
pb_reply pb_unsuccessful(pb_task *t, const char *system, const pb_response *answer, pb_str why);
/* Whether there is an answer with a status 200 to 299. */
bool pb_successful(const pb_response *answer);

/* ---- other capabilities ------------------------------------------------ */

typedef struct pb_result {
    const pb_error *error; /* NULL when it worked */
    pb_value body;
} pb_result;

/* Key-value store. The body of get is a byte string; a missing entry is the error
 * not_found. A ttl of 0 keeps. list: array of [key, bytes] in the order of keys. */
pb_result pb_kv_get(pb_task *t, pb_str key);
pb_result pb_kv_put(pb_task *t, pb_str key, pb_str value, int64_t ttl_seconds);
pb_result pb_kv_delete(pb_task *t, pb_str key);
pb_result pb_kv_list(pb_task *t, pb_str prefix, int32_t limit);

/* Array of [instance, plugin, ready, operations, receipt url] in the operator's
 * order: which operations it serves, and the address of its webhook, if any. */
pb_result pb_providers(pb_task *t, pb_str point);
/* The body is that of the provider's reply. Timeout in ms, 0: the task's. */
pb_result pb_provider_call(pb_task *t, pb_str point, pb_str operation, pb_str instance, pb_value params,
                           int32_t timeout_ms);

/* Records the intent to send an SMS: send only after it returned. The body is the
 * id of the record. The result is OK, error or unknown. */
pb_result pb_sms_begin(pb_task *t, pb_value fields);
pb_result pb_sms_end(pb_task *t, pb_str id, const char *result, pb_value fields);

/* Writes what a provider instance told about SMS of this module, an array of maps;
 * the body is an array with one text for each. */
pb_result pb_sms_receipts(pb_task *t, pb_str instance, pb_value receipts);
/* The record of an SMS of this module, by its id or, when that is empty, by the id
 * that a provider instance gave. */
pb_result pb_sms_find(pb_task *t, pb_str id, pb_str instance, pb_str message_id);

/* Something that stays with the gateway; it closes it unless a reply names it. */
typedef struct pb_attachment {
    const pb_error *error;
    uint32_t id;
    int64_t size; /* bytes, -1 unknown */
    pb_str content_type;
    int32_t rows;
    pb_str next;
} pb_attachment;
pb_reply pb_attach(const pb_attachment *a);

typedef struct pb_report_query {
    pb_str kind;        /* sms, request, badRequest */
    pb_str start, stop; /* YYYY-MM-DD or YYYY-MM-DD HH:MM:SS */
    pb_str zone;        /* IANA name; empty: the gateway's */
    int32_t limit;
    pb_str cursor;
    bool extended;
} pb_report_query;
pb_attachment pb_report(pb_task *t, pb_report_query q);

/* Array of maps with username and status. */
pb_result pb_users(pb_task *t);

/* {"uuid", "node"}; an empty node: the gateway picks one. */
pb_result pb_originate(pb_task *t, pb_str called, pb_str caller, pb_str account, pb_str node);
pb_result pb_queues(pb_task *t);
pb_result pb_tiers(pb_task *t);
pb_result pb_agents(pb_task *t);
pb_result pb_channels(pb_task *t);
pb_result pb_cdr(pb_task *t, pb_str call_id);
pb_attachment pb_recording(pb_task *t, pb_str call_id);

/* ---- the plugin -------------------------------------------------------- */

typedef enum pb_task_kind { PB_CONFIGURE, PB_ACTION, PB_OPERATION, PB_HEALTH, PB_NONE } pb_task_kind;

typedef struct pb_handler {
    pb_task_kind kind;
    const char *point; /* of an operation */
    const char *name;  /* of an action or an operation */
    pb_reply (*serve)(pb_task *t);
} pb_handler;

/* The plugin defines this table, ended by PB_END:
 *
 *   const pb_handler pb_handlers[] = {
 *       PB_ON_OPERATION("sms.provider", "send", send_sms), PB_END};
 *
 * Configure and health may be missing. A failed configure keeps the instance from
 * starting; its message is what the operator reads. */
extern const pb_handler pb_handlers[];
#define PB_ON_CONFIGURE(serve) {PB_CONFIGURE, NULL, NULL, serve}
#define PB_ON_HEALTH(serve) {PB_HEALTH, NULL, NULL, serve}
#define PB_ON_ACTION(name, serve) {PB_ACTION, NULL, name, serve}
#define PB_ON_OPERATION(point, name, serve) {PB_OPERATION, point, name, serve}
#define PB_END {PB_NONE, NULL, NULL, NULL}

#endif
