/* document_text.c -- bytes, characters, lines and brackets. */
#include "engine/model/document_text.h"

#include <stdint.h>
#include <string.h>

enum { DEEPEST_BRACKETS = 256 };

void ug_text_init(struct ug_text *t, struct ug_arena *arena, struct ug_source *source)
{
    const char *end = source->text + source->length;

    *t = (struct ug_text){.source = source, .line = 1, .column = 1};
    for (const char *line = source->text; line;) {
        UG_PUSH(arena, t->lines, t->n_lines, t->capacity, (size_t)(line - source->text));
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        line = newline ? newline + 1 : NULL;
    }
}

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t ug_text_offset(struct ug_text *t, int line, int column)
{
    const char *text = t->source->text;

    if (line > t->n_lines)
        return t->source->length;
    if (line != t->line || column < t->column) {
        t->line = line;
        t->column = 1;
        t->at = t->lines[line - 1];
    }
    while (t->column < column && t->at < t->source->length && text[t->at] != '\n') {
        for (t->at++; continues(text[t->at]);)
            t->at++;
        t->column++;
    }
    return t->at;
}

struct ug_pos ug_text_place(const struct ug_text *t, size_t offset)
{
    int low = 0, high = t->n_lines, column = 1;

    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (t->lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    for (size_t i = t->lines[low]; i < offset && i < t->source->length; i++)
        column += !continues(t->source->text[i + 1]);
    return (struct ug_pos){t->source, low + 1, column};
}

/* Bytes of the character at `s` (RFC 3629), and what it is; 0 if it is none. */
static int decode(const unsigned char *s, size_t left, uint32_t *c)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const int n = s[0] < 0x80       ? 1
                  : s[0] >> 5 == 6  ? 2
                  : s[0] >> 4 == 14 ? 3
                  : s[0] >> 3 == 30 ? 4
                                    : 0;

    if (!n || (size_t)n > left)
        return 0;
    *c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *c = *c << 6 | (s[i] & 0x3fu);
    }
    return *c < smallest[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff) ? 0 : n;
}

static const char *why_not(uint32_t c, uint32_t next)
{
    if (c == '\r' && next != '\n')
        return "a carriage return without a line feed";
    if (c == '\n' || c == '\t' || c == '\r')
        return NULL;
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return "a control character";
    if (c == 0x2028 || c == 0x2029)
        return "a line separator that few editors show";
    if (c == 0xfeff || c == 0xfffe || c == 0xffff)
        return "a byte order mark or no character at all";
    return NULL;
}

int ug_text_char(const char *text, size_t left, uint32_t *c, bool *legal)
{
    const int n = decode((const unsigned char *)text, left, c);

    *legal = n && !why_not(*c, '\n');
    return n;
}

bool ug_text_check(struct ug_text *t, struct ug_diags *diags)
{
    const unsigned char *text = (const unsigned char *)t->source->text;

    for (size_t i = 0; i < t->source->length;) {
        uint32_t c = 0;
        const int n = decode(text + i, t->source->length - i, &c);
        if (!n) {
            ug_error(diags, ug_text_place(t, i), "this is not UTF-8 (byte 0x%02x)", text[i]);
            return false;
        }
        const char *reason = why_not(c, text[i + (size_t)n]);
        if (reason) {
            ug_error(diags, ug_text_place(t, i), "U+%04X is %s: remove it", c, reason);
            return false;
        }
        i += (size_t)n;
    }
    return true;
}

/* The byte behind a quoted text that starts at text[at], or at + 1 if the quote is never closed. */
static size_t skip_quoted(const char *text, size_t length, size_t at)
{
    for (size_t i = at + 1; i < length; i++) {
        if (text[i] == text[at])
            return i + 1;
        i += text[i] == '\\';
    }
    return at + 1;
}

const char *ug_unbalanced(const char *text, size_t length, int *balance)
{
    const char *open[DEEPEST_BRACKETS];
    int depth = 0;

    for (size_t i = 0; i < length;) {
        const char c = text[i];
        if (c == '"' || c == '\'') {
            i = skip_quoted(text, length, i);
            continue;
        }
        if (c == '(' || c == '[' || c == '{') {
            if (depth >= 0 && depth < DEEPEST_BRACKETS)
                open[depth] = text + i;
            depth++;
        } else if (c == ')' || c == ']' || c == '}') {
            depth--;
        }
        i++;
    }
    if (balance)
        *balance = depth;
    return depth > 0 ? open[depth <= DEEPEST_BRACKETS ? depth - 1 : DEEPEST_BRACKETS - 1] : NULL;
}

/* ---- The place of a character of a scalar ---- */

/* Where a scalar's content begins: behind the quote, or on the line after `|` or `>`. */
static size_t content_start(const struct ug_yaml *y, const char *source)
{
    if (y->block) {
        const char *newline = strchr(source + y->start, '\n');
        return newline ? (size_t)(newline - source) + 1 : y->start;
    }
    return y->start + !y->plain;
}

/* Bytes of the source at `at` that stand for one character of the text which has `n` bytes there.
 */
static size_t written_as(char quote, const char *at, size_t n)
{
    if (quote == '\'' && at[0] == '\'' && at[1] == '\'')
        return 2;
    if (quote != '"' || at[0] != '\\')
        return n;
    return at[1] == 'x' ? 4 : at[1] == 'u' ? 6 : at[1] == 'U' ? 10 : 2;
}

/* Walks the text and its source side by side up to text[offset]; gives the byte of the source.
 * Lines fold and indentation goes, so blanks of the source are passed over where the text has none.
 */
static size_t source_of(const struct ug_yaml *y, const char *source, size_t offset)
{
    const char quote = y->plain || y->block ? '\0' : source[y->start];
    size_t at = content_start(y, source);

    for (size_t i = 0, n; at < y->end; i += n) {
        const bool blank = i < y->length && ug_is_blank(y->text[i]);
        for (n = 1; i + n < y->length && continues(y->text[i + n]);)
            n++;
        while (!blank && at < y->end &&
               (ug_is_blank(source[at]) ||
                (quote == '"' && source[at] == '\\' && source[at + 1] == '\n')))
            at++;
        if (i >= offset)
            break;
        if (!blank || source[at] == '\\')
            at += written_as(quote, source + at, n);
        else
            at += ug_is_blank(source[at]);
    }
    return at;
}

struct ug_pos ug_yaml_at(const struct ug_yaml *scalar, size_t offset)
{
    const struct ug_source *source = scalar->pos.source;
    struct ug_pos pos = scalar->pos;

    if (!source || !source->text || scalar->kind != UG_YAML_SCALAR || scalar->end <= scalar->start)
        return pos;
    if (offset > scalar->length)
        offset = scalar->length;
    size_t to = source_of(scalar, source->text, offset);
    if (offset == scalar->length && to > scalar->end)
        to = scalar->end;
    for (size_t i = scalar->start; i < to && i < source->length; i++) {
        if (source->text[i] == '\n') {
            pos.line++;
            pos.column = 1;
        } else if (!continues(source->text[i + 1])) {
            pos.column++;
        }
    }
    return pos;
}

struct ug_yaml *ug_yaml_part(struct ug_arena *arena, const struct ug_yaml *scalar, size_t from,
                             size_t to)
{
    const struct ug_source *source = scalar->pos.source;
    struct ug_yaml *part = ug_arena_alloc(arena, sizeof *part);

    *part = (struct ug_yaml){.kind = UG_YAML_SCALAR,
                             .pos = ug_yaml_at(scalar, from),
                             .plain = true,
                             .text = ug_arena_copy(arena, scalar->text + from, to - from),
                             .length = to - from,
                             .folder = scalar->folder};
    if (source && source->text && scalar->end > scalar->start) {
        part->start = source_of(scalar, source->text, from);
        part->end = source_of(scalar, source->text, to);
    }
    return part;
}
