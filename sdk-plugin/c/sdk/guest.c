/* The exports of a guest. */
#include "internal.h"

#if defined(__wasm__)

__attribute__((export_name("patchbay_abi"))) uint32_t patchbay_abi(void) { return pbi_version(); }

__attribute__((export_name("patchbay_buffer"))) void *patchbay_buffer(uint32_t size) { return pbi_buffer(size); }

__attribute__((export_name("patchbay_start"))) uint32_t patchbay_start(uint32_t task, uint32_t size)
{
    return pbi_start(task, size);
}

#endif
