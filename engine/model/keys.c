/* keys.c -- reads a map by the table that describes it. */
#include "engine/model/keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/amount.h"

static int count_keys(const struct ug_key *keys)
{
    int n = 0;

    while (keys[n].name)
        n++;
    return n;
}

static void refuse_key(struct ug_sections *s, const struct ug_yaml *key, const char *what,
                       const struct ug_key *keys)
{
    const int n = count_keys(keys);
    const char **names = ug_arena_array(s->arena, (size_t)n, sizeof *names);

    for (int i = 0; i < n; i++)
        names[i] = keys[i].name;
    ug_suggest(ug_error(s->diags, key->pos, "unknown key '%s' in %s", key->text, what), key->text,
               "keys", names, (size_t)n);
}

/* ---- Values ---- */

static int64_t bound(double x)
{
    return x >= 0x1p63 ? INT64_MAX : x <= -0x1p63 ? INT64_MIN : (int64_t)x;
}

static bool read_int(struct ug_sections *s, const struct ug_key *key, struct ug_pos pos,
                     const char *what, const struct ug_quantity *q, int64_t *out)
{
    const bool any = key->min == 0.0 && key->max == 0.0;

    return ug_want_int(s->diags, pos, what, q, any ? INT64_MIN : bound(key->min),
                       any ? INT64_MAX : bound(key->max), out);
}

static bool read_real(struct ug_sections *s, const struct ug_key *key, struct ug_pos pos,
                      const char *what, const struct ug_quantity *q, double *out)
{
    const bool any = key->min == 0.0 && key->max == 0.0;

    return ug_want_real(s->diags, pos, what, q, any ? -(double)INFINITY : key->min,
                        any ? (double)INFINITY : key->max, out);
}

/* Two numbers; a list of another length, or of one number where two are needed, is an error. */
static bool read_two(struct ug_sections *s, const struct ug_key *key, struct ug_pos pos,
                     const char *what, const struct ug_quantity *q, void *out)
{
    const bool sides = key->type == UG_KEY_SIDES;
    char text[UG_QUANTITY_TEXT];

    if (q->kind != UG_Q_LIST && sides) {
        int64_t *size = out;
        if (!read_int(s, key, pos, what, q, &size[0]))
            return false;
        size[1] = size[0];
        return true;
    }
    if (q->kind != UG_Q_LIST || q->n != 2) {
        ug_error(s->diags, pos, "%s must be %s, not %s", what,
                 sides ? "a number or [h, w]" : "a list of two numbers",
                 ug_quantity_describe(q, text));
        return false;
    }
    bool good = true;
    for (int i = 0; i < 2; i++)
        good &= sides ? read_int(s, key, pos, what, &q->items[i], (int64_t *)out + i)
                      : read_real(s, key, pos, what, &q->items[i], (double *)out + i);
    return good;
}

static bool read_quantity(struct ug_sections *s, const struct ug_key *key, struct ug_yaml *value,
                          const char *what, void *out)
{
    const bool may_be_word = key->type == UG_KEY_TEXT || key->type == UG_KEY_BOOL;
    const struct ug_expr *x = ug_expr_parse(s->arena, s->diags, value);
    struct ug_quantity q;
    char text[UG_QUANTITY_TEXT];

    /* Where a number is needed, a name that is not known is a slip, not a word. */
    if (!x || !(may_be_word ? ug_evaluate_argument(&s->eval, x, &q) : ug_evaluate(&s->eval, x, &q)))
        return false;
    switch (key->type) {
    case UG_KEY_INT:
    case UG_KEY_BYTES:
        return read_int(s, key, value->pos, what, &q, out);
    case UG_KEY_REAL:
        return read_real(s, key, value->pos, what, &q, out);
    case UG_KEY_BOOL:
        return ug_want_bool(s->diags, value->pos, what, &q, out);
    case UG_KEY_SIDES:
    case UG_KEY_PAIR:
        return read_two(s, key, value->pos, what, &q, out);
    default:
        if (q.kind == UG_Q_TEXT) {
            *(const char **)out = q.text;
            return true;
        }
        ug_error(s->diags, value->pos, "%s must be a word, not %s", what,
                 ug_quantity_describe(&q, text));
        return false;
    }
}

static bool read_text(struct ug_sections *s, const struct ug_key *key, struct ug_yaml *value,
                      const char *what, const char **out)
{
    if (value->broken)
        return false;
    if (value->kind != UG_YAML_SCALAR || !value->length) {
        ug_error(s->diags, value->pos, "%s must be %s", what,
                 key->type == UG_KEY_NAME ? "a name" : "a text");
        return false;
    }
    if (key->type == UG_KEY_NAME)
        *out = value->text;
    else if (key->type == UG_KEY_STRING)
        *out = ug_vars_insert(s->program->vars, s->arena, s->diags, value->text, value->pos);
    else
        *out = ug_vars_path(s->program->vars, s->arena, s->diags, value);
    return *out != NULL;
}

/* ---- Sizes of memory ---- */

/* A number and a unit, or any expression of bytes. */
static bool read_bytes(struct ug_sections *s, const struct ug_key *key, struct ug_yaml *value,
                       const char *what, int64_t *out)
{
    double number;
    const char *unit = value->kind == UG_YAML_SCALAR ? ug_amount_split(value->text, &number) : NULL;

    if (!unit)
        return read_quantity(s, key, value, what, out);
    if (!ug_amount_unit(unit)) {
        ug_suggest(ug_error(s->diags, value->pos, "%s has the unit '%s', which is none of memory",
                            what, unit),
                   unit, "units", ug_amount_units, UG_AMOUNT_UNITS);
        return false;
    }
    const struct ug_quantity q = ug_quantity_real(floor(number * ug_amount_unit(unit)));
    return read_int(s, key, value->pos, what, &q, out);
}

/* ---- One value ---- */

bool ug_read_key(struct ug_sections *s, const struct ug_key *key, struct ug_yaml *value,
                 const char *what, void *out)
{
    if (ug_yaml_is_null(value) && !value->broken) {
        ug_error(s->diags, value->pos, "%s is empty", what);
        return false;
    }
    switch (key->type) {
    case UG_KEY_STRING:
    case UG_KEY_PATH:
    case UG_KEY_NAME:
        return read_text(s, key, value, what, out);
    case UG_KEY_BYTES:
        return read_bytes(s, key, value, what, out);
    case UG_KEY_EXPR:
        *(const struct ug_expr **)out = ug_expr_parse(s->arena, s->diags, value);
        return *(const struct ug_expr **)out != NULL;
    case UG_KEY_OTHER:
        return true;
    default:
        return read_quantity(s, key, value, what, out);
    }
}

/* ---- Maps ---- */

static const struct ug_key *find_key(const struct ug_key *keys, const char *name)
{
    while (keys->name && strcmp(keys->name, name))
        keys++;
    return keys->name ? keys : NULL;
}

bool ug_refuse_unknown(struct ug_sections *s, const struct ug_yaml *map, const char *what,
                       const struct ug_key *keys)
{
    bool good = true;

    for (int i = 0; i < map->n; i++)
        if (!find_key(keys, map->keys[i]->text)) {
            refuse_key(s, map->keys[i], what, keys);
            good = false;
        }
    return good;
}

bool ug_read_keys(struct ug_sections *s, const struct ug_yaml *map, const char *what,
                  const struct ug_key *keys, void *out)
{
    bool good = ug_refuse_unknown(s, map, what, keys);

    for (const struct ug_key *key = keys; key->name; key++) {
        struct ug_yaml *value = ug_yaml_get(map, key->name);
        if (value) {
            good &=
                ug_read_key(s, key, value, ug_arena_format(s->arena, "'%s' of %s", key->name, what),
                            (char *)out + key->offset);
        } else if (key->required) {
            struct ug_diag *d = ug_error(s->diags, map->pos, "%s needs '%s'", what, key->name);
            ug_note(d, UG_NOWHERE, "%s: %s", key->name, key->doc);
            good = false;
        }
    }
    return good;
}

void ug_refuse_empty(struct ug_sections *s, const struct ug_yaml *y, const char *what)
{
    ug_note(ug_error(s->diags, y->pos, "%s is empty", what), UG_NOWHERE,
            "are the lines below it indented too little?");
}

bool ug_want_map(struct ug_sections *s, const struct ug_yaml *y, const char *what, const char *form)
{
    if (y->kind == UG_YAML_MAP)
        return true;
    if (y->broken)
        return false;
    if (ug_yaml_is_null(y))
        ug_refuse_empty(s, y, what);
    else
        ug_note(ug_error(s->diags, y->pos, "%s must be a map", what), UG_NOWHERE, "write %s", form);
    return false;
}

bool ug_want_name(struct ug_sections *s, const struct ug_yaml *key)
{
    if (ug_is_name(key->text))
        return true;
    ug_error(s->diags, key->pos,
             "'%s' is not a name: letters, digits and '_', not starting with a digit", key->text);
    return false;
}
