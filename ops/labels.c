/* labels.c -- reading labels of either type, and checking their shape. */
#include "ops/labels.h"

#include <math.h>

int64_t ug_label_at(const struct ug_tensor *labels, int64_t i, int64_t n_classes)
{
    const int64_t at = labels->shape.rank == 0 ? 0 : i;

    if (labels->dtype == UG_I64) {
        const int64_t label = ((const int64_t *)labels->data)[at];

        return label >= 0 && label < n_classes ? label : -1;
    } else {
        const float label = ((const float *)labels->data)[at];
        const bool is_class = label >= 0.0f && label < (float)n_classes && floorf(label) == label;

        return is_class ? (int64_t)label : -1;
    }
}

bool ug_check_labels(struct ug_inference *t, struct ug_shape *places)
{
    const struct ug_shape *x = &t->in[0].shape, *labels = &t->in[1].shape;
    char text[UG_SHAPE_TEXT];

    if (t->in[0].dtype != UG_F32 || x->rank < 2)
        return ug_reject(t, "needs scores [N, C] or [N, C, H, W], float32");
    *places = (struct ug_shape){.rank = x->rank - 1};
    for (int i = 0; i < places->rank; i++)
        places->dim[i] = x->dim[i < 1 ? i : i + 1];
    if (labels->rank > 0 && t->in[1].dtype != UG_I64)
        return ug_reject(t, "labels must be int64: declare them as {shape: …, dtype: int64}");
    if (labels->rank > 0 && !ug_shape_equal(labels, places))
        return ug_reject(t, "labels must be %s, or one number", ug_shape_text(places, text));
    return true;
}
