/* command.h -- what the subcommands have in common: options, help, messages and exit status. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stddef.h>

#include "engine/unitgraph.h"

struct call;

/* A subcommand, as it describes itself. */
struct command {
    const char *name;
    const char *arguments; /* "FILE --in IN --out OUT": what the usage line shows */
    const char *summary;   /* one line, for the list of commands */
    const char *text;      /* what it does: paragraphs, each line ended */
    const char *examples;  /* lines, each ended */

    const struct option *options; /* ends with OPTION_END */
    const void *settings;         /* what options change, as it is without any; NULL: zeros */
    size_t size;                  /* of the settings */
    int words[2];                 /* at least and at most: arguments that are no options */

    enum ug_status (*run)(const struct call *call);
    bool computes;      /* for long, on all cores */
    bool every_message; /* is shown, not only the first ones: each is about something else */
};

extern const struct command command_run, command_sweep, command_check, command_eval, command_show,
    command_dot, command_translate, command_validate, command_report, command_replay, command_diff,
    command_gradcheck, command_convert, command_language, command_ops, command_bench;

enum option_kind {
    OPTION_FLAG,   /* bool */
    OPTION_TEXT,   /* const char * */
    OPTION_NUMBER, /* int64_t, at least `least` */
    OPTION_SETS,   /* struct ug_overrides: may be given again and again */
    OPTION_THREADS /* for all commands alike; has no place in the settings */
};

struct option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* 'o' for -o; 0: none */
    enum option_kind kind;
    size_t offset; /* of a value of the kind's type in the settings */
    int64_t least;
    const char *argument; /* "DIR", for help */
    const char *doc;
};

/* The options that several commands take; `offset` is that of a struct ug_overrides, or a bool. */
#define THE_SETS(offset)                                                                           \
    {                                                                                              \
        "set", 0, OPTION_SETS, offset, 0, "NAME=EXPR",                                             \
            "replace a value of the file: --set lambda.gan=5 --set train.steps=100"                \
    }
#define THE_THREADS                                                                                \
    {                                                                                              \
        "threads", 0, OPTION_THREADS, 0, 0, "N", "threads to compute with (default: all cores)"    \
    }
#define THE_QUIET(offset)                                                                          \
    {                                                                                              \
        "quiet", 'q', OPTION_FLAG, offset, 0, NULL, "no progress on the terminal"                  \
    }
#define OPTION_END                                                                                 \
    {                                                                                              \
        NULL, 0, OPTION_FLAG, 0, 0, NULL, NULL                                                     \
    }

/* A command with what its command line says. */
struct call {
    const struct command *command;
    void *settings;
    char **words; /* the arguments that are no options, in order, NULL-ended: the front of argv */
    int n_words;
    int64_t threads;        /* 0: all cores */
    struct ug_diags *diags; /* printed when the command is done */
};

/* Reads the command line (argv: after the command's name), runs the command and prints its messages;
 * the exit status. */
int command_obey(const struct command *c, int argc, char **argv);

/* Prints what the command does, its options and examples. */
void command_help(const struct command *c);

/* Adds a message about the command line and a hint at --help; the status. */
enum ug_status command_wrong(const struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints and frees the diagnostics; `status` again. */
int command_end(struct ug_diags *diags, enum ug_status status);

/* From now on what is pointed to becomes nonzero when training should end after its step: at the
 * first signal; a second one ends the process at once.  A terminal that closes is such a signal too,
 * but not under nohup; a reader of the progress that goes away is none. */
const volatile int *command_catch_signals(void);

/* ---- The manual page ---- */

/* What it begins with; `commands` ends with NULL. */
void manual_begin(const struct command *const *commands);
/* What a command does, in roff. */
void manual_command(const struct command *c);

#endif
