/* diag_parts.h -- what a list of messages is made of; between diag.c, diag_print.c and suggest.c
 * only. */
#ifndef UG_DIAG_PARTS_H
#define UG_DIAG_PARTS_H

#include "engine/base/arena.h"
#include "engine/base/diag.h"

struct ug_note {
    struct ug_pos pos;
    const char *text;
};

struct ug_diag {
    struct ug_diags *owner;
    struct ug_pos pos;
    bool warning;
    int source_rank; /* index in the list of sources: the order in which they were first complained
                        about */
    size_t number;   /* the order in which messages were made */
    const char *text;
    struct ug_note *notes;
    int n_notes, notes_capacity;
};

struct ug_diags {
    struct ug_arena *arena;
    struct ug_diag **items;
    size_t n, capacity;
    size_t errors, warnings;
    struct ug_source **sources; /* copies: messages outlive what they are about */
    int n_sources, sources_capacity;
};

#endif
