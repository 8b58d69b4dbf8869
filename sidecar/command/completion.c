/* SPDX-License-Identifier: Apache-2.0 */

/* Shell completion and the man page. */

#include "command/completion.h"

#include "command/version.h"
#include "options/options.h"

void completion_candidates(struct buffer *out) {
    for (size_t i = 0; i < option_count; i++) {
        buffer_printf(out, "--%s\n", options[i].flag);
        if (options[i].alias != NULL) {
            buffer_printf(out, "--%s\n", options[i].alias);
        }
        if (options[i].type == OPTION_BOOL) {
            buffer_printf(out, "--no-%s\n", options[i].flag);
        }
    }
    buffer_append_string(out, "--help\n--version\n--short-version\n");
}

void completion_bash(const char *name, struct buffer *out) {
    buffer_printf(out,
                  "_remotewrite_sidecar_complete() {\n"
                  "    COMPREPLY=($(compgen -W \"$(\"${COMP_WORDS[0]}\" --completion-bash)\" -- "
                  "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
                  "}\n"
                  "complete -F _remotewrite_sidecar_complete -o default %s\n",
                  name);
}

void completion_zsh(const char *name, struct buffer *out) {
    buffer_printf(out,
                  "#compdef %s\n"
                  "_remotewrite_sidecar_complete() {\n"
                  "    compadd -- ${(f)\"$(${words[1]} --completion-bash)\"}\n"
                  "}\n"
                  "compdef _remotewrite_sidecar_complete %s\n",
                  name, name);
}

/* Text for roff: a backslash and a line's leading '.' or '\'' would be commands. */
static void append_roff(struct buffer *out, const char *text) {
    if (text[0] == '.' || text[0] == '\'') {
        buffer_append_string(out, "\\&");
    }
    for (; *text != '\0'; text++) {
        if (*text == '\\') {
            buffer_append_string(out, "\\e");
        } else if (*text == '-') {
            buffer_append_string(out, "\\-");
        } else {
            buffer_append_char(out, *text);
        }
    }
}

void manual_page(const char *name, struct buffer *out) {
    buffer_printf(out, ".TH %s 1 \"\" \"%s\"\n.SH NAME\n", name, sidecar_version);
    append_roff(out, name);
    buffer_append_string(out, " \\- merges RemoteWrites into Prometheus's config and reloads it\n"
                              ".SH SYNOPSIS\n.B ");
    append_roff(out, name);
    buffer_append_string(out, "\n[\\fIFLAG\\fR ...]\n.SH OPTIONS\n");
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &options[i];
        buffer_append_string(out, ".TP\n\\fB\\-\\-");
        append_roff(out, option->flag);
        buffer_append_string(out, "\\fR");
        if (option->metavar != NULL) {
            buffer_printf(out, "=\\fI%s\\fR", option->metavar);
        }
        buffer_append_char(out, '\n');
        append_roff(out, option->help);
        buffer_append_char(out, '\n');
    }
}
