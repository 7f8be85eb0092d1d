/* Memory of a task: bump allocation in chunks that are freed together. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* The tests run under AddressSanitizer: what is not handed out is poisoned. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#define GAP 8 /* between two allocations, stays poisoned */
#else
#define POISON(p, n) ((void)0)
#define UNPOISON(p, n) ((void)0)
#define GAP 0
#endif

/* With its head and that of malloc a chunk stays below eight kilobytes. */
#define CHUNK 8144

struct pbi_chunk {
    pbi_chunk *next;
    size_t used, size;
    _Alignas(8) uint8_t data[];
};

static size_t align(size_t n) { return (n + 7) & ~(size_t)7; }

static pbi_chunk *new_chunk(pbi_arena *a, size_t size)
{
    pbi_chunk *c = a->spare;
    if (size <= CHUNK && c != NULL) {
        a->spare = NULL;
    } else {
        size = size < CHUNK ? CHUNK : size;
        c = malloc(sizeof *c + size);
        if (c == NULL)
            pb_panic("out of memory");
        c->size = size;
        POISON(c->data, c->size);
    }
    c->used = 0;
    c->next = a->first;
    a->first = c;
    return c;
}

void *pbi_alloc(pb_task *t, size_t n)
{
    if (n > SIZE_MAX / 4)
        pb_panic("out of memory");
    pbi_chunk *c = t->arena.first;
    size_t room = align(n) + GAP;
    if (c == NULL || c->size - c->used < room)
        c = new_chunk(&t->arena, room);
    uint8_t *p = c->data + c->used;
    c->used += room;
    UNPOISON(p, n);
    return p;
}

void *pbi_grow(pb_task *t, void *p, size_t old, size_t n)
{
    pbi_chunk *c = t->arena.first;
    size_t room = align(old) + GAP;
    if (p != NULL && n <= SIZE_MAX / 4 && c != NULL && (uint8_t *)p + room == c->data + c->used
        && c->size - (c->used - room) >= align(n) + GAP) {
        c->used += align(n) + GAP - room;
        UNPOISON(p, n);
        return p;
    }
    void *q = pbi_alloc(t, n);
    if (old > 0)
        memcpy(q, p, old);
    return q;
}

void pbi_reset(pbi_arena *a)
{
    while (a->first != NULL) {
        pbi_chunk *c = a->first;
        a->first = c->next;
        if (c->size == CHUNK && a->spare == NULL) {
            POISON(c->data, c->size);
            a->spare = c;
        } else {
            free(c);
        }
    }
}

void pbi_release(pbi_arena *a)
{
    pbi_reset(a);
    free(a->spare);
    a->spare = NULL;
}
