/* translation.h -- a trained network made ready for pictures of any size. */
#ifndef UG_TRANSLATION_H
#define UG_TRANSLATION_H

#include "engine/data/listing.h"
#include "engine/run/progress.h"
#include "engine/run/trained.h"
#include "engine/run/view.h"
#include "engine/unitgraph.h"

struct ug_extent {
    int64_t height, width;
};

struct ug_translation {
    const struct ug_translate_options *options;
    struct ug_diags *diags;
    struct ug_arena *arena;
    struct ug_trained trained;
    int entry;                        /* index in the program's translates */
    const struct ug_data_entry *data; /* of the input that pictures are for; NULL without `from` */
    struct ug_type input;             /* its type in training: [N, C, H, W] */
    struct ug_extent reference;       /* what the entry makes of the size in training */
    struct ug_view view;              /* for pictures of `viewed`, padded to `padded` */
    struct ug_extent viewed, padded;
    float *values; /* the padded picture: the view's input */
    struct ug_progress progress;
};

const struct ug_translate_spec *ug_translation_spec(const struct ug_translation *t);

/* Finds the parameters of options->run (the averages where they are kept), builds the program that
 * their file carries, and finds the entry that is asked for.  False after an error. */
bool ug_translation_load(struct ug_translation *t);
void ug_translation_free(struct ug_translation *t); /* what it holds */

/* How the entry changes the size of training; false after an error. */
bool ug_translation_measure(struct ug_translation *t);
/* Makes the view for pictures of a size, padded as little as the network allows.  False after an
 * error: it takes no such pictures. */
bool ug_translation_fit(struct ug_translation *t, struct ug_extent s);
/* The same for an entry without `from`. */
bool ug_translation_open(struct ug_translation *t, struct ug_extent padded);

/* IN is a folder, a list file (.txt) or a pattern, not a single picture. */
bool ug_translation_takes_many(const struct ug_translation *t);
/* Where each picture goes: under its own name in the folder OUT, as PNG; from the arena.  NULL,
 * after an error, where two would get one name. */
const char **ug_translation_names(struct ug_translation *t, const struct ug_listing *list);
/* Where the single picture IN goes: a folder takes it under its own name. */
const char *ug_translation_name(const struct ug_translation *t);
bool ug_translation_names_png(const char *path);
/* False, after an error, for a name that promises another format than PNG. */
bool ug_translation_check_name(const struct ug_translation *t, const char *out);
/* False, after an error, where OUT is IN, by whatever name. */
bool ug_translation_check_place(const struct ug_translation *t, const char *out);

#endif
