/* client.c -- the installed library in a program of its own: a picture through a trained network. */
#include <stdio.h>
#include <unitgraph/unitgraph.h>

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s RUN NAME IN OUT\n", argv[0]);
        return 2;
    }
    const struct ug_translate_options options = {
        .run = argv[1], .name = argv[2], .in = argv[3], .out = argv[4], .step = -1, .seed = -1};
    struct ug_diags *diags = ug_diags_new();

    ug_set_threads(1);
    const enum ug_status status = ug_translate(&options, diags);
    ug_diags_print(diags, stderr, 0);
    ug_diags_free(diags);
    return status;
}
