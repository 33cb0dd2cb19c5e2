/* entry.h -- one data entry, opened: what dataset.c, the kinds of sources and the loader share. */
#ifndef UG_DATA_ENTRY_H
#define UG_DATA_ENTRY_H

#include <stdalign.h>
#include <stdatomic.h>

#include "engine/base/arena.h"
#include "engine/data/picture.h"
#include "engine/data/source.h"

struct ug_entry;

/* A kind of source.  Its items are numbered as the source holds them, 0 … items - 1. */
struct ug_source_kind {
    /* Sets items, type and store, and where it has them labels and broken.  False after errors. */
    bool (*open)(struct ug_entry *e, struct ug_diags *diags);
    /* Frees what `store` holds, also after a failed open; NULL: nothing to free. */
    void (*close)(struct ug_entry *e);
    /* One of these two, from any thread.  A picture of the entry's channels, at its own size: */
    bool (*picture)(const struct ug_entry *e, int64_t item, struct ug_picture *out,
                    struct ug_diags *diags);
    /* or the sample itself: */
    void (*values)(const struct ug_entry *e, int64_t item, void *out);
    /* The item's path, which lives as long as the entry; NULL: its items have none. */
    const char *(*path)(const struct ug_entry *e, int64_t item);
    /* The item's label, where `labels` is NULL; -1: it has none.  NULL: no item has one. */
    int64_t (*label)(const struct ug_entry *e, int64_t item);
};

extern const struct ug_source_kind ug_images_source, ug_idx_source, ug_synthetic_source,
    ug_tensors_source, ug_labels_source;

/* A picture that is kept: resized, but not yet cropped, flipped or inverted. */
struct ug_kept {
    int64_t height, width;
    bool bytes;                          /* data holds uint8_t, v * 255; else float, v */
    alignas(float) unsigned char data[]; /* [channels, height, width] */
};

struct ug_entry {
    const struct ug_data_entry *spec;
    const struct ug_source_kind *kind;
    struct ug_arena *arena; /* the dataset's */
    void *store;            /* the kind's own */
    struct ug_entry *root;  /* whose items, flips and crops it takes; itself if it follows none */
    struct ug_entry *of;    /* labels_of: the entry that has the labels */
    bool opened;            /* without an error */
    int64_t items;          /* after `limit` */
    struct ug_type type;    /* of a sample; [channels, height, width] of pictures */
    const int64_t *labels;  /* of each item; -1: none; NULL: none at all */
    _Atomic bool *broken;   /* items that skip_broken left out; NULL: none can be */
    const int64_t *good;    /* of a root: the items that are no one's broken ones; NULL: all */
    int64_t n_good;
    _Atomic(struct ug_kept *) *kept; /* of pictures: each item's, NULL until it is read */
};

struct ug_dataset {
    struct ug_arena *arena;
    struct ug_entry *entries;
    int n;
    size_t keep;              /* bytes of pictures that may be kept … */
    atomic_size_t kept_bytes; /* … and that are */
    atomic_int_fast64_t skipped;
};

/* What a step does with a sample: the same for all that follow one root. */
struct ug_draw {
    int64_t sample; /* 0 … ug_entry_count - 1 */
    bool flip;
    double crop[2]; /* where between the first and the last place a crop lies: 0 … 1, y and x */
};

struct ug_entry *ug_dataset_entry(const struct ug_dataset *d, const char *name); /* or NULL */

/* Samples of an entry: its root's good items, twice where it is inverted both ways. */
int64_t ug_entry_count(const struct ug_entry *e);
/* The item that a sample shows. */
int64_t ug_entry_item(const struct ug_entry *e, int64_t sample);

/* What messages call an item: its path, or "name[item]" written to `text`. */
enum { UG_ORIGIN = 96 };
const char *ug_entry_origin(const struct ug_entry *e, int64_t item, char text[UG_ORIGIN]);

/* Writes one sample, the entry's type, to `out`.  False after an error that says why it cannot be
 * read; where the entry skips broken items the item is marked as one. */
bool ug_entry_read(struct ug_dataset *d, struct ug_entry *e, const struct ug_draw *draw, void *out,
                   struct ug_diags *diags);

/* No side that a file asks for may be longer. */
enum { UG_LONGEST_SIDE = 1 << 15 };

/* Height and width that a picture is resized to before it is cropped. */
void ug_entry_prepared_size(const struct ug_data_entry *spec, int64_t height, int64_t width,
                            int64_t size[2]);
/* Whether a crop fits into a picture of this size, which a message calls `path`; else an error. */
bool ug_entry_crop_fits(const struct ug_entry *e, const char *path, int64_t height, int64_t width,
                        struct ug_diags *diags);

#endif
