/* scenes.h -- the scenes there are; synthetic.c lists them. */
#ifndef UG_SCENES_H
#define UG_SCENES_H

#include "engine/data/synthetic.h"

extern const struct ug_scene ug_scene_shapes, ug_scene_hills;

#endif
