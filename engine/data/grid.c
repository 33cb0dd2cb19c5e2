/* grid.c -- pictures side by side with labelled columns, for people to look at. */
#include <stb/stb_easy_font.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/data/picture.h"

enum {
    MARGIN = 16,     /* around the whole */
    GAP = 8,         /* between pictures */
    LEGIBLE = 128,   /* pixels: smaller pictures are enlarged to at least this */
    TEXT_SCALE = 2,  /* the font has strokes of one pixel */
    TEXT_HEIGHT = 9, /* of its letters, with descenders */
    TEXT_GAP = 8,    /* below the labels */
    LONGEST_LABEL = 200,
    QUAD_BYTES = 64, /* of the font: four corners of x, y, z and a colour */
    QUADS_A_LETTER = 16
};

static const float ground = 0.96f, ink = 0.2f;

struct layout {
    int rows, columns;
    int64_t factor;        /* every picture's pixels become squares of this side */
    int64_t *left, *width; /* of each column */
    int64_t *top, *height; /* of each row */
    const char **labels;   /* what the font can draw; NULL: none */
    int64_t *label_scale;
};

/* A label in the font's ASCII; a letter outside it becomes one question mark. */
static char *drawable(struct ug_arena *arena, const char *text)
{
    char *out = ug_arena_alloc(arena, LONGEST_LABEL + 1);
    int n = 0;

    for (; *text && n < LONGEST_LABEL; text++) {
        const unsigned char c = (unsigned char)*text;
        if ((c & 0xc0) != 0x80) /* not a byte that continues a letter of UTF-8 */
            out[n++] = c >= ' ' && c <= '~' ? (char)c : '?';
    }
    return out;
}

static int64_t text_width(const char *text)
{
    return stb_easy_font_width((char *)text);
}

/* Stands each label over its column at the larger scale, or the smaller, or widens the column. */
static void place_labels(struct layout *l, struct ug_arena *arena, const char *const *labels)
{
    l->labels = ug_arena_array(arena, (size_t)l->columns, sizeof *l->labels);
    l->label_scale = ug_arena_array(arena, (size_t)l->columns, sizeof *l->label_scale);
    for (int c = 0; c < l->columns; c++) {
        l->labels[c] = drawable(arena, labels[c]);
        const int64_t wide = text_width(l->labels[c]);
        l->label_scale[c] = TEXT_SCALE * wide <= l->width[c] ? TEXT_SCALE : 1;
        if (wide * l->label_scale[c] > l->width[c])
            l->width[c] = wide * l->label_scale[c];
    }
}

static int64_t enlarge(int64_t side)
{
    return (LEGIBLE + side - 1) / side;
}

static void measure_cells(struct layout *l, const struct ug_picture *cells)
{
    int64_t side = 1;

    for (int i = 0; i < l->rows * l->columns; i++) {
        side = cells[i].width > side ? cells[i].width : side;
        side = cells[i].height > side ? cells[i].height : side;
    }
    l->factor = enlarge(side);
    for (int r = 0; r < l->rows; r++)
        for (int c = 0; c < l->columns; c++) {
            const struct ug_picture *p = &cells[r * l->columns + c];
            const int64_t h = p->height * l->factor, w = p->width * l->factor;
            l->height[r] = h > l->height[r] ? h : l->height[r];
            l->width[c] = w > l->width[c] ? w : l->width[c];
        }
}

/* Places the cells; false where the whole is too large. */
static bool place_cells(struct layout *l, int64_t *whole_height, int64_t *whole_width)
{
    int64_t x = MARGIN, y = MARGIN + (l->labels ? TEXT_SCALE * TEXT_HEIGHT + TEXT_GAP : 0);

    for (int c = 0; c < l->columns; c++) {
        l->left[c] = x;
        x += l->width[c] + GAP;
    }
    for (int r = 0; r < l->rows; r++) {
        l->top[r] = y;
        y += l->height[r] + GAP;
    }
    const int64_t width = x - GAP + MARGIN, height = y - GAP + MARGIN;
    *whole_height = height;
    *whole_width = width;
    return height <= UG_MAX_PIXELS / width;
}

static bool make_canvas(struct layout *l, struct ug_picture *canvas)
{
    int64_t height, width;

    if (!place_cells(l, &height, &width) || !ug_picture_make(canvas, 3, height, width))
        return false;
    for (int64_t i = 0; i < 3 * height * width; i++)
        canvas->planes[i] = ground;
    return true;
}

static void draw_cell(struct ug_picture *canvas, const struct ug_picture *p, int64_t top,
                      int64_t left, int64_t factor)
{
    for (int64_t c = 0; c < 3; c++) {
        const float *from = p->planes + (p->channels == 1 ? 0 : c) * p->height * p->width;
        float *to = canvas->planes + c * canvas->height * canvas->width;
        for (int64_t y = 0; y < p->height * factor; y++)
            for (int64_t x = 0; x < p->width * factor; x++)
                to[(top + y) * canvas->width + left + x] = from[y / factor * p->width + x / factor];
    }
}

static void fill(struct ug_picture *canvas, int64_t top, int64_t left, int64_t height,
                 int64_t width)
{
    for (int64_t c = 0; c < 3; c++)
        for (int64_t y = top; y < top + height; y++)
            for (int64_t x = left; x < left + width; x++)
                canvas->planes[(c * canvas->height + y) * canvas->width + x] = ink;
}

/* The font comes as upright rectangles, each four corners from the upper left clockwise. */
static void draw_text(struct ug_picture *canvas, const char *text, int64_t left, int64_t bottom,
                      int64_t scale)
{
    const size_t bytes = strlen(text) * QUADS_A_LETTER * QUAD_BYTES + QUAD_BYTES;
    char *quads = ug_xcalloc(bytes, 1);
    const int n = stb_easy_font_print(0, 0, (char *)text, NULL, quads, (int)bytes);

    for (int i = 0; i < n; i++) {
        float from[2], to[2];
        memcpy(from, quads + i * QUAD_BYTES, sizeof from);
        memcpy(to, quads + i * QUAD_BYTES + QUAD_BYTES / 2, sizeof to);
        fill(canvas, bottom - (TEXT_HEIGHT - (int64_t)from[1]) * scale,
             left + (int64_t)from[0] * scale, (int64_t)(to[1] - from[1]) * scale,
             (int64_t)(to[0] - from[0]) * scale);
    }
    free(quads);
}

static bool draw(struct layout *l, const struct ug_picture *cells, struct ug_picture *canvas)
{
    if (!make_canvas(l, canvas))
        return false;
    for (int c = 0; l->labels && c < l->columns; c++)
        draw_text(canvas, l->labels[c], l->left[c], l->top[0] - TEXT_GAP, l->label_scale[c]);
    for (int r = 0; r < l->rows; r++)
        for (int c = 0; c < l->columns; c++)
            draw_cell(canvas, &cells[r * l->columns + c], l->top[r], l->left[c], l->factor);
    return true;
}

static struct layout lay_out(struct ug_arena *arena, const struct ug_picture *cells, int rows,
                             int columns, const char *const *labels)
{
    struct layout l = {
        .rows = rows,
        .columns = columns,
        .left = ug_arena_array(arena, (size_t)columns, sizeof *l.left),
        .width = ug_arena_array(arena, (size_t)columns, sizeof *l.width),
        .top = ug_arena_array(arena, (size_t)rows, sizeof *l.top),
        .height = ug_arena_array(arena, (size_t)rows, sizeof *l.height),
    };

    measure_cells(&l, cells);
    if (labels)
        place_labels(&l, arena, labels);
    return l;
}

bool ug_picture_grid_fits(const struct ug_picture *cells, int rows, int columns,
                          const char *const *labels)
{
    struct ug_arena *arena = ug_arena_new();
    struct layout l = lay_out(arena, cells, rows, columns, labels);
    int64_t height, width;
    const bool fits = place_cells(&l, &height, &width);

    ug_arena_free(arena);
    return fits;
}

bool ug_picture_write_grid(const char *path, const struct ug_picture *cells, int rows, int columns,
                           const char *const *labels, struct ug_diags *diags)
{
    struct ug_arena *arena = ug_arena_new();
    struct ug_picture canvas = {0};
    struct layout l = lay_out(arena, cells, rows, columns, labels);

    bool done = draw(&l, cells, &canvas);
    if (done)
        done = ug_picture_write_png(path, &canvas, diags);
    else
        ug_error(diags, UG_NOWHERE,
                 "cannot write '%s': a grid of %d times %d pictures is too large", path, rows,
                 columns);
    ug_picture_free(&canvas);
    ug_arena_free(arena);
    return done;
}

size_t ug_picture_grid_bytes(int64_t rows, int64_t columns, int64_t height, int64_t width)
{
    const int64_t factor = enlarge(height > width ? height : width);
    const double frame = 2 * MARGIN - GAP;
    const double tall = (double)rows * (double)(height * factor + GAP) + frame +
                        TEXT_SCALE * TEXT_HEIGHT + TEXT_GAP;
    const double wide = (double)columns * (double)(width * factor + GAP) + frame;

    return tall * wide < UG_MAX_PIXELS ? (size_t)(3 * sizeof(float) * tall * wide) : 0;
}
