/* Prints the bits of values and gradients, for the test to compare, and tries what is not allowed. */
#include "model.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell(const char *name, const double *values, int count) {
    for (int i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], 8);
        printf("%s %016" PRIx64 "\n", name, bits);
    }
}

static void check(int32_t status) {
    if (status != 0) {
        fprintf(stderr, "status %d: %s\n", status, model_error_message());
        exit(1);
    }
}

static void fails(int32_t status, int32_t expected, const char *words) {
    if (status != expected || strstr(model_error_message(), words) == NULL) {
        fprintf(stderr, "status %d, not %d: %s\n", status, expected, model_error_message());
        exit(1);
    }
}

static double v[5000];

static void *many(void *sum) {
    double value, first = 0;
    double *slope = malloc(sizeof v);
    for (int i = 0; i < 200; i++) {
        check(model_energy_value_and_gradient(v, &value, slope));
        if (i == 0) first = value;
        if (value != first) exit(2);
    }
    free(slope);
    *(double *)sum = first;
    return NULL;
}

int main(void) {
    double x[16], y[4] = {1.0, -2.0, 0.5, 3.0}, w[3] = {0.3, -0.7, 1.1};
    for (int i = 0; i < 12; i++) x[i] = i * 0.25 - 1.0;
    double value, other, gradient[3];
    check(model_loss_value_and_gradient(x, y, w, &value, gradient));
    check(model_loss(x, y, w, &other));
    if (value != other) return 3;
    tell("loss", &value, 1);
    tell("gradient", gradient, 3);

    for (int i = 0; i < 5000; i++) v[i] = i / 1000.0 - 2.5;
    static double slope[5000];
    check(model_energy_value_and_gradient(v, &value, slope));
    tell("energy", &value, 1);
    double some[3] = {slope[0], slope[1234], slope[4999]};
    tell("slope", some, 3);

    double scaled[3];
    check(model_scaled_value_and_gradient(0.7, -3.0, &scaled[0], &scaled[1], &scaled[2]));
    tell("scaled", scaled, 3);

    double matrix[9] = {4.0, 1.0, 0.5, 1.0, 3.0, -1.0, 0.5, -1.0, 5.0}, solution[3];
    check(model_roots(matrix, w, solution));
    tell("roots", solution, 3);
    double pair[2] = {1.5, 2.5};
    check(model_predict(pair, &value));
    tell("predict", &value, 1);

    double sums[2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, many, &sums[i]);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    check(model_energy(v, &value));
    if (sums[0] != value || sums[1] != value) return 4;

    check(model_truth(true, pair, &value));
    if (value != 4.0) return 5;
    double table[4] = {1, 2, 3, 4};
    check(model_pick(table, 3, &value));
    if (value != 4.0) return 6;
    int64_t number;
    check(model_whole(6, 7, &number));
    if (number != 43) return 7;

    fails(model_pick(table, 4, &value), 1, "pick: an index is outside its axis at");
    fails(model_pick(table, -1, &value), 1, "model.nd:9:");
    fails(model_whole(INT64_MAX, 2, &number), 1, "whole: an integer overflows");
    fails(model_loss(NULL, y, w, &value), 2, "loss: the pointer `x` is null");
    fails(model_loss(x, y, w, NULL), 2, "loss: the pointer `value` is null");
    fails(model_loss((const double *)(const void *)((const char *)x + 1), y, w, &value), 2, "`x` is not aligned");
    return 0;
}
