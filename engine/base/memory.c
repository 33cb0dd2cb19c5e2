/* memory.c -- blocks straight from the system, in huge pages where it has them. */
#include "engine/base/memory.h"

#include <sys/mman.h>

void *ug_memory_take(size_t bytes)
{
    void *block =
        mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED)
        return NULL;
#ifdef MADV_HUGEPAGE
    madvise(block, bytes, MADV_HUGEPAGE); /* only a wish: small pages work as well, slower */
#endif
    return block;
}

void ug_memory_give(void *block, size_t bytes)
{
    if (block)
        munmap(block, bytes ? bytes : 1);
}
