/* command.c -- options anywhere on the command line, and help printed from the tables that parse.
 */
#include "tools/command.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ERRORS = 20 }; /* messages shown at once */

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

static void print_help(const struct command *c, const struct option *options)
{
    printf("unitgraph %s -- %s\n\nusage: unitgraph %s %s\n\n%s\noptions:\n", c->name, c->summary,
           c->name, c->arguments, c->text);
    for (const struct option *o = options; o->name; o++)
        print_option(o);
    printf("  %-26s %s\n\nexamples:\n%s", "-h, --help", "show this", c->examples);
}

int command_wrong(const struct command *c, const char *format, ...)
{
    struct ug_diags *diags = ug_diags_new();
    va_list args;

    va_start(args, format);
    struct ug_diag *e = ug_verror(diags, UG_NOWHERE, format, args);
    va_end(args);
    ug_note(e, UG_NOWHERE, "usage: unitgraph %s %s", c->name, c->arguments);
    ug_note(e, UG_NOWHERE, "'unitgraph %s --help' explains them", c->name);
    return command_end(diags, UG_WRONG);
}

static int unknown_option(const struct command *c, const struct option *options, const char *word,
                          size_t length)
{
    enum { MOST = 16, LONGEST = 32 };
    char dashed[MOST][LONGEST] = {"--help"};
    const char *names[MOST] = {dashed[0]};
    size_t n = 1;
    char written[80];
    struct ug_diags *diags = ug_diags_new();

    for (const struct option *o = options; o->name && n < MOST; o++, n++) {
        snprintf(dashed[n], LONGEST, "--%s", o->name);
        names[n] = dashed[n];
    }
    snprintf(written, sizeof written, "%.*s", (int)(length < 79 ? length : 79), word);
    struct ug_diag *e = ug_error(diags, UG_NOWHERE, "'%s' has no option '%s'", c->name, written);
    ug_suggest(e, written, "options", names, n);
    ug_note(e, UG_NOWHERE, "'unitgraph %s --help' explains them", c->name);
    return command_end(diags, UG_WRONG);
}

static int set_number(const struct command *c, const struct option *o, const char *text)
{
    char *end;

    errno = 0;
    const long long n = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        return command_wrong(c, "--%s takes a whole number, not '%s'", o->name, text);
    if (n < o->least)
        return command_wrong(c, "--%s is at least %lld, not %lld", o->name, (long long)o->least, n);
    *(int64_t *)o->value = n;
    return GO_ON;
}

static int set_option(const struct command *c, const struct option *o, const char *text, int room)
{
    struct texts *list = o->value;

    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)o->value = true;
        return GO_ON;
    case OPTION_TEXT:
        *(const char **)o->value = text;
        return GO_ON;
    case OPTION_NUMBER:
        return set_number(c, o, text);
    case OPTION_TEXTS:
        if (!list->items && !(list->items = calloc((size_t)room, sizeof *list->items)))
            return command_wrong(c, "out of memory");
        list->items[list->n++] = text;
        return GO_ON;
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
static int take_option(const struct command *c, const struct option *options, int argc, char **argv,
                       int *i)
{
    size_t length;
    const char *word = argv[*i], *text = NULL;
    const struct option *o = find_option(options, word, &length);

    if (!o)
        return unknown_option(c, options, word, length);
    if (word[length] == '=')
        text = word + length + 1;
    if (o->kind == OPTION_FLAG && text)
        return command_wrong(c, "--%s takes no argument", o->name);
    if (o->kind != OPTION_FLAG && !text) {
        if (*i + 1 == argc)
            return command_wrong(c, "--%s needs an argument: %s", o->name, o->argument);
        text = argv[++*i];
    }
    return set_option(c, o, text, argc);
}

int command_parse(const struct command *c, const struct option *options, int least, int most,
                  int argc, char **argv, struct words *words)
{
    bool only_words = false;

    *words = (struct words){argv, 0};
    for (int i = 0; i < argc; i++) {
        char *word = argv[i];
        int status = GO_ON;
        if (!only_words && !strcmp(word, "--")) {
            only_words = true;
        } else if (!only_words && (!strcmp(word, "--help") || !strcmp(word, "-h"))) {
            print_help(c, options);
            return UG_DONE;
        } else if (!only_words && argc == 1 && !strcmp(word, MANUAL)) {
            manual_command(c, options);
            return UG_DONE;
        } else if (!only_words && word[0] == '-' && word[1]) {
            status = take_option(c, options, argc, argv, &i);
        } else if (words->n == most) {
            status = command_wrong(c, "'%s' is one argument too many", word);
        } else {
            words->items[words->n++] = word;
        }
        if (status != GO_ON)
            return status;
    }
    words->items[words->n] = NULL; /* as argv ends, there is room */
    if (words->n < least)
        return command_wrong(c, "%s",
                             words->n ? "an argument is missing" : "it does not say on what");
    return GO_ON;
}

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

int command_end_all(struct ug_diags *diags, enum ug_status status)
{
    return end(diags, status, 0);
}

void texts_free(struct texts *t)
{
    free(t->items);
    *t = (struct texts){NULL, 0};
}

struct ug_overrides overrides_of(const struct texts *sets)
{
    return (struct ug_overrides){sets->items, sets->n};
}

void command_threads(int64_t n)
{
    ug_set_threads(n < INT_MAX ? (int)n : INT_MAX);
}
