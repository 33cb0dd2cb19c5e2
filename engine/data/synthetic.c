/* synthetic.c -- scenes and domains by their names, as a source of pictures. */
#include "engine/data/synthetic.h"

#include <string.h>

#include "engine/base/random.h"
#include "engine/data/canvas.h"
#include "engine/data/entry.h"
#include "engine/data/scenes.h"

enum { DEFAULT_SIDE = 64, STREAM = 64 };

const struct ug_scene *const ug_scenes[] = {&ug_scene_shapes, &ug_scene_hills, NULL};

/* The numbers that decide picture i. */
static void take_numbers(const struct ug_scene *scene, uint64_t seed, int64_t i,
                         float u[UG_SCENE_NUMBERS])
{
    char stream[STREAM];

    snprintf(stream, sizeof stream, "synthetic.%s", scene->name);
    const struct ug_random random = {seed, ug_random_stream(stream), (uint64_t)i};
    ug_random_uniform(&random, 0, UG_SCENE_NUMBERS, u);
}

void ug_scene_draw(const struct ug_scene *scene, int domain, uint64_t seed, int64_t i,
                   struct ug_picture *out)
{
    const double shorter = (double)(out->height < out->width ? out->height : out->width);
    const struct ug_canvas canvas = {out, shorter, (double)out->width / shorter,
                                     (double)out->height / shorter};
    float u[UG_SCENE_NUMBERS];

    take_numbers(scene, seed, i, u);
    scene->draw(&canvas, domain, u);
    for (int64_t k = 0; k < 3 * out->height * out->width; k++)
        out->planes[k] = (float)(int)(out->planes[k] * 255.0f + 0.5f) / 255.0f;
}

/* ---- As a source ---- */

struct synthetic {
    const struct ug_scene *scene;
    int domain;
    int64_t size[2];
};

static bool find_scene(const struct ug_entry *e, struct synthetic *s, struct ug_diags *diags)
{
    const char *names[sizeof ug_scenes / sizeof *ug_scenes];
    size_t n = 0;

    for (; ug_scenes[n]; n++) {
        names[n] = ug_scenes[n]->name;
        if (!strcmp(names[n], e->spec->scene))
            s->scene = ug_scenes[n];
    }
    if (s->scene)
        return true;
    ug_suggest(ug_error(diags, e->spec->path_pos, "there is no scene '%s'", e->spec->scene),
               e->spec->scene, "scenes", names, n);
    return false;
}

static bool find_domain(const struct ug_entry *e, struct synthetic *s, struct ug_diags *diags)
{
    enum { MOST_DOMAINS = 16 };
    const char *names[MOST_DOMAINS];
    int n = 0;

    s->domain = -1;
    for (; n < MOST_DOMAINS && s->scene->domains[n].name; n++) {
        names[n] = s->scene->domains[n].name;
        if (!strcmp(names[n], e->spec->domain))
            s->domain = n;
    }
    if (s->domain >= 0)
        return true;
    ug_suggest(ug_error(diags, e->spec->domain_pos, "the scene '%s' has no domain '%s'",
                        s->scene->name, e->spec->domain),
               e->spec->domain, "domains", names, (size_t)n);
    return false;
}

static int64_t label(const struct ug_entry *e, int64_t item)
{
    const struct synthetic *s = e->store;
    float u[UG_SCENE_NUMBERS];

    if (!s->scene->label)
        return -1;
    take_numbers(s->scene, e->spec->scene_seed, item, u);
    return s->scene->label(u);
}

static bool open_synthetic(struct ug_entry *e, struct ug_diags *diags)
{
    const struct ug_data_entry *spec = e->spec;
    struct synthetic *s = ug_arena_alloc(e->arena, sizeof *s);

    e->store = s;
    if (!find_scene(e, s, diags) || !find_domain(e, s, diags))
        return false;
    if (spec->count < 1) {
        ug_error(diags, spec->path_pos, "'%s' has a count of %lld pictures", spec->name,
                 (long long)spec->count);
        return false;
    }
    for (int i = 0; i < 2; i++) /* a crop is taken from a square whose side is `resize` */
        s->size[i] = spec->resize ? spec->resize : spec->size[i] ? spec->size[i] : DEFAULT_SIDE;
    if (!ug_entry_crop_fits(e, spec->scene, s->size[0], s->size[1], diags))
        return false;
    e->items = spec->limit && spec->limit < spec->count ? spec->limit : spec->count;
    e->type = (struct ug_type){UG_F32, UG_SHAPE(spec->channels ? spec->channels : 3,
                                                spec->size[0] ? spec->size[0] : s->size[0],
                                                spec->size[1] ? spec->size[1] : s->size[1])};
    return true;
}

static bool draw_picture(const struct ug_entry *e, int64_t item, struct ug_picture *out,
                         struct ug_diags *diags)
{
    const struct synthetic *s = e->store;
    const int64_t plane = s->size[0] * s->size[1];
    float *rgb;

    if (!ug_picture_make(out, 3, s->size[0], s->size[1])) {
        ug_error(diags, e->spec->path_pos, "out of memory for a picture");
        return false;
    }
    ug_scene_draw(s->scene, s->domain, e->spec->scene_seed, item, out);
    rgb = out->planes;
    if (e->type.shape.dim[0] == 1) {
        for (int64_t i = 0; i < plane; i++)
            rgb[i] = ug_luma(rgb[i], rgb[plane + i], rgb[2 * plane + i]);
        out->channels = 1;
    }
    return true;
}

const struct ug_source_kind ug_synthetic_source = {
    .open = open_synthetic, .picture = draw_picture, .label = label};
