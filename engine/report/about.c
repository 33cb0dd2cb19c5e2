/* about.c -- gathers what only the run knows, and writes it as JSON. */
#include "engine/report/about.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/report/json.h"
#include "engine/run/draw.h"
#include "engine/unitgraph.h"

enum { LONGEST_LINE = 512 };

/* ---- The machine ---- */

/* "model name : …" of the first processor, where the system tells; else its architecture. */
static json_t *processor(const char *architecture)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[LONGEST_LINE];
    const char *name = architecture;

    while (f && name == architecture && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon)
            continue;
        name = colon + 1 + strspn(colon + 1, " ");
        line[strcspn(line, "\n")] = '\0';
    }
    if (f)
        fclose(f);
    return ug_json_text(name);
}

static json_t *machine(void)
{
    struct utsname system;
    char text[2 * sizeof system.sysname];

    if (uname(&system))
        memset(&system, 0, sizeof system);
    snprintf(text, sizeof text, "%s %s", system.sysname, system.release);
    return json_pack("{s:o, s:i, s:i, s:I, s:o}", "processor", processor(system.machine), "cores",
                     omp_get_num_procs(), "threads", omp_get_max_threads(), "memory",
                     (json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE), "system",
                     ug_json_text(text));
}

/* ---- The experiment ---- */

static json_t *columns(const struct ug_program *p)
{
    json_t *list = json_array();

    for (int i = 0; i < p->samples.n_columns; i++)
        json_array_append_new(list, ug_json_text(p->samples.columns[i].label));
    return list;
}

/* The metrics of which more is better. */
static json_t *rising(const struct ug_program *p)
{
    json_t *list = json_array();

    for (int i = 0; i < p->validate.n_metrics; i++)
        if (ug_program_rises(p, i))
            json_array_append_new(list, ug_json_text(p->validate.metrics[i].label));
    return list;
}

/* What `write` puts into a stream. */
struct text {
    char *bytes;
    size_t length;
    FILE *out;
};

static struct text *open_text(struct text *t)
{
    *t = (struct text){0};
    if (!(t->out = open_memstream(&t->bytes, &t->length)))
        abort();
    return t;
}

static json_t *close_text(struct text *t)
{
    fclose(t->out);
    json_t *text = ug_json_text(t->bytes);
    free(t->bytes);
    return text;
}

static json_t *config(const struct ug_program *p)
{
    struct text t;

    ug_yaml_write(p->tree, open_text(&t)->out, true);
    return close_text(&t);
}

static json_t *graph(struct ug_program *p, const char *file, struct ug_diags *diags)
{
    struct text t;

    ug_draw(p, file, UG_DETAIL_NETWORK, false, open_text(&t)->out, diags);
    return close_text(&t);
}

static json_t *now(void)
{
    const time_t seconds = time(NULL);
    struct tm utc;
    char text[32];

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(text);
}

bool ug_about_write(struct ug_program *p, const char *file, const char *path,
                    struct ug_diags *diags)
{
    json_t *about =
        json_pack("{s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "unitgraph", ug_version(),
                  "file", ug_json_text(file), "began", now(), "steps", (json_int_t)p->train.steps,
                  "columns", columns(p), "rising", rising(p), "config", config(p), "graph",
                  graph(p, file, diags), "machine", machine());
    char *text = json_dumps(about, JSON_INDENT(2));
    const bool written = text && ug_file_write(path, text, strlen(text), diags);

    free(text);
    json_decref(about);
    return written;
}
