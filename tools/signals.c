/* signals.c -- what asks a training to end. */
#include "tools/command.h"

#include <signal.h>
#include <string.h>

static volatile int stop; /* what a handler of signals can set */

static void ask_to_stop(int signal)
{
    (void)signal;
    stop = 1;
}

const volatile int *command_catch_signals(void)
{
    struct sigaction action, inherited;

    memset(&action, 0, sizeof action);
    action.sa_handler = ask_to_stop;
    action.sa_flags = (int)(SA_RESTART | SA_RESETHAND);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (!sigaction(SIGHUP, NULL, &inherited) && inherited.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return &stop;
}
