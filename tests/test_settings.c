/* test_settings.c -- the sections data, inputs, train, log, samples, checkpoint, validate,
 * translate: what they give, their defaults, and what is wrong in them.  Defaults of optimizers are
 * those of the documentation of torch.optim.
 */
#include <math.h>
#include <string.h>

#include "engine/model/sections.h"
#include "tests/harness_main.h"
#include "tests/harness_read.h"
#include "tests/harness_scratch.h"

static struct ug_program program;

static struct ug_program *read(const char *text)
{
    program = (struct ug_program){.arena = arena, .path = "t.yaml", .tree = read_yaml(text)};
    ck_assert_ptr_nonnull(program.tree);
    ug_read_sections(&program, ug_vars_new(arena, diags, ug_yaml_get(program.tree, "vars")), diags);
    return &program;
}

static void expect_no_errors(void)
{
    ck_assert_msg(!ug_diags_errors(diags) && !ug_diags_warnings(diags), "%s", messages());
}

static void expect_shape(const struct ug_input *input, const char *wanted)
{
    char text[UG_SHAPE_TEXT];

    ck_assert_str_eq(ug_shape_text(&input->type.shape, text), wanted);
}

START_TEST(data_entries)
{
    const struct ug_program *p = read(
        "vars: {size: 64, folder: pics, what: shapes}\n"
        "data:\n"
        "  batch: 2 * 4\n"
        "  a: {images: \"${folder}/a\", size: size, channels: 3, flip: true, resize: size + 8,\n"
        "      range: [0, 1], invert: both, limit: 10, shuffle: false, skip_broken: true}\n"
        "  b: {idx: i.gz, labels: l.gz, size: [28, 32], pair: a, invert: true}\n"
        "  c: {synthetic: {scene: what, domain: filled, count: 100, seed: 7}}\n"
        "  d: {tensors: t.safetensors, key: E1.x, limit: 3}\n"
        "  e: {labels_of: b}\n");
    const struct ug_data_entry *e = p->data.entries;

    expect_no_errors();
    ck_assert_int_eq(p->data.batch, 8);
    ck_assert_int_eq(p->data.n, 5);
    ck_assert_int_eq(e[0].kind, UG_DATA_IMAGES);
    ck_assert_str_eq(e[0].path, "pics/a");
    ck_assert(e[0].size[0] == 64 && e[0].size[1] == 64 && e[0].resize == 72 && e[0].channels == 3);
    ck_assert(e[0].flip && !e[0].shuffle && e[0].skip_broken && e[0].limit == 10);
    ck_assert(e[0].range[0] == 0.0 && e[0].range[1] == 1.0 && e[0].invert == UG_INVERT_BOTH);
    ck_assert_int_eq(e[0].pos.line, 4);
    ck_assert_int_eq(e[0].path_pos.column, 15);
    ck_assert_int_eq(e[1].kind, UG_DATA_IDX);
    ck_assert_str_eq(e[1].labels_path, "l.gz");
    ck_assert_str_eq(e[1].pair, "a");
    ck_assert(e[1].size[0] == 28 && e[1].size[1] == 32 && e[1].shuffle && !e[1].flip);
    ck_assert(e[1].range[0] == -1.0 && e[1].range[1] == 1.0 && e[1].invert == UG_INVERT_YES);
    ck_assert(e[1].channels == 0 && e[1].resize == 0 && e[1].limit == 0 && !e[1].skip_broken);
    ck_assert_str_eq(e[2].scene, "shapes");
    ck_assert_str_eq(e[2].domain, "filled");
    ck_assert(e[2].count == 100 && e[2].scene_seed == 7);
    ck_assert_str_eq(e[3].key, "E1.x");
    ck_assert_int_eq(e[4].kind, UG_DATA_LABELS_OF);
    ck_assert_str_eq(e[4].of, "b");
    ck_assert_int_eq(p->n_inputs, 5);
    ck_assert_ptr_eq(p->inputs[1].data, &e[1]);
}
END_TEST

START_TEST(inputs_have_types)
{
    const struct ug_program *p =
        read("vars: {n: 3}\n"
             "inputs: {x: [1, n, 64, 64], y: {shape: [8], dtype: int64}, s: [], t: '[n, 2 * n]'}\n"
             "data: {z: {tensors: a, key: b}}\n");

    expect_no_errors();
    ck_assert_int_eq(p->n_inputs, 5);
    expect_shape(&p->inputs[0], "1x3x64x64");
    ck_assert_int_eq(p->inputs[0].type.dtype, UG_F32);
    expect_shape(&p->inputs[1], "8");
    ck_assert_int_eq(p->inputs[1].type.dtype, UG_I64);
    ck_assert_int_eq(p->inputs[2].type.shape.rank, 0);
    expect_shape(&p->inputs[3], "3x6");
    ck_assert_ptr_null(p->inputs[0].data);
    ck_assert_str_eq(p->inputs[4].name, "z");
    ck_assert_int_eq(p->inputs[4].type.shape.rank, -1);
}
END_TEST

START_TEST(training)
{
    const struct ug_program *p = read(
        "vars: {lr: 1e-4}\n"
        "train:\n"
        "  epochs: 1.5\n"
        "  seed: 9\n"
        "  frozen: [E1.stem, 'last(E2.res, 1)']\n"
        "  init: p.safetensors\n"
        "  update: [D, G]\n"
        "  optimizers:\n"
        "    G: {minimize: G + 0.5 * K.rec, parameters: [E1, E2.res], every: 2, ema: 0.999, "
        "clip_norm: 5,\n"
        "        adam: {lr: lr * (1 - step / steps), betas: [0.5, 0.99], eps: 1e-6, weight_decay: "
        "1e-4, amsgrad: true}}\n"
        "    D: {minimize: D, parameters: D1, sgd: {lr: 0.1, momentum: 0.9, nesterov: true}}\n");
    const struct ug_train_spec *t = &p->train;
    const struct ug_optimizer_spec *g = &t->optimizers[0], *d = &t->optimizers[1];

    expect_no_errors();
    ck_assert(t->present && t->epochs == 1.5 && t->steps == 0 && t->seed == 9 && t->ordered);
    ck_assert_str_eq(t->init, "p.safetensors");
    ck_assert(t->n_order == 2 && t->order[0] == 1 && t->order[1] == 0);
    ck_assert(g->kind == UG_ADAM && g->every == 2 && g->ema == 0.999 && g->clip_norm == 5.0);
    ck_assert(g->betas[0] == 0.5 && g->betas[1] == 0.99 && g->eps == 1e-6 &&
              g->weight_decay == 1e-4 && g->amsgrad);
    ck_assert(d->kind == UG_SGD && d->momentum == 0.9 && d->nesterov && d->every == 1 &&
              d->ema == 0.0 && d->clip_norm == 0.0);
}
END_TEST

START_TEST(defaults_are_those_of_torch)
{
    const struct ug_program *p = read("train:\n"
                                      "  steps: 10\n"
                                      "  optimizers:\n"
                                      "    a: {minimize: G, parameters: [E], adam: {}}\n"
                                      "    b: {minimize: G, parameters: [E], adamw: {}}\n"
                                      "    c: {minimize: G, parameters: [E], sgd: {}}\n"
                                      "    d: {minimize: G, parameters: [E], rmsprop: {}}\n");
    const struct ug_optimizer_spec *o = p->train.optimizers;

    expect_no_errors();
    ck_assert(!p->train.ordered && p->train.seed == 0 && p->train.steps == 10 &&
              p->train.epochs == 0.0);
    ck_assert(p->train.n_order == 4 && p->train.order[3] == 3);
    for (int i = 0; i < 2; i++)
        ck_assert(o[i].betas[0] == 0.9 && o[i].betas[1] == 0.999 && o[i].eps == 1e-8 &&
                  !o[i].amsgrad && ug_program_rate(p, o[i].lr, 0, 0) == 1e-3);
    ck_assert(o[0].weight_decay == 0.0 && o[1].weight_decay == 1e-2);
    ck_assert(o[2].momentum == 0.0 && o[2].dampening == 0.0 && o[2].weight_decay == 0.0 &&
              !o[2].nesterov && ug_program_rate(p, o[2].lr, 0, 0) == 1e-3);
    ck_assert(o[3].alpha == 0.99 && o[3].eps == 1e-8 && o[3].momentum == 0.0 && !o[3].centered &&
              ug_program_rate(p, o[3].lr, 0, 0) == 1e-2);
}
END_TEST

START_TEST(rates_follow_the_step)
{
    struct ug_program *p =
        read("vars: {lr: 0.5, table: [4, 2, 1]}\n"
             "train:\n"
             "  steps: 100\n"
             "  optimizers:\n"
             "    a: {minimize: G, parameters: [E], adam: {lr: lr * (1 - step / steps)}}\n"
             "    b: {minimize: G, parameters: [E], adam: {lr: 'table[min(step // 30, 2)] * 0.1 ** "
             "epoch'}}\n"
             "    c: {minimize: G, parameters: [E], adam: {lr: 1 if epoch < epochs - 1 else 1 / "
             "(70 - step)}}\n");
    const struct ug_optimizer_spec *o = p->train.optimizers;

    p->data.batch = 4;
    p->train.largest = 100; /* 4 epochs */
    expect_no_errors();
    ck_assert_double_eq(ug_program_rate(p, o[0].lr, 0, 0), 0.5);
    ck_assert_double_eq(ug_program_rate(p, o[0].lr, 25, 1), 0.375);
    ck_assert_double_eq(ug_program_rate(p, o[1].lr, 29, 0), 4.0);
    ck_assert_double_eq(ug_program_rate(p, o[1].lr, 31, 0), 2.0);
    ck_assert_double_eq(ug_program_rate(p, o[1].lr, 99, 0), 1.0);
    ck_assert_double_eq_tol(ug_program_rate(p, o[1].lr, 99, 2), 0.01, 1e-15);
    ck_assert_double_eq(ug_program_rate(p, o[2].lr, 20, 2), 1.0);
    ck_assert_double_eq(ug_program_rate(p, o[2].lr, 60, 3), 0.1);
    ck_assert(isnan(ug_program_rate(p, o[2].lr, 70, 3))); /* divides by 0 */
    ck_assert(isnan(ug_program_rate(p, o[2].lr, 80, 3))); /* is negative */
    ck_assert_str_eq(ug_program_rate_fault(arena, p, o[2].lr, 70, 3), "division by zero");
    ck_assert_str_eq(ug_program_rate_fault(arena, p, o[2].lr, 80, 3),
                     "an lr must be 0 or more, not -0.1");
    p->train.largest = 150; /* two epochs, and a part of the third */
    ck_assert_int_eq(ug_program_epochs(p), 3);
    p->train.largest = 1000;
    ck_assert_int_eq(ug_program_epochs(p), 1);
}
END_TEST

START_TEST(events_and_translations)
{
    const struct ug_program *p =
        read("data: {x: {images: a, flip: true}, y: {images: b}}\n"
             "log: {every: 10}\n"
             "samples: {every: 5 * 100, count: 3, columns: [x, {out: G(x)}, 'f(x, 1)'], data: {x: "
             "{images: c}}}\n"
             "checkpoint: {every: 1000, keep: 3}\n"
             "validate: {every: 7, metrics: {l1: 'l1_loss(G(x), y)'}, data: {y: {images: d, "
             "shuffle: true}}}\n"
             "translate: {1to2: {from: x, to: G(x)}, draw-some: {to: 'G(normal_like([1, 8]))'}}\n");

    expect_no_errors();
    ck_assert(p->log.present && p->log.every == 10);
    ck_assert(p->samples.event.every == 500 && p->samples.count == 3 && p->samples.n_columns == 3);
    ck_assert_str_eq(p->samples.columns[0].label, "x");
    ck_assert_str_eq(p->samples.columns[1].label, "out");
    ck_assert_str_eq(p->samples.columns[2].label, "f(x, 1)");
    ck_assert_int_eq(p->samples.data.n, 2);
    ck_assert_str_eq(p->samples.data.entries[0].path, "c");
    ck_assert_str_eq(p->samples.data.entries[1].path, "b");
    ck_assert(!p->samples.data.entries[1].shuffle && !p->samples.data.entries[1].flip);
    ck_assert_str_eq(p->data.entries[0].path, "a");
    ck_assert(p->data.entries[0].flip);
    ck_assert(p->checkpoint.event.every == 1000 && p->checkpoint.keep == 3);
    ck_assert(p->validate.event.every == 7 && p->validate.n_metrics == 1);
    ck_assert_str_eq(p->validate.data.entries[1].path, "d");
    ck_assert_int_eq(p->n_translates, 2);
    ck_assert_str_eq(p->translates[0].from, "x");
    ck_assert_str_eq(p->translates[1].name, "draw-some");
    ck_assert_ptr_null(p->translates[1].from);
}
END_TEST

START_TEST(nothing_is_nothing)
{
    const struct ug_program *p = read("unitgraph: 1\n");

    expect_no_errors();
    ck_assert(!p->train.present && !p->log.present && !p->samples.event.present &&
              !p->validate.event.present && !p->checkpoint.event.present);
    ck_assert(p->data.batch == 1 && p->data.n == 0 && p->n_inputs == 0 && p->n_translates == 0);
}
END_TEST

#define OPTIMIZER(text)                                                                            \
    "train: {steps: 1, optimizers: {G: {minimize: G, parameters: [E], " text "}}}\n"

static const struct {
    const char *text, *message;
} wrong[] = {
    {"trian: {}\n", "t.yaml:1:1: error: unknown key 'trian' in the file"},
    {"train:\nsteps: 1\n", "t.yaml:1:7: error: 'train' is empty"},
    {"data: 3\n", "t.yaml:1:7: error: 'data' must be a map"},
    {"data: {batch: 0}\n",
     "t.yaml:1:15: error: 'batch' of 'data' must be from 1 to 16777216, not 0"},
    {"data: {batch: 1.5}\n",
     "t.yaml:1:15: error: 'batch' of 'data' must be a whole number, not 1.5"},
    {"data: {x: photos}\n", "t.yaml:1:11: error: the data entry 'x' must be a map"},
    {"data: {x: }\n", "t.yaml:1:11: error: the data entry 'x' is empty"},
    {"data: {x: {size: 3}}\n", "t.yaml:1:8: error: the data entry 'x' has no source"},
    {"data: {x: {images: a, idx: b}}\n",
     "t.yaml:1:23: error: the data entry 'x' has two sources, 'images' and 'idx'"},
    {"data: {x: {images: a, siez: 3}}\n",
     "t.yaml:1:23: error: unknown key 'siez' in the data entry 'x'"},
    {"data: {x: {images: a, size: big}}\n", "t.yaml:1:29: error: unknown name 'big'"},
    {"data: {x: {images: a, size: [1, 2, 3]}}\n",
     "t.yaml:1:29: error: 'size' of the data entry 'x' must be a number or [h, w], not a list of "
     "3"},
    {"data: {x: {images: a, size: 512, 512}}\n",
     "t.yaml:1:34: error: '512' is a key without a value"},
    {"data: {x: {images: a, size: 0}}\n",
     "t.yaml:1:29: error: 'size' of the data entry 'x' must be from 1"},
    {"data: {x: {images: a, channels: 2}}\n",
     "t.yaml:1:33: error: 'channels' of the data entry 'x' must be 1 or 3, not 2"},
    {"data: {x: {images: a, flip: yes}}\n",
     "t.yaml:1:29: error: 'flip' of the data entry 'x' must be true or false, not the word 'yes'"},
    {"data: {x: {images: a, flip: 1}}\n",
     "t.yaml:1:29: error: 'flip' of the data entry 'x' must be true or false, not 1"},
    {"data: {x: {images: a, range: 1}}\n",
     "t.yaml:1:30: error: 'range' of the data entry 'x' must be a list of two numbers, not 1"},
    {"data: {x: {images: a, range: [1, 1]}}\n",
     "t.yaml:1:30: error: 'range' of the data entry 'x' must be two numbers that differ"},
    {"data: {x: {images: a, range: [0, .inf]}}\n",
     "t.yaml:1:30: error: 'range' of the data entry 'x' must be two numbers that differ"},
    {"data: {x: {images: a, invert: twice}}\n",
     "t.yaml:1:31: error: 'invert' of the data entry 'x' must be true, false or both"},
    {"data: {x: {images: a, limit: 0}}\n",
     "t.yaml:1:30: error: 'limit' of the data entry 'x' must be 1 or more, not 0"},
    {"data: {x: {images: a, labels: b}}\n",
     "t.yaml:1:23: error: 'labels' does not apply to 'images'"},
    {"data: {x: {images: a, key: b}}\n", "t.yaml:1:23: error: 'key' does not apply to 'images'"},
    {"data: {x: {tensors: a, key: b, flip: true}}\n",
     "t.yaml:1:32: error: 'flip' does not apply to 'tensors'"},
    {"data: {x: {tensors: a, key: b, range: [0, 1]}}\n",
     "t.yaml:1:32: error: 'range' does not apply to 'tensors'"},
    {"data: {x: {idx: a, skip_broken: true}}\n",
     "t.yaml:1:20: error: 'skip_broken' does not apply to 'idx'"},
    {"data: {x: {images: a}, y: {labels_of: x, shuffle: true}}\n",
     "t.yaml:1:42: error: 'shuffle' does not apply to 'labels_of'"},
    {"data: {x: {tensors: a}}\n", "t.yaml:1:8: error: the data entry 'x' needs 'key'"},
    {"data: {x: {images: a, pair: y}}\n", "t.yaml:1:29: error: there is no data entry 'y'"},
    {"data: {x: {images: a, pair: x}}\n", "t.yaml:1:29: error: 'x' cannot name itself"},
    {"data: {y: {labels_of: x}}\n", "t.yaml:1:23: error: there is no data entry 'x'"},
    {"data: {x-1: {images: a}}\n", "t.yaml:1:8: error: 'x-1' is not a name"},
    {"data: {x: {images: }}\n", "t.yaml:1:20: error: 'images' of the data entry 'x' is empty"},
    {"data: {x: {images: \"${f}/a\"}}\n", "t.yaml:1:20: error: unknown variable 'f'"},
    {"data: {x: {images: a, size: sze + 1}}\n", "t.yaml:1:29: error: unknown name 'sze'"},
    {"data: {x: {synthetic: {scene: s, count: 3}}}\n",
     "t.yaml:1:23: error: 'synthetic' of the data entry 'x' needs 'domain'"},
    {"data: {x: {synthetic: {scene: s, domain: d, count: 3, sed: 1}}}\n",
     "t.yaml:1:55: error: unknown key 'sed'"},
    {"data: {x: {synthetic: shapes}}\n",
     "t.yaml:1:23: error: 'synthetic' of the data entry 'x' must be a map"},
    {"inputs: {x: 3}\n",
     "t.yaml:1:13: error: the shape of 'x' must be a list of at most 8 extents"},
    {"inputs: {x: [1, -1]}\n",
     "t.yaml:1:17: error: the shape of 'x' must be from 0 to 1099511627776, not -1"},
    {"inputs: {x: [2 ** 62, 2]}\n", "t.yaml:1:14: error: the shape of 'x' must be from 0"},
    {"inputs: {x: [1048576, 1048576, 8]}\n", "t.yaml:1:13: error: the shape of 'x' is too large: a "
                                             "tensor has at most 1099511627776 elements"},
    {"inputs: {x: {shape: [1], dtype: int32}}\n",
     "t.yaml:1:33: error: the dtype of 'x' cannot be 'int32'"},
    {"inputs: {x: {dtype: int64}}\n", "t.yaml:1:13: error: the input 'x' needs 'shape'"},
    {"inputs: {x: [1]}\ndata: {x: {images: a}}\n", "t.yaml:2:8: error: 'x' is an input already"},
    {"train: {steps: 1}\n", "t.yaml:1:8: error: 'train' needs 'optimizers'"},
    {"train: {optimizers: {}}\n", "t.yaml:1:1: error: 'train' needs 'steps' or 'epochs'"},
    {"train: {steps: 1, epochs: 1, optimizers: {}}\n",
     "t.yaml:1:19: error: 'train' has both 'steps' and 'epochs'"},
    {"train: {steps: 0, optimizers: {}}\n",
     "t.yaml:1:16: error: 'steps' of 'train' must be 1 or more, not 0"},
    {OPTIMIZER("lr: 3"), "t.yaml:1:32: error: how does the optimizer 'G' update?"},
    {OPTIMIZER("adam: {lr: fast}"), "t.yaml:1:77: error: unknown name 'fast'"},
    {OPTIMIZER("adam: {lr: -1}"), "t.yaml:1:77: error: an lr must be 0 or more, not -1"},
    {OPTIMIZER("adam: {lr: true}"), "t.yaml:1:77: error: an lr must be a number, not true"},
    {OPTIMIZER("adam: {lr: 1 / step}"), "t.yaml:1:81: error: division by zero"},
    {OPTIMIZER("adam: {beta: [0, 1]}"),
     "t.yaml:1:73: error: unknown key 'beta' in 'adam' of the optimizer 'G'"},
    {OPTIMIZER("adam: {betas: [0.5, 1]}"), "t.yaml:1:80: error: 'betas' of 'adam' of the optimizer "
                                           "'G' must be at least 0 and below 1, not 1"},
    {OPTIMIZER("adam: {momentum: 0.9}"), "t.yaml:1:73: error: unknown key 'momentum'"},
    {OPTIMIZER("sgd: {nesterov: true}"), "t.yaml:1:82: error: 'nesterov' needs a momentum above 0"},
    {OPTIMIZER("adam: {}, sgd: {}"),
     "t.yaml:1:76: error: the optimizer 'G' is both 'adam' and 'sgd'"},
    {OPTIMIZER("adam: {}, every: 0"),
     "t.yaml:1:83: error: 'every' of the optimizer 'G' must be 1 or more, not 0"},
    {OPTIMIZER("adam: {}, ema: 2"),
     "t.yaml:1:81: error: 'ema' of the optimizer 'G' must be from 0 to 1, not 2"},
    {OPTIMIZER("adam: {}, clip_norm: -1"),
     "t.yaml:1:87: error: 'clip_norm' of the optimizer 'G' must be"},
    {"train: {steps: 1, optimizers: {G: {parameters: [E], adam: {}}}}\n",
     "t.yaml:1:35: error: the optimizer 'G' needs 'minimize'"},
    {"train: {steps: 1, optimizers: {G: {minimize: G, adam: {}}}}\n",
     "t.yaml:1:35: error: the optimizer 'G' needs 'parameters'"},
    {"train: {steps: 1, optimizers: {G: {minimize: G, parameters: [], adam: {}}}}\n",
     "t.yaml:1:61: error: the optimizer 'G' has no parameters"},
    {"train: {steps: 1, update: [F], optimizers: {G: {minimize: G, parameters: [E], adam: {}}}}\n",
     "t.yaml:1:27: error: the optimizer 'G' is not listed"},
    {"train: {steps: 1, update: [G, G], optimizers: {G: {minimize: G, parameters: [E], adam: "
     "{}}}}\n",
     "t.yaml:1:31: error: the optimizer 'G' is listed twice"},
    {"train: {steps: 1, update: at_once, optimizers: {G: {minimize: G, parameters: [E], adam: "
     "{}}}}\n",
     "t.yaml:1:27: error: 'update' must be 'simultaneous' or a list"},
    {"log: {}\n", "t.yaml:1:6: error: 'log' needs 'every'"},
    {"log: {every: 0}\n", "t.yaml:1:14: error: 'every' of 'log' must be 1 or more, not 0"},
    {"log: 10\n", "t.yaml:1:6: error: 'log' must be a map"},
    {"samples: {every: 1}\n", "t.yaml:1:10: error: 'samples' needs 'columns'"},
    {"samples: {every: 1, columns: []}\n", "t.yaml:1:30: error: 'columns' is empty"},
    {"samples: {every: 1, columns: [[a]]}\n", "t.yaml:1:31: error: a column must be an expression"},
    {"checkpoint: {every: 1, keep: 0}\n",
     "t.yaml:1:30: error: 'keep' of 'checkpoint' must be 1 or more, not 0"},
    {"validate: {every: 1, metrics: [a]}\n", "t.yaml:1:31: error: 'metrics' must be a map"},
    {"validate: {every: 1, metrics: {a: b}, data: {batch: 3}}\n",
     "t.yaml:1:46: error: 'batch' is that of 'data' everywhere"},
    {"translate: {a: G(x)}\n", "t.yaml:1:16: error: the translation 'a' must be a map"},
    {"translate: {a: {from: x}}\n", "t.yaml:1:16: error: the translation 'a' needs 'to'"},
    {"translate: {a: {from: x, to: y}}\n", "t.yaml:1:23: error: there is no input 'x'"},
};

START_TEST(mistakes_are_found)
{
    const char *all;

    read(wrong[_i].text);
    all = messages();
    ck_assert_msg(strstr(all, wrong[_i].message) != NULL, "%s: wanted %s, got %s", wrong[_i].text,
                  wrong[_i].message, all);
}
END_TEST

START_TEST(all_mistakes_are_found_at_once)
{
    read("data: {x: {images: a, siez: 3}, y: {idx: b, flip: maybe}}\n"
         "train: {steps: none, optimizers: {G: {minimise: G, parameters: [E], adam: {}}}}\n"
         "log: {evry: 1}\n");
    ck_assert_msg(ug_diags_errors(diags) == 7, "%s", messages());
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("settings");
    TCase *c = tcase_create("settings");

    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_test(c, data_entries);
    tcase_add_test(c, inputs_have_types);
    tcase_add_test(c, training);
    tcase_add_test(c, defaults_are_those_of_torch);
    tcase_add_test(c, rates_follow_the_step);
    tcase_add_test(c, events_and_translations);
    tcase_add_test(c, nothing_is_nothing);
    tcase_add_loop_test(c, mistakes_are_found, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(c, all_mistakes_are_found_at_once);
    suite_add_tcase(s, c);
    return s;
}
