/* Any text as an expression: parsed, and evaluated where only quantities stand in it. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/model/quantity.h"
#include "tests/fuzz/fuzz.h"

static const char variables[] = "n: 4\nsize: [64, 48]\nlambda: {gan: 10, kl: 0.1}\nword: reflect\n";

static void parse(struct ug_arena *a, struct ug_diags *diags, const char *text, size_t n)
{
    const struct ug_source source = {"fuzz.yaml", text, n};
    struct ug_yaml scalar = {.kind = UG_YAML_SCALAR,
                             .pos = {&source, 1, 1},
                             .end = n,
                             .plain = true,
                             .text = text,
                             .length = n,
                             .folder = ""};
    struct ug_yaml equation = scalar;
    struct ug_yaml *vars =
        ug_yaml_read_text(a, diags, "vars.yaml", "", variables, sizeof variables - 1);
    struct ug_eval e = {.arena = a,
                        .diags = diags,
                        .scope = &ug_vars_scope,
                        .context = ug_vars_new(a, diags, vars)};
    const struct ug_expr *left, *right;
    struct ug_quantity value;

    ug_evaluate_yaml(&e, &scalar, &value);
    ug_expr_parse_equation(a, diags, &equation, &left, &right);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ug_arena *a = ug_arena_new();
    struct ug_diags *diags = ug_diags_new();
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    parse(a, diags, ug_arena_copy(a, (const char *)bytes, n), n);
    ug_diags_print(diags, out, 0);
    fclose(out);
    free(text);
    ug_diags_free(diags);
    ug_arena_free(a);
    return 0;
}

void fuzz_seeds(void)
{
    static const char *const expressions[] = {
        "lambda.gan * mse_loss(D1(fake_x1), 1)",
        "-n ** -2 + 7 // 2 % 3 / 4 - 1e-4",
        "a if n < 3 and not n == 4 or 1 >= 2 else [1, 2.5, \"text\"]",
        "x[:, 0: 3][-1]",
        "size[0] * 2",
        "min(n, 3) + max(1, 2) - abs(-1) + len(size) + int(2.5) + round(0.5)",
        "range(3)[1:]",
        "sqrt(2) * log(3) + exp(1) + floor(1.5) + ceil(1.2)",
        "last(E1.res, shared) = last(E2.res, shared)",
        "E1.res[1:3] = E2.res[0:2]",
        "conv2d(features, 3, padding=1, padding_mode=reflect)",
        "((((1))))",
        "[[1, [2]], [3]]",
        "1 != 2",
        "total(outs.feat) * 0x10",
        "größe + \"\\\"\"",
    };

    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
        fuzz_seed_text(expressions[i]);
}
