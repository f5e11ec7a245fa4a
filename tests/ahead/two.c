/* Two models with functions of one name. */
#include "first.h"
#include "second.h"
#include <string.h>

int main(void) {
    double value;
    if (first_f(5, &value) != 0 || value != 10) return 1;
    if (second_f(5, &value) != 0 || value != 15) return 2;
    if (first_f(5, 0) != 2 || strcmp(first_error_message(), second_error_message()) != 0) return 3;
    return 0;
}
