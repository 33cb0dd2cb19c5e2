/* document_text.h -- the characters of a YAML file: which are legal, and where each stands. */
#ifndef UG_DOCUMENT_TEXT_H
#define UG_DOCUMENT_TEXT_H

#include <stdint.h>

#include "engine/model/document.h"

/* A source with its lines found. */
struct ug_text {
    struct ug_source *source;
    size_t *lines; /* byte at which line i + 1 starts */
    int n_lines, capacity;
    int line,
        column; /* the place looked up last, and its byte: places are mostly asked for in order */
    size_t at;
};

/* Finds the lines of a source, which stays borrowed; the list of them is taken from the arena. */
void ug_text_init(struct ug_text *t, struct ug_arena *arena, struct ug_source *source);

/* Reports the first byte that is not UTF-8 and characters that YAML, or a terminal, would trip
 * over. */
bool ug_text_check(struct ug_text *t, struct ug_diags *diags);

/* The bytes of the character *c that a text of `left` bytes begins with, 0 if that is not UTF-8;
 * *legal: ug_text_check lets it pass. */
int ug_text_char(const char *text, size_t left, uint32_t *c, bool *legal);

/* From line and column to byte, and back.  Places outside of the text give its nearest end. */
size_t ug_text_offset(struct ug_text *t, int line, int column);
struct ug_pos ug_text_place(const struct ug_text *t, size_t offset);

/* Blanks, tabs and ends of lines. */
static inline bool ug_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The first bracket of a text that is not closed in it, quoted parts left out; NULL if there is
 * none.  *balance (may be NULL) is how many more open than close. */
const char *ug_unbalanced(const char *text, size_t length, int *balance);

#endif
