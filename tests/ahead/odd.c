/* Calls from odd places: named by the argument of the program. Ends with 0 when every call did what it must. */
#include "odd.h"
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double v[200000], slope[200000], a[90000], c[90000], big[490000], m[144], b[12];
static double energy, entry;

static void need(int condition, const char *what, const char *where) {
    if (!condition) {
        fprintf(stderr, "%s: %s: %s\n", where, what, odd_error_message());
        _exit(1);
    }
}

/* The calls that use memory and other threads, with the results of the first time. */
static void all(const char *where) {
    double value;
    int64_t at;
    need(odd_energy_value_and_gradient(v, &value, slope) == 0 && value == energy, "energy", where);
    need(odd_product(a, a, c) == 0 && c[777] == entry, "product", where);
    need(odd_solution(m, b, c) == 0 && fabs(c[5] - 0.5) < 1e-12, "solution", where);
    need(odd_greatest(v, &at) == 0 && at == 69999, "greatest", where);
    need(odd_product(NULL, a, c) == 2, "null pointer", where);
    need(strlen(odd_error_message()) > 10, "message", where);
}

static void late(void) { all("at the end of the process"); }
static void destroyed(void *unused) { (void)unused, all("at the end of a thread"); }
static pthread_key_t key;

static void *thread(void *where) {
    all(where);
    return NULL;
}

static void *ending(void *where) {
    pthread_setspecific(key, where);
    all(where);
    return NULL;
}

static void on(void *(*work)(void *), const char *where, size_t stack) {
    pthread_attr_t how;
    pthread_t made;
    pthread_attr_init(&how);
    if (stack > 0) need(pthread_attr_setstacksize(&how, stack) == 0, "stack", where);
    need(pthread_create(&made, &how, work, (void *)where) == 0, "thread", where);
    pthread_join(made, NULL);
}

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "";
    for (int i = 0; i < 200000; i++) v[i] = i * 1e-5;
    for (int i = 0; i < 90000; i++) a[i] = (i % 97) * 0.125;
    for (int i = 0; i < 12; i++) m[13 * i] = 4, b[i] = 2;
    double value;
#ifdef __linux__
    if (strcmp(what, "memory") == 0) {
        struct rlimit limit;
        getrlimit(RLIMIT_AS, &limit);
        long pages = 0;
        FILE *file = fopen("/proc/self/statm", "r");
        need(file != NULL && fscanf(file, "%ld", &pages) == 1, "statm", what);
        fclose(file);
        rlim_t before = limit.rlim_cur;
        limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (4 << 20);
        setrlimit(RLIMIT_AS, &limit);
        need(odd_large(big, &value) == 1, "status", what);
        need(strstr(odd_error_message(), "large: there is no memory for") != NULL, "message", what);
        limit.rlim_cur = before;
        setrlimit(RLIMIT_AS, &limit);
        need(odd_large(big, &value) == 0 && value == 0, "afterwards", what);
    }
#endif
    need(odd_energy(v, &energy) == 0 && odd_product(a, a, c) == 0, "at first", what);
    entry = c[777];
    if (strcmp(what, "exit") == 0) atexit(late);
    if (strcmp(what, "stack") == 0) on(thread, "on a small stack", 128 << 10);
    if (strcmp(what, "ending") == 0) {
        pthread_key_create(&key, destroyed);
        on(ending, "on a thread", 0);
    }
    if (strcmp(what, "fork") == 0) {
        pid_t child = fork();
        if (child == 0) {
            for (int i = 0; i < 20; i++) all("in the child");
            on(thread, "on a thread of the child", 0);
            _exit(0);
        }
        int status = 1;
        waitpid(child, &status, 0);
        need(status == 0, "child", what);
    }
    if (strcmp(what, "shapes") == 0) {
        double none[1], one, other, pair[2], at[2] = {1, 2};
        int64_t twice;
        bool more;
        need(odd_nothing(&value) == 0 && value == 3, "nothing", what);
        need(odd_empty(NULL, NULL, &value, NULL, &other, NULL) == 0 && value == 0 && other == 1, "empty", what);
        need(odd_empty(none, none, &value, none, &other, none) == 0 && value == 0 && other == 1, "empty", what);
        need(odd_parts(at, 4, false, pair, &twice, &more) == 0, "parts", what);
        need(pair[1] == 4 && twice == 8 && more, "parts", what);
        need(odd_parts(at, INT64_MAX, true, pair, &twice, &more) == 1, "overflow", what);
        need(strstr(odd_error_message(), "odd.nd:18:") != NULL, "place", what);
        need(odd_words(1, 2, 3, 4, 5, 6, 7, &one) == 0 && one == 28, "words", what);
        v[3] = NAN, v[4] = INFINITY;
        need(odd_energy_value_and_gradient(v, &value, slope) == 0 && isnan(value) && isnan(slope[3]), "NaN", what);
        need(slope[5] == slope[5], "other slopes", what);
        return 0;
    }
    all("afterwards");
    return 0;
}
