/* document_read.c -- from the events of libyaml to a tree of scalars, lists and maps. */
#include "engine/model/document.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "engine/base/file.h"
#include "engine/model/document_explain.h"
#include "engine/model/document_text.h"

enum {
    LARGEST_FILE = 4 << 20, /* bytes */
    MOST_NODES = 200000,    /* scalars, lists and maps, those that aliases copy included */
    DEEPEST = 100           /* lists and maps within one another */
};

struct anchor {
    const char *name;
    struct ug_yaml *node; /* NULL while it is being read */
};

struct reader {
    struct ug_arena *arena;
    struct ug_diags *diags;
    yaml_parser_t parser;
    yaml_event_t event; /* the one being looked at */
    struct ug_text text;
    const char *folder;
    struct anchor *anchors;
    int n_anchors, anchors_capacity;
    long nodes;
    int flow; /* how many { and [ enclose the event */
    bool
        in_pieces; /* an expression fell into pieces at its commas, and is not over: see is_piece */
};

static struct ug_yaml *read_node(struct reader *r, int depth);

static struct ug_pos place(struct reader *r, yaml_mark_t mark)
{
    return (struct ug_pos){r->text.source, (int)mark.line + 1, (int)mark.column + 1};
}

/* ---- Events ---- */

static bool next_event(struct reader *r)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->parser, &r->event))
        return true;
    if (!r->in_pieces) /* the bracket that was reported explains it */
        ug_yaml_explain(&r->parser, &r->text, r->diags);
    return false;
}

static struct ug_yaml *new_node(struct reader *r, enum ug_yaml_kind kind)
{
    if (++r->nodes > MOST_NODES) {
        ug_error(r->diags, place(r, r->event.start_mark),
                 "too many values: a file may have %d, those that aliases repeat included",
                 MOST_NODES);
        return NULL;
    }
    struct ug_yaml *y = ug_arena_alloc(r->arena, sizeof *y);
    *y = (struct ug_yaml){.kind = kind, .text = "", .folder = r->folder, .flow = r->flow > 0};
    y->pos = place(r, r->event.start_mark);
    y->start = ug_text_offset(&r->text, y->pos.line, y->pos.column);
    y->end = y->start;
    return y;
}

/* Marks of a node with an anchor or a tag point at these; the value stands behind them. */
static void skip_properties(struct reader *r, struct ug_yaml *y)
{
    const char *text = r->text.source->text;
    size_t at = y->start;

    while (text[at] == '&' || text[at] == '!') {
        at += strcspn(text + at, " \t\r\n");
        for (at += strspn(text + at, " \t\r\n"); text[at] == '#';) {
            at += strcspn(text + at, "\n");
            at += strspn(text + at, " \t\r\n");
        }
    }
    if (at > y->end)
        at = y->end;
    y->start = at;
    y->pos = ug_text_place(&r->text, at);
}

static void refuse_tag(struct reader *r, const yaml_char_t *tag)
{
    if (tag)
        ug_error(r->diags, place(r, r->event.start_mark),
                 "tags are not part of this language: leave the '!' out");
}

/* Remembers `node` under the event's anchor; NULL for one that is not complete yet. */
static int set_anchor(struct reader *r, const yaml_char_t *name, struct ug_yaml *node)
{
    if (!name)
        return -1;
    const size_t length = strlen((const char *)name);
    const struct anchor a = {ug_arena_copy(r->arena, (const char *)name, length), node};
    UG_PUSH(r->arena, r->anchors, r->n_anchors, r->anchors_capacity, a);
    return r->n_anchors - 1;
}

static struct ug_yaml *read_scalar(struct reader *r)
{
    const yaml_event_t *e = &r->event;
    const yaml_scalar_style_t style = e->data.scalar.style;
    struct ug_yaml *y = new_node(r, UG_YAML_SCALAR);

    if (!y)
        return NULL;
    y->plain = style == YAML_PLAIN_SCALAR_STYLE;
    y->block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
    y->length = e->data.scalar.length;
    y->text = ug_arena_copy(r->arena, (const char *)e->data.scalar.value, y->length);
    y->end = ug_text_offset(&r->text, (int)e->end_mark.line + 1, (int)e->end_mark.column + 1);
    if (e->data.scalar.anchor || e->data.scalar.tag)
        skip_properties(r, y);
    refuse_tag(r, e->data.scalar.tag);
    if (memchr(y->text, '\0', y->length)) {
        ug_error(r->diags, y->pos, "a text cannot hold the character \\0");
        y->broken = true;
        y->length = strlen(y->text);
    }
    set_anchor(r, e->data.scalar.anchor, y);
    return y;
}

/* ---- Commas inside brackets ---- */

/* An expression with commas in a list or map on one line falls into pieces: [conv2d(dim, 4), relu]
 * has the members "conv2d(dim", "4)" and "relu".  `open` is what the pieces so far leave open: the
 * first one was reported, and all up to the one that closes it are dropped. */
static bool is_piece(struct reader *r, struct ug_yaml *y, int *open, bool flow)
{
    const bool inside = *open > 0;
    int balance = 0;

    if (!flow || y->kind != UG_YAML_SCALAR || !y->plain)
        return inside;
    const char *bracket = ug_unbalanced(y->text, y->length, &balance);
    if (inside || bracket)
        *open += balance;
    if (bracket && !inside) {
        ug_error(r->diags, ug_yaml_at(y, (size_t)(bracket - y->text)),
                 "a comma inside [ ] or { } ends a value: quote it");
        y->broken = true;
    }
    r->in_pieces = *open > 0;
    return inside;
}

/* `- x[0: 3]` is a map with the key "x[0" to YAML. */
static void check_key(struct reader *r, struct ug_yaml *key)
{
    const char *bracket = key->plain ? ug_unbalanced(key->text, key->length, NULL) : NULL;

    if (!bracket || key->broken)
        return;
    ug_error(r->diags, ug_yaml_at(key, (size_t)(bracket - key->text)),
             "a ': ' inside this bracket ends a key: quote the expression, or write ':' without "
             "the blank");
    key->broken = true;
}

/* ---- Lists and maps ---- */

static struct ug_yaml *begin_collection(struct reader *r, enum ug_yaml_kind kind, int depth)
{
    const bool list = kind == UG_YAML_LIST,
               flow = list ? r->event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
                           : r->event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
    const yaml_char_t *anchor =
        list ? r->event.data.sequence_start.anchor : r->event.data.mapping_start.anchor;
    const yaml_char_t *tag =
        list ? r->event.data.sequence_start.tag : r->event.data.mapping_start.tag;

    if (depth >= DEEPEST) {
        ug_error(r->diags, place(r, r->event.start_mark),
                 "too deep: at most %d lists and maps may stand within one another", DEEPEST);
        return NULL;
    }
    struct ug_yaml *y = new_node(r, kind);
    if (!y)
        return NULL;
    y->flow = flow;
    y->end = SIZE_MAX;
    if (anchor || tag)
        skip_properties(r, y);
    y->end = y->start;
    refuse_tag(r, tag);
    return y;
}

static bool end_collection(struct reader *r, struct ug_yaml *y, int anchor)
{
    y->end = ug_text_offset(&r->text, (int)r->event.end_mark.line + 1,
                            (int)r->event.end_mark.column + 1);
    if (anchor >= 0)
        r->anchors[anchor].node = y;
    return true;
}

static struct ug_yaml *read_list(struct reader *r, int depth)
{
    struct ug_yaml *y = begin_collection(r, UG_YAML_LIST, depth);
    int capacity = 0, open = 0;

    if (!y)
        return NULL;
    const int anchor = set_anchor(r, r->event.data.sequence_start.anchor, NULL);
    r->flow += y->flow;
    for (;;) {
        if (!next_event(r))
            return NULL;
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        struct ug_yaml *item = read_node(r, depth + 1);
        if (!item)
            return NULL;
        if (!is_piece(r, item, &open, y->flow))
            UG_PUSH(r->arena, y->items, y->n, capacity, item);
    }
    r->flow -= y->flow;
    return end_collection(r, y, anchor) ? y : NULL;
}

static int by_text(const void *left, const void *right)
{
    const struct ug_yaml *a = *(struct ug_yaml *const *)left, *b = *(struct ug_yaml *const *)right;
    const int order = strcmp(a->text, b->text);

    return order ? order : (a->start > b->start) - (a->start < b->start);
}

static void refuse_duplicates(struct reader *r, const struct ug_yaml *map)
{
    if (map->n < 2)
        return;
    struct ug_yaml **sorted = ug_xcalloc((size_t)map->n, sizeof *sorted);
    memcpy(sorted, map->keys, (size_t)map->n * sizeof *sorted);
    qsort(sorted, (size_t)map->n, sizeof *sorted, by_text);
    for (int i = 1, first = 0; i < map->n; i++) {
        if (strcmp(sorted[i]->text, sorted[first]->text)) {
            first = i;
        } else {
            struct ug_diag *d =
                ug_error(r->diags, sorted[i]->pos, "'%s' is given twice", sorted[i]->text);
            ug_note(d, sorted[first]->pos, "first here");
        }
    }
    free(sorted);
}

/* {a, b} gives a and b the value null, without a word. */
static bool has_colon(const struct reader *r, const struct ug_yaml *key)
{
    const char *text = r->text.source->text;

    return text[key->end + strspn(text + key->end, " \t\r\n")] == ':';
}

static void refuse_lone_key(struct reader *r, struct ug_yaml *key)
{
    const char *colon = strchr(key->text, ':');

    if (colon && colon > key->text && colon[1]) /* {a:3}, as JSON would have it */
        ug_error(r->diags, key->pos, "'%s' is a key without a value: write '%.*s: %s'", key->text,
                 (int)(colon - key->text), key->text, colon + 1);
    else
        ug_error(r->diags, key->pos, "'%s' is a key without a value: write '%s: …'", key->text,
                 key->text);
    key->broken = true;
}

static struct ug_yaml *read_key(struct reader *r, int depth)
{
    struct ug_yaml *key = read_node(r, depth);

    if (!key)
        return NULL;
    if (key->kind != UG_YAML_SCALAR) {
        ug_error(r->diags, key->pos,
                 key->flow ? "a key must be a text: quote what stands in { } or [ ]"
                           : "a key must be a text, not a list or a map");
        return NULL;
    }
    if (key->plain && !strcmp(key->text, "<<")) {
        struct ug_diag *d = ug_error(r->diags, key->pos, "'<<' is not part of this language");
        ug_note(d, UG_NOWHERE, "write the keys out, or merge files with 'include'");
        key->broken = true;
    } else if (!key->length) {
        ug_error(r->diags, key->pos, "a key is missing in front of this ':'");
        key->broken = true;
    }
    return key;
}

static struct ug_yaml *read_map(struct reader *r, int depth)
{
    struct ug_yaml *y = begin_collection(r, UG_YAML_MAP, depth);
    int keys_capacity = 0, open = 0;

    if (!y)
        return NULL;
    const int anchor = set_anchor(r, r->event.data.mapping_start.anchor, NULL);
    r->flow += y->flow;
    for (int capacity = 0;;) {
        if (!next_event(r))
            return NULL;
        if (r->event.type == YAML_MAPPING_END_EVENT)
            break;
        struct ug_yaml *key = read_key(r, depth + 1), *value;
        if (!key || !next_event(r) || !(value = read_node(r, depth + 1)))
            return NULL;
        const bool piece = is_piece(r, key, &open, y->flow);
        is_piece(r, value, &open, y->flow);
        if (piece)
            continue;
        if (!key->broken && y->flow && key->plain && !has_colon(r, key)) {
            refuse_lone_key(r, key);
        }
        check_key(r, key);
        if (key->broken)
            continue;
        const int before = y->n;
        UG_PUSH(r->arena, y->items, y->n, capacity, value);
        int n_keys = before;
        UG_PUSH(r->arena, y->keys, n_keys, keys_capacity, key);
    }
    r->flow -= y->flow;
    refuse_duplicates(r, y);
    return end_collection(r, y, anchor) ? y : NULL;
}

/* ---- Aliases ---- */

/* A copy, so that each place in the file has nodes of its own. */
static struct ug_yaml *copy_tree(struct reader *r, const struct ug_yaml *from)
{
    struct ug_yaml *y = new_node(r, from->kind);

    if (!y)
        return NULL;
    *y = *from;
    if (!from->n)
        return y;
    y->items = ug_arena_array(r->arena, (size_t)from->n, sizeof *y->items);
    for (int i = 0; i < from->n; i++)
        if (!(y->items[i] = copy_tree(r, from->items[i])))
            return NULL;
    return y;
}

static struct ug_yaml *read_alias(struct reader *r)
{
    const char *name = (const char *)r->event.data.alias.anchor;
    const struct ug_pos pos = place(r, r->event.start_mark);

    for (int i = r->n_anchors - 1; i >= 0; i--) {
        if (strcmp(r->anchors[i].name, name))
            continue;
        if (r->anchors[i].node)
            return copy_tree(r, r->anchors[i].node);
        ug_error(r->diags, pos, "'*%s' stands inside of what it names", name);
        return NULL;
    }
    const char **names = ug_arena_array(r->arena, (size_t)r->n_anchors + 1, sizeof *names);
    for (int i = 0; i < r->n_anchors; i++)
        names[i] = r->anchors[i].name;
    ug_suggest(ug_error(r->diags, pos, "there is no anchor '&%s' above", name), name, "anchors",
               names, (size_t)r->n_anchors);
    return NULL;
}

static struct ug_yaml *read_node(struct reader *r, int depth)
{
    switch (r->event.type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(r);
    case YAML_ALIAS_EVENT:
        return read_alias(r);
    case YAML_SEQUENCE_START_EVENT:
        return read_list(r, depth);
    case YAML_MAPPING_START_EVENT:
        return read_map(r, depth);
    default:
        ug_error(r->diags, place(r, r->event.start_mark), "a value was expected here");
        return NULL;
    }
}

/* ---- The document ---- */

static struct ug_yaml *read_document(struct reader *r)
{
    struct ug_yaml *root = NULL;

    while (next_event(r)) {
        switch (r->event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_DOCUMENT_START_EVENT:
            if (root) {
                ug_error(r->diags, place(r, r->event.start_mark),
                         "a file holds one document: remove this '---'");
                return root;
            }
            break;
        case YAML_STREAM_END_EVENT:
            return root ? root : new_node(r, UG_YAML_MAP);
        default:
            if (!(root = read_node(r, 0)))
                return NULL;
        }
    }
    return NULL;
}

/* "a/b" of "a/b/c.yaml"; "" where there is no slash. */
static const char *folder_of(struct ug_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    return ug_arena_copy(arena, path, slash ? (size_t)(slash - path) + (slash == path) : 0);
}

struct ug_yaml *ug_yaml_read_text(struct ug_arena *arena, struct ug_diags *diags, const char *path,
                                  const char *folder, const char *text, size_t length)
{
    struct reader r = {.arena = arena, .diags = diags};
    struct ug_source *source = ug_arena_alloc(arena, sizeof *source);

    if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        text += 3, length -= 3; /* a byte order mark says nothing in UTF-8 */
    r.folder = ug_arena_copy(arena, folder, strlen(folder));
    source->path = ug_arena_copy(arena, path, strlen(path));
    source->text = ug_arena_copy(arena, text, length);
    source->length = length;
    ug_text_init(&r.text, arena, source);
    if (!ug_text_check(&r.text, diags))
        return NULL;
    if (!yaml_parser_initialize(&r.parser)) {
        ug_error(diags, UG_NOWHERE, "out of memory");
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)source->text, source->length);
    struct ug_yaml *root = read_document(&r);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    return root;
}

struct ug_yaml *ug_yaml_read_file(struct ug_arena *arena, struct ug_diags *diags, const char *path,
                                  struct ug_pos included_from)
{
    struct stat st;
    size_t length;

    if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
        ug_error(diags, included_from,
                 S_ISDIR(st.st_mode) ? "'%s' is a folder, and holds no run"
                                     : "'%s' is not a regular file",
                 path);
        return NULL;
    }
    char *text = ug_file_read(path, LARGEST_FILE, &length, included_from, diags);
    if (!text)
        return NULL;
    struct ug_yaml *root =
        ug_yaml_read_text(arena, diags, path, folder_of(arena, path), text, length);
    free(text);
    return root;
}
