/* harness_read.c -- YAML from texts, and quantities as texts. */
#include "tests/harness_read.h"

#include <string.h>

struct ug_yaml *read_yaml(const char *text)
{
    return ug_yaml_read_text(arena, diags, "t.yaml", "", text, strlen(text));
}

const char *read_show(const struct ug_quantity *q)
{
    const char *out = "[";

    switch (q->kind) {
    case UG_Q_INT:
        return ug_arena_format(arena, "%lld", (long long)q->integer);
    case UG_Q_REAL:
        return ug_arena_format(arena, "%.17g", q->real);
    case UG_Q_BOOL:
        return q->integer ? "true" : "false";
    case UG_Q_TEXT:
        return ug_arena_format(arena, "\"%s\"", q->text);
    case UG_Q_LIST:
        for (int i = 0; i < q->n; i++)
            out = ug_arena_format(arena, "%s%s%s", out, i ? ", " : "", read_show(&q->items[i]));
        return ug_arena_format(arena, "%s]", out);
    default:
        return "something else";
    }
}
