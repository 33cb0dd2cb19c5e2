/* quantity.c -- values of expressions: making, describing and converting them. */
#include "engine/model/quantity.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct ug_quantity ug_quantity_int(int64_t value)
{
    return (struct ug_quantity){.kind = UG_Q_INT, .integer = value};
}

struct ug_quantity ug_quantity_real(double value)
{
    return (struct ug_quantity){.kind = UG_Q_REAL, .real = value};
}

struct ug_quantity ug_quantity_bool(bool value)
{
    return (struct ug_quantity){.kind = UG_Q_BOOL, .integer = value};
}

struct ug_quantity ug_quantity_text(const char *text)
{
    return (struct ug_quantity){.kind = UG_Q_TEXT, .text = text};
}

struct ug_quantity ug_quantity_tensor(struct ug_node *node)
{
    return (struct ug_quantity){.kind = UG_Q_TENSOR, .node = node};
}

bool ug_is_quantity(const struct ug_quantity *q)
{
    if (q->kind == UG_Q_TENSOR || q->kind == UG_Q_BUNDLE)
        return false;
    for (int i = 0; q->kind == UG_Q_LIST && i < q->n; i++)
        if (!ug_is_quantity(&q->items[i]))
            return false;
    return true;
}

bool ug_is_number(const struct ug_quantity *q)
{
    return q->kind == UG_Q_INT || q->kind == UG_Q_REAL || q->kind == UG_Q_BOOL;
}

double ug_number(const struct ug_quantity *q)
{
    return q->kind == UG_Q_REAL ? q->real : (double)q->integer;
}

bool ug_whole(const struct ug_quantity *q, int64_t *out)
{
    if (q->kind == UG_Q_INT) {
        *out = q->integer;
        return true;
    }
    /* 2^63 is a double, the largest int64_t is not */
    if (q->kind != UG_Q_REAL || q->real != floor(q->real) || q->real < -0x1p63 || q->real >= 0x1p63)
        return false;
    *out = (int64_t)q->real;
    return true;
}

char *ug_quantity_describe(const struct ug_quantity *q, char text[UG_QUANTITY_TEXT])
{
    const size_t n = UG_QUANTITY_TEXT;

    switch (q->kind) {
    case UG_Q_INT:
        snprintf(text, n, "%lld", (long long)q->integer);
        break;
    case UG_Q_REAL:
        snprintf(text, n, "%.12g", q->real);
        break;
    case UG_Q_BOOL:
        snprintf(text, n, "%s", q->integer ? "true" : "false");
        break;
    case UG_Q_TEXT:
        snprintf(text, n, "the word '%.60s'", q->text);
        break;
    case UG_Q_LIST:
        snprintf(text, n, "a list of %d", q->n);
        break;
    case UG_Q_MAP:
        snprintf(text, n, "a map of variables");
        break;
    case UG_Q_BUNDLE:
        snprintf(text, n, "several values (%.50s, …)", q->n ? q->names[0] : "");
        break;
    case UG_Q_TENSOR:
        snprintf(text, n, "a tensor");
        break;
    }
    return text;
}

/* ---- Conversions ---- */

static struct ug_diag *refuse(struct ug_diags *diags, struct ug_pos pos, const char *what,
                              const char *wanted, const struct ug_quantity *q)
{
    char text[UG_QUANTITY_TEXT];

    return diags ? ug_error(diags, pos, "%s must be %s, not %s", what, wanted,
                            ug_quantity_describe(q, text))
                 : NULL;
}

bool ug_want_int(struct ug_diags *diags, struct ug_pos pos, const char *what,
                 const struct ug_quantity *q, int64_t min, int64_t max, int64_t *out)
{
    char wanted[80];
    int64_t value;

    if (!ug_whole(q, &value)) {
        refuse(diags, pos, what, "a whole number", q);
        return false;
    }
    if (value < min || value > max) {
        if (value < min && max >= INT64_C(1) << 53)
            snprintf(wanted, sizeof wanted, "%lld or more", (long long)min);
        else if (value > max && min == INT64_MIN)
            snprintf(wanted, sizeof wanted, "%lld or less", (long long)max);
        else
            snprintf(wanted, sizeof wanted, "from %lld to %lld", (long long)min, (long long)max);
        refuse(diags, pos, what, wanted, q);
        return false;
    }
    *out = value;
    return true;
}

bool ug_want_real(struct ug_diags *diags, struct ug_pos pos, const char *what,
                  const struct ug_quantity *q, double min, double max, double *out)
{
    char wanted[80];

    if (!ug_is_number(q) || q->kind == UG_Q_BOOL) {
        refuse(diags, pos, what, "a number", q);
        return false;
    }
    const double value = ug_number(q);
    if (!(value >= min && value <= max)) {
        if (value < min && max >= (double)FLT_MAX)
            snprintf(wanted, sizeof wanted, "%g or more", min);
        else if (value > max && min == -(double)INFINITY)
            snprintf(wanted, sizeof wanted, "%g or less", max);
        else if (max < 1.0 && max > 1.0 - 1e-9)
            snprintf(wanted, sizeof wanted, "at least %g and below 1", min);
        else
            snprintf(wanted, sizeof wanted, "from %g to %g", min, max);
        refuse(diags, pos, what, wanted, q);
        return false;
    }
    *out = value;
    return true;
}

bool ug_want_bool(struct ug_diags *diags, struct ug_pos pos, const char *what,
                  const struct ug_quantity *q, bool *out)
{
    static const char *const yes[] = {"yes", "on", "y", "Yes", "On"}, *const no[] = {"no", "off",
                                                                                     "n", "No",
                                                                                     "Off"};

    if (q->kind == UG_Q_BOOL) {
        *out = q->integer;
        return true;
    }
    struct ug_diag *d = refuse(diags, pos, what, "true or false", q);
    for (size_t i = 0; d && q->kind == UG_Q_TEXT && i < sizeof yes / sizeof *yes; i++)
        if (!strcmp(q->text, yes[i]) || !strcmp(q->text, no[i]))
            ug_note(d, UG_NOWHERE, "write '%s'", strcmp(q->text, yes[i]) ? "false" : "true");
    return false;
}

int ug_want_word(struct ug_diags *diags, struct ug_pos pos, const char *what,
                 const struct ug_quantity *q, const char *const *words)
{
    int n = 0;

    for (; words[n]; n++)
        if (q->kind == UG_Q_TEXT && !strcmp(words[n], q->text))
            return n;
    if (!diags)
        return -1;
    if (q->kind == UG_Q_TEXT) {
        ug_suggest(ug_error(diags, pos, "%s cannot be '%s'", what, q->text), q->text, "choices",
                   words, (size_t)n);
    } else {
        ug_suggest(refuse(diags, pos, what, "a word", q), "", "choices", words, (size_t)n);
    }
    return -1;
}

bool ug_want_condition(struct ug_diags *diags, struct ug_pos pos, const struct ug_quantity *q,
                       bool *out)
{
    if (ug_is_number(q)) {
        *out = ug_number(q) != 0.0;
        return true;
    }
    struct ug_diag *d = refuse(diags, pos, "a condition", "true or false", q);
    if (d && q->kind == UG_Q_TENSOR)
        ug_note(d, UG_NOWHERE,
                "conditions are decided when the file is loaded; between tensors choose by a mask: "
                "c * a + (1 - c) * b");
    return false;
}
