/* harness_call.c -- parses the settings, and builds the call as the language would. */
#include "harness_call.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "engine/graph/call.h"

enum { MAX_ARGS = 16 };

/* The value of `name` in "a=1 b=2"; NULL if it is not there. */
static const char *find_setting(const char *settings, const char *name, char value[64])
{
    const size_t length = strlen(name);

    for (const char *at = settings; *at; at += strcspn(at, " "), at += *at == ' ')
        if (!strncmp(at, name, length) && at[length] == '=') {
            const char *from = at + length + 1;

            snprintf(value, 64, "%.*s", (int)strcspn(from, " "), from);
            return value;
        }
    return NULL;
}

static int find_word(const struct ug_arg *arg, const char *text)
{
    for (int i = 0; arg->words[i]; i++)
        if (!strcmp(arg->words[i], text))
            return i;
    ck_abort_msg("%s: no word '%s'", arg->name, text);
    return -1;
}

/* "3" or "3,5" into list[]; how many. */
static int read_list(const char *text, int64_t *list)
{
    int n = 0;

    for (char *end; *text; text = *end == ',' ? end + 1 : end)
        list[n++] = strtoll(text, &end, 10);
    return n;
}

static void set_field(const struct trial *t, const struct ug_arg *arg, const char *text,
                      char *attrs)
{
    void *field = attrs + arg->offset;
    struct ug_ints list = {0};

    switch (arg->type) {
    case UG_INT:
        *(int64_t *)field = strtoll(text, NULL, 10);
        break;
    case UG_FLOAT:
        *(double *)field = strtod(text, NULL);
        break;
    case UG_MODE:
        *(bool *)field = !strcmp(text, "auto") ? t->b.training : !strcmp(text, "true");
        break;
    case UG_BOOL:
    case UG_BIAS:
        *(bool *)field = !strcmp(text, "true");
        break;
    case UG_WORD:
        *(int *)field = find_word(arg, text);
        break;
    case UG_PAIR:
        list.n = read_list(text, list.v);
        ((int64_t *)field)[0] = list.v[0];
        ((int64_t *)field)[1] = list.v[list.n > 1];
        break;
    case UG_INTS:
        list.n = read_list(text, list.v);
        *(struct ug_ints *)field = list;
        break;
    case UG_INIT:
        ((struct ug_init *)field)->kind = UG_INIT_CONSTANT;
        break;
    default:
        ck_abort_msg("no setting of this type: %s", arg->name);
    }
}

static int arg_index(const struct ug_op *op, const char *name)
{
    for (int i = 0; op->args[i].name; i++)
        if (!strcmp(op->args[i].name, name))
            return i;
    ck_abort_msg("%s has no argument '%s'", op->name, name);
    return -1;
}

struct ug_node *trial_call(struct trial *t, const char *name, const char *settings, ...)
{
    const struct ug_op *op = ug_op_find(name);
    struct ug_node *tensors[MAX_ARGS] = {NULL}, *y;
    bool given[MAX_ARGS] = {false};
    struct ug_call call = {.b = &t->b, .op = op, .tensors = tensors, .given = given};
    char value[64];
    va_list args;

    ck_assert_msg(op && op->build, "no op %s to call", name);
    call.attrs = ug_xcalloc(1, op->attrs_size + 1);
    va_start(args, settings);
    for (const char *arg; (arg = va_arg(args, const char *));) {
        const int i = arg_index(op, arg);

        tensors[i] = va_arg(args, struct ug_node *);
        given[i] = true;
    }
    va_end(args);
    for (int i = 0; op->args[i].name; i++) {
        const struct ug_arg *arg = &op->args[i];
        const char *text = find_setting(settings, arg->name, value);

        given[i] |= text != NULL;
        if (arg->type == UG_TENSOR || (given[i] && !text))
            continue;
        if (!text)
            text = arg->initial;
        if (text && strcmp(text, "none") != 0)
            set_field(t, arg, text, call.attrs);
    }
    y = op->build(&call);
    free(call.attrs);
    return y;
}
