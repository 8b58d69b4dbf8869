/* SPDX-License-Identifier: Apache-2.0 */
/* Prometheus versions: read, compared, written. */

#include "spec/version.h"

#include "base/number.h"

#include <errno.h>
#include <limits.h>

/* Takes the digits at *at; -EINVAL when there are none or too many. */
static int take_number(struct bytes text, size_t *at, unsigned *ret) {
    size_t end = *at;
    int64_t number;

    while (end < text.length && text.data[end] >= '0' && text.data[end] <= '9')
        end++;
    if (end == *at || number_parse(bytes_slice(text, *at, end), &number) < 0 || number > INT_MAX)
        return -EINVAL;

    *at = end;
    *ret = (unsigned)number;
    return 0;
}

int version_parse(struct bytes text, struct version *ret) {
    struct version version = {0};
    size_t at = text.length > 0 && text.data[0] == 'v' ? 1 : 0;

    if (take_number(text, &at, &version.major) < 0)
        return -EINVAL;
    if (at >= text.length || text.data[at] != '.')
        return -EINVAL;
    at++;
    if (take_number(text, &at, &version.minor) < 0)
        return -EINVAL;
    if (at < text.length && text.data[at] == '.') {
        at++;
        if (take_number(text, &at, &version.patch) < 0)
            return -EINVAL;
    }
    /* "-rc.1", "+ds", "~deb12u1": a build of that version */
    if (at < text.length && text.data[at] != '-' && text.data[at] != '+' && text.data[at] != '~')
        return -EINVAL;
    if (!version_is_set(version))
        return -EINVAL;

    *ret = version;
    return 0;
}

static int compare(unsigned left, unsigned right) {
    return (left > right) - (left < right);
}

int version_compare(struct version left, struct version right) {
    int order = compare(left.major, right.major);

    if (order == 0)
        order = compare(left.minor, right.minor);
    if (order == 0)
        order = compare(left.patch, right.patch);
    return order;
}

bool version_is_set(struct version version) {
    return version.major != 0 || version.minor != 0 || version.patch != 0;
}

void version_format(struct version version, struct buffer *out) {
    buffer_printf(out, "%u.%u.%u", version.major, version.minor, version.patch);
}
