/* progress.c -- one line that is rewritten on a terminal, and lines in a log. */
#include "engine/run/progress.h"
#include "engine/base/clock.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

enum { LONGEST_LINE = 500 };

static const double terminal_pause = 0.2, plain_pause = 10.0; /* seconds between lines */

void ug_progress_end(struct ug_progress *p)
{
    if (p->line_open)
        fputc('\n', p->out);
    p->line_open = false;
}

void ug_progress_say(struct ug_progress *p, const char *format, ...)
{
    FILE *const places[] = {p->out, p->log};

    ug_progress_end(p);
    for (int i = 0; i < 2; i++) {
        va_list args;
        if (!places[i])
            continue;
        va_start(args, format);
        vfprintf(places[i], format, args);
        va_end(args);
        fputc('\n', places[i]);
        fflush(places[i]);
    }
}

static bool is_end(const struct ug_progress *p, int64_t step)
{
    return step == p->first + 1 || step == p->last;
}

bool ug_progress_due(const struct ug_progress *p, int64_t step)
{
    const double pause = p->terminal && p->out ? terminal_pause : plain_pause;

    return ug_now() - p->shown >= pause || is_end(p, step);
}

/* "1:02:03" or "4:05" */
static void format_time(double seconds, char text[32])
{
    const long long s = (long long)(seconds + 0.5);

    if (s >= 3600)
        snprintf(text, 32, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, 32, "%lld:%02lld", s / 60, s % 60);
}

static void format_line(const struct ug_progress *p, int64_t step, const char *losses, char *line)
{
    const double elapsed = ug_now() - p->started;
    const double rate = elapsed > 0 ? (double)(step - p->first) / elapsed : 0;
    char speed[40] = "", left[40] = "", time[32];

    if (rate > 0) {
        format_time((double)(p->last - step) / rate, time);
        if (rate >= 1)
            snprintf(speed, sizeof speed, "  %.1f %ss/s", rate, p->unit);
        else
            snprintf(speed, sizeof speed, "  %.1f s/%s", 1 / rate, p->unit);
        if (step < p->last)
            snprintf(left, sizeof left, "  %s left", time);
    }
    snprintf(line, LONGEST_LINE, "%s %lld/%lld%s%s  %s", p->unit, (long long)step,
             (long long)p->last, speed, left, losses);
}

/* A line that is wider than the terminal would wrap, and could not be written over. */
static void show_on_terminal(struct ug_progress *p, char *line)
{
    struct winsize size;

    if (!ioctl(fileno(p->out), TIOCGWINSZ, &size) && size.ws_col > 1 && strlen(line) >= size.ws_col)
        line[size.ws_col - 1] = '\0';
    fprintf(p->out, "\r%s\033[K", line);
    p->line_open = true;
}

void ug_progress_step(struct ug_progress *p, int64_t step, const char *losses)
{
    char line[LONGEST_LINE];

    p->shown = ug_now();
    format_line(p, step, losses, line);
    if (p->log && (p->shown - p->logged >= plain_pause || is_end(p, step))) {
        p->logged = p->shown;
        fprintf(p->log, "%s\n", line);
        fflush(p->log);
    }
    if (p->out && p->terminal)
        show_on_terminal(p, line);
    else if (p->out)
        fprintf(p->out, "%s\n", line);
    if (p->out)
        fflush(p->out);
}
