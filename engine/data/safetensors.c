/* safetensors.c -- 8 bytes of header length, a JSON header, then the tensors' bytes end to end.
 *
 * The format: https://github.com/huggingface/safetensors#format
 */
#include "engine/data/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/arena.h"
#include "engine/data/safetensors_parts.h"

enum { PREFIX = 8 }; /* bytes: the length of the header, little-endian */
static const uint64_t largest_header = 100000000; /* the limit of the reference implementation */

struct ug_safetensors {
    const unsigned char *map;
    size_t size;
    json_t *header;                  /* owns names and dtypes */
    struct ug_stored *items;         /* in the order of the header */
    const struct ug_stored **sorted; /* by name */
    int n;
};

/* ---- Checking a file ---- */

/* What a check needs to report: where the user named the file, and its name. */
struct reading {
    struct ug_safetensors *s;
    const char *path;
    struct ug_pos pos;
    struct ug_diags *diags;
};

static bool refuse(const struct reading *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool refuse(const struct reading *r, const char *format, ...)
{
    char reason[512];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    ug_error(r->diags, r->pos, "'%s' is not a sound safetensors file: %s", r->path, reason);
    return false;
}

static bool map_file(const struct reading *r)
{
    const int fd = open(r->path, O_RDONLY | O_CLOEXEC);
    struct stat st = {0};
    void *map = MAP_FAILED;

    if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size >= PREFIX)
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    const int error = S_ISDIR(st.st_mode) ? EISDIR : errno;
    if (fd >= 0)
        close(fd);
    if (S_ISREG(st.st_mode) && st.st_size < PREFIX)
        return refuse(r, "it has %lld bytes, fewer than the length of its header takes",
                      (long long)st.st_size);
    if (map == MAP_FAILED) {
        struct ug_diag *d =
            ug_error(r->diags, r->pos, "cannot read '%s': %s", r->path, strerror(error));
        if (error == EISDIR)
            ug_note(d, UG_NOWHERE, "of a run, the newest parameters are latest/params.safetensors");
        return false;
    }
    r->s->map = map;
    r->s->size = (size_t)st.st_size;
    return true;
}

/* A header is a JSON object, behind its length.  Says what else a file may be that was taken for
 * one. */
static bool begins_well(const struct reading *r)
{
    const unsigned char *bytes = r->s->map;
    const bool zip = !memcmp(bytes, "PK\3\4", 4), pickle = bytes[0] == 0x80 && bytes[1] < 6;

    if (r->s->size <= PREFIX || bytes[PREFIX] == '{')
        return true;
    struct ug_diag *d = ug_error(r->diags, r->pos, "'%s' is not a safetensors file%s", r->path,
                                 zip || pickle ? ", but one that torch.save writes" : "");
    if (zip || pickle)
        ug_note(d, UG_NOWHERE,
                "in Python: safetensors.torch.save_file(model.state_dict(), 'x.safetensors')");
    return false;
}

/* Sets *begin to where the tensors' bytes start in the file. */
static bool parse_header(const struct reading *r, size_t *begin)
{
    json_error_t why;
    uint64_t length;

    memcpy(&length, r->s->map, sizeof length);
    if (!begins_well(r))
        return false;
    if (length > largest_header)
        return refuse(r, "its header claims %" PRIu64 " bytes; the limit is %" PRIu64, length,
                      largest_header);
    if (length > r->s->size - PREFIX)
        return refuse(r, "its header claims %" PRIu64 " bytes, but only %zu follow", length,
                      r->s->size - PREFIX);
    r->s->header =
        json_loadb((const char *)r->s->map + PREFIX, (size_t)length, JSON_REJECT_DUPLICATES, &why);
    if (!r->s->header)
        return refuse(r, "its header is not JSON: %s (byte %d)", why.text, PREFIX + why.position);
    if (!json_is_object(r->s->header))
        return refuse(r, "its header is not a JSON object");
    *begin = PREFIX + (size_t)length;
    return true;
}

static bool check_metadata(const struct reading *r, const json_t *metadata)
{
    const char *key;
    json_t *value;

    if (!json_is_object(metadata))
        return refuse(r, "'%s' is not an object", UG_SAFETENSORS_METADATA);
    json_object_foreach((json_t *)metadata, key, value)
    {
        if (!json_is_string(value))
            return refuse(r, "'%s' holds '%s', which is not a string", UG_SAFETENSORS_METADATA,
                          key);
    }
    return true;
}

static bool parse_shape(const struct reading *r, const json_t *list, struct ug_stored *t)
{
    if (!json_is_array(list))
        return refuse(r, "tensor '%s' has no shape", t->name);
    if (json_array_size(list) > UG_MAX_RANK)
        return refuse(r, "tensor '%s' has %zu axes; the limit is %d", t->name,
                      json_array_size(list), UG_MAX_RANK);
    t->shape.rank = (int)json_array_size(list);
    for (int i = 0; i < t->shape.rank; i++) {
        const json_t *dim = json_array_get(list, (size_t)i);
        if (!json_is_integer(dim))
            return refuse(r, "the shape of tensor '%s' is not a list of whole numbers", t->name);
        t->shape.dim[i] = json_integer_value(dim);
    }
    if (!ug_shape_valid(&t->shape))
        return refuse(r, "the shape of tensor '%s' is negative or too large", t->name);
    return true;
}

static bool parse_offsets(const struct reading *r, const json_t *list, size_t begin,
                          struct ug_stored *t)
{
    const json_t *from = json_array_get(list, 0), *to = json_array_get(list, 1);
    const size_t available = r->s->size - begin;

    if (json_array_size(list) != 2 || !json_is_integer(from) || !json_is_integer(to))
        return refuse(r, "tensor '%s' has no 'data_offsets' of two whole numbers", t->name);
    const json_int_t a = json_integer_value(from), b = json_integer_value(to);
    if (a < 0 || b < a)
        return refuse(r, "the bytes of tensor '%s' run from %lld to %lld", t->name, (long long)a,
                      (long long)b);
    if ((uint64_t)b > available)
        return refuse(r, "tensor '%s' ends at byte %lld, but there are %zu: the file is cut short",
                      t->name, (long long)b, available);
    t->data = r->s->map + begin + a;
    t->bytes = (size_t)(b - a);
    return true;
}

static bool parse_tensor(const struct reading *r, const char *name, const json_t *entry,
                         size_t begin, struct ug_stored *t)
{
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    char shape[UG_SHAPE_TEXT];

    t->name = name;
    t->dtype = dtype;
    if (!dtype)
        return refuse(r, "tensor '%s' has no dtype", name);
    if (!parse_shape(r, json_object_get(entry, "shape"), t) ||
        !parse_offsets(r, json_object_get(entry, "data_offsets"), begin, t))
        return false;
    const size_t size = ug_safetensors_element(dtype);
    if (size && t->bytes != (size_t)ug_shape_count(&t->shape) * size)
        return refuse(r, "tensor '%s' has %zu bytes, which is not %s of %s", name, t->bytes,
                      ug_shape_text(&t->shape, shape), dtype);
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct ug_stored *x = *(const struct ug_stored *const *)a;
    const struct ug_stored *y = *(const struct ug_stored *const *)b;
    const uintptr_t p = (uintptr_t)x->data, q = (uintptr_t)y->data;

    return p != q ? (p > q) - (p < q) : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct ug_stored *const *)a)->name,
                  (*(const struct ug_stored *const *)b)->name);
}

/* The tensors must cover the bytes after the header end to end. */
static bool check_coverage(const struct reading *r, size_t begin)
{
    const unsigned char *at = r->s->map + begin;

    qsort(r->s->sorted, (size_t)r->s->n, sizeof *r->s->sorted, by_place);
    for (int i = 0; i < r->s->n; i++) {
        const struct ug_stored *t = r->s->sorted[i];
        if ((const unsigned char *)t->data != at)
            return refuse(r, "the bytes of tensor '%s' %s", t->name,
                          (const unsigned char *)t->data < at ? "overlap another tensor's"
                                                              : "leave a gap before them");
        at += t->bytes;
    }
    if (at != r->s->map + r->s->size)
        return refuse(r, "%zu bytes after the last tensor belong to none",
                      (size_t)(r->s->map + r->s->size - at));
    return true;
}

static bool parse_tensors(const struct reading *r, size_t begin)
{
    struct ug_safetensors *s = r->s;
    const size_t most = json_object_size(s->header);
    const char *name;
    json_t *entry;

    s->items = ug_xcalloc(most, sizeof *s->items);
    s->sorted = ug_xcalloc(most, sizeof *s->sorted);
    json_object_foreach(s->header, name, entry)
    {
        if (!strcmp(name, UG_SAFETENSORS_METADATA)) {
            if (!check_metadata(r, entry))
                return false;
            continue;
        }
        if (!parse_tensor(r, name, entry, begin, &s->items[s->n]))
            return false;
        s->sorted[s->n] = &s->items[s->n];
        s->n++;
    }
    if (!check_coverage(r, begin))
        return false;
    qsort(s->sorted, (size_t)s->n, sizeof *s->sorted, by_name);
    return true;
}

/* ---- Reading ---- */

struct ug_safetensors *ug_safetensors_open(const char *path, struct ug_pos pos,
                                           struct ug_diags *diags)
{
    struct ug_safetensors *s = ug_xcalloc(1, sizeof *s);
    const struct reading r = {s, path, pos, diags};
    size_t begin = 0;

    if (map_file(&r) && parse_header(&r, &begin) && parse_tensors(&r, begin))
        return s;
    ug_safetensors_close(s);
    return NULL;
}

void ug_safetensors_close(struct ug_safetensors *s)
{
    if (!s)
        return;
    if (s->map)
        munmap((void *)s->map, s->size);
    json_decref(s->header);
    free(s->items);
    free(s->sorted);
    free(s);
}

int ug_safetensors_count(const struct ug_safetensors *s)
{
    return s->n;
}

const struct ug_stored *ug_safetensors_item(const struct ug_safetensors *s, int i)
{
    return &s->items[i];
}

const struct ug_stored *ug_safetensors_find(const struct ug_safetensors *s, const char *name)
{
    const struct ug_stored wanted = {.name = name}, *key = &wanted;
    const struct ug_stored **found =
        bsearch(&key, s->sorted, (size_t)s->n, sizeof *s->sorted, by_name);

    return found ? *found : NULL;
}

const char *ug_safetensors_metadata(const struct ug_safetensors *s, const char *key)
{
    return json_string_value(
        json_object_get(json_object_get(s->header, UG_SAFETENSORS_METADATA), key));
}
