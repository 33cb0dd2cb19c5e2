/* match.h -- the tensors of a file beside those that they become under other names. */
#ifndef UG_MATCH_H
#define UG_MATCH_H

#include "engine/data/safetensors.h"
#include "engine/model/name_map.h"
#include "engine/model/program.h"

enum ug_verdict {
    UG_FITS,
    UG_FITS_TIED, /* with the same values under another of its names: stands in `near` */
    UG_IGNORED,
    /* What --partial passes over: */
    UG_NO_LINE, /* of the map */
    UG_NO_PARAM,
    UG_MISSING, /* nothing in the file becomes it */
    /* What it does not: */
    UG_OTHER_SHAPE,
    UG_OTHER_LAYOUT, /* than the line's `permute` or `reshape` takes */
    UG_OTHER_TYPE,
    UG_OTHER_VALUES, /* than the name in `near`, to which it is tied */
    UG_TWICE         /* another tensor becomes this name as well */
};

struct ug_match {
    const char *from, *to;          /* NULL: there is none */
    const struct ug_stored *stored; /* NULL: missing */
    const struct ug_name_rule *rule;
    struct ug_tensor made; /* what it becomes: its type, and where its values are */
    enum ug_verdict verdict;
    const char *near;             /* a name that may have been meant; or NULL */
    const struct ug_param *param; /* here; NULL where no experiment is known */
};

struct ug_matching {
    struct ug_arena *arena;
    const struct ug_name_map *map;
    const struct ug_safetensors *file;
    const struct ug_program *program; /* or NULL: nothing is known of the names here */
    void **data;                      /* of the program's parameters, by index; not if `reverse` */
    bool reverse;                     /* from the names here to those there */
    struct ug_match *rows;
    int n, capacity;
};

/* Fills the rows: one for each tensor of the file, in its order, then one for each that is missing;
 * from here to there, where the program is known, one for each name that it has.  Values are
 * converted to `made`, into `data` or the heap: ug_matching_free. */
void ug_matching_run(struct ug_matching *m);
void ug_matching_free(struct ug_matching *m);

/* Whether values were taken. */
bool ug_verdict_fits(enum ug_verdict v);
/* Rows that are wrong, with --partial or without. */
int ug_matching_misfits(const struct ug_matching *m, bool partial);

/* A line for each row under a heading, and a line that counts them. */
void ug_matching_print(const struct ug_matching *m, FILE *out);
/* The rows that are wrong as notes of a diagnostic, the first few of them. */
void ug_matching_note(const struct ug_matching *m, bool partial, struct ug_diag *diag);

#endif
