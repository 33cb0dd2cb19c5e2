/* test_compose.c -- includes, merging, --set, and the resolved file that `show` prints. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/unitgraph.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_read.h"
#include "tests/harness_scratch.h"

static const char *file(const char *name, const char *text)
{
    return folder_write(name, text, strlen(text));
}

static struct ug_yaml *compose(const char *path, int n, ...)
{
    const char *sets[8];
    va_list args;

    va_start(args, n);
    for (int i = 0; i < n; i++)
        sets[i] = va_arg(args, const char *);
    va_end(args);
    return ug_yaml_compose(arena, diags, path, sets, n);
}

/* A scalar by its dotted path; "(none)" if there is none. */
static const char *at(const struct ug_yaml *y, const char *path)
{
    for (const char *part = path; y && part; part = strchr(part, '.'), part += part != NULL)
        y = ug_yaml_get(y, ug_arena_copy(arena, part, strcspn(part, ".")));
    return !y ? "(none)" : y->kind == UG_YAML_SCALAR ? y->text : "(not a scalar)";
}

START_TEST(files_are_merged_in_order)
{
    file("nets/a.yaml",
         "unitgraph: 1\nvars: {x: 1, y: 1, z: {p: 1, q: 1}}\nshare: [a = b, c = d]\n");
    file("b.yaml", "vars: {y: 2, z: {q: 2, r: 2}, w: 2}\n");
    const struct ug_yaml *y =
        compose(file("main.yaml", "include: [nets/a.yaml, b.yaml]\nunitgraph: 1\n"
                                  "vars: {z: {r: 3}, v: 3}\nshare: [e = f]\n"),
                0);

    ck_assert_msg(!ug_diags_errors(diags), "%s", messages());
    ck_assert_str_eq(at(y, "vars.x"), "1");
    ck_assert_str_eq(at(y, "vars.y"), "2");
    ck_assert_str_eq(at(y, "vars.z.p"), "1");
    ck_assert_str_eq(at(y, "vars.z.q"), "2");
    ck_assert_str_eq(at(y, "vars.z.r"), "3");
    ck_assert_str_eq(at(y, "vars.v"), "3");
    ck_assert_int_eq(ug_yaml_get(y, "share")->n, 1);
    ck_assert_str_eq(ug_yaml_get(y, "share")->items[0]->text, "e = f");
    ck_assert_ptr_null(ug_yaml_get(y, "include"));
    /* places and folders are those of the file that wrote a value */
    const struct ug_yaml *x = ug_yaml_get(ug_yaml_get(y, "vars"), "x");
    ck_assert_str_eq(strrchr(x->folder, '/'), "/nets");
    ck_assert_str_eq(strrchr(x->pos.source->path, '/'), "/a.yaml");
    ck_assert_int_eq(x->pos.line, 2);
}
END_TEST

START_TEST(a_tilde_removes_or_requires)
{
    file("base.yaml", "vars: {x: 1, y: 1}\nmodules: {m: {params: {f: 1, g: 2}, body: [f]}}\n"
                      "data: {x: {images: a, size: 3}}\n");
    const struct ug_yaml *y =
        compose(file("main.yaml", "unitgraph: 1\ninclude: base.yaml\nvars: {x: ~}\n"
                                  "modules: {m: {params: {f: ~, h: }}}\n"
                                  "data: {x: {images: , tensors: t}}\n"),
                0);

    ck_assert_msg(!ug_diags_errors(diags), "%s", messages());
    ck_assert_str_eq(at(y, "vars.x"), "(none)");
    ck_assert_str_eq(at(y, "vars.y"), "1");
    const struct ug_yaml *params =
        ug_yaml_get(ug_yaml_get(ug_yaml_get(y, "modules"), "m"), "params");
    ck_assert_int_eq(params->n, 3);
    ck_assert(ug_yaml_is_null(ug_yaml_get(params, "f")));
    ck_assert_str_eq(params->keys[0]->text, "f"); /* the order of parameters stays */
    ck_assert(ug_yaml_is_null(ug_yaml_get(params, "h")));
    ck_assert_str_eq(at(y, "data.x.images"), "(none)");
    ck_assert_str_eq(at(y, "data.x.tensors"), "t");
}
END_TEST

START_TEST(a_file_may_come_twice)
{
    file("c.yaml", "vars: {c: 1}\n");
    file("a.yaml", "include: [c.yaml]\nvars: {c: 2}\n");
    file("b.yaml", "include: [c.yaml]\nvars: {b: 1}\n");
    const struct ug_yaml *y =
        compose(file("main.yaml", "unitgraph: 1\ninclude: [a.yaml, b.yaml]\n"), 0);

    ck_assert_msg(!ug_diags_errors(diags), "%s", messages());
    ck_assert_str_eq(at(y, "vars.c"), "1"); /* b, with what it includes, comes after a */
}
END_TEST

static void expect(const char *path, const char *place, const char *fragment)
{
    ck_assert_msg(strstr(message(0), place) != NULL && strstr(message(0), fragment) != NULL,
                  "%s: %s", path, messages());
}

START_TEST(missing_files_and_loops_are_reported)
{
    const char *main = file("main.yaml", "unitgraph: 1\ninclude:\n  - b.yaml\n  - none.yaml\n");

    file("b.yaml", "include: c.yaml\n");
    file("c.yaml", "vars: {}\ninclude: [./b.yaml]\n");
    ck_assert_ptr_null(compose(main, 0));
    ck_assert_uint_eq(ug_diags_errors(diags), 2);
    ck_assert_ptr_nonnull(
        strstr(messages(),
               "/c.yaml:2:11: error: a file cannot include itself: b.yaml -> c.yaml -> b.yaml"));
    expect_part(messages(), "/main.yaml:4:5: error: cannot read");
}
END_TEST

START_TEST(a_file_includes_itself)
{
    ck_assert_ptr_null(compose(file("a.yaml", "unitgraph: 1\ninclude: a.yaml\n"), 0));
    expect("a.yaml", "/a.yaml:2:10: ", "a file cannot include itself: a.yaml -> a.yaml");
}
END_TEST

START_TEST(doubling_includes_end)
{
    file("x0.yaml", "vars: {}\n");
    for (int i = 1; i < 20; i++)
        file(ug_arena_format(arena, "x%d.yaml", i),
             ug_arena_format(arena, "include: [x%d.yaml, x%d.yaml]\n", i - 1, i - 1));
    ck_assert_ptr_null(compose(file("a.yaml", "unitgraph: 1\ninclude: x19.yaml\n"), 0));
    expect_part(messages(), "too many files: at most 256");
}
END_TEST

static const struct {
    const char *text, *place, *fragment;
} wrong[] = {
    {"vars: {}\n", ":1:1: ", "the version of the language is missing"},
    {"unitgraph: 2\n", ":1:12: ", "reads version 1 of the language, not 2"},
    {"unitgraph:\n", ":1:11: ", "reads version 1 of the language"},
    {"unitgraph: [1]\n", ":1:12: ", "reads version 1 of the language"},
    {"- a\n", ":1:1: ", "a file is a map of sections"},
    {"", ":1:1: ", "the version of the language is missing"},
    {"unitgraph: 1\ninclude: {a: b}\n", ":2:10: ", "the path of a file is needed here"},
    {"unitgraph: 1\ninclude: ${x}.yaml\n", ":2:10: ", "variables are not known yet"},
};

START_TEST(the_top_is_checked)
{
    compose(file("a.yaml", wrong[_i].text), 0);
    expect(wrong[_i].text, wrong[_i].place, wrong[_i].fragment);
}
END_TEST

static const struct {
    const char *over, *sentence, *hint;
} removals[] = {
    {"data: {x: {imges: ~}}", ":3:12: error: there is no 'imges' to remove",
     "did you mean 'images'?"},
    {"data: {y: {images: ~}}", ":3:12: error: there is no 'images' to remove", ""},
    {"losses: {all: {rce: ~}}", ":3:16: error: there is no 'rce' to remove", "did you mean 'rec'?"},
    {"validate: ~", ":3:1: error: there is no 'validate' to remove", "losses"},
    {"vars: {zzzzzz: null}", ":3:8: error: there is no 'zzzzzz' to remove", "keys there: w\n"},
};

START_TEST(nothing_is_there_to_remove)
{
    file("base.yaml", "unitgraph: 1\nvars: {w: 1}\ndata: {x: {images: a}}\n"
                      "losses: {all: {rec: w}}\n");
    const char *path =
        file("main.yaml",
             ug_arena_format(arena, "unitgraph: 1\ninclude: base.yaml\n%s\n", removals[_i].over));
    compose(path, 0);
    expect_part(messages(), removals[_i].sentence);
    expect_part(messages(), removals[_i].hint);
    ck_assert_int_eq((int)ug_diags_errors(diags), 1);
}
END_TEST

/* What other languages write to add to a list. */
START_TEST(lists_are_not_added_to)
{
    file("base.yaml", "unitgraph: 1\nsamples: {columns: [x, y]}\n");
    const struct ug_yaml *y = compose(file("main.yaml", "unitgraph: 1\ninclude: base.yaml\n"
                                                        "samples: {columns: {+append: [z]}}\n"),
                                      0);

    expect_part(messages(), "main.yaml:3:21: error: there is no '+append': a list replaces");
    expect_part(messages(), "base.yaml:2:20: note: write the whole list");
    ck_assert_int_eq(ug_yaml_get(ug_yaml_get(y, "samples"), "columns")->n, 2);
}
END_TEST

static const char experiment[] =
    "unitgraph: 1\n"
    "vars: {lambda: {gan: 10, kl: 1}, steps: 3, on: true, out: {steps: 1}}\n"
    "modules: {m: {params: {f: 1}}}\n"
    "data: {x1: {images: data/a}}\n"
    "init: {E1.stem: zeros, E1: {conv2d: ones}}\n"
    "train: {steps: 100, seed: 1, update: [D, G]}\n";

START_TEST(set_overrides_what_is_there)
{
    const char *path = file("in/a.yaml", experiment);
    const struct ug_yaml *y =
        compose(path, 8, "lambda.gan=5", "train.steps=max(10, 20)", "data.x1.images=photos",
                "train.update=[G, D]", "init.E1.stem=ones", "init.E1.conv2d=zeros", "steps=7",
                "lambda={kl: 2}");

    ck_assert_msg(!ug_diags_errors(diags), "%s", messages());
    ck_assert_str_eq(at(y, "vars.lambda.gan"), "5");
    ck_assert_str_eq(at(y, "vars.lambda.kl"), "2");
    ck_assert_str_eq(at(y, "vars.steps"), "7"); /* vars are looked at first */
    ck_assert_str_eq(at(y, "train.steps"), "max(10, 20)");
    ck_assert_str_eq(ug_yaml_get(ug_yaml_get(y, "train"), "update")->items[0]->text, "G");
    ck_assert_str_eq(ug_yaml_get(ug_yaml_get(y, "init"), "E1.stem")->text, "ones");
    ck_assert_str_eq(at(y, "init.E1.conv2d"), "zeros");
    const struct ug_yaml *images = ug_yaml_get(ug_yaml_get(ug_yaml_get(y, "data"), "x1"), "images");
    ck_assert_str_eq(images->text, "photos");
    ck_assert_str_eq(images->folder, ""); /* the working directory */
}
END_TEST

START_TEST(set_removes_and_requires)
{
    const struct ug_yaml *y =
        compose(file("a.yaml", experiment), 2, "train.seed=~", "modules.m.params.f=~");

    ck_assert_msg(!ug_diags_errors(diags), "%s", messages());
    ck_assert_str_eq(at(y, "train.seed"), "(none)");
    ck_assert_str_eq(at(y, "modules.m.params.f"), "~");
}
END_TEST

static const struct {
    const char *set, *fragment;
} bad_sets[] = {
    {"lambda.gna=5", "'lambda.gna' is not in the file"},
    {"train.epochs=5", "'train.epochs' is not in the file"},
    {"vars=5x", NULL}, /* replaces the section: whoever reads it complains */
    {"lambda={gna: 3}", "'gna' is not in the file"},
    {"train", "--set takes NAME=EXPR"},
    {"=3", "--set takes NAME=EXPR"},
    {"steps=", "--set takes NAME=EXPR"},
    {"steps={a", "this '{' is never closed"},
    {"steps=[f(1, 2)]", "a comma inside [ ] or { } ends a value: quote it"},
    {"unitgraph=2", "reads version 1"},
    {"data.x1.images.y=2", "'data.x1.images.y' is not in the file"},
};

START_TEST(set_makes_no_keys)
{
    compose(file("a.yaml", experiment), 1, bad_sets[_i].set);
    if (bad_sets[_i].fragment) {
        ck_assert_uint_ge(ug_diags_errors(diags), 1);
        ck_assert_msg(strstr(messages(), bad_sets[_i].fragment) != NULL, "%s: %s", bad_sets[_i].set,
                      messages());
        expect_part(message(0), _i == 9 ? "--set unitgraph=2:1:1: " : "--set ");
    }
}
END_TEST

START_TEST(set_suggests)
{
    compose(file("a.yaml", experiment), 2, "lambda.gna=5", "train.stps=5");
    expect_part(messages(), "did you mean 'lambda.gan'?");
    expect_part(messages(), "did you mean 'train.steps'?");
}
END_TEST

static const struct {
    const char *set, *hint;
} new_keys[] = {
    /* keys of the language: where to write them */
    {"train.memory=1GiB", ":6:1: note: write 'memory: 1GiB' here"},
    {"data.x1.flip=true", ":4:8: note: write 'flip: true' here"},
    {"checkpoint.every=3", "write 'checkpoint: {every: 3}' in the file"},
    {"train.optimizers.G.adam.lr=1", "write 'optimizers: {G: {adam: {lr: 1}}}' here"},
    /* others: the nearest of the language's, or of the file's */
    {"train.memry=1GiB", "did you mean 'train.memory'?"},
    {"lambda.zzzzzz=1", "'lambda' has: gan, kl\n"},
    {"seed=1", "did you mean 'train.seed'?"},
};

START_TEST(set_says_what_to_write)
{
    compose(file("a.yaml", experiment), 1, new_keys[_i].set);
    expect_part(messages(), new_keys[_i].hint);
    ck_assert_int_eq((int)ug_diags_errors(diags), 1);
}
END_TEST

/* ---- show ---- */

static const char *show(const char *path, bool origin, int n, const char *const *sets)
{
    const struct ug_overrides o = {sets, n};
    const enum ug_status status = ug_show(path, &o, origin, capture(), diags);
    const char *text = captured();

    ck_assert_msg(status == UG_DONE, "%s", messages());
    return text;
}

START_TEST(what_is_no_section_is_not_shown)
{
    const struct ug_overrides none = {0};
    const char *path = file("a.yaml", "unitgraph: 1\ngraphs: {a: 1}\n");

    ck_assert_int_eq(ug_show(path, &none, false, capture(), diags), UG_WRONG);
    ck_assert_str_eq(captured(), "");
    expect_message("unknown key 'graphs' in the file");
}
END_TEST

START_TEST(what_is_shown_is_the_same_experiment)
{
    file("nets.yaml", "modules: {m: {params: {f: }, body: ['conv2d(f, 3)', relu]}}\ninit: {E: "
                      "'file(\"w/vgg.safetensors\")'}\n");
    const char *path = file(
        "in/a.yaml", "unitgraph: 1\ninclude: ../nets.yaml\n"
                     "vars: {root: pics/new, n: 3}\n"
                     "data:\n  x: {images: \"${root}/a\", limit: n}\n  y: {idx: i, labels: l}\n"
                     "  z: {tensors: /t.safetensors, key: k}\n"
                     "samples: {data: {x: {images: s}}}\nvalidate: {data: {x: {images: v}}}\n"
                     "train: {init: p.safetensors}\n"
                     "graph:\n  q: |\n    m(x,\n      2)\n");
    const char *const sets[] = {"root=here/pics"};
    const char *folder = ug_arena_copy(arena, path, (size_t)(strrchr(path, '/') - path));
    const char *text = show(path, false, 0, NULL);
    const struct ug_yaml *y = ug_yaml_read_text(arena, diags, "s", "", text, strlen(text));

    ck_assert_str_eq(at(y, "data.x.images"), ug_arena_format(arena, "%s/pics/new/a", folder));
    ck_assert_str_eq(at(y, "data.y.labels"), ug_arena_format(arena, "%s/l", folder));
    ck_assert_str_eq(at(y, "data.z.tensors"), "/t.safetensors");
    ck_assert_str_eq(at(y, "data.z.key"), "k");
    ck_assert_str_eq(at(y, "samples.data.x.images"), ug_arena_format(arena, "%s/s", folder));
    ck_assert_str_eq(at(y, "validate.data.x.images"), ug_arena_format(arena, "%s/v", folder));
    ck_assert_str_eq(at(y, "train.init"), ug_arena_format(arena, "%s/p.safetensors", folder));
    ck_assert_str_eq(at(y, "init.E"),
                     ug_arena_format(arena, "file(\"%s/../w/vgg.safetensors\")", folder));
    ck_assert_str_eq(at(y, "graph.q"), "m(x,\n  2)\n");
    /* shown again, from another folder, it stays as it is */
    ck_assert_str_eq(show(file("other/b.yaml", text), false, 0, NULL), text);
    /* a path that begins with a variable counts from where that was written: here the command line
     */
    text = show(path, false, 1, sets);
    char cwd[4096];
    expect_part(text, ug_arena_format(arena, "images: %s/here/pics/a\n", getcwd(cwd, sizeof cwd)));
}
END_TEST

START_TEST(origins_are_comments)
{
    file("nets.yaml", "vars: {b: 2}\n");
    const char *path = file("a.yaml", "unitgraph: 1\ninclude: nets.yaml\nvars:\n  a: 1\n");
    const char *text = show(path, true, 0, NULL);

    expect_part(text, "  b: 2  # ");
    expect_part(text, "nets.yaml:1\n");
    expect_part(text, "a.yaml:4\n");
    const struct ug_yaml *y = ug_yaml_read_text(arena, diags, "s", "", text, strlen(text));
    ck_assert_str_eq(at(y, "vars.a"), "1");
}
END_TEST

START_TEST(a_list_says_what_it_replaces)
{
    file("nets.yaml", "samples:\n  columns: [x, y]\n");
    const char *path =
        file("a.yaml", "unitgraph: 1\ninclude: nets.yaml\nsamples:\n  columns: [z]\n");
    const char *text = show(path, true, 0, NULL);

    expect_part(text, "  columns:  # replaces the list of ");
    expect_part(text, "nets.yaml:2\n    - z  # ");
    ck_assert_ptr_null(strstr(show(path, false, 0, NULL), "replaces"));
    const struct ug_yaml *y = ug_yaml_read_text(arena, diags, "s", "", text, strlen(text));
    ck_assert_int_eq(ug_yaml_get(ug_yaml_get(y, "samples"), "columns")->n, 1);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("compose");
    TCase *c = tcase_create("compose");

    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_test(c, files_are_merged_in_order);
    tcase_add_test(c, a_tilde_removes_or_requires);
    tcase_add_test(c, a_file_may_come_twice);
    tcase_add_test(c, missing_files_and_loops_are_reported);
    tcase_add_test(c, a_file_includes_itself);
    tcase_add_test(c, doubling_includes_end);
    tcase_add_loop_test(c, the_top_is_checked, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(c, set_overrides_what_is_there);
    tcase_add_test(c, set_removes_and_requires);
    tcase_add_loop_test(c, set_makes_no_keys, 0, sizeof bad_sets / sizeof *bad_sets);
    tcase_add_test(c, set_suggests);
    tcase_add_loop_test(c, set_says_what_to_write, 0, sizeof new_keys / sizeof *new_keys);
    tcase_add_loop_test(c, nothing_is_there_to_remove, 0, sizeof removals / sizeof *removals);
    tcase_add_test(c, lists_are_not_added_to);
    tcase_add_test(c, a_list_says_what_it_replaces);
    tcase_add_test(c, what_is_no_section_is_not_shown);
    tcase_add_test(c, what_is_shown_is_the_same_experiment);
    tcase_add_test(c, origins_are_comments);
    suite_add_tcase(s, c);
    return s;
}
