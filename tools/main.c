/* main.c -- the command `unitgraph`: finds the subcommand and hands over. */
#include "tools/command.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {
    &command_run,     &command_sweep,    &command_check,     &command_eval,
    &command_show,    &command_dot,      &command_translate, &command_validate,
    &command_report,  &command_replay,   &command_diff,      &command_gradcheck,
    &command_convert, &command_language, &command_ops,       &command_bench,
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const struct command *find(const char *name)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (!strcmp(commands[i]->name, name))
            return commands[i];
    return NULL;
}

static void print_help(FILE *out)
{
    fputs("unitgraph -- train networks that are described in text files\n\n"
          "usage: unitgraph COMMAND …\n\ncommands:\n",
          out);
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-11s %s\n", commands[i]->name, commands[i]->summary);
    fputs(
        "\noptions:\n"
        "  -h, --help  show this; after a command: what it does, its options, examples\n"
        "  --version   show the version\n\n"
        "a first experiment:\n"
        "  unitgraph check my.yaml          see networks, shapes, memory, and what is wrong\n"
        "  unitgraph run my.yaml            train; the results go to runs/my\n"
        "  unitgraph translate runs/my 1to2 photo.png painted.png\n\n"
        "environment:\n"
        "  UNITGRAPH_CPU  portable, avx2 or avx512: the instructions to compute with, the widest\n"
        "                 that the processor has by itself\n\n"
        "exit status: 0 done; 1 it failed while running; 2 the command line or the file is wrong\n",
        out);
}

static int print_manual(void)
{
    const struct command *all[N_COMMANDS + 1] = {NULL};

    memcpy(all, commands, sizeof commands);
    manual_begin(all);
    for (int i = 0; i < N_COMMANDS; i++)
        manual_command(commands[i]);
    puts(".SH EXIT STATUS\n0: done. 1: it failed while running. 2: the command line or the file is "
         "wrong.\n"
         ".SH FILES\n.TP\n.I " UG_SHARED_FOLDER "/graphs\n"
         "experiments that can be run, included and changed by name: unit.yaml");
    return UG_DONE;
}

static int unknown(const char *name)
{
    const char *names[N_COMMANDS];
    struct ug_diags *diags = ug_diags_new();

    for (int i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i]->name;
    struct ug_diag *e =
        name[0] == '-' ? ug_error(diags, UG_NOWHERE, "unknown option '%s' before a command", name)
                       : ug_error(diags, UG_NOWHERE, "unknown command '%s'", name);
    ug_suggest(e, name, "commands", names, N_COMMANDS);
    return command_end(diags, UG_WRONG);
}

/* OpenMP's threads spin for milliseconds while they wait for each other, and where other programs
 * want the cores they spin in the way of the very thread that they wait for.  How long they do so
 * is read from the environment before main begins, so it takes a second start of the program. */
static void wait_asleep(char **argv)
{
    if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY"))
        return;
    char self[PATH_MAX]; /* its own name, so that it is listed under it */
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return;
    self[n] = '\0';
    setenv("GOMP_SPINCOUNT", "2000", 1);
    execv(self, argv); /* comes back only where it cannot be done: then they spin */
}

static int obey(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return UG_WRONG;
    }
    const char *name = argv[1];
    if (!strcmp(name, "--version")) {
        printf("unitgraph %s\n", ug_version());
        return UG_DONE;
    }
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || (!strcmp(name, "help") && argc == 2)) {
        print_help(stdout);
        return UG_DONE;
    }
    if (!strcmp(name, "help") && !strcmp(argv[2], "--man"))
        return print_manual();
    if (!strcmp(name, "help")) {
        const struct command *c = find(argv[2]);
        if (!c)
            return unknown(argv[2]);
        command_help(c);
        return UG_DONE;
    }
    const struct command *c = find(name);
    if (!c)
        return unknown(name);
    struct ug_diags *diags = ug_diags_new();
    if (!ug_cpu_check(diags))
        return command_end(diags, UG_WRONG);
    ug_diags_free(diags);
    if (c->computes)
        wait_asleep(argv);
    return command_obey(c, argc - 2, argv + 2);
}

/* What was asked for and could not be printed was not done. */
int main(int argc, char **argv)
{
    const int status = obey(argc, argv);
    const bool printed = !fflush(stdout) && !ferror(stdout);

    if (printed || status != UG_DONE)
        return status;
    struct ug_diags *diags = ug_diags_new();
    ug_error(diags, UG_NOWHERE, "cannot write to standard output");
    return command_end(diags, UG_FAILED);
}
