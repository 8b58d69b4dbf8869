/* SPDX-License-Identifier: Apache-2.0 */
/* Version gates that reject a RemoteWrite. Which fields they guard, and why, is said in the schema
 * table. */

#include "spec/gates.h"

static const char remedy[] = "upgrade Prometheus, or do without it";

static void check_word(struct scope *scope, const struct value *value, struct version version) {
    struct version since = value->as.word->since;

    if (!version_is_set(since) || version_compare(version, since) >= 0)
        return;
    scope_report(scope, SEVERITY_ERROR, value->node, value->path, remedy,
                 "%s needs Prometheus %u.%u, this one is %u.%u", value->as.word->word, since.major,
                 since.minor, version.major, version.minor);
}

/* Whether a Prometheus that does not know the field does what the value asks for all the same. */
static bool asks_for_nothing(const struct value *value) {
    const unsigned flags = value->field->flags;

    switch (value->field->type) {
    case FIELD_BOOL:
        return (flags & FIELD_TRUE_IS_ABSENT) != 0 && value->as.boolean;
    case FIELD_STRING:
        return (flags & FIELD_EMPTY_IS_ABSENT) != 0 && value->as.text.length == 0;
    case FIELD_STRING_MAP:
        return value->as.map.count == 0;
    case FIELD_OBJECT:
        return (flags & FIELD_EMPTY_IS_ABSENT) != 0 && object_is_empty(value->as.object);
    default:
        return false;
    }
}

static void check_field(struct scope *scope, const struct value *value, struct version version) {
    const struct field *field = value->field;

    if ((field->flags & FIELD_NEVER_LEFT_OUT) == 0 || asks_for_nothing(value))
        return;
    scope_report(scope, SEVERITY_ERROR, value->node, value->path, remedy,
                 "needs Prometheus %u.%u, this one is %u.%u: %s", field->since.major,
                 field->since.minor, version.major, version.minor, field->loss);
}

void gates_check(struct scope *scope, const struct object *spec, struct version version) {
    for (size_t i = 0; i < spec->schema->count; i++) {
        const struct value *value = spec->values[i];

        if (value == NULL)
            continue;
        if (!field_known_by(value->field, version)) {
            check_field(scope, value, version);
            continue; /* what is inside goes with it */
        }
        if (value->field->type == FIELD_OBJECT)
            gates_check(scope, value->as.object, version);
        else if (value->field->type == FIELD_ENUM)
            check_word(scope, value, version);
        for (size_t j = 0; value->field->type == FIELD_OBJECT_LIST && j < value->as.objects.count;
             j++)
            gates_check(scope, value->as.objects.items[j], version);
    }
}
