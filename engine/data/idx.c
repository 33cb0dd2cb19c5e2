/* idx.c -- the format of MNIST: a big-endian header, then bytes; plain or gzip'd (zlib reads both).
 *
 * http://yann.lecun.com/exdb/mnist/: two zero bytes, the type of the elements, the number of axes,
 * and the extent of each axis in four bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "engine/data/entry.h"

enum { UNSIGNED_BYTES = 8, MOST_AXES = 3, BUFFER = 128 << 10, PIECE = 1 << 20 };
static const uint64_t largest = (uint64_t)1 << 32; /* bytes of elements */

struct idx {
    uint32_t dim[MOST_AXES];
    unsigned char *bytes;
};

static bool refuse(const struct ug_entry *e, const char *path, gzFile f, const char *reason,
                   struct ug_diags *diags)
{
    int code = Z_OK;
    const char *of_zlib = f ? gzerror(f, &code) : strerror(errno);

    if (!f || code == Z_ERRNO)
        ug_error(diags, e->spec->path_pos, "cannot read '%s': %s", path, strerror(errno));
    else
        ug_error(diags, e->spec->path_pos, "'%s' is not a sound IDX file: %s", path,
                 code == Z_OK || code == Z_BUF_ERROR ? reason : of_zlib);
    return false;
}

static bool read_header(const struct ug_entry *e, const char *path, gzFile f, int axes,
                        struct idx *out, struct ug_diags *diags)
{
    unsigned char head[4 + 4 * MOST_AXES];
    const unsigned n = 4 + 4 * (unsigned)axes;
    uint64_t count = 1;

    if (gzread(f, head, n) != (int)n)
        return refuse(e, path, f, "it is cut short in its header", diags);
    if (head[0] || head[1] || head[2] != UNSIGNED_BYTES || head[3] != axes) {
        char reason[100];
        snprintf(reason, sizeof reason, "it starts with %02x%02x%02x%02x instead of 0000%02x%02x",
                 head[0], head[1], head[2], head[3], UNSIGNED_BYTES, axes);
        return refuse(e, path, f, reason, diags);
    }
    for (int i = 0; i < axes; i++) {
        const unsigned char *b = head + 4 + 4 * i;
        out->dim[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        if (out->dim[i] == 0)
            return refuse(e, path, f, "it is empty", diags);
        if (out->dim[i] > largest / count)
            return refuse(e, path, f, "it claims more than 4 GiB", diags);
        count *= out->dim[i];
    }
    return true;
}

/* Memory grows with what really comes, not with what the header claims. */
static bool read_bytes(const struct ug_entry *e, const char *path, gzFile f, uint64_t n,
                       struct idx *out, struct ug_diags *diags)
{
    size_t capacity = 0;
    int code;
    char extra;

    for (uint64_t have = 0; have < n;) {
        if (have == capacity) {
            capacity = capacity ? 2 * capacity : PIECE;
            capacity = capacity < n ? capacity : n;
            unsigned char *larger = realloc(out->bytes, capacity);
            if (!larger)
                return refuse(e, path, f, "out of memory", diags);
            out->bytes = larger;
        }
        const size_t left = capacity - have;
        const int got = gzread(f, out->bytes + have, left < PIECE ? (unsigned)left : PIECE);
        if (got <= 0)
            return refuse(e, path, f, "it is cut short", diags);
        have += (uint64_t)got;
    }
    if (gzread(f, &extra, 1) > 0)
        return refuse(e, path, f, "it goes on after its last element", diags);
    gzerror(f, &code); /* of the check sum, which only the read past the end reaches */
    return code == Z_OK || refuse(e, path, f, "it is cut short", diags);
}

/* Reads a file with this many axes; out->bytes is the caller's to free, also after an error. */
static bool read_idx(const struct ug_entry *e, const char *path, int axes, struct idx *out,
                     struct ug_diags *diags)
{
    gzFile f = gzopen(path, "rbe");

    if (!f)
        return refuse(e, path, NULL, NULL, diags);
    gzbuffer(f, BUFFER);
    bool fine = read_header(e, path, f, axes, out, diags);
    if (fine) {
        uint64_t n = 1;
        for (int i = 0; i < axes; i++)
            n *= out->dim[i];
        fine = read_bytes(e, path, f, n, out, diags);
    }
    gzclose(f);
    return fine;
}

static bool read_labels(struct ug_entry *e, uint32_t count, struct ug_diags *diags)
{
    struct idx labels = {0};
    const bool fine = read_idx(e, e->spec->labels_path, 1, &labels, diags);

    if (fine && labels.dim[0] == count) {
        int64_t *out = ug_arena_array(e->arena, count, sizeof *out);
        for (uint32_t i = 0; i < count; i++)
            out[i] = labels.bytes[i];
        e->labels = out;
    } else if (fine) {
        ug_error(diags, e->spec->path_pos, "'%s' has %u pictures, but '%s' has %u labels",
                 e->spec->path, count, e->spec->labels_path, labels.dim[0]);
    }
    free(labels.bytes);
    return e->labels;
}

static bool open_idx(struct ug_entry *e, struct ug_diags *diags)
{
    const struct ug_data_entry *s = e->spec;
    struct idx *idx = ug_arena_alloc(e->arena, sizeof *idx);
    int64_t size[2];

    e->store = idx;
    if (!read_idx(e, s->path, 3, idx, diags))
        return false;
    if (idx->dim[1] > UG_LONGEST_SIDE || idx->dim[2] > UG_LONGEST_SIDE) {
        ug_error(diags, s->path_pos, "'%s' has pictures of %ux%u; the limit of a side is %d",
                 s->path, idx->dim[1], idx->dim[2], UG_LONGEST_SIDE);
        return false;
    }
    if (s->labels_path && !read_labels(e, idx->dim[0], diags))
        return false;
    if (!ug_entry_crop_fits(e, s->path, idx->dim[1], idx->dim[2], diags))
        return false;
    e->items = s->limit && s->limit < idx->dim[0] ? s->limit : idx->dim[0];
    ug_entry_prepared_size(s, idx->dim[1], idx->dim[2], size);
    e->type = (struct ug_type){UG_F32, UG_SHAPE(s->channels ? s->channels : 1,
                                                s->size[0] ? s->size[0] : size[0],
                                                s->size[1] ? s->size[1] : size[1])};
    return true;
}

static void close_idx(struct ug_entry *e)
{
    if (e->store)
        free(((struct idx *)e->store)->bytes);
}

static bool read_picture(const struct ug_entry *e, int64_t item, struct ug_picture *out,
                         struct ug_diags *diags)
{
    const struct idx *idx = e->store;
    const size_t plane = (size_t)idx->dim[1] * idx->dim[2];
    const unsigned char *bytes = idx->bytes + (size_t)item * plane;

    if (!ug_picture_make(out, e->type.shape.dim[0], idx->dim[1], idx->dim[2])) {
        ug_error(diags, e->spec->path_pos, "out of memory for a picture");
        return false;
    }
    for (int64_t c = 0; c < out->channels; c++)
        for (size_t i = 0; i < plane; i++)
            out->planes[(size_t)c * plane + i] = (float)bytes[i] / 255.0f;
    return true;
}

const struct ug_source_kind ug_idx_source = {
    .open = open_idx, .close = close_idx, .picture = read_picture};
