/* command.c -- options anywhere on the command line, and help printed from the tables that parse.
 */
#include "tools/command.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_ERRORS = 20, /* messages shown at once */
    GO_ON = -1        /* instead of an exit status */
};

static void print_option(const struct option *o)
{
    char left[64];

    if (o->letter)
        snprintf(left, sizeof left, "-%c, --%s%s%s", o->letter, o->name, o->argument ? " " : "",
                 o->argument ? o->argument : "");
    else
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->argument ? " " : "",
                 o->argument ? o->argument : "");
    printf("  %-26s %s\n", left, o->doc);
}

void command_help(const struct command *c)
{
    printf("unitgraph %s -- %s\n\nusage: unitgraph %s %s\n\n%s\noptions:\n", c->name, c->summary,
           c->name, c->arguments, c->text);
    for (const struct option *o = c->options; o->name; o++)
        print_option(o);
    printf("  %-26s %s\n\nexamples:\n%s", "-h, --help", "show this", c->examples);
}

enum ug_status command_wrong(const struct call *call, const char *format, ...)
{
    const struct command *c = call->command;
    va_list args;

    va_start(args, format);
    struct ug_diag *e = ug_verror(call->diags, UG_NOWHERE, format, args);
    va_end(args);
    ug_note(e, UG_NOWHERE, "usage: unitgraph %s %s", c->name, c->arguments);
    ug_note(e, UG_NOWHERE, "'unitgraph %s --help' explains them", c->name);
    return UG_WRONG;
}

/* ---- Options ---- */

static int unknown_option(const struct call *call, const char *word, size_t length)
{
    enum { MOST = 16, LONGEST = 32 };
    char dashed[MOST][LONGEST] = {"--help"};
    const char *names[MOST] = {dashed[0]}, *bare[MOST] = {dashed[0] + 2};
    size_t n = 1;
    char written[80];

    for (const struct option *o = call->command->options; o->name && n < MOST; o++, n++) {
        snprintf(dashed[n], LONGEST, "--%s", o->name);
        names[n] = dashed[n];
        bare[n] = dashed[n] + 2; /* the dashes are no letters that are right */
    }
    snprintf(written, sizeof written, "%.*s", (int)(length < 79 ? length : 79), word);
    struct ug_diag *e =
        ug_error(call->diags, UG_NOWHERE, "'%s' has no option '%s'", call->command->name, written);
    const char *near = ug_nearest(written + strspn(written, "-"), bare, n);
    if (near)
        ug_note(e, UG_NOWHERE, "did you mean '--%s'?", near);
    else
        ug_suggest(e, "", "options", names, n);
    ug_note(e, UG_NOWHERE, "'unitgraph %s --help' explains them", call->command->name);
    return UG_WRONG;
}

static int set_number(const struct call *call, const struct option *o, const char *text,
                      int64_t *value)
{
    char *end;

    errno = 0;
    const long long n = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        return command_wrong(call, "--%s takes a whole number, not '%s'", o->name, text);
    if (n < o->least)
        return command_wrong(call, "--%s is at least %lld, not %lld", o->name, (long long)o->least,
                             n);
    *value = n;
    return GO_ON;
}

/* room: for as many as there are words on the command line. */
static int add_set(const struct call *call, struct ug_overrides *sets, const char *text, int room)
{
    const char **items = (const char **)sets->sets; /* this made them */

    if (!items && !(items = calloc((size_t)room, sizeof *items)))
        return command_wrong(call, "out of memory");
    items[sets->n_sets++] = text;
    sets->sets = items;
    return GO_ON;
}

static int set_option(struct call *call, const struct option *o, const char *text, int room)
{
    void *value = (char *)call->settings + o->offset;

    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)value = true;
        return GO_ON;
    case OPTION_TEXT:
        *(const char **)value = text;
        return GO_ON;
    case OPTION_NUMBER:
        return set_number(call, o, text, value);
    case OPTION_SETS:
        return add_set(call, value, text, room);
    case OPTION_THREADS:
        return set_number(call, o, text, &call->threads);
    }
    return GO_ON;
}

/* The option that a word begins with; *length: of its name with dashes, up to a '='. */
static const struct option *find_option(const struct option *options, const char *word,
                                        size_t *length)
{
    *length = strcspn(word, "=");
    for (const struct option *o = options; o->name; o++) {
        if (word[1] != '-' && word[1] == o->letter && *length == 2)
            return o;
        if (word[1] == '-' && strlen(o->name) == *length - 2 &&
            !strncmp(word + 2, o->name, *length - 2))
            return o;
    }
    return NULL;
}

/* Takes the option at argv[*i], and its argument from there or from the next word. */
static int take_option(struct call *call, int argc, char **argv, int *i)
{
    size_t length;
    const char *word = argv[*i], *text = NULL;
    const struct option *o = find_option(call->command->options, word, &length);

    if (!o)
        return unknown_option(call, word, length);
    if (word[length] == '=')
        text = word + length + 1;
    if (o->kind == OPTION_FLAG && text)
        return command_wrong(call, "--%s takes no argument", o->name);
    if (o->kind != OPTION_FLAG && !text) {
        if (*i + 1 == argc)
            return command_wrong(call, "--%s needs an argument: %s", o->name, o->argument);
        text = argv[++*i];
    }
    return set_option(call, o, text, argc);
}

/* Options may stand anywhere; behind "--" there are none.  GO_ON; or the exit status, after help or a
 * message. */
static int parse(struct call *call, int argc, char **argv)
{
    const struct command *c = call->command;
    bool only_words = false;

    call->words = argv;
    for (int i = 0; i < argc; i++) {
        char *word = argv[i];
        int status = GO_ON;
        if (!only_words && !strcmp(word, "--")) {
            only_words = true;
        } else if (!only_words && (!strcmp(word, "--help") || !strcmp(word, "-h"))) {
            command_help(c);
            return UG_DONE;
        } else if (!only_words && word[0] == '-' && word[1]) {
            status = take_option(call, argc, argv, &i);
        } else if (call->n_words == c->words[1]) {
            status = command_wrong(call, "'%s' is one argument too many", word);
        } else {
            call->words[call->n_words++] = word;
        }
        if (status != GO_ON)
            return status;
    }
    call->words[call->n_words] = NULL; /* as argv ends, there is room */
    if (call->n_words < c->words[0])
        return command_wrong(call, "%s",
                             call->n_words ? "an argument is missing" : "it does not say on what");
    return GO_ON;
}

/* ---- Running ---- */

static int end(struct ug_diags *diags, enum ug_status status, size_t most)
{
    fflush(stdout);
    ug_diags_print(diags, stderr, most);
    ug_diags_free(diags);
    ug_end_threads();
    return (int)status;
}

int command_end(struct ug_diags *diags, enum ug_status status)
{
    return end(diags, status, MOST_ERRORS);
}

/* Only the commands that take --threads compute with them. */
static void set_threads(const struct call *call)
{
    for (const struct option *o = call->command->options; o->name; o++)
        if (o->kind == OPTION_THREADS)
            ug_set_threads(call->threads < INT_MAX ? (int)call->threads : INT_MAX);
}

static void free_settings(const struct call *call)
{
    for (const struct option *o = call->command->options; o->name; o++)
        if (o->kind == OPTION_SETS)
            free((void *)((struct ug_overrides *)((char *)call->settings + o->offset))->sets);
    free(call->settings);
}

int command_obey(const struct command *c, int argc, char **argv)
{
    struct call call = {.command = c, .settings = calloc(1, c->size + 1), .diags = ug_diags_new()};

    if (!call.settings)
        abort();
    if (c->settings)
        memcpy(call.settings, c->settings, c->size);
    int status = parse(&call, argc, argv);
    if (status == GO_ON) {
        set_threads(&call);
        status = (int)c->run(&call);
    }
    status = end(call.diags, (enum ug_status)status, c->every_message ? 0 : MOST_ERRORS);
    free_settings(&call);
    return status;
}
