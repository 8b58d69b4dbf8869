/* SPDX-License-Identifier: Apache-2.0 */

/* The queue of effects. */

#include "base/memory.h"
#include "controller/machine.h"

#include <stdlib.h>

struct effect *effect_add(struct controller *controller, enum effect_kind kind) {
    struct effect_queue *queue = &controller->effects;

    if (queue->first > 0 && queue->first == queue->count) {
        queue->first = 0;
        queue->count = 0;
    }
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 16 : queue->capacity * 2;
        queue->items = memory_resize(queue->items, queue->capacity, sizeof(*queue->items));
    }
    struct effect *effect = &queue->items[queue->count++];
    *effect = (struct effect){.kind = kind, .retry_in = CONTROLLER_NO_RETRY};
    return effect;
}

void effect_publish(struct controller *controller, struct form_set *set, bool rolls_back,
                    enum publish_next next) {
    struct effect *effect = effect_add(controller, EFFECT_PUBLISH);

    effect->set = set;
    effect->rolls_back = rolls_back;
    effect->next = next;
}

struct effect *effect_report(struct controller *controller, enum report_kind report) {
    struct effect *effect = effect_add(controller, EFFECT_REPORT);

    effect->report = report;
    return effect;
}

void effect_report_words(struct controller *controller, enum report_kind report,
                         const char *words) {
    effect_report(controller, report)->words = memory_string(words);
}

void effect_release(struct effect *effect) {
    form_set_freep(&effect->set);
    memory_freep(&effect->words);
    effect->words = NULL;
}

void effects_free(struct effect_queue *queue) {
    for (size_t i = queue->first; i < queue->count; i++) {
        effect_release(&queue->items[i]);
    }
    free(queue->items);
}

bool effect_take(struct controller *controller, struct effect *ret) {
    struct effect_queue *queue = &controller->effects;

    if (queue->first == queue->count) {
        return false;
    }
    *ret = queue->items[queue->first++];
    return true;
}
