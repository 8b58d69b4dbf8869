/* SPDX-License-Identifier: Apache-2.0 */

/* The optimal string alignment distance: insertions, deletions, replacements, and swaps of two
 * neighbours, each 1. */

#include "base/nearest.h"

#include <stdint.h>

enum {
    LONGEST_NAME = 96,
    LARGEST_DISTANCE = 4
};

static char lower(char character) {
    return character >= 'A' && character <= 'Z' ? (char)(character | 0x20) : character;
}

static size_t smaller(size_t left, size_t right) {
    return left < right ? left : right;
}

/* One row of the table: distances between the first i characters of left and each beginning of
 * right. */
static void distance_row(struct bytes left, size_t i, struct bytes right, const size_t *before_last,
                         const size_t *last, size_t *row) {
    row[0] = i;
    for (size_t j = 1; j <= right.length; j++) {
        char a = lower(left.data[i - 1]);
        char b = lower(right.data[j - 1]);
        size_t best = smaller(smaller(last[j], row[j - 1]) + 1, last[j - 1] + (a != b));
        if (i > 1 && j > 1 && a == lower(right.data[j - 2]) && lower(left.data[i - 2]) == b) {
            best = smaller(best, before_last[j - 2] + 1);
        }
        row[j] = best;
    }
}

static size_t distance_between(struct bytes left, struct bytes right) {
    size_t rows[3][LONGEST_NAME + 1] = {0};

    for (size_t j = 0; j <= right.length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= left.length; i++) {
        distance_row(left, i, right, rows[(i + 1) % 3], rows[(i + 2) % 3], rows[i % 3]);
    }
    return rows[left.length % 3][right.length];
}

struct nearest nearest_to(struct bytes wanted) {
    return (struct nearest){.wanted = wanted, .best = NULL, .distance = SIZE_MAX};
}

void nearest_offer(struct nearest *nearest, const char *candidate) {
    struct bytes wanted = nearest->wanted;
    struct bytes name = bytes_of(candidate);

    if (name.length > LONGEST_NAME || wanted.length > LONGEST_NAME) {
        return;
    }
    size_t longer = name.length > wanted.length ? name.length : wanted.length;
    size_t allowed = smaller(longer / 3, LARGEST_DISTANCE);
    size_t distance = distance_between(wanted, name);
    if (distance <= allowed && distance < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}
