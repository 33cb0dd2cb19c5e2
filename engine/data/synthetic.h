/* synthetic.h -- pictures that are drawn, not read: scenes seen in several domains (language.md 9).
 *
 * Picture i of a scene is a function of (scene, seed, i); a domain is a way of showing it, so
 * picture i of one domain is the true translation of picture i of another.
 */
#ifndef UG_SYNTHETIC_H
#define UG_SYNTHETIC_H

#include "engine/data/picture.h"

struct ug_canvas;

struct ug_domain {
    const char *name, *doc;
};

/* Uniform numbers that decide a scene: as many as any scene takes. */
enum { UG_SCENE_NUMBERS = 128 };

struct ug_scene {
    const char *name, *doc;
    const struct ug_domain *domains; /* ends with a NULL name */
    void (*draw)(const struct ug_canvas *canvas, int domain, const float u[UG_SCENE_NUMBERS]);
    int64_t (*label)(const float u[UG_SCENE_NUMBERS]); /* what `doc` says; NULL: there are none */
};

/* All scenes; a NULL ends them. */
extern const struct ug_scene *const ug_scenes[];

/* Draws picture i into the three channels of `out`, of any size, in the steps of an 8-bit file. */
void ug_scene_draw(const struct ug_scene *scene, int domain, uint64_t seed, int64_t i,
                   struct ug_picture *out);

#endif
