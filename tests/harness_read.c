#include "tests/harness_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ug_arena *read_arena;
struct ug_diags *read_diags;

void read_setup(void)
{
    read_arena = ug_arena_new();
    read_diags = ug_diags_new();
}

void read_teardown(void)
{
    ug_arena_free(read_arena);
    ug_diags_free(read_diags);
}

struct ug_yaml *read_yaml(const char *text)
{
    return ug_yaml_read_text(read_arena, read_diags, "t.yaml", "", text, strlen(text));
}

const char *read_messages(void)
{
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    ug_diags_print(read_diags, f, 0);
    fclose(f);
    char *copy = ug_arena_copy(read_arena, text, n);
    free(text);
    return copy;
}

const char *read_message(int which)
{
    for (const char *line = read_messages(); *line;
         line += strcspn(line, "\n"), line += *line != 0) {
        const char *copy = ug_arena_copy(read_arena, line, strcspn(line, "\n"));
        if ((strstr(copy, ": error: ") || strstr(copy, ": warning: ")) && which-- == 0)
            return copy;
    }
    return "";
}

const char *read_show(const struct ug_quantity *q)
{
    const char *out = "[";

    switch (q->kind) {
    case UG_Q_INT:
        return ug_arena_format(read_arena, "%lld", (long long)q->integer);
    case UG_Q_REAL:
        return ug_arena_format(read_arena, "%.17g", q->real);
    case UG_Q_BOOL:
        return q->integer ? "true" : "false";
    case UG_Q_TEXT:
        return ug_arena_format(read_arena, "\"%s\"", q->text);
    case UG_Q_LIST:
        for (int i = 0; i < q->n; i++)
            out =
                ug_arena_format(read_arena, "%s%s%s", out, i ? ", " : "", read_show(&q->items[i]));
        return ug_arena_format(read_arena, "%s]", out);
    default:
        return "something else";
    }
}
