/* queue.h -- hands items from one thread to another, no more at a time than so many bytes. */
#ifndef UG_QUEUE_H
#define UG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct ug_queue;

/* `most`: bytes that may wait; an item that is larger waits alone. */
struct ug_queue *ug_queue_new(size_t most);
void ug_queue_free(struct ug_queue *q); /* empty by then; NULL is fine */

/* Waits until there is room.  False where the queue was closed: the item is still the caller's. */
bool ug_queue_put(struct ug_queue *q, void *item, size_t bytes);
/* The next item, in the order they were put; waits for it.  NULL: the queue is closed and empty. */
void *ug_queue_take(struct ug_queue *q);
/* From either side: nothing more goes in. */
void ug_queue_close(struct ug_queue *q);

#endif
