/* tensor.h -- shapes, types and the view of a value that a kernel gets. */
#ifndef UG_TENSOR_H
#define UG_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UG_MAX_RANK = 8 };

/* No tensor may have more elements than this: sizes and byte counts then never overflow. */
#define UG_MAX_ELEMENTS ((int64_t)1 << 40)

enum ug_dtype { UG_F32, UG_I64 };

/* Extents, outermost first; pictures are [N, C, H, W].  Members past `rank` are zero.  Rank 0 is a
 * scalar of one element; an extent of 0 is legal and empty. */
struct ug_shape {
    int rank;
    int64_t dim[UG_MAX_RANK];
};

struct ug_type {
    enum ug_dtype dtype;
    struct ug_shape shape;
};

/* A contiguous value, outermost axis first. */
struct ug_tensor {
    enum ug_dtype dtype;
    struct ug_shape shape;
    void *data; /* float or int64_t; NULL only where it has no elements */
};

/* ug_shape_of(3, (int64_t[]){1, 3, 64}) */
struct ug_shape ug_shape_of(int rank, const int64_t *dim);
#define UG_SHAPE(...)                                                                              \
    ug_shape_of((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})
struct ug_shape ug_shape_scalar(void); /* of rank 0: one element */

int64_t ug_shape_count(const struct ug_shape *s); /* elements */
/* The product of extents from axis `from` up to, not including, `to`. */
int64_t ug_shape_span(const struct ug_shape *s, int from, int to);
bool ug_shape_equal(const struct ug_shape *a, const struct ug_shape *b);
/* False when an extent is negative or there are more than UG_MAX_ELEMENTS elements. */
bool ug_shape_valid(const struct ug_shape *s);
/* The shape both broadcast to, as in NumPy; false if they do not fit. */
bool ug_shape_broadcast(const struct ug_shape *a, const struct ug_shape *b, struct ug_shape *out);

/* Bytes of an element, and of all elements. */
size_t ug_dtype_size(enum ug_dtype t);
bool ug_type_equal(const struct ug_type *a, const struct ug_type *b);
size_t ug_type_bytes(const struct ug_type *t);
size_t ug_tensor_bytes(const struct ug_tensor *t);
const char *ug_dtype_name(enum ug_dtype t); /* "float32", "int64" */

/* "1x3x64x64", or "scalar", into `text`, always closed; returns `text`. */
enum { UG_SHAPE_TEXT = 160 };
char *ug_shape_text(const struct ug_shape *s, char text[UG_SHAPE_TEXT]);

#endif
