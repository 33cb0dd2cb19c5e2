/* ops.c -- the reference of ops, printed from their descriptors. */
#include <string.h>

#include "engine/graph/op.h"
#include "engine/unitgraph.h"

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

/* `auto` of UG_MODE and "none" are no values that a user would write as a default. */
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

static void print_argument(const struct ug_op *op, const struct ug_arg *a, FILE *out)
{
    fprintf(out, "  %-18s %s", a->name, type_name(a->type));
    for (const char *const *w = a->type == UG_WORD ? a->words : NULL; w && *w; w++)
        fprintf(out, "%s%s", w == a->words ? ": " : " | ", *w);
    if (a->min < a->max && a->max < 1e15)
        fprintf(out, ", %g to %g", a->min, a->max);
    else if (a->min < a->max && a->min > -1e15)
        fprintf(out, ", at least %g", a->min);
    print_default(op, a, out);
    if (a->keyword)
        fputs("; by name only", out);
    fprintf(out, "\n  %-18s %s\n", "", a->doc ? a->doc : "");
}

/* Text of several lines, each set in by four. */
static void print_indented(const char *text, FILE *out)
{
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, '\n');
        fprintf(out, "    %.*s\n", (int)(end - text), text);
    }
}

static void print_op(const struct ug_op *op, FILE *out)
{
    print_signature(op, out);
    fprintf(out, "\n\n%s\n", op->summary);
    if (op->formula) {
        fputc('\n', out);
        print_indented(op->formula, out);
    }
    if (op->args && op->args->name)
        fputs("\narguments\n", out);
    for (const struct ug_arg *a = op->args; a && a->name; a++)
        print_argument(op, a, out);
    if (op->has_parameters)
        fputs("\nA layer: it makes parameters of its own.\n", out);
    if (!op->gradient && !op->build && op->why_no_gradient)
        fprintf(out, "\nNo gradient: %s.\n", op->why_no_gradient);
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
        fprintf(out, "  %-18s %s\n", op->name, op->summary);
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
