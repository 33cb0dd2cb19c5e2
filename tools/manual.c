/* manual.c -- the manual page, in roff, from what the commands say about themselves. */
#include <ctype.h>
#include <string.h>

#include "tools/command.h"

/* A text of n bytes in which nothing means anything to roff. */
static void put_text(const char *text, size_t n)
{
    if (n && (text[0] == '.' || text[0] == '\''))
        fputs("\\&", stdout);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\\')
            fputs("\\e", stdout);
        else if (text[i] == '-')
            fputs("\\-", stdout);
        else
            putchar(text[i]);
    }
}

static void put(const char *text)
{
    put_text(text, strlen(text));
}

/* Lines: those that are indented stay as they are, others are filled, an empty one ends a
 * paragraph. */
static void put_lines(const char *text)
{
    bool example = false;

    for (const char *line = text; *line;) {
        const size_t n = strcspn(line, "\n");
        const bool indented = line[0] == ' ';
        if (indented && !example)
            fputs(".PP\n.EX\n", stdout);
        if (!indented && example)
            fputs(n ? ".EE\n.PP\n" : ".EE\n", stdout);
        example = indented;
        if (n)
            put_text(line, n);
        else if (line[1] && line[1] != ' ')
            fputs(".PP", stdout);
        else
            fputs(".", stdout); /* an empty request */
        putchar('\n');
        line += n + (line[n] == '\n');
    }
    if (example)
        fputs(".EE\n", stdout);
}

static void put_option(const struct option *o)
{
    fputs(".TP\n\\fB", stdout);
    if (o->letter)
        printf("\\-%c\\fR, \\fB", o->letter);
    fputs("\\-\\-", stdout);
    put(o->name);
    fputs("\\fR", stdout);
    if (o->argument) {
        fputs(" \\fI", stdout);
        put(o->argument);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    put(o->doc);
    putchar('\n');
}

void manual_command(const struct command *c)
{
    fputs(".SS \"unitgraph ", stdout);
    put(c->name);
    putchar(' ');
    put(c->arguments);
    fputs("\"\n", stdout);
    put_lines(c->text);
    for (const struct option *o = c->options; o->name; o++)
        put_option(o);
    fputs(".PP\nExamples:\n", stdout);
    put_lines(c->examples);
}

void manual_begin(const struct command *const *commands)
{
    printf(".TH UNITGRAPH 1 \"\" \"unitgraph %s\" \"User Commands\"\n"
           ".SH NAME\nunitgraph \\- train networks that are described in text files\n"
           ".SH SYNOPSIS\n",
           ug_version());
    for (int i = 0; commands[i]; i++) {
        printf("%s\\fBunitgraph %s\\fR ", i ? ".br\n" : "", commands[i]->name);
        put(commands[i]->arguments);
        putchar('\n');
    }
    fputs(".SH DESCRIPTION\nAn experiment is a YAML file: data, networks, losses, optimizers. A "
          "file that is not where its name says is looked for among the installed ones, which the "
          "section FILES names; a run's folder stands for the file that it keeps.\n"
          ".SH COMMANDS\n",
          stdout);
}
