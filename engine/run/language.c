/* language.c -- the reference of the file language, section by section: graphs/language.md. */
#include <string.h>

#include "engine/base/embedded.h"
#include "engine/unitgraph.h"

enum { MOST_SECTIONS = 64, MOST_LETTERS = 32, LEFT = 14 /* columns before a summary */ };

/* A part of the text, from "## NAME: SUMMARY" to the next. */
struct section {
    const char *start, *end;
    const char *summary;     /* ends with its line */
    char name[MOST_LETTERS]; /* of the heading; the first part, before any heading, has none */
};

static const char *end_of_line(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));

    return newline ? newline : end;
}

/* Where the next heading stands at or after the line at `at`, or the end of the text. */
static const char *next_heading(const char *at, const char *end)
{
    while (at < end && strncmp(at, "## ", 3) != 0) {
        at = end_of_line(at, end);
        at += at < end;
    }
    return at;
}

static void read_heading(struct section *s)
{
    const char *name = s->start + strlen("## ");
    const int length = (int)strcspn(name, ":");

    snprintf(s->name, sizeof s->name, "%.*s", length, name);
    s->summary = name + length + strlen(": ");
}

/* What stands before the first heading, then a part for each; how many there are. */
static int cut(struct section *sections)
{
    const char *at = (const char *)ug_language_texts->bytes, *const end =
                                                                 at + ug_language_texts->length;
    int n = 0;

    sections[n++] = (struct section){.start = at, .end = next_heading(at, end)};
    at = sections[0].end;
    while (at < end && n < MOST_SECTIONS) {
        struct section *s = &sections[n++];
        *s = (struct section){.start = at, .end = next_heading(end_of_line(at, end) + 1, end)};
        read_heading(s);
        at = s->end;
    }
    return n;
}

static void print_section(const struct section *s, FILE *out)
{
    fwrite(s->start, 1, (size_t)(s->end - s->start), out);
}

static void print_list(const struct section *sections, int n, FILE *out)
{
    print_section(&sections[0], out);
    for (int i = 1; i < n; i++)
        fprintf(out, "  %-*s%.*s\n", LEFT, sections[i].name,
                (int)(end_of_line(sections[i].summary, sections[i].end) - sections[i].summary),
                sections[i].summary);
    fputs("\n'unitgraph language NAME' shows one of them, 'unitgraph language all' the whole.\n",
          out);
}

static enum ug_status print_named(const struct section *sections, int n, const char *name,
                                  FILE *out, struct ug_diags *diags)
{
    const char *names[MOST_SECTIONS];

    for (int i = 1; i < n; i++) {
        names[i] = sections[i].name;
        if (!strcmp(name, names[i])) {
            print_section(&sections[i], out);
            return UG_DONE;
        }
    }
    ug_suggest(ug_error(diags, UG_NOWHERE, "the language has no section '%s'", name), name,
               "sections", names + 1, (size_t)n - 1);
    return UG_WRONG;
}

enum ug_status ug_language(const char *name, FILE *out, struct ug_diags *diags)
{
    struct section sections[MOST_SECTIONS];
    const int n = cut(sections);

    if (name && strcmp(name, "all") != 0)
        return print_named(sections, n, name, out, diags);
    if (name)
        for (int i = 0; i < n; i++)
            print_section(&sections[i], out);
    else
        print_list(sections, n, out);
    return UG_DONE;
}
