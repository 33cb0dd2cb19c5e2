/* document_explain.c -- what libyaml complains about, in words for somebody who wrote an
 * expression. */
#include "engine/model/document_explain.h"

#include <string.h>

struct failure {
    const yaml_parser_t *parser;
    struct ug_text *text;
    struct ug_diags *diags;
};

static struct ug_pos place(struct failure *f, yaml_mark_t mark)
{
    return (struct ug_pos){f->text->source, (int)mark.line + 1, (int)mark.column + 1};
}

/* The bracket that a plain scalar leaves open on the line before `at`, or NULL: YAML ends the
 * scalar at the `: `, the `[` or the comma inside. */
static const char *open_bracket_before(struct failure *f, size_t at)
{
    const char *text = f->text->source->text;
    size_t start = at;

    while (start > 0 && text[start - 1] != '\n')
        start--;
    return ug_unbalanced(text + start, at - start, NULL);
}

/* Is there a comma between a bracket and the one that closes it, or the end of the line? */
static bool holds_comma(const char *open)
{
    return open[strcspn(open, ",]}\n")] == ',';
}

static bool explain_bracket(struct failure *f, yaml_mark_t mark)
{
    const size_t at = ug_text_offset(f->text, (int)mark.line + 1, (int)mark.column + 1);
    const char *text = f->text->source->text, *open = NULL;

    if (text[at] == '[' || text[at] == '{')
        open = text + at;
    else if (text[at] == ':' || text[at] == ',')
        open = open_bracket_before(f, at);
    if (!open)
        return false;
    ug_error(f->diags, ug_text_place(f->text, (size_t)(open - text)), "%s",
             text[at] == ':'     ? "a ': ' inside this bracket ends a key: quote the expression, "
                                   "or write ':' without the blank"
             : holds_comma(open) ? "a comma inside [ ] or { } ends a value: quote it"
                                 : "inside [ ] or { }, YAML ends a value at , : { } [ ]: quote it");
    return true;
}

/* A tab among the blanks that a line starts with. */
static bool explain_tab(struct failure *f, yaml_mark_t mark)
{
    const char *text = f->text->source->text;
    size_t at = ug_text_offset(f->text, (int)mark.line + 1, 1);

    while (text[at] == ' ')
        at++;
    if (text[at] != '\t')
        return false;
    ug_error(f->diags, ug_text_place(f->text, at), "a tab cannot indent a line: use spaces");
    return true;
}

static const struct {
    const char *problem; /* libyaml's */
    bool context;        /* the useful place is where the construct starts */
    const char *sentence;
} explanations[] = {
    {"could not find expected ':'", true,
     "this needs a ':' and a value behind it, or is it the rest of the line above, indented too "
     "little?"},
    {"mapping values are not allowed in this context", false,
     "a ': ' cannot stand here: quote the value if it holds one, or mend the indentation"},
    {"did not find expected key", false,
     "this does not stand in line with the keys before it: mend the indentation, or quote the "
     "value"},
    {"did not find expected '-' indicator", false,
     "this does not stand in line with the '-' of the list it belongs to: mend the indentation"},
    {"block sequence entries are not allowed in this context", false,
     "'- ' starts a list item: for a minus sign write '-x' without the blank or quote it; for a "
     "list begin a new line"},
    {"found unexpected end of stream", true, "this quote is never closed"},
    {"found unexpected document indicator", true, "this quote is never closed"},
    {"did not find expected <document start>", false,
     "this stands outside the map that the file is: mend the indentation"},
    {"found undefined tag handle", false,
     "tags are not part of this language: leave the '!' out or quote the value"},
    {"found character that cannot start any token", false,
     "a value cannot start with this character: quote it"},
    {"did not find expected alphabetic or numeric character", false,
     "a value cannot start with '*' or '&' unless it names an anchor: quote it"},
    {"found duplicate %YAML directive", false, "a file has one %YAML line"},
    {"found incompatible YAML document", false, "this program reads YAML 1.2"},
};

static char character_at(struct failure *f, yaml_mark_t mark)
{
    return f->text->source->text[ug_text_offset(f->text, (int)mark.line + 1, (int)mark.column + 1)];
}

/* A list or map in brackets goes on where it should have a ',' or its end. */
static bool explain_open(struct failure *f, const char *problem)
{
    const char open = character_at(f, f->parser->context_mark);

    if (strncmp(problem, "did not find expected ','", 25) != 0)
        return false;
    struct ug_diag *d =
        ug_error(f->diags, place(f, f->parser->context_mark), "this '%c' is never closed", open);
    ug_note(d, place(f, f->parser->problem_mark),
            "here ',' or '%c' was expected: an expression that contains , : { } [ ] must be quoted",
            open == '[' ? ']' : '}');
    return true;
}

void ug_yaml_explain(const yaml_parser_t *p, struct ug_text *text, struct ug_diags *diags)
{
    struct failure failure = {p, text, diags}, *f = &failure;
    const char *problem = p->problem ? p->problem : "not YAML";
    const struct ug_pos pos = place(f, p->problem_mark);

    if (p->error == YAML_MEMORY_ERROR) {
        ug_error(f->diags, pos, "out of memory");
        return;
    }
    if (explain_tab(f, p->problem_mark) || explain_bracket(f, p->problem_mark) ||
        explain_open(f, problem))
        return;
    if (character_at(f, p->problem_mark) == ':' && !strcmp(problem, "did not find expected key")) {
        ug_error(f->diags, pos, "a key is missing in front of this ':'");
        return;
    }
    for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++)
        if (!strcmp(explanations[i].problem, problem)) {
            ug_error(f->diags, explanations[i].context ? place(f, p->context_mark) : pos, "%s",
                     explanations[i].sentence);
            return;
        }
    ug_error(f->diags, pos, "this is not YAML: %s", problem);
}
