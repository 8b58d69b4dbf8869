/* SPDX-License-Identifier: Apache-2.0 */

/* Reads Prometheus's JSON answers: {"status": "success", "data": {...}}. Whatever is not exactly
 * what is looked for is no answer; the size is bounded by the client, the depth by jansson. */

#include "prometheus/info.h"

#include "base/compiler.h"

#include <jansson.h>

#include <ctype.h>
#include <errno.h>

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)

/* The first and the last year whose every instant is an int64 of nanoseconds since 1970. */
enum {
    YEAR_FIRST = 1970,
    YEAR_LAST = 2261
};

static void json_releasep(json_t **json) {
    json_decref(*json);
}

/* The answer's tree, of which *ret_data is the object under "data"; NULL when it is none. */
static json_t *answer_parse(struct bytes answer, const json_t **ret_data) {
    json_t *root = NULL;
    const char *status = NULL;
    const json_t *data = NULL;

    if (answer.length > 0) {
        root = json_loadb(answer.data, answer.length, JSON_REJECT_DUPLICATES, NULL);
    }
    status = json_string_value(json_object_get(root, "status"));
    data = json_object_get(root, "data");
    if (status == NULL || strcmp(status, "success") != 0 || !json_is_object(data)) {
        json_decref(root);
        return NULL;
    }
    *ret_data = data;
    return root;
}

static struct bytes json_text(const json_t *string) {
    return (struct bytes){json_string_value(string), json_string_length(string)};
}

static bool is_printable_word(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return text.length > 0;
}

int buildinfo_version(struct bytes answer, char *ret_version, size_t size) {
    const json_t *data = NULL;
    CLEANUP(json_releasep) json_t *root = answer_parse(answer, &data);

    if (root == NULL) {
        return -EINVAL;
    }
    struct bytes version = json_text(json_object_get(data, "version"));
    if (!is_printable_word(version) || version.length >= size) {
        return -EINVAL;
    }
    memcpy(ret_version, version.data, version.length);
    ret_version[version.length] = '\0';
    return 0;
}

/* Takes exactly count digits off the front of *text. */
static bool take_digits(struct bytes *text, size_t count, int64_t *ret) {
    int64_t value = 0;

    if (text->length < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!isdigit((unsigned char)text->data[i])) {
            return false;
        }
        value = value * 10 + (text->data[i] - '0');
    }
    *text = bytes_slice(*text, count, text->length);
    *ret = value;
    return true;
}

static bool take_char(struct bytes *text, char character) {
    if (text->length == 0 || text->data[0] != character) {
        return false;
    }
    *text = bytes_slice(*text, 1, text->length);
    return true;
}

/* ".123456789": any number of digits, those beyond nanoseconds are cut. Absent: 0. */
static bool take_fraction(struct bytes *text, int64_t *ret_nanoseconds) {
    int64_t unit = NANOSECONDS_PER_SECOND;
    int64_t nanoseconds = 0;
    int64_t digit = 0;
    size_t count = 0;

    if (take_char(text, '.')) {
        for (; take_digits(text, 1, &digit); count++) {
            unit /= 10;
            nanoseconds += digit * unit;
        }
        if (count == 0) {
            return false;
        }
    }
    *ret_nanoseconds = nanoseconds;
    return true;
}

/* "Z" or "+02:00". */
static bool take_offset(struct bytes *text, int64_t *ret_seconds) {
    int64_t sign = 1;
    int64_t hours = 0;
    int64_t minutes = 0;

    if (take_char(text, 'Z') || take_char(text, 'z')) {
        *ret_seconds = 0;
        return true;
    }
    if (take_char(text, '-')) {
        sign = -1;
    } else if (!take_char(text, '+')) {
        return false;
    }
    if (!take_digits(text, 2, &hours) || !take_char(text, ':') || !take_digits(text, 2, &minutes) ||
        hours > 23 || minutes > 59) {
        return false;
    }
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar, for years from 1970. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day) {
    static const int days_before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t before = year - 1; /* full years */
    int64_t days = before * 365 + before / 4 - before / 100 + before / 400;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    days += days_before_month[month - 1] + (leap && month > 2 ? 1 : 0) + day - 1;
    return days - 719162; /* of the years 1 to 1969 */
}

/* RFC 3339, section 5.6. */
static int time_parse(struct bytes text, int64_t *ret_nanoseconds) {
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    int64_t fraction = 0;
    int64_t offset = 0;

    if (!take_digits(&text, 4, &year) || !take_char(&text, '-') || !take_digits(&text, 2, &month) ||
        !take_char(&text, '-') || !take_digits(&text, 2, &day)) {
        return -EINVAL;
    }
    if (!take_char(&text, 'T') && !take_char(&text, 't')) {
        return -EINVAL;
    }
    if (!take_digits(&text, 2, &hour) || !take_char(&text, ':') ||
        !take_digits(&text, 2, &minute) || !take_char(&text, ':') ||
        !take_digits(&text, 2, &second) || !take_fraction(&text, &fraction) ||
        !take_offset(&text, &offset) || text.length > 0) {
        return -EINVAL;
    }
    /* A leap second is a 60th. */
    if (year < YEAR_FIRST || year > YEAR_LAST || month < 1 || month > 12 || day < 1 || day > 31 ||
        hour > 23 || minute > 59 || second > 60) {
        return -EINVAL;
    }
    int64_t seconds =
        days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *ret_nanoseconds = (seconds - offset) * NANOSECONDS_PER_SECOND + fraction;
    return 0;
}

int runtimeinfo_reload(struct bytes answer, bool *ret_success,
                       int64_t *ret_last_config_nanoseconds) {
    const json_t *data = NULL;
    CLEANUP(json_releasep) json_t *root = answer_parse(answer, &data);
    int64_t nanoseconds = 0;

    if (root == NULL) {
        return -EINVAL;
    }
    const json_t *success = json_object_get(data, "reloadConfigSuccess");
    struct bytes time = json_text(json_object_get(data, "lastConfigTime"));
    if (!json_is_boolean(success) || time_parse(time, &nanoseconds) != 0) {
        return -EINVAL;
    }
    *ret_success = json_is_true(success);
    *ret_last_config_nanoseconds = nanoseconds;
    return 0;
}

int runtimeinfo_start(struct bytes answer, int64_t *ret_nanoseconds) {
    const json_t *data = NULL;
    CLEANUP(json_releasep) json_t *root = answer_parse(answer, &data);

    if (root == NULL) {
        return -EINVAL;
    }
    return time_parse(json_text(json_object_get(data, "startTime")), ret_nanoseconds);
}
