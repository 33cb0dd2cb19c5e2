/* safetensors.c -- 8 bytes of header length, a JSON header, then the tensors' bytes end to end.
 *
 * The format: https://github.com/huggingface/safetensors#format
 */
#include "engine/data/safetensors.h"

#include <assert.h>
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
#include "engine/base/file.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are stored little-endian");

enum { PREFIX = 8, ALIGNMENT = 8, PIECE = 1024 };
static const uint64_t largest_header = 100000000; /* the limit of the reference implementation */
static const char metadata_key[] = "__metadata__";

struct ug_safetensors {
    const unsigned char *map;
    size_t size;
    json_t *header;                  /* owns names and dtypes */
    struct ug_stored *items;         /* in the order of the header */
    const struct ug_stored **sorted; /* by name */
    int n;
};

/* ---- Types of elements ---- */

typedef __typeof__(0.0f) ug_binary32; /* as files have it, whatever float means: see double.h */

typedef void convert_fn(const unsigned char *from, int64_t n, void *to);

/* Elements are copied to an aligned piece first: a file may put them anywhere. */
#define CONVERT(name, from_type, to_type, value)                                                   \
    static void name(const unsigned char *from, int64_t n, void *to)                               \
    {                                                                                              \
        to_type *y = to;                                                                           \
        from_type x[PIECE];                                                                        \
        for (int64_t done = 0; done < n; done += PIECE) {                                          \
            const int64_t m = n - done < PIECE ? n - done : PIECE;                                 \
            memcpy(x, from + (size_t)done * sizeof *x, (size_t)m * sizeof *x);                     \
            for (int64_t i = 0; i < m; i++)                                                        \
                y[done + i] = (to_type)(value);                                                    \
        }                                                                                          \
    }

static float float_of_bits(uint32_t bits)
{
    ug_binary32 x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
static float float_of_half(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    const uint32_t exponent = (h >> 10) & 31u, fraction = h & 1023u;

    if (exponent == 31)
        return float_of_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent == 0) {
        const float tiny = (float)fraction * 0x1p-24f;
        return sign ? -tiny : tiny;
    }
    return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

CONVERT(float_from_f64, double, float, x[i])
CONVERT(float_from_f32, ug_binary32, float, x[i])
CONVERT(float_from_f16, uint16_t, float, float_of_half(x[i]))
CONVERT(float_from_bf16, uint16_t, float, float_of_bits((uint32_t)x[i] << 16))
CONVERT(float_from_i64, int64_t, float, x[i])
CONVERT(float_from_i32, int32_t, float, x[i])
CONVERT(float_from_u32, uint32_t, float, x[i])
CONVERT(float_from_i16, int16_t, float, x[i])
CONVERT(float_from_u16, uint16_t, float, x[i])
CONVERT(float_from_i8, int8_t, float, x[i])
CONVERT(float_from_u8, uint8_t, float, x[i])
CONVERT(float_from_bool, uint8_t, float, x[i] != 0)
CONVERT(int_from_i64, int64_t, int64_t, x[i])
CONVERT(int_from_i32, int32_t, int64_t, x[i])
CONVERT(int_from_u32, uint32_t, int64_t, x[i])
CONVERT(int_from_i16, int16_t, int64_t, x[i])
CONVERT(int_from_u16, uint16_t, int64_t, x[i])
CONVERT(int_from_i8, int8_t, int64_t, x[i])
CONVERT(int_from_u8, uint8_t, int64_t, x[i])
CONVERT(int_from_bool, uint8_t, int64_t, x[i] != 0)

struct element {
    const char *dtype;
    size_t size;
    convert_fn *to_float, *to_int; /* NULL: it cannot become that */
};

static const struct element elements[] = {
    {"F64", 8, float_from_f64, NULL},
    {"F32", 4, float_from_f32, NULL},
    {"F16", 2, float_from_f16, NULL},
    {"BF16", 2, float_from_bf16, NULL},
    {"I64", 8, float_from_i64, int_from_i64},
    {"I32", 4, float_from_i32, int_from_i32},
    {"U32", 4, float_from_u32, int_from_u32},
    {"I16", 2, float_from_i16, int_from_i16},
    {"U16", 2, float_from_u16, int_from_u16},
    {"I8", 1, float_from_i8, int_from_i8},
    {"U8", 1, float_from_u8, int_from_u8},
    {"BOOL", 1, float_from_bool, int_from_bool},
    {"U64", 8, NULL, NULL},
    {"F8_E4M3", 1, NULL, NULL},
    {"F8_E5M2", 1, NULL, NULL},
};

/* NULL for a type that came into the format later: such a tensor may stand in a file, unread. */
static const struct element *find_element(const char *dtype)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (!strcmp(elements[i].dtype, dtype))
            return &elements[i];
    return NULL;
}

bool ug_stored_read(const struct ug_stored *t, enum ug_dtype as, int64_t first, int64_t n,
                    void *out)
{
    const struct element *e = find_element(t->dtype);
    convert_fn *convert = !e ? NULL : as == UG_F32 ? e->to_float : e->to_int;

    if (!convert)
        return false;
    assert(first >= 0 && n >= 0 && first + n <= ug_shape_count(&t->shape));
    convert((const unsigned char *)t->data + (size_t)first * e->size, n, out);
    return true;
}

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
        ug_error(r->diags, r->pos, "cannot read '%s': %s", r->path, strerror(error));
        return false;
    }
    r->s->map = map;
    r->s->size = (size_t)st.st_size;
    return true;
}

/* Sets *begin to where the tensors' bytes start in the file. */
static bool parse_header(const struct reading *r, size_t *begin)
{
    json_error_t why;
    uint64_t length;

    memcpy(&length, r->s->map, sizeof length);
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
        return refuse(r, "'%s' is not an object", metadata_key);
    json_object_foreach((json_t *)metadata, key, value) if (!json_is_string(value)) return refuse(
        r, "'%s' holds '%s', which is not a string", metadata_key, key);
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
    const struct element *e = find_element(dtype);
    if (e && t->bytes != (size_t)ug_shape_count(&t->shape) * e->size)
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
        if (!strcmp(name, metadata_key)) {
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
    return json_string_value(json_object_get(json_object_get(s->header, metadata_key), key));
}

/* ---- Writing ---- */

static size_t tensor_bytes(const struct ug_tensor *t)
{
    return (size_t)ug_shape_count(&t->shape) * ug_dtype_size(t->dtype);
}

static json_t *describe(const struct ug_tensor *t, size_t from)
{
    json_t *shape = json_array();

    for (int i = 0; i < t->shape.rank; i++)
        json_array_append_new(shape, json_integer(t->shape.dim[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", t->dtype == UG_F32 ? "F32" : "I64", "shape",
                     shape, "data_offsets", (json_int_t)from, (json_int_t)(from + tensor_bytes(t)));
}

/* Names and order of the header are the caller's; in the data int64 comes before float32, so that
 * each tensor is aligned for readers that map the file.  NULL if a name or a text is not UTF-8. */
static json_t *make_header(const struct ug_named_tensor *tensors, int n,
                           const char *const *metadata)
{
    json_t *header = json_object(), *extra = json_object();
    size_t at[2] = {[UG_I64] = 0, [UG_F32] = 0};
    bool fine = true;

    for (int i = 0; i < n; i++)
        if (tensors[i].tensor.dtype == UG_I64)
            at[UG_F32] += tensor_bytes(&tensors[i].tensor);
    for (int i = 0; metadata && metadata[i]; i += 2)
        fine &= !json_object_set_new(extra, metadata[i], json_string(metadata[i + 1]));
    if (json_object_size(extra))
        json_object_set(header, metadata_key, extra);
    json_decref(extra);
    for (int i = 0; i < n; i++) {
        const struct ug_tensor *t = &tensors[i].tensor;
        assert(!json_object_get(header, tensors[i].name));
        fine &= !json_object_set_new(header, tensors[i].name, describe(t, at[t->dtype]));
        at[t->dtype] += tensor_bytes(t);
    }
    if (fine)
        return header;
    json_decref(header);
    return NULL;
}

static void put_header(struct ug_writer *w, const char *json)
{
    static const char blanks[ALIGNMENT] = "        ";
    const size_t length = strlen(json), blank = (ALIGNMENT - length % ALIGNMENT) % ALIGNMENT;
    const uint64_t padded = length + blank;

    ug_writer_put(w, &padded, sizeof padded);
    ug_writer_put(w, json, length);
    ug_writer_put(w, blanks, blank);
}

bool ug_safetensors_write(const char *path, const struct ug_named_tensor *tensors, int n,
                          const char *const *metadata, struct ug_diags *diags)
{
    static const enum ug_dtype order[] = {UG_I64, UG_F32};
    json_t *header = make_header(tensors, n, metadata);
    char *json = header ? json_dumps(header, JSON_COMPACT) : NULL;
    struct ug_writer w;

    json_decref(header);
    if (!json) {
        ug_error(diags, UG_NOWHERE, "cannot write '%s': a name or text in it is not UTF-8", path);
        return false;
    }
    if (!ug_writer_open(&w, path, diags)) {
        free(json);
        return false;
    }
    put_header(&w, json);
    free(json);
    for (size_t pass = 0; pass < sizeof order / sizeof *order; pass++)
        for (int i = 0; i < n; i++)
            if (tensors[i].tensor.dtype == order[pass])
                ug_writer_put(&w, tensors[i].tensor.data, tensor_bytes(&tensors[i].tensor));
    return ug_writer_commit(&w, diags);
}
