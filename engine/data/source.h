/* source.h -- data entries opened: how many samples, of which type, and sample i as a tensor.
 *
 * Which sample a step sees, its crop and its flip are functions of (seed, step, entry), never of
 * what was read before (language.md 5): resuming needs no cursor.
 */
#ifndef UG_DATA_SOURCE_H
#define UG_DATA_SOURCE_H

#include "engine/model/program.h"

struct ug_dataset; /* all entries of one ug_data_spec, opened */

/* Opens every entry: lists files, reads headers.  NULL after errors (missing, empty, broken, of
 * another channel count, unequal pairs), each at the entry's place in the file. */
struct ug_dataset *ug_dataset_open(const struct ug_data_spec *spec, struct ug_diags *diags);
void ug_dataset_close(struct ug_dataset *d);

struct ug_type ug_dataset_type(const struct ug_dataset *d,
                               const char *entry); /* of one sample, without the batch axis */
int64_t ug_dataset_count(const struct ug_dataset *d, const char *entry);
int64_t ug_dataset_largest(const struct ug_dataset *d); /* samples of the largest source */
/* Pictures left out by skip_broken so far. */
int64_t ug_dataset_skipped(const struct ug_dataset *d);

/* How a batch is put together. */
enum ug_drawing {
    UG_DRAW_TRAINING, /* shuffled, cropped at random, flipped, as the entry says; batch k of the run
                       */
    UG_DRAW_IN_ORDER  /* samples first …, unshuffled, cropped in the middle, unflipped */
};

struct ug_batch {
    int n; /* entries */
    const char *const *names;
    struct ug_tensor *tensors; /* [batch, …] */
    const char *const *const
        *origins; /* [entry][sample]: the picture's path or "mnist[17]", for messages */
};

/* A background thread that keeps batches ready.  In training drawing, `first` is the step to begin
 * with. */
struct ug_loader;
struct ug_loader *ug_loader_start(struct ug_dataset *d, enum ug_drawing drawing, int64_t batch,
                                  uint64_t seed, int64_t first, int64_t last);
/* The next batch in order, valid until the next call; NULL at the end, or after an error (a picture
 * that broke since it was opened). The last batch in order may be smaller. */
const struct ug_batch *ug_loader_next(struct ug_loader *l, struct ug_diags *diags);
double ug_loader_waited(const struct ug_loader *l); /* seconds spent waiting in ug_loader_next */
void ug_loader_stop(struct ug_loader *l);

#endif
