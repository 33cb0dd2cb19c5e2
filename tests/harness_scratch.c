/* harness_scratch.c -- the fixtures, and what was said or printed. */
#include "tests/harness_scratch.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness_folder.h"

struct ug_arena *arena;
struct ug_diags *diags;

static struct {
    FILE *stream; /* NULL: none is open */
    char *text;
    size_t length;
} capturing;

void scratch_setup(void)
{
    folder_setup();
    arena = ug_arena_new();
    diags = ug_diags_new();
}

void scratch_teardown(void)
{
    if (capturing.stream)
        captured();
    ug_diags_free(diags);
    ug_arena_free(arena);
    folder_teardown();
}

FILE *capture(void)
{
    ck_assert_ptr_null(capturing.stream);
    capturing.stream = open_memstream(&capturing.text, &capturing.length);
    ck_assert_ptr_nonnull(capturing.stream);
    return capturing.stream;
}

const char *captured(void)
{
    fclose(capturing.stream);
    capturing.stream = NULL;
    const char *copy = ug_arena_copy(arena, capturing.text, capturing.length);
    free(capturing.text);
    return copy;
}

void forget_messages(void)
{
    ug_diags_free(diags);
    diags = ug_diags_new();
}

const char *messages(void)
{
    ug_diags_print(diags, capture(), 0);
    return captured();
}

const char *message(int which)
{
    for (const char *line = messages(); *line; line += strcspn(line, "\n"), line += *line != 0) {
        const char *copy = ug_arena_copy(arena, line, strcspn(line, "\n"));
        if ((strstr(copy, ": error: ") || strstr(copy, ": warning: ")) && which-- == 0)
            return copy;
    }
    return "";
}

void expect_message(const char *part)
{
    const char *first = ug_diags_first(diags);

    ck_assert_msg(first != NULL, "no error, and no '%s'", part);
    expect_part(first, part);
}

void expect_part(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in:\n%s", part, text);
}
