/* SPDX-License-Identifier: Apache-2.0 */

/* What a team wants to know first stands first: is it well, and what became of my RemoteWrite. All
 * text goes through escape_html, whoever wrote it. */

#include "web/page.h"

#include "web/escape.h"
#include "web/mask.h"
#include "web/status.h"

#include <inttypes.h>

#define NANOSECONDS_PER_SECOND  1e9
#define MILLISECONDS_PER_SECOND 1000

static const char style[] =
    ":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--fg:#1c2128;--dim:#59636e;"
    "--line:#d9dee4;--link:#0b5cad;--ok:#136f3a;--okbg:#dff3e6;--warn:#7d4e00;--warnbg:#fdf0d0;"
    "--bad:#a4161a;--badbg:#fde3e3;--off:#4b5563;--offbg:#e8ebef}"
    "@media(prefers-color-scheme:dark){:root{--bg:#0f1318;--card:#171c23;--fg:#e4e8ee;"
    "--dim:#98a3b1;--line:#2b333d;--link:#7db7f5;--ok:#7ee2a0;--okbg:#12361f;--warn:#f2c666;"
    "--warnbg:#3a2c0b;--bad:#ff9a9a;--badbg:#451a1c;--off:#b4bec9;--offbg:#29303a}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--bg);color:var(--fg);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "main{max-width:80rem;margin:0 auto;padding:1.25rem 1rem 3rem}"
    "header{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:baseline;margin-bottom:1rem}"
    "h1{font-size:1.35rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .6rem}"
    ".dim{color:var(--dim)}a{color:var(--link)}"
    ".badge{display:inline-block;padding:.05rem .55rem;border-radius:1rem;font-size:.85rem;"
    "font-weight:600;white-space:nowrap}"
    ".ok{color:var(--ok);background:var(--okbg)}.warn{color:var(--warn);background:var(--warnbg)}"
    ".bad{color:var(--bad);background:var(--badbg)}.off{color:var(--off);background:var(--offbg)}"
    ".notice{border:1px solid var(--line);border-left:4px solid var(--warn);"
    "background:var(--card);padding:.6rem .8rem;border-radius:.4rem;margin:0 0 1rem}"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;"
    "margin:0}"
    ".tiles div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;"
    "padding:.55rem .75rem}"
    ".tiles dt{color:var(--dim);font-size:.82rem}"
    ".tiles dd{margin:0;font-size:1.15rem;font-weight:600;overflow-wrap:anywhere}"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;"
    "overflow:hidden}"
    "table{width:100%;border-collapse:collapse}"
    "th{text-align:left;font-size:.82rem;color:var(--dim);font-weight:600}"
    "th,td{padding:.5rem .75rem;vertical-align:top;border-top:1px solid var(--line)}"
    "thead th{border-top:0}td{overflow-wrap:anywhere}"
    "td.name{font-weight:600;min-width:11rem}td.health{min-width:8.5rem}td.name+td{min-width:10rem}"
    "td.when{overflow-wrap:normal;min-width:8.5rem}"
    "td[data-label=reason],td[data-label=url],td[data-label=source],td[data-label=file],"
    "td[data-label=problem],td[data-label=remedy]{min-width:11rem}"
    "td .badge{white-space:normal}"
    "table{font-size:.93rem}"
    "code,pre{font:13px/1.5 ui-monospace,'SF Mono',Menlo,Consolas,monospace}"
    "pre{margin:0;padding:.75rem;white-space:pre-wrap;overflow-wrap:anywhere}"
    "details summary{cursor:pointer;padding:.55rem .75rem;color:var(--dim)}"
    "p.none{margin:0;padding:.75rem;color:var(--dim)}"
    "footer{margin-top:2rem;color:var(--dim);font-size:.85rem}"
    "@media(max-width:75rem){thead{display:none}table,tbody,tr,td{display:block}"
    "tr{padding:.5rem 0;border-top:1px solid var(--line)}tbody tr:first-child{border-top:0}"
    "td,td[data-label]{border:0;padding:.12rem .75rem;min-width:0}td[data-label]::before{content:attr(data-label) ': ';"
    "color:var(--dim);font-size:.82rem;font-weight:400}td:empty{display:none}}";

static void raw(struct buffer *out, const char *html) {
    buffer_append_string(out, html);
}

static void text(struct buffer *out, const char *words) {
    escape_html(out, bytes_of(words));
}

/* A word of a state decides its colour; one that is not known is shown without. */
static const char *state_class(const char *state) {
    static const struct {
        const char *state;
        const char *class;
    } classes[] = {
        {"active", "ok"},    {"unselected", "off"},  {"pending", "warn"},
        {"rejected", "bad"}, {"quarantined", "bad"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++) {
        if (strcmp(classes[i].state, state) == 0) {
            return classes[i].class;
        }
    }
    return "off";
}

static void badge(struct buffer *out, const char *class, const char *words) {
    buffer_printf(out, "<span class=\"badge %s\">", class);
    text(out, words);
    raw(out, "</span>");
}

static void when(struct buffer *out, int64_t milliseconds) {
    CLEANUP(buffer_free) struct buffer full = {0};

    time_render(milliseconds, &full);
    if (full.length == 0) {
        return;
    }
    /* 2026-01-31 09:30:00 UTC to the eye, all of it to a machine. */
    const char *time = buffer_string(&full);
    buffer_printf(out, "<time datetime=\"%s\">%.10s %.8s UTC</time>", time, time, time + 11);
}

static void tile(struct buffer *out, const char *name, const char *value) {
    raw(out, "<div><dt>");
    text(out, name);
    raw(out, "</dt><dd>");
    text(out, value);
    raw(out, "</dd></div>\n");
}

static void head(const struct web_view *view, const char *nonce, struct buffer *out) {
    raw(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<title>remotewrite-sidecar</title>\n");
    buffer_printf(out, "<style nonce=\"%s\">%s</style>\n", nonce, style);
    raw(out, "</head>\n<body>\n<main>\n<header>\n<h1>remotewrite-sidecar</h1>\n");
    badge(out, view->not_ready == NULL ? "ok" : "bad",
          view->not_ready == NULL ? "ready" : "not ready");
    raw(out, "\n<span class=\"dim\">");
    text(out, view->phase);
    raw(out, ", as of ");
    when(out, view->now);
    raw(out, "</span>\n</header>\n");
    if (view->not_ready != NULL) {
        raw(out, "<p class=\"notice\">");
        text(out, view->not_ready);
        raw(out, "</p>\n");
    }
}

static void operations(const struct web_view *view, struct buffer *out) {
    for (size_t i = 0; i < view->operation_count; i++) {
        const struct web_operation *operation = &view->operations[i];
        if (operation->error == NULL || operation->beside_samples) {
            continue;
        }
        raw(out, "<p class=\"notice\">");
        badge(out, "bad", operation->name);
        raw(out, " ");
        text(out, operation->error);
        raw(out, " <span class=\"dim\">since ");
        when(out, operation->since);
        buffer_printf(out, ", %" PRIu64 " %s</span></p>\n", operation->failures,
                      operation->failures == 1 ? "failure" : "failures");
    }
}

static void fallbacks(const struct web_view *view, struct buffer *out) {
    for (size_t i = 0; i < view->fallback_count; i++) {
        if (view->fallbacks[i].active) {
            raw(out, "<p class=\"notice\">");
            badge(out, "bad", view->fallbacks[i].name);
            raw(out, " ");
            text(out, view->fallbacks[i].meaning);
            raw(out, "</p>\n");
        }
    }
}

static size_t source_errors(const struct web_view *view) {
    size_t errors = 0;

    for (size_t i = 0; i < view->source_count; i++) {
        errors += view->sources[i].errors;
    }
    return errors;
}

static void counts(const struct web_view *view, struct buffer *out) {
    CLEANUP(buffer_free) struct buffer value = {0};

    raw(out, "<dl class=\"tiles\">\n");
    for (size_t i = 0; i < view->state_count; i++) {
        buffer_clear(&value);
        buffer_printf(&value, "%zu", view->states[i].count);
        tile(out, view->states[i].state, buffer_string(&value));
    }
    buffer_clear(&value);
    buffer_printf(&value, "%zu", source_errors(view));
    tile(out, "errors in files", buffer_string(&value));
    tile(out, "Prometheus",
         view->prometheus_version[0] != '\0' ? view->prometheus_version : "unknown");
    buffer_clear(&value);
    buffer_printf(&value, "%08x", view->digest);
    tile(out, "config digest", view->config_known ? buffer_string(&value) : "none yet");
    raw(out, "</dl>\n");
}

static void cell(struct buffer *out, const char *label, const char *words) {
    buffer_printf(out, "<td data-label=\"%s\">", label);
    text(out, words);
    raw(out, "</td>");
}

static void state_cell(const struct web_remote_write *remote_write, struct buffer *out) {
    raw(out, "<td>");
    badge(out, state_class(remote_write->state), remote_write->state);
    if (remote_write->earlier) {
        raw(out, " ");
        badge(out, "warn", "served in its last good form");
        if (remote_write->earlier_since > 0) {
            raw(out, " <span class=\"dim\">since ");
            when(out, remote_write->earlier_since);
            raw(out, "</span>");
        }
    }
    raw(out, "</td>");
}

/* "12 s", "3 min", "5 h", "2 d": to the eye, with the exact time beside it where it matters. */
static void age(struct buffer *out, int64_t milliseconds) {
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}};
    int64_t seconds = milliseconds > 0 ? milliseconds / MILLISECONDS_PER_SECOND : 0;

    for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
        if (seconds >= 2 * units[i].seconds) {
            buffer_printf(out, "%" PRId64 " %s", seconds / units[i].seconds, units[i].name);
            return;
        }
    }
    buffer_printf(out, "%" PRId64 " s", seconds);
}

static const char *health_class(const struct web_health *health) {
    if (!health->known) {
        return "off";
    }
    return health->good ? "ok" : "bad";
}

static void number(struct buffer *out, uint64_t value, const char *what) {
    if (value > 0) {
        buffer_printf(out, ", %" PRIu64 " %s", value, what);
    }
}

static void health_numbers(const struct web_health *health, int64_t now, struct buffer *out) {
    buffer_printf(out, " <span class=\"dim\">%" PRIu64 " sent", health->sent);
    number(out, health->failed, "refused");
    number(out, health->retried, "retried");
    number(out, health->dropped, "dropped");
    buffer_printf(out, ", %" PRIu64 " pending", health->pending);
    if (health->newest_sent > 0) {
        raw(out, "; newest ");
        age(out, now - health->newest_sent);
        raw(out, " ago");
    }
    raw(out, "</span>");
}

/* What has no entry in the config has no samples either. */
static void health_cell(const struct web_remote_write *remote_write, int64_t now,
                        struct buffer *out) {
    const struct web_health *health = remote_write->health;

    if (!remote_write->served) {
        raw(out, "<td></td>");
        return;
    }
    raw(out, "<td class=\"health\" data-label=\"samples\">");
    badge(out, health != NULL ? health_class(health) : "off",
          health != NULL ? health->verdict : "unknown");
    if (health != NULL) {
        health_numbers(health, now, out);
    }
    raw(out, "</td>");
}

static void remote_write_row(const struct web_remote_write *remote_write, int64_t now,
                             struct buffer *out) {
    raw(out, "<tr><td class=\"name\">");
    text(out, remote_write->namespace[0] != '\0' ? remote_write->namespace : "(no namespace)");
    raw(out, "/");
    text(out, remote_write->name[0] != '\0' ? remote_write->name : "(no name)");
    raw(out, "</td>");
    state_cell(remote_write, out);
    health_cell(remote_write, now, out);
    if (remote_write->reason != NULL) {
        cell(out, "reason", remote_write->reason);
    } else {
        raw(out, "<td></td>");
    }
    cell(out, "url", remote_write->url != NULL ? remote_write->url : "none");
    raw(out, "<td data-label=\"source\">");
    text(out, remote_write->file != NULL ? remote_write->file : "unknown");
    if (remote_write->line > 0) {
        buffer_printf(out, ":%u", remote_write->line);
    }
    raw(out, "</td><td class=\"when\" data-label=\"changed\">");
    when(out, remote_write->changed);
    raw(out, "</td></tr>\n");
}

/* Whose word the numbers are, and how old it is. */
static void health_source(const struct web_view *view, struct buffer *out) {
    if (view->health_fault != NULL) {
        raw(out, "<p class=\"notice\">Prometheus does not tell whether samples flow: ");
        text(out, view->health_fault);
        raw(out, "</p>\n");
    } else if (view->health_time > 0) {
        raw(out, "<p class=\"dim\">samples as Prometheus told ");
        age(out, view->now - view->health_time);
        raw(out, " ago</p>\n");
    }
}

static void remote_writes(const struct web_view *view, struct buffer *out) {
    raw(out, "<h2>RemoteWrites</h2>\n");
    health_source(view, out);
    raw(out, "<div class=\"card\">\n");
    if (view->remote_write_count == 0) {
        raw(out, "<p class=\"none\">There is none.</p>\n</div>\n");
        return;
    }
    raw(out, "<table>\n<thead><tr><th>RemoteWrite</th><th>state</th><th>samples</th>"
             "<th>reason</th><th>URL</th><th>source</th><th>changed</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < view->remote_write_count; i++) {
        remote_write_row(&view->remote_writes[i], view->now, out);
    }
    raw(out, "</tbody>\n</table>\n</div>\n");
}

static void diagnostic_row(const struct web_diagnostic *diagnostic, struct buffer *out) {
    const bool error = strcmp(diagnostic->severity, "error") == 0;

    raw(out, "<tr><td>");
    badge(out, error ? "bad" : "warn", diagnostic->severity);
    raw(out, "</td><td data-label=\"file\">");
    text(out, diagnostic->file != NULL ? diagnostic->file : "none");
    if (diagnostic->line > 0) {
        buffer_printf(out, ":%u", diagnostic->line);
    }
    if (diagnostic->line > 0 && diagnostic->column > 0) {
        buffer_printf(out, ":%u", diagnostic->column);
    }
    raw(out, "</td><td data-label=\"problem\">");
    if (diagnostic->subject != NULL) {
        raw(out, "<span class=\"dim\">");
        text(out, diagnostic->subject);
        raw(out, "</span> ");
    }
    if (diagnostic->field != NULL) {
        raw(out, "<code>");
        text(out, diagnostic->field);
        raw(out, "</code>: ");
    }
    text(out, diagnostic->problem);
    raw(out, "</td>");
    if (diagnostic->remedy != NULL) {
        cell(out, "remedy", diagnostic->remedy);
    } else {
        raw(out, "<td></td>");
    }
    raw(out, "</tr>\n");
}

/* "team-a/a" */
static bool is_about(const struct web_diagnostic *diagnostic,
                     const struct web_remote_write *remote_write) {
    const size_t length = strlen(remote_write->namespace);
    const char *subject = diagnostic->subject;

    return strncmp(subject, remote_write->namespace, length) == 0 && subject[length] == '/' &&
           strcmp(subject + length + 1, remote_write->name) == 0 &&
           (diagnostic->file == NULL || remote_write->file == NULL ||
            strcmp(diagnostic->file, remote_write->file) == 0);
}

/* Is the error the reason that the RemoteWrite has in the table above? */
static bool is_reason(const struct web_diagnostic *diagnostic, const char *reason) {
    const char *const parts[] = {diagnostic->field, diagnostic->problem, diagnostic->remedy};

    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        if (parts[i] != NULL && strstr(reason, parts[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_said_above(const struct web_view *view, const struct web_diagnostic *diagnostic) {
    if (diagnostic->subject == NULL || strcmp(diagnostic->severity, "error") != 0) {
        return false;
    }
    for (size_t i = 0; i < view->remote_write_count; i++) {
        const struct web_remote_write *remote_write = &view->remote_writes[i];
        if (remote_write->reason != NULL && is_about(diagnostic, remote_write) &&
            is_reason(diagnostic, remote_write->reason)) {
            return true;
        }
    }
    return false;
}

static void diagnostics(const struct web_view *view, struct buffer *out) {
    size_t shown = 0;

    for (size_t i = 0; i < view->diagnostic_count; i++) {
        shown += is_said_above(view, &view->diagnostics[i]) ? 0 : 1;
    }
    if (shown == 0 && view->diagnostics_left_out == 0) {
        return;
    }
    raw(out, "<h2>Errors and warnings</h2>\n<div class=\"card\">\n"
             "<table>\n<thead><tr><th>severity</th><th>file</th><th>problem</th><th>remedy</th>"
             "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < view->diagnostic_count; i++) {
        if (!is_said_above(view, &view->diagnostics[i])) {
            diagnostic_row(&view->diagnostics[i], out);
        }
    }
    raw(out, "</tbody>\n</table>\n");
    if (view->diagnostics_left_out > 0) {
        buffer_printf(out,
                      "<p class=\"none\">and %zu more; <code>remotewrite-sidecar check</code> "
                      "shows them all</p>\n",
                      view->diagnostics_left_out);
    }
    raw(out, "</div>\n");
}

static void reloads(const struct web_view *view, struct buffer *out) {
    buffer_printf(out,
                  "<h2>Reloads of Prometheus</h2>\n<p class=\"dim\">%" PRIu64 " asked for, %" PRIu64
                  " failed</p>\n<div class=\"card\">\n",
                  view->reloads, view->reloads_failed);
    if (view->recent_count == 0) {
        raw(out, "<p class=\"none\">There was none yet.</p>\n</div>\n");
        return;
    }
    raw(out, "<table>\n<thead><tr><th>time</th><th>result</th><th>took</th></tr></thead>\n"
             "<tbody>\n");
    for (size_t i = 0; i < view->recent_count; i++) {
        const struct web_reload *reload = &view->recent[i];
        raw(out, "<tr><td class=\"when\">");
        when(out, reload->time);
        raw(out, "</td><td>");
        badge(out, reload->successful ? "ok" : "bad", reload->successful ? "loaded" : "failed");
        buffer_printf(out, "</td><td data-label=\"took\">%.3f s</td></tr>\n",
                      (double)reload->nanoseconds / NANOSECONDS_PER_SECOND);
    }
    raw(out, "</tbody>\n</table>\n</div>\n");
}

static void section(const struct web_view *view, struct buffer *out) {
    CLEANUP(buffer_free) struct buffer yaml = {0};

    mask_section(view, &yaml);
    raw(out, "<h2>Merged section</h2>\n<div class=\"card\">\n<details><summary>");
    buffer_printf(out, "%zu %s, secrets masked</summary>\n<pre>", view->entry_count,
                  view->entry_count == 1 ? "entry" : "entries");
    escape_html(out, buffer_bytes(&yaml));
    raw(out, "</pre></details>\n</div>\n");
}

void page_render(const struct web_view *view, const char *nonce, struct buffer *out) {
    head(view, nonce, out);
    fallbacks(view, out);
    operations(view, out);
    counts(view, out);
    remote_writes(view, out);
    diagnostics(view, out);
    reloads(view, out);
    section(view, out);
    raw(out, "<footer>");
    text(out, view->version);
    raw(out, " (");
    text(out, view->commit);
    raw(out, ") · <a href=\"/api/v1/status\">JSON</a> · <a href=\"/metrics\">metrics</a>"
             "</footer>\n</main>\n</body>\n</html>\n");
}
