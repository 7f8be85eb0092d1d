/* What the parts of the SDK share; plugins include patchbay.h only. */
#ifndef PATCHBAY_INTERNAL_H
#define PATCHBAY_INTERNAL_H

#include "patchbay.h"

#define PBI_VERSION 1
#define PBI_MAX_MESSAGE ((size_t)16 << 20)
#define PBI_MAX_DEPTH 64
/* A message of the gateway holds a value below two or three arrays of its own. */
#define PBI_MESSAGE_DEPTH (PBI_MAX_DEPTH + 4)

typedef enum pbi_state { PBI_SUSPENDED = 0, PBI_FINISHED = 1, PBI_FAILED = 2 } pbi_state;
typedef enum pbi_level { PBI_DEBUG = 2, PBI_INFO = 3, PBI_WARN = 4, PBI_ERROR = 5 } pbi_level;

/* ---- memory: arena.c ---- */

typedef struct pbi_chunk pbi_chunk;

typedef struct pbi_arena {
    pbi_chunk *first; /* in use, newest first */
    pbi_chunk *spare; /* one ordinary chunk, kept for the next task */
} pbi_arena;

struct pb_task {
    pbi_arena arena;
    uint32_t id;
    uint32_t kind;
    pb_str point, name;
    pb_value params;
    pb_str instance, request_id, user;
    int32_t timeout_ms;
    pb_value derived;
};

/* n bytes, aligned to 8, not cleared; never NULL, also for 0. */
void *pbi_alloc(pb_task *t, size_t n);
/* Grows the newest allocation in place, or moves it. */
void *pbi_grow(pb_task *t, void *p, size_t old, size_t n);
void pbi_reset(pbi_arena *a);
/* Drops the kept chunk as well. */
void pbi_release(pbi_arena *a);

/* ---- reading: read.c ---- */

typedef struct pbi_head {
    pb_kind kind;
    size_t size;  /* of the tag and what belongs to it */
    size_t n;     /* bytes, elements or pairs that follow */
    uint64_t raw; /* of a scalar: two's complement, or the bits of a double */
    bool negative;
} pbi_head;
pb_fault pbi_read_head(const uint8_t *p, size_t n, pbi_head *h);
/* The length of the value at p; 0 and *fault when it is not one. */
size_t pbi_walk(const uint8_t *p, size_t n, unsigned depth, bool strict, pb_fault *fault);
/* How many bytes at the start of p are valid UTF-8. */
size_t pbi_utf8(const char *p, size_t n);

/* Reads a message in straight lines; the first fault sticks. */
typedef struct pbi_reader {
    pb_iter i;
    pb_fault fault;
} pbi_reader;
/* Checks the whole message first. */
pbi_reader pbi_message(const uint8_t *p, size_t n);
/* Reads a message inside a checked one. */
pbi_reader pbi_inner(pb_value message);
pb_value pbi_read_value(pbi_reader *r);
pb_str pbi_read_str(pbi_reader *r);
pb_str pbi_read_bytes(pbi_reader *r);
int64_t pbi_read_int(pbi_reader *r, int64_t min, int64_t max);
bool pbi_read_bool(pbi_reader *r);
void pbi_read_error(pb_value message, pb_error *e, pb_fault *fault);

/* ---- writing: write.c ---- */

typedef pb_builder pbi_buf;
void pbi_put(pbi_buf *b, const void *p, size_t n);
void pbi_put_byte(pbi_buf *b, unsigned c);
void pbi_put_nil(pbi_buf *b);
void pbi_put_bool(pbi_buf *b, bool v);
void pbi_put_int(pbi_buf *b, int64_t n);
void pbi_put_uint(pbi_buf *b, uint64_t n);
void pbi_put_float(pbi_buf *b, double f);
void pbi_put_str(pbi_buf *b, pb_str s);
void pbi_put_bytes(pbi_buf *b, const void *p, size_t n);
void pbi_put_array(pbi_buf *b, size_t n);
void pbi_put_map(pbi_buf *b, size_t n);
void pbi_put_value(pbi_buf *b, pb_value v);
void pbi_put_reply(pbi_buf *b, const pb_reply *r);
void pbi_put_error(pbi_buf *b, const pb_error *e);

void pbi_put_base64(pbi_buf *b, pb_str s); /* text.c */

/* ---- numbers: number.c ---- */

#define PBI_NUMBER 32
/* Write at most PBI_NUMBER characters and return how many. Floats are written as
 * ECMAScript does: the shortest text that reads back; NaN and infinities as null. */
size_t pbi_format_uint(char *to, uint64_t n);
size_t pbi_format_int(char *to, int64_t n);
size_t pbi_format_float(char *to, double f);
/* A scalar as text: borrowed from v, or in the buffer. */
pb_str pbi_scalar(pb_value v, char text[PBI_NUMBER]);
bool pbi_parse_int(pb_str s, int64_t *n);
bool pbi_parse_float(pb_str s, double *f);

/* ---- the border: host.c, guest.c ---- */

#if defined(__wasm__)
#define PBI_FROM(module, name) __attribute__((import_module(module), import_name(name)))
#else
#define PBI_FROM(module, name) /* tests stand in for the gateway */
#endif

PBI_FROM("patchbay", "reply") void pbi_host_reply(uint32_t task, const void *p, uint32_t n);
PBI_FROM("patchbay", "log") void pbi_host_log(uint32_t level, const void *p, uint32_t n);
PBI_FROM("patchbay_blocking", "take") void pbi_host_take(void *p);

/* One import for each operation: the linker drops those that a plugin never
 * uses, so the import section tells exactly what it can do. */
#define PBI_OPERATIONS(X) \
    X(http_fetch) X(kv_get) X(kv_put) X(kv_delete) X(kv_list) X(provider_list) X(provider_call) \
    X(journal_begin) X(journal_end) X(journal_report) X(journal_receipt) X(journal_find) X(users_list) X(freeswitch_originate) \
    X(freeswitch_queues) X(freeswitch_tiers) X(freeswitch_agents) X(freeswitch_channels) \
    X(freeswitch_cdr) X(freeswitch_recording)
#define PBI_DECLARE(name) \
    PBI_FROM("patchbay_blocking", #name) uint32_t pbi_host_##name(uint32_t task, const void *p, uint32_t n);
PBI_OPERATIONS(PBI_DECLARE)
#undef PBI_DECLARE

uint32_t pbi_version(void);
void *pbi_buffer(uint32_t size);
uint32_t pbi_start(uint32_t task, uint32_t size);

#endif
