/* What the tests share: a gateway that answers what it is told. */
#ifndef RIG_H
#define RIG_H

#include "../sdk/internal.h"

#include <stdio.h>

extern int failures;
#define CHECK(condition, ...) \
    do { \
        if (!(condition)) { \
            failures++; \
            fprintf(stderr, "%s:%d: ", __FILE__, __LINE__); \
            fprintf(stderr, __VA_ARGS__); \
            fputc('\n', stderr); \
        } \
    } while (0)

typedef struct bytes {
    uint8_t *p;
    size_t n;
} bytes;

/* What the gateway saw last; copies that the next task replaces. */
extern struct gateway {
    const char *operation;
    bytes request;
    bytes answer; /* what it gives; owned by the test */
    bytes reply;
    int replies;
    bytes line;
    uint32_t level;
} gateway;

/* Gives the message to the guest as the request of a task; returns the state. */
uint32_t deliver(const uint8_t *p, size_t n);
/* Runs f as the only action of the plugin. */
uint32_t in_task(pb_reply (*f)(pb_task *t));
/* A request message, made by the SDK's own writer. */
bytes request(uint32_t kind, const char *point, const char *name, pb_value params);

bytes copy(const void *p, size_t n);
bool same(bytes b, const void *p, size_t n);
bytes from_hex(const char *hex, size_t n);
const char *hex(const void *p, size_t n);
/* The value once more, written by the SDK. */
pb_value rewrite(pb_task *t, pb_value v);
/* Touches everything that can be read from a value. */
void read_all(pb_task *t, pb_value v, int depth);

/* The test's own handlers, which in_task uses; set them for a deliver. */
extern pb_reply (*body)(pb_task *t);
extern pb_reply (*configure)(pb_task *t);

void test_vectors(const char *file);
void test_malformed(void);
void test_values(void);
void test_numbers(void);
void test_texts(void);
void test_tasks(void);
void test_http(void);
void test_operations(void);
void fuzz(unsigned rounds, const char *vectors);

#endif
