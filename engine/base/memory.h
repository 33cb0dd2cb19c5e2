/* memory.h -- large blocks: values, parameters, moments. */
#ifndef UG_MEMORY_H
#define UG_MEMORY_H

#include <stddef.h>

/* Zeroed bytes straight from the system, in huge pages where it has them; NULL if there are not
 * enough.  Pages take memory when they are first touched.  0 bytes give a valid block too. */
void *ug_memory_take(size_t bytes);
void ug_memory_give(void *block, size_t bytes); /* NULL is fine */

#endif
