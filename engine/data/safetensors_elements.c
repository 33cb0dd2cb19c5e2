/* safetensors_elements.c -- the types of elements that a file may hold, and what they become. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/data/safetensors.h"
#include "engine/data/safetensors_parts.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are stored little-endian");

enum { PIECE = 1024 }; /* elements that are converted at a time */

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

static const struct element *find_element(const char *dtype)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (!strcmp(elements[i].dtype, dtype))
            return &elements[i];
    return NULL;
}

size_t ug_safetensors_element(const char *dtype)
{
    const struct element *e = find_element(dtype);

    return e ? e->size : 0;
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

/* Lets the pages go that hold nothing but the tensor: they come back if it is read again. */
static void forget(const struct ug_stored *t)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)t->data;
    const uintptr_t first = (from + page - 1) / page * page, end = (from + t->bytes) / page * page;

    if (end > first)
        madvise((void *)first, end - first, MADV_DONTNEED);
}

bool ug_stored_take(const struct ug_stored *t, enum ug_dtype as, void *out)
{
    if (!ug_stored_read(t, as, 0, ug_shape_count(&t->shape), out))
        return false;
    forget(t);
    return true;
}
