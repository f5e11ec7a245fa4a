/* Plays the part of an object file with a faulty program: its code calls a function of the runtime with a descriptor that
   makes it panic. `fault.h` has the image. */
#include "fault.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

extern int32_t ndc_runtime_call(const void *program, const void *const *inputs, void *const *outputs);
extern const char *ndc_error_message(void);

typedef int64_t strips(const void *const *, void *const *, void *, uint64_t, uint64_t, void *);
typedef int64_t divided_strips(const void *, strips *, const void *const *, void *const *, void *, void *);

static const void *table[2];
static int panics;

static int64_t nothing(const void *const *in, void *const *out, void *space, uint64_t from, uint64_t to, void *scratch) {
    (void)in, (void)out, (void)space, (void)from, (void)to, (void)scratch;
    return 0;
}

static int64_t entry(const void *const *inputs, void *const *outputs, void *space) {
    if (panics) {
        divided_strips *call;
        memcpy(&call, &table[0], sizeof call);
        int64_t status = call(table[1], nothing, inputs, outputs, space, space);
        /* Code that does not look at the status goes on: the call fails nevertheless. */
        if (panics == 1) return status;
    }
    *(double *)outputs[0] = 7;
    return 0;
}

static struct {
    int64_t (*entry)(const void *const *, void *const *, void *);
    const void **table;
    const unsigned char *image;
    uint64_t image_bytes;
    void *loaded;
} program = {entry, table, image, sizeof image, NULL};

int main(void) {
    double value = 0;
    void *outputs[1] = {&value};
    for (int round = 0; round < 3; round++) {
        for (panics = 1; panics <= 2; panics++) {
            int32_t status = ndc_runtime_call(&program, NULL, outputs);
            if (status != 4 || strcmp(ndc_error_message(), "faulty: a function of the runtime panicked: this is a fault of ndc")) {
                fprintf(stderr, "status %d: %s\n", (int)status, ndc_error_message());
                return 1;
            }
        }
        panics = 0;
        if (ndc_runtime_call(&program, NULL, outputs) != 0 || value != 7) return 2;
    }
    return 0;
}
