/* ops.c -- the reference of ops, printed from their descriptors. */
#include <string.h>

#include "engine/graph/op.h"
#include "engine/unitgraph.h"

enum { MARGIN = 96, LEFT = 21 }; /* columns: of the right edge, of what stands beside a name */

#define UNLIMITED 1e9 /* a bound beyond this is none that a user meets */

static const char *type_name(enum ug_arg_type type)
{
    switch (type) {
    case UG_TENSOR:
        return "tensor";
    case UG_TENSORS:
        return "tensors, or a list of them";
    case UG_BIAS:
        return "true, false or a tensor";
    case UG_INT:
        return "whole number";
    case UG_FLOAT:
        return "number";
    case UG_BOOL:
        return "true or false";
    case UG_WORD:
        return "word";
    case UG_MODE:
        return "true, false or auto";
    case UG_PAIR:
        return "whole number or [h, w]";
    case UG_INTS:
        return "whole number or list";
    case UG_LIKE:
        return "tensor, or list of extents";
    case UG_INIT:
        return "initialiser";
    }
    return "";
}

/* "none" is no value that a user would write. */
static bool has_default(const struct ug_arg *a)
{
    return a->initial && strcmp(a->initial, "none");
}

static void print_signature(const struct ug_op *op, FILE *out)
{
    const char *comma = "";

    fprintf(out, "%s(", op->name);
    for (const struct ug_arg *a = op->args; a && a->name; a++) {
        fprintf(out, "%s%s", comma, a->name);
        if (has_default(a))
            fprintf(out, "=%s", a->initial);
        else if (a->initial)
            fputs("=…", out);
        comma = ", ";
    }
    fputc(')', out);
}

static void print_default(const struct ug_op *op, const struct ug_arg *a, FILE *out)
{
    bool other_argument = false;

    if (!a->initial) {
        fputs("; required", out);
        return;
    }
    if (!has_default(a)) {
        fputs("; may be left out", out);
        return;
    }
    for (const struct ug_arg *b = op->args; b != a; b++)
        other_argument |= !strcmp(b->name, a->initial);
    fprintf(out, other_argument ? "; default: that of %s" : "; default %s", a->initial);
}

/* Words up to the right margin, then on below the first; ends the line. */
static void print_wrapped(const char *text, int indent, FILE *out)
{
    int column = indent;

    fprintf(out, "%*s", indent, "");
    for (const char *word = text; *word;) {
        const int length = (int)strcspn(word, " ");
        if (column > indent && column + 1 + length > MARGIN) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        column += fprintf(out, "%s%.*s", column > indent ? " " : "", length, word);
        word += length + (int)strspn(word + length, " ");
    }
    fputc('\n', out);
}

static void print_argument(const struct ug_op *op, const struct ug_arg *a, FILE *out)
{
    fprintf(out, "  %-*s %s", LEFT - 3, a->name, type_name(a->type));
    for (const char *const *w = a->type == UG_WORD ? a->words : NULL; w && *w; w++)
        fprintf(out, "%s%s", w == a->words ? ": " : " | ", *w);
    if (a->min < a->max && a->max < UNLIMITED)
        fprintf(out, ", %.10g to %.10g", a->min, a->max);
    else if (a->min < a->max && a->min > -UNLIMITED)
        fprintf(out, ", at least %.10g", a->min);
    print_default(op, a, out);
    if (a->keyword)
        fputs("; by name only", out);
    fputc('\n', out);
    if (a->doc)
        print_wrapped(a->doc, LEFT, out);
}

/* Text of several lines, each set in by four. */
static void print_indented(const char *text, FILE *out)
{
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, '\n');
        fprintf(out, "    %.*s\n", (int)(end - text), text);
    }
}

/* Lines of a formula that are too long are wrapped; examples are left as they are. */
static void print_formula(const char *text, FILE *out)
{
    char line[1024];

    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, '\n');
        snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
        print_wrapped(line, 4, out);
    }
}

static void print_op(const struct ug_op *op, FILE *out)
{
    print_signature(op, out);
    fprintf(out, "\n\n%s\n", op->summary);
    if (op->formula) {
        fputc('\n', out);
        print_formula(op->formula, out);
    }
    if (op->args && op->args->name)
        fputs("\narguments\n", out);
    for (const struct ug_arg *a = op->args; a && a->name; a++)
        print_argument(op, a, out);
    if (op->has_parameters)
        fputs("\nA layer: it has parameters or state of its own.\n", out);
    if (!op->gradient && !op->build && op->why_no_gradient)
        fprintf(out, "\nNo gradient: %s.\n", op->why_no_gradient);
    if (op->of_sets)
        fputs(
            "\nIn validate it is computed once, over all the samples, and is a metric by itself.\n",
            out);
    if (op->higher_is_better)
        fputs(
            "\nHigher is better: 'checkpoint: {best: NAME}' keeps the highest of such a metric.\n",
            out);
    if (op->example) {
        fputs("\nexample\n", out);
        print_indented(op->example, out);
    }
    fprintf(out, "\nfamily: %s\n", ug_op_family(op));
}

static void print_list(FILE *out)
{
    const char *family = "";

    for (const struct ug_op *op = NULL; (op = ug_op_next(op));) {
        if (op->internal)
            continue;
        if (strcmp(family, ug_op_family(op)))
            fprintf(out, "%s%s\n", *family ? "\n" : "", ug_op_family(op));
        family = ug_op_family(op);
        fprintf(out, "  %-20s %s\n", op->name, op->summary);
    }
    fputs("\n'unitgraph ops NAME' explains one of them.\n", out);
}

static void report_unknown(const char *name, struct ug_diags *diags)
{
    enum { MOST = 256 };
    const char *names[MOST];
    size_t n = 0;

    for (const struct ug_op *op = NULL; (op = ug_op_next(op)) && n < MOST;)
        if (!op->internal)
            names[n++] = op->name;
    ug_suggest(ug_error(diags, UG_NOWHERE, "there is no op '%s'", name), name, "ops", names, n);
}

enum ug_status ug_ops(const char *name, FILE *out, struct ug_diags *diags)
{
    if (!name) {
        print_list(out);
        return UG_DONE;
    }
    const struct ug_op *op = ug_op_find(name);
    if (!op || op->internal) {
        report_unknown(name, diags);
        return UG_WRONG;
    }
    print_op(op, out);
    return UG_DONE;
}
