/* source.h -- data entries opened: how many samples, of which type, and sample i as a tensor.
 *
 * Which sample a step sees, its crop and its flip are functions of (seed, step, entry), never of
 * what was read before (language.md 5): resuming needs no cursor.
 */
#ifndef UG_DATA_SOURCE_H
#define UG_DATA_SOURCE_H

#include "engine/model/program.h"

/* Decoded pictures are kept, one byte a value where that is exact, until an opened data section
 * holds this much (ug_data_spec.keep may say less); what does not fit is decoded each time. */
#define UG_CACHE_BYTES ((size_t)256 << 20)

struct ug_dataset; /* all entries of one ug_data_spec, opened */

/* Opens every entry: lists files, reads headers.  NULL after errors (missing, empty, broken, of
 * another channel count, unequal pairs), each at the entry's place in the file.  `spec` is
 * borrowed. */
struct ug_dataset *ug_dataset_open(const struct ug_data_spec *spec, struct ug_diags *diags);
void ug_dataset_close(struct ug_dataset *d); /* NULL is fine; its loaders must have been stopped */

/* Of one sample, without the batch axis.  The entry must exist. */
struct ug_type ug_dataset_type(const struct ug_dataset *d, const char *entry);
/* With `invert: both` each sample counts twice. */
int64_t ug_dataset_count(const struct ug_dataset *d, const char *entry);
int64_t ug_dataset_largest(const struct ug_dataset *d); /* samples of the largest source */
/* Bytes that pictures of 8 bits take when the first n of each entry have been read. */
size_t ug_dataset_kept(const struct ug_dataset *d, int64_t n);
/* The same if the data's `keep` set no limit. */
size_t ug_dataset_kept_freely(const struct ug_dataset *d, int64_t n);
/* Pictures left out by skip_broken so far. */
int64_t ug_dataset_skipped(const struct ug_dataset *d);

/* A label of an entry that is none of the classes 0 … classes - 1. */
struct ug_misfit {
    int64_t label;
    const char *origin; /* the sample that has it: a picture's path, or "mnist[17]" */
};

/* Whether every label of an entry is a class; of one that holds no labels, or more than are looked
 * through, true.  Else *misfit is the first that is none, with `origin` from the arena. */
bool ug_dataset_labels_fit(const struct ug_dataset *d, const char *entry, int64_t classes,
                           struct ug_arena *arena, struct ug_misfit *misfit);

/* How a batch is put together. */
enum ug_drawing {
    UG_DRAW_TRAINING, /* the batch of a step: shuffled, cropped, flipped as the entry says */
    UG_DRAW_IN_ORDER  /* sample after sample, unshuffled, cropped in the middle, unflipped */
};

struct ug_batch {
    int n; /* entries */
    const char *const *names;
    struct ug_tensor *tensors; /* [batch, …] */
    /* For messages, [entry][sample]: the picture's path, or "mnist[17]". */
    const char *const *const *origins;
};

/* A background thread that keeps batches ready.  Training: batches of the steps first … last - 1.
 * In order: samples first … last - 1 of each entry, from its start again where it has fewer; the
 * last batch may be smaller. Several loaders may use one dataset.  NULL after an error: there is no
 * memory for the batches. */
struct ug_loader;
struct ug_loader *ug_loader_start(struct ug_dataset *d, enum ug_drawing drawing, int64_t batch,
                                  uint64_t seed, int64_t first, int64_t last,
                                  struct ug_diags *diags);
/* The next batch in order, valid until the next call; NULL at the end, or after an error (a picture
 * that broke since it was opened). */
const struct ug_batch *ug_loader_next(struct ug_loader *l, struct ug_diags *diags);
/* Bytes that a loader of so many batches holds. */
size_t ug_loader_bytes(const struct ug_dataset *d, int64_t batch, int64_t batches);
double ug_loader_waited(const struct ug_loader *l); /* seconds spent waiting in ug_loader_next */
void ug_loader_stop(struct ug_loader *l);           /* NULL is fine */

#endif
