/* write.c -- a tree as YAML in block style. */
#include <stdlib.h>
#include <string.h>

#include "engine/model/document_text.h"

enum { STEP = 2 }; /* blanks of indentation a level, and the length of "- " */

/* Every character may stand in a file as it is, and none is a line's end. */
static bool is_legal(const struct ug_yaml *y)
{
    uint32_t c = 0;
    bool legal;

    for (size_t i = 0; i < y->length;) {
        const int n = ug_text_char(y->text + i, y->length - i, &c, &legal);
        if (!legal || c < 0x20)
            return false;
        i += (size_t)n;
    }
    return true;
}

/* Can a text stand without quotes, in block style, and read as itself? */
static bool is_plain(const struct ug_yaml *y)
{
    const char *s = y->text;
    int balance;

    if (!y->length || strchr(" \t,[]{}#&*!|>'\"%@`", s[0]) || s[y->length - 1] == ' ' ||
        s[y->length - 1] == ':' || strlen(s) != y->length)
        return false;
    if (strchr("-?:", s[0]) && (!s[1] || s[1] == ' '))
        return false;
    if (!strncmp(s, "---", 3) || !strncmp(s, "...", 3) || !strcmp(s, "<<"))
        return false;
    for (const char *c = s; *c; c++)
        if ((*c == ':' && c[1] == ' ') || (*c == ' ' && c[1] == '#'))
            return false;
    if (!is_legal(y) || ug_unbalanced(s, y->length, &balance) || balance)
        return false;
    const struct ug_yaml unquoted = {
        .kind = UG_YAML_SCALAR, .plain = true, .text = s, .length = y->length};
    return !ug_yaml_is_null(&unquoted);
}

/* YAML has no way to write a byte that is not UTF-8: it stays, for who reads it to complain. */
static void put_quoted(const struct ug_yaml *y, FILE *out)
{
    uint32_t c = 0;
    bool legal;

    putc('"', out);
    for (size_t i = 0; i < y->length;) {
        const int n = ug_text_char(y->text + i, y->length - i, &c, &legal);
        if (!n)
            putc(y->text[i], out);
        else if (c == '"' || c == '\\')
            fprintf(out, "\\%c", (int)c);
        else if (c == '\n')
            fputs("\\n", out);
        else if (c < 0x20 || !legal)
            fprintf(out, "\\u%04X", c);
        else
            fwrite(y->text + i, 1, (size_t)n, out);
        i += n ? (size_t)n : 1;
    }
    putc('"', out);
}

static void put_scalar(const struct ug_yaml *y, FILE *out)
{
    if (ug_yaml_is_null(y))
        putc('~', out);
    else if (is_plain(y))
        fputs(y->text, out);
    else
        put_quoted(y, out);
}

static void put_origin(const struct ug_yaml *y, FILE *out, bool origin)
{
    if (origin && y->pos.source && y->pos.line)
        fprintf(out, "  # %s:%d", y->pos.source->path, y->pos.line);
    putc('\n', out);
}

static void put_lines(const struct ug_yaml *y, int indent, bool started, FILE *out, bool origin);

static void put_replaced(const struct ug_yaml *y, FILE *out, bool origin)
{
    const struct ug_yaml *old = origin ? y->replaced : NULL;

    if (old && old->pos.source && old->pos.line)
        fprintf(out, "  # replaces the list of %s:%d", old->pos.source->path, old->pos.line);
}

/* A value behind "key:" or "-"; a list or a map may begin on the line of its "-". */
static void put_value(const struct ug_yaml *y, int indent, bool in_list, FILE *out, bool origin)
{
    if (y->kind == UG_YAML_SCALAR || !y->n) {
        putc(' ', out);
        if (y->kind == UG_YAML_SCALAR)
            put_scalar(y, out);
        else
            fputs(y->kind == UG_YAML_LIST ? "[]" : "{}", out);
        put_origin(y, out, origin);
    } else {
        if (!in_list)
            put_replaced(y, out, origin);
        putc(in_list ? ' ' : '\n', out);
        put_lines(y, indent + STEP, in_list, out, origin);
    }
}

/* `started`: the indentation of the first line is there already. */
static void put_lines(const struct ug_yaml *y, int indent, bool started, FILE *out, bool origin)
{
    for (int i = 0; i < y->n; i++) {
        if (i || !started)
            fprintf(out, "%*s", indent, "");
        if (y->kind == UG_YAML_LIST) {
            putc('-', out);
        } else {
            put_scalar(y->keys[i], out);
            putc(':', out);
        }
        put_value(y->items[i], indent, y->kind == UG_YAML_LIST, out, origin);
    }
}

void ug_yaml_write(const struct ug_yaml *tree, FILE *out, bool origin)
{
    if (tree->kind == UG_YAML_SCALAR || !tree->n)
        put_value(tree, 0, false, out, origin);
    else
        put_lines(tree, 0, false, out, origin);
}

char *ug_yaml_text(struct ug_arena *a, const struct ug_yaml *tree, bool origin)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        abort();
    ug_yaml_write(tree, out, origin);
    fclose(out);
    char *copy = ug_arena_copy(a, text, length);
    free(text);
    return copy;
}
