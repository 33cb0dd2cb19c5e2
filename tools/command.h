/* command.h -- what the subcommands have in common: options, help, messages and exit status. */
#ifndef COMMAND_H
#define COMMAND_H

#include "engine/unitgraph.h"

struct command {
    const char *name;
    const char *arguments; /* "FILE --in IN --out OUT": what the usage line shows */
    const char *summary;   /* one line, for the list of commands */
    const char *text;      /* what it does: paragraphs, each line ended */
    const char *examples;  /* lines, each ended */
    int (*run)(const struct command *self, int argc,
               char **argv); /* argv: after the command's name */
    bool computes;           /* for long, on all cores */
};

extern const struct command command_run, command_sweep, command_check, command_eval, command_show,
    command_dot, command_translate, command_validate, command_report, command_replay, command_diff,
    command_gradcheck, command_convert, command_language, command_ops, command_bench;

enum option_kind {
    OPTION_FLAG,   /* bool */
    OPTION_TEXT,   /* const char * */
    OPTION_NUMBER, /* int64_t, at least `least` */
    OPTION_TEXTS   /* struct texts: may be given again and again */
};

struct texts {
    const char **items; /* room for as many as there are words on the command line */
    int n;
};

struct option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* 'o' for -o; 0: none */
    enum option_kind kind;
    void *value; /* of the kind's type */
    int64_t least;
    const char *argument; /* "DIR", for help */
    const char *doc;
};

/* The options that several commands take. */
#define OPTION_SET(sets)                                                                           \
    {                                                                                              \
        "set", 0, OPTION_TEXTS, sets, 0, "NAME=EXPR",                                              \
            "replace a value of the file: --set lambda.gan=5 --set train.steps=100"                \
    }
#define OPTION_THREADS(threads)                                                                    \
    {                                                                                              \
        "threads", 0, OPTION_NUMBER, threads, 0, "N",                                              \
            "threads to compute with (default: all cores)"                                         \
    }
#define OPTION_END                                                                                 \
    {                                                                                              \
        NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL                                                  \
    }

struct words {
    char **items; /* the arguments that are no options, in order, NULL-ended: the front of argv */
    int n;
};

enum { GO_ON = -1 };

/* The word that stands for --help while the manual page is made: what `c` does, in roff. */
#define MANUAL "--man"
/* What a manual page begins with; `commands` ends with NULL. */
void manual_begin(const struct command *const *commands);
void manual_command(const struct command *c, const struct option *options);

/* Fills the options' values and the words: `least` to `most` of them.  GO_ON; or the exit status, after help or a message. */
int command_parse(const struct command *c, const struct option *options, int least, int most,
                  int argc, char **argv, struct words *words);

/* Prints a message about the command line and a hint at --help; the exit status. */
int command_wrong(const struct command *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints and frees the diagnostics; `status` again. */
int command_end(struct ug_diags *diags, enum ug_status status);
/* The same with every message, where each is about something else: a picture of many. */
int command_end_all(struct ug_diags *diags, enum ug_status status);

/* What --threads asks for: 0 is all cores. */
void command_threads(int64_t n);

/* From now on what is pointed to becomes nonzero when training should end after its step: at the
 * first signal; a second one ends the process at once.  A terminal that closes is such a signal too,
 * but not under nohup; a reader of the progress that goes away is none. */
const volatile int *command_catch_signals(void);

void texts_free(struct texts *t);
struct ug_overrides overrides_of(const struct texts *sets);

#endif
