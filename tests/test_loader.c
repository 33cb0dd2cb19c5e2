/* test_loader.c -- what each step sees, whoever reads it and from wherever it starts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/data/order.h"
#include "tests/harness_data.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

/* ---- The order ---- */

START_TEST(order_is_a_permutation)
{
    enum { N = 1000 };
    int64_t order[N], other[N];
    int seen[N] = {0}, moved = 0;

    ug_order_permute(1, "x", 0, N, order);
    for (int i = 0; i < N; i++) {
        ck_assert(order[i] >= 0 && order[i] < N);
        ck_assert_int_eq(seen[order[i]]++, 0);
        moved += order[i] != i;
    }
    ck_assert_int_gt(moved, N - 20);
    ug_order_permute(1, "x", 0, N, other);
    ck_assert_mem_eq(order, other, sizeof order);
    ug_order_permute(1, "x", 1, N, other);
    ck_assert_mem_ne(order, other, sizeof order);
    ug_order_permute(2, "x", 0, N, other);
    ck_assert_mem_ne(order, other, sizeof order);
    ug_order_permute(1, "y", 0, N, other);
    ck_assert_mem_ne(order, other, sizeof order);
}
END_TEST

/* Over many epochs every order of three comes equally often: 6000 draws, each of six expected 1000
 * times with a standard deviation of 29. */
START_TEST(orders_are_equally_likely)
{
    int count[27] = {0}, kinds = 0;
    int64_t o[3];

    for (int64_t epoch = 0; epoch < 6000; epoch++) {
        ug_order_permute(7, "x", epoch, 3, o);
        count[o[0] * 9 + o[1] * 3 + o[2]]++;
    }
    for (int i = 0; i < 27; i++) {
        kinds += count[i] > 0;
        ck_assert(count[i] == 0 || abs(count[i] - 1000) < 150);
    }
    ck_assert_int_eq(kinds, 6);
}
END_TEST

/* ---- Training ---- */

/* n pictures of `columns` columns whose first is the picture's number, the others number + 10, + 20
 * … */
static const char *write_numbered(const char *folder, int n, int columns)
{
    unsigned char v[32];
    char name[64];

    for (int i = 0; i < n; i++) {
        for (int k = 0; k < columns; k++)
            v[k] = (unsigned char)(i + 10 * k);
        snprintf(name, sizeof name, "%s/%02d.png", folder, i);
        write_columns(name, columns, v);
    }
    return folder_file(folder);
}

static struct ug_loader *training(struct ug_dataset *d, int64_t batch, uint64_t seed, int64_t first,
                                  int64_t last)
{
    struct ug_loader *l = ug_loader_start(d, UG_DRAW_TRAINING, batch, seed, first, last, diags);

    ck_assert_ptr_nonnull(l);
    return l;
}

static const struct ug_batch *next(struct ug_loader *l)
{
    const struct ug_batch *b = ug_loader_next(l, diags);

    ck_assert_msg(b != NULL, "%s", ug_diags_first(diags));
    return b;
}

/* Batches run over the ends of epochs; each epoch shows every picture once, in another order. */
START_TEST(epochs)
{
    enum { N = 7, EPOCHS = 30, BATCH = 3 };
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, write_numbered("f", N, 1));
    struct ug_dataset *d = open_sound(&e, 1);
    struct ug_loader *l = training(d, BATCH, 1, 0, N * EPOCHS / BATCH);
    int seen[EPOCHS][N] = {{0}}, order[EPOCHS][N], same = 0;

    for (int step = 0; step < N * EPOCHS / BATCH; step++) {
        const struct ug_batch *b = next(l);
        for (int j = 0; j < BATCH; j++) {
            const int at = step * BATCH + j, v = level_of(batch_value(b, 0, j, 0));
            ck_assert_int_lt(v, N);
            ck_assert_int_eq(seen[at / N][v]++, 0);
            order[at / N][at % N] = v;
        }
    }
    ck_assert_ptr_null(ug_loader_next(l, diags));
    for (int i = 1; i < EPOCHS; i++)
        same += !memcmp(order[i], order[i - 1], sizeof order[0]);
    ck_assert_int_eq(same, 0);
    ug_loader_stop(l);
    ug_dataset_close(d);
}
END_TEST

START_TEST(unshuffled)
{
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, write_numbered("f", 5, 1));

    e.shuffle = false;
    struct ug_dataset *d = open_sound(&e, 1);
    struct ug_loader *l = training(d, 2, 1, 3, 10);
    for (int step = 3; step < 10; step++) {
        const struct ug_batch *b = next(l);
        for (int j = 0; j < 2; j++)
            ck_assert_int_eq(level_of(batch_value(b, 0, j, 0)), (step * 2 + j) % 5);
    }
    ug_loader_stop(l);
    ug_dataset_close(d);
}
END_TEST

static size_t bytes_of(const struct ug_tensor *t)
{
    return (size_t)ug_shape_count(&t->shape) * ug_dtype_size(t->dtype);
}

/* Starting at step 9 gives the bits that running through gives, in another process's dataset. */
START_TEST(resuming)
{
    write_numbered("a", 6, 8);
    write_numbered("b", 11, 8);
    struct ug_data_entry e[] = {entry_of("x1", UG_DATA_IMAGES, folder_file("a")),
                                entry_of("x2", UG_DATA_IMAGES, folder_file("b"))};
    for (int i = 0; i < 2; i++)
        e[i].flip = true, e[i].resize = 3, e[i].size[0] = 2, e[i].size[1] = 3;
    struct ug_dataset *through = open_sound(e, 2), *resumed = open_sound(e, 2);
    struct ug_loader *all = training(through, 4, 5, 0, 20), *rest = training(resumed, 4, 5, 9, 20);
    for (int step = 0; step < 9; step++)
        next(all);
    for (int step = 9; step < 20; step++) {
        const struct ug_batch *a = next(all), *b = next(rest);
        for (int i = 0; i < 2; i++) {
            ck_assert_mem_eq(a->tensors[i].data, b->tensors[i].data, bytes_of(&a->tensors[i]));
            for (int j = 0; j < 4; j++)
                ck_assert_str_eq(a->origins[i][j], b->origins[i][j]);
        }
    }
    ug_loader_stop(all);
    ug_loader_stop(rest);
    ug_dataset_close(through);
    ug_dataset_close(resumed);
}
END_TEST

/* Paired entries see the same index, flip and crop; unpaired ones of one folder do not. */
START_TEST(pairs_go_in_step)
{
    const char *folder = write_numbered("f", 12, 9);
    struct ug_data_entry e[] = {entry_of("x1", UG_DATA_IMAGES, folder),
                                entry_of("x2", UG_DATA_IMAGES, folder),
                                entry_of("x3", UG_DATA_IMAGES, folder)};
    int same = 0;

    for (int i = 0; i < 3; i++)
        e[i].resize = 2, e[i].size[0] = 2, e[i].size[1] = 4;
    e[0].pair = "x2"; /* of an entry that comes later, and has the flip */
    e[1].flip = e[2].flip = true;
    e[1].range[0] = 0;
    struct ug_dataset *d = open_sound(e, 3);
    struct ug_loader *l = training(d, 4, 3, 0, 50);
    for (int step = 0; step < 50; step++) {
        const struct ug_batch *b = next(l);
        for (int64_t i = 0; i < 4 * 8; i++) {
            const float x1 = batch_value(b, 0, 0, i), x2 = batch_value(b, 1, 0, i);
            ck_assert_float_eq_tol((x1 + 1) / 2, x2, 1e-6f);
            same += x1 == batch_value(b, 2, 0, i);
        }
        ck_assert_str_eq(b->origins[0][2], b->origins[1][2]);
    }
    ck_assert_int_lt(same, 50 * 32 / 3);
    ug_loader_stop(l);
    ug_dataset_close(d);
}
END_TEST

/* Half of the pictures are flipped; crops start at each of the six places about equally often. */
START_TEST(flips_and_crops)
{
    enum { STEPS = 600 };
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, write_numbered("f", 1, 9));
    int flipped = 0, places[6] = {0};

    e.resize = 2, e.size[0] = 2, e.size[1] = 4, e.flip = true;
    struct ug_dataset *d = open_sound(&e, 1);
    struct ug_loader *l = training(d, 1, 11, 0, STEPS);
    for (int step = 0; step < STEPS; step++) {
        const struct ug_batch *b = next(l);
        const int first = level_of(batch_value(b, 0, 0, 0)),
                  last = level_of(batch_value(b, 0, 0, 3));
        const int left = (first < last ? first : last) / 10;
        ck_assert_int_eq(abs(first - last), 30);
        ck_assert(left >= 0 && left < 6);
        flipped += first > last;
        places[left]++;
    }
    ck_assert(abs(flipped - STEPS / 2) < 60);
    for (int i = 0; i < 6; i++)
        ck_assert(abs(places[i] - STEPS / 6) < 45);
    ug_loader_stop(l);
    ug_dataset_close(d);
}
END_TEST

/* Labels follow the shuffled pictures, and both halves of `invert: both`. */
START_TEST(labels_follow)
{
    char list[400] = "";

    write_numbered("f", 10, 1);
    for (int i = 0; i < 10; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "f/%02d.png %d\n", i, i);
    struct ug_data_entry e[] = {
        entry_of("y", UG_DATA_LABELS_OF, NULL),
        entry_of("x", UG_DATA_IMAGES, folder_write("l.txt", list, strlen(list)))};
    e[0].of = "x";
    e[1].invert = UG_INVERT_BOTH;
    struct ug_dataset *d = open_sound(e, 2);
    ck_assert_int_eq(ug_dataset_largest(d), 20);
    struct ug_loader *l = training(d, 5, 3, 0, 8);
    int seen[20] = {0};
    for (int step = 0; step < 8; step++) {
        const struct ug_batch *b = next(l);
        for (int j = 0; j < 5; j++) {
            const int level = level_of(batch_value(b, 1, j, 0));
            const int64_t label = ((const int64_t *)b->tensors[0].data)[j];
            ck_assert(level == label || level == 255 - label);
            seen[level == label ? label : 10 + label]++;
        }
    }
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(seen[i], 2);
    ug_loader_stop(l);
    ug_dataset_close(d);
}
END_TEST

/* A picture comes out with the same bits when it is decoded and when it was kept. */
START_TEST(kept_pictures_are_the_same)
{
    struct ug_data_entry e[] = {entry_of("x", UG_DATA_SYNTHETIC, NULL),
                                entry_of("r", UG_DATA_IMAGES, write_numbered("f", 4, 9))};
    enum { BYTES = 4 * 3 * 20 * 20 * sizeof(float) };
    static float first[2][BYTES / sizeof(float)];

    e[0].scene = "hills", e[0].domain = "day", e[0].count = 4;
    e[0].size[0] = e[0].size[1] = e[1].size[0] = e[1].size[1] = 20;
    e[1].channels = 3;
    struct ug_dataset *d = open_sound(e, 2);
    struct ug_loader *l = ug_loader_start(d, UG_DRAW_IN_ORDER, 4, 0, 0, 8, diags);
    const struct ug_batch *b = next(l);
    for (int i = 0; i < 2; i++)
        memcpy(first[i], b->tensors[i].data, BYTES);
    b = next(l);
    for (int i = 0; i < 2; i++)
        ck_assert_mem_eq(first[i], b->tensors[i].data, BYTES);
    ug_loader_stop(l);
    ug_dataset_close(d);
}
END_TEST

START_TEST(in_order)
{
    write_numbered("a", 3, 1);
    write_numbered("b", 5, 1);
    struct ug_data_entry e[] = {entry_of("x1", UG_DATA_IMAGES, folder_file("a")),
                                entry_of("x2", UG_DATA_IMAGES, folder_file("b"))};
    struct ug_dataset *d = open_sound(e, 2);
    struct ug_loader *l = ug_loader_start(d, UG_DRAW_IN_ORDER, 3, 0, 1, 5, diags);
    const struct ug_batch *b = next(l);

    ck_assert_str_eq(b->names[1], "x2");
    ck_assert_int_eq(b->tensors[1].shape.dim[0], 3);
    for (int j = 0; j < 3; j++) {
        ck_assert_int_eq(level_of(batch_value(b, 0, j, 0)), (1 + j) % 3);
        ck_assert_int_eq(level_of(batch_value(b, 1, j, 0)), 1 + j);
    }
    b = next(l);
    ck_assert_int_eq(b->tensors[0].shape.dim[0], 1);
    ck_assert_int_eq(level_of(batch_value(b, 1, 0, 0)), 4);
    ck_assert_ptr_null(ug_loader_next(l, diags));
    ug_loader_stop(l);
    ug_dataset_close(d);
}
END_TEST

/* ---- What breaks after opening ---- */

START_TEST(broken_while_running)
{
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, write_numbered("f", 10, 1));

    e.shuffle = false;
    struct ug_dataset *d = open_sound(&e, 1);
    unlink(folder_file("f/06.png"));
    struct ug_loader *l = training(d, 2, 1, 0, 100);
    for (int step = 0; step < 3; step++)
        next(l);
    for (int again = 0; again < 2; again++) {
        ck_assert_ptr_null(ug_loader_next(l, diags));
        expect_message("f/06.png': No such file");
    }
    ug_loader_stop(l);
    ug_dataset_close(d);
}
END_TEST

/* The header is sound, the rest is missing: found when it is read, left out, counted once. */
START_TEST(skipped_while_running)
{
    write_numbered("a", 6, 16);
    write_numbered("b", 6, 16);
    ck_assert_int_eq(truncate(folder_file("a/02.png"), 45), 0);
    ck_assert_int_eq(truncate(folder_file("b/04.png"), 45), 0);
    struct ug_data_entry e[] = {entry_of("x1", UG_DATA_IMAGES, folder_file("a")),
                                entry_of("x2", UG_DATA_IMAGES, folder_file("b"))};
    e[0].skip_broken = e[1].skip_broken = true;
    e[1].pair = "x1";
    for (int64_t first = 0; first < 10; first += 9) {
        struct ug_dataset *d = open_sound(e, 2);
        struct ug_loader *l = training(d, 3, 4, first, 40);
        int seen[6] = {0};
        for (int64_t step = first; step < 40; step++) {
            const struct ug_batch *b = next(l);
            for (int j = 0; j < 3; j++) {
                const int v = level_of(batch_value(b, 0, j, 0));
                ck_assert_int_eq(v, level_of(batch_value(b, 1, j, 0)));
                seen[v]++;
            }
        }
        ck_assert(seen[2] == 0 && seen[4] == 0 && seen[0] > 0 && seen[5] > 0);
        ck_assert_int_eq(ug_dataset_skipped(d), 2);
        ug_loader_stop(l);
        ug_dataset_close(d);
    }
}
END_TEST

/* The header is not even one: left out from the start, and each of the others is there once. */
START_TEST(skipped_from_the_start)
{
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, write_numbered("f", 6, 1));
    int seen[6] = {0};

    e.skip_broken = true;
    folder_write("f/03.png", "text", 4);
    struct ug_dataset *d = open_sound(&e, 1);
    struct ug_loader *l = training(d, 1, 1, 0, 5);
    for (int step = 0; step < 5; step++)
        seen[level_of(batch_value(next(l), 0, 0, 0))]++;
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(seen[i], i != 3);
    ug_loader_stop(l);
    ug_dataset_close(d);
}
END_TEST

START_TEST(all_broken_while_running)
{
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, write_numbered("f", 2, 16));

    e.skip_broken = true;
    truncate(folder_file("f/00.png"), 45);
    truncate(folder_file("f/01.png"), 45);
    struct ug_dataset *d = open_sound(&e, 1);
    struct ug_loader *l = training(d, 2, 1, 0, 3);
    ck_assert_ptr_null(ug_loader_next(l, diags));
    ck_assert_uint_eq(ug_diags_errors(diags), 1);
    ug_loader_stop(l);
    ug_dataset_close(d);
}
END_TEST

START_TEST(stopping_early)
{
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, write_numbered("f", 4, 1));
    struct ug_dataset *d = open_sound(&e, 1);

    for (int taken = 0; taken < 8; taken++) {
        struct ug_loader *l = training(d, 2, 1, 0, 1000000);
        for (int i = 0; i < taken; i++)
            next(l);
        ck_assert(ug_loader_waited(l) >= 0);
        ug_loader_stop(l);
    }
    struct ug_loader *none = training(d, 2, 1, 5, 5);
    ck_assert_ptr_null(ug_loader_next(none, diags));
    ug_loader_stop(none);
    ck_assert_uint_eq(ug_diags_errors(diags), 0);
    ug_dataset_close(d);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("loader");
    TCase *t = tcase_create("batches");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, order_is_a_permutation);
    tcase_add_test(t, orders_are_equally_likely);
    tcase_add_test(t, epochs);
    tcase_add_test(t, unshuffled);
    tcase_add_test(t, resuming);
    tcase_add_test(t, pairs_go_in_step);
    tcase_add_test(t, flips_and_crops);
    tcase_add_test(t, labels_follow);
    tcase_add_test(t, kept_pictures_are_the_same);
    tcase_add_test(t, in_order);
    tcase_add_test(t, broken_while_running);
    tcase_add_test(t, skipped_while_running);
    tcase_add_test(t, skipped_from_the_start);
    tcase_add_test(t, all_broken_while_running);
    tcase_add_test(t, stopping_early);
    suite_add_tcase(s, t);
    return s;
}
