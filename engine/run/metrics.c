/* metrics.c -- appends lines, and cuts off those that a resumed run will write again. */
#include "engine/run/metrics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/file.h"

enum { BUFFER = 1 << 16 };

/* The step that a line of ours tells about; -1 for what is no whole line. */
static int64_t step_of(const char *line)
{
    long long step;
    const size_t length = strlen(line);

    if (!length || line[length - 1] != '\n' || sscanf(line, "{\"step\": %lld,", &step) != 1)
        return -1;
    return step;
}

static bool keep_lines(const char *path, int64_t step, struct ug_diags *diags)
{
    FILE *old = fopen(path, "re");
    struct ug_writer w;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;

    if (!ug_writer_open(&w, path, diags)) {
        if (old)
            fclose(old);
        return false;
    }
    while (old && (length = getline(&line, &capacity, old)) > 0) {
        const int64_t of = step_of(line);
        if (of >= 0 && of <= step)
            ug_writer_put(&w, line, (size_t)length);
    }
    free(line);
    if (old)
        fclose(old);
    return ug_writer_commit(&w, diags);
}

bool ug_metrics_open(struct ug_metrics *m, const char *path, int64_t step, struct ug_diags *diags)
{
    *m = (struct ug_metrics){.path = path};
    if (!keep_lines(path, step, diags))
        return false;
    if (!(m->file = fopen(path, "ae"))) {
        ug_error(diags, UG_NOWHERE, "cannot write '%s': %s", path, strerror(errno));
        return false;
    }
    m->buffer = ug_xcalloc(BUFFER, 1);
    setvbuf(m->file, m->buffer, _IOFBF, BUFFER);
    return true;
}

void ug_metrics_close(struct ug_metrics *m)
{
    if (m->file)
        fclose(m->file);
    free(m->buffer);
    *m = (struct ug_metrics){0};
}

/* The fewest digits that give the same float32 back. */
static void put_number(FILE *out, double value)
{
    char text[40];

    if (!isfinite(value)) {
        fputs("null", out);
        return;
    }
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtof(text, NULL) == (float)value)
            break;
    }
    fputs(text, out);
}

/* Names are letters, digits, `_`, `.` and `/`, but labels may hold anything. */
static void put_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        if ((unsigned char)*text < 0x20)
            fprintf(out, "\\u%04x", *text);
        else
            fputc(*text, out);
    }
}

void ug_metrics_begin(struct ug_metrics *m, int64_t step, int64_t epoch, double seconds)
{
    fprintf(m->file, "{\"step\": %lld, \"epoch\": %lld, \"seconds\": %.3f", (long long)step,
            (long long)epoch, seconds);
}

void ug_metrics_put(struct ug_metrics *m, const char *prefix, const char *name, double value)
{
    fputs(", \"", m->file);
    put_text(m->file, prefix);
    put_text(m->file, name);
    fputs("\": ", m->file);
    put_number(m->file, value);
}

static bool cannot_write(const struct ug_metrics *m, int error, struct ug_diags *diags)
{
    ug_error(diags, UG_NOWHERE, "cannot write '%s': %s", m->path, strerror(error));
    return false;
}

bool ug_metrics_end(struct ug_metrics *m, struct ug_diags *diags)
{
    fputs("}\n", m->file);
    return (!fflush(m->file) && !ferror(m->file)) || cannot_write(m, errno, diags);
}

bool ug_metrics_sync(struct ug_metrics *m, struct ug_diags *diags)
{
    const int error = ug_file_sync(fileno(m->file));

    return !error || cannot_write(m, error, diags);
}
