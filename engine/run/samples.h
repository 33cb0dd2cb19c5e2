/* samples.h -- grids of pictures that show how far training has come. */
#ifndef UG_SAMPLES_H
#define UG_SAMPLES_H

#include "engine/data/picture.h"
#include "engine/run/trainer.h"
#include "engine/run/view.h"

struct ug_samples {
    const struct ug_samples_spec *spec;
    struct ug_dataset *data;
    struct ug_loader *loader; /* holds the batch */
    struct ug_view view;
    struct ug_picture *cells; /* [row][column] */
    const char **labels;
    double (*ranges)[2]; /* by column: what black and white are in its values */
};

/* Reads the samples and makes their graph.  False after an error; ug_samples_close is then still
 * right. */
bool ug_samples_open(struct ug_samples *s, const struct ug_look *look, struct ug_diags *diags);
void ug_samples_close(struct ug_samples *s);

/* Writes the grid as a PNG file. */
bool ug_samples_write(struct ug_samples *s, const char *path, const struct ug_moment *now,
                      struct ug_diags *diags);

/* Copies the top left of sample `row` of a value [N, C, H, W], as much as `out` has room for, into
 * planes of 0 … 1. */
void ug_samples_picture(const struct ug_tensor *value, int64_t row, const double range[2],
                        struct ug_picture *out);
/* The values that black and white have in a column: those of the data entry that it shows, or of
 * the first pictures of `data`. */
void ug_samples_range(const struct ug_data_spec *data, const struct ug_node *node, double range[2]);
/* Whether a value is pictures; reports it otherwise. */
bool ug_samples_check(const struct ug_value *v, struct ug_diags *diags);

#endif
