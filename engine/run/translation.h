/* translation.h -- a trained network made ready for pictures of any size. */
#ifndef UG_TRANSLATION_H
#define UG_TRANSLATION_H

#include "engine/data/listing.h"
#include "engine/data/picture.h"
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
    struct ug_view view;              /* for `batch` pictures padded to `padded` */
    struct ug_extent padded;
    int64_t batch;
    float *values; /* the view's input: [batch, C, H, W] */
    struct ug_progress progress;
};

const struct ug_translate_spec *ug_translation_spec(const struct ug_translation *t);
uint64_t ug_translation_seed(const struct ug_translation *t);

/* Finds the parameters of options->run (the averages where they are kept), builds the program that
 * their file carries, and finds the entry that is asked for.  False after an error. */
bool ug_translation_load(struct ug_translation *t);
void ug_translation_free(struct ug_translation *t); /* what it holds */

/* ---- Sizes ---- */

/* How the entry changes the size of training; false after an error. */
bool ug_translation_measure(struct ug_translation *t);
/* What pictures of a size are padded to: as little as the network allows.  False after an error: it
 * takes no such pictures. */
bool ug_translation_pad(struct ug_translation *t, struct ug_extent s, struct ug_extent *padded);
/* What pictures of a size come out as. */
struct ug_extent ug_translation_result(const struct ug_translation *t, struct ug_extent s);
/* How many of n pictures to run at a time: small ones fill the machine only together.  One, where
 * the entry draws random numbers or does not keep its pictures apart. */
int64_t ug_translation_batch(struct ug_translation *t, struct ug_extent padded, int64_t n);
/* Makes the view, and `values` that are 0, unless it is there.  False after an error. */
bool ug_translation_fit(struct ug_translation *t, struct ug_extent padded, int64_t batch);
/* The same for an entry without `from`. */
bool ug_translation_open(struct ug_translation *t);

/* ---- Pictures and values ---- */

/* Reads a picture as it is to be translated: in the size that is asked for, or its own. */
bool ug_translation_read(const struct ug_translation *t, const char *path, struct ug_picture *p,
                         struct ug_diags *diags);
/* What the data entry would make of it, continued by reflection below and to the right: into
 * [C, H, W]. */
void ug_translation_fill(const struct ug_translation *t, const struct ug_picture *p,
                         struct ug_extent padded, float *values);
/* Result `row` of the view's last run, without its padding.  False, after an error, where there is
 * no memory for it. */
bool ug_translation_take(struct ug_translation *t, int64_t row, struct ug_extent s,
                         struct ug_picture *p);

/* Whether it is asked to end; and the error which says after how many pictures it did. */
bool ug_translation_is_stopped(const struct ug_translation *t);
void ug_translation_say_stopped(const struct ug_translation *t, int64_t done, int64_t all);

/* A folder, a list or a pattern of pictures into the folder OUT.  False after errors. */
bool ug_translation_many(struct ug_translation *t);

/* ---- Names ---- */

/* IN is a folder, a list file (.txt) or a pattern, not a single picture. */
bool ug_translation_takes_many(const struct ug_translation *t);
/* Where each picture goes: under its own name in the folder OUT, as PNG; from the arena.  NULL,
 * after an error, where two would get one name, or one of those that are read would be written
 * over. */
const char **ug_translation_names(struct ug_translation *t, const struct ug_listing *list);
/* Where the single picture IN goes: a folder takes it under its own name. */
const char *ug_translation_name(const struct ug_translation *t);
bool ug_translation_names_png(const char *path);
/* False, after an error, for a name that promises another format than PNG. */
bool ug_translation_check_name(const struct ug_translation *t, const char *out);
/* False, after an error, where OUT is IN, by whatever name. */
bool ug_translation_check_place(const struct ug_translation *t, const char *out);

#endif
