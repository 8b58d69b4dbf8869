/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether RE2 takes an expression. PCRE2 judges the grammar that both have (brackets, groups,
 * ranges); the scan before it refuses what PCRE2 has and RE2 has not, and RE2's limits on
 * repetition. Stricter than RE2 in a few places, mostly so that an expression means the same under
 * every Prometheus: (?<name>...) (Go 1.22), new Unicode names, brackets that only Prometheus's own
 * anchoring would close, and assertions that are repeated (^*).
 */

#define PCRE2_CODE_UNIT_WIDTH 8
#include "spec/regex.h"

#include "base/compiler.h"
#include "base/memory.h"

#include <ctype.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* RE2: a counted repetition, and the product of nested ones, at most. */
#define REPEAT_MAX 1000U
/* Go's regexp nests deeper; nobody writes that by hand, and PCRE2 stops here. */
#define GROUP_DEPTH_MAX 250

struct scan {
    struct bytes pattern;
    size_t at;
    const char *wrong; /* static; NULL: nothing yet */
    bool atom;         /* something stands to the left that a quantifier can apply to */
    bool quantified;   /* and it has one already */
    unsigned weight;   /* repetitions inside that atom */
    size_t depth;
    unsigned group_weight[GROUP_DEPTH_MAX + 1]; /* heaviest atom of each open group */
    size_t atom_size;                           /* of the last atom, every repetition written out */
    size_t group_size[GROUP_DEPTH_MAX + 1];     /* of each open group */
    struct buffer *copy;                        /* of the pattern, for PCRE2 */
    size_t copied;                              /* up to here */
};

static int peek(const struct scan *scan, size_t ahead) {
    size_t at = scan->at + ahead;

    return at < scan->pattern.length ? (unsigned char)scan->pattern.data[at] : -1;
}

static void take_atom(struct scan *scan, unsigned weight, size_t size) {
    scan->group_size[scan->depth] += size;
    scan->atom_size = size;
    scan->atom = true;
    scan->quantified = false;
    scan->weight = weight;
    if (weight > scan->group_weight[scan->depth])
        scan->group_weight[scan->depth] = weight;
}

static bool is_octal(int character) {
    return character >= '0' && character <= '7';
}

/* Categories and scripts of Unicode 13, which the Go of Prometheus 2.42 has, sorted; without those
 * that have a '_', which newer Go reads otherwise. */
static const char *const properties[] = {
    "Adlam",      "Ahom",       "Any",         "Arabic",     "Armenian",    "Avestan",
    "Balinese",   "Bamum",      "Batak",       "Bengali",    "Bhaiksuki",   "Bopomofo",
    "Brahmi",     "Braille",    "Buginese",    "Buhid",      "C",           "Carian",
    "Cc",         "Cf",         "Chakma",      "Cham",       "Cherokee",    "Chorasmian",
    "Co",         "Common",     "Coptic",      "Cs",         "Cuneiform",   "Cypriot",
    "Cyrillic",   "Deseret",    "Devanagari",  "Dogra",      "Duployan",    "Elbasan",
    "Elymaic",    "Ethiopic",   "Georgian",    "Glagolitic", "Gothic",      "Grantha",
    "Greek",      "Gujarati",   "Gurmukhi",    "Han",        "Hangul",      "Hanunoo",
    "Hatran",     "Hebrew",     "Hiragana",    "Inherited",  "Javanese",    "Kaithi",
    "Kannada",    "Katakana",   "Kharoshthi",  "Khmer",      "Khojki",      "Khudawadi",
    "L",          "Lao",        "Latin",       "Lepcha",     "Limbu",       "Lisu",
    "Ll",         "Lm",         "Lo",          "Lt",         "Lu",          "Lycian",
    "Lydian",     "M",          "Mahajani",    "Makasar",    "Malayalam",   "Mandaic",
    "Manichaean", "Marchen",    "Mc",          "Me",         "Medefaidrin", "Miao",
    "Mn",         "Modi",       "Mongolian",   "Mro",        "Multani",     "Myanmar",
    "N",          "Nabataean",  "Nandinagari", "Nd",         "Newa",        "Nko",
    "Nl",         "No",         "Nushu",       "Ogham",      "Oriya",       "Osage",
    "Osmanya",    "P",          "Palmyrene",   "Pc",         "Pd",          "Pe",
    "Pf",         "Phoenician", "Pi",          "Po",         "Ps",          "Rejang",
    "Runic",      "S",          "Samaritan",   "Saurashtra", "Sc",          "Sharada",
    "Shavian",    "Siddham",    "SignWriting", "Sinhala",    "Sk",          "Sm",
    "So",         "Sogdian",    "Soyombo",     "Sundanese",  "Syriac",      "Tagalog",
    "Tagbanwa",   "Takri",      "Tamil",       "Tangut",     "Telugu",      "Thaana",
    "Thai",       "Tibetan",    "Tifinagh",    "Tirhuta",    "Ugaritic",    "Vai",
    "Wancho",     "Yezidi",     "Yi",          "Z",          "Zl",          "Zp",
    "Zs",
};

static int compare_property(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool is_property(struct bytes name) {
    char text[32];
    const char *wanted = text;

    if (name.length >= sizeof(text))
        return false;
    memcpy(text, name.data, name.length);
    text[name.length] = '\0';
    return bsearch(&wanted, properties, ARRAY_LENGTH(properties), sizeof(*properties),
                   compare_property) != NULL;
}

/* Behind "\p" or "\P". PCRE2 knows more properties, and newer Go more names. */
static void scan_property(struct scan *scan) {
    size_t start;
    size_t end;

    scan->at += 2;
    if (peek(scan, 0) != '{') {
        if (peek(scan, 0) < 0 || strchr("CLMNPSZ", peek(scan, 0)) == NULL)
            scan->wrong = "\\p needs a Unicode category or script, such as \\pL or \\p{Greek}";
        else
            scan->at++;
        return;
    }
    start = scan->at + (peek(scan, 1) == '^' ? 2 : 1);
    end = bytes_find(scan->pattern, BYTES("}"), start);
    if (end == SIZE_MAX || !is_property(bytes_slice(scan->pattern, start, end)))
        scan->wrong = "\\p{...} takes the name of a Unicode category or script only";
    else
        scan->at = end + 1;
}

static void scan_hexadecimal(struct scan *scan) {
    scan->at += 2;
    if (peek(scan, 0) == '{') {
        while (peek(scan, 0) >= 0 && peek(scan, 0) != '}')
            scan->at++;
        scan->at++; /* what stands inside is PCRE2's to judge */
        return;
    }
    if (!isxdigit(peek(scan, 0)) || !isxdigit(peek(scan, 1)))
        scan->wrong = "\\x needs two hexadecimal digits, or \\x{...}";
    else
        scan->at += 2;
}

/* An escape that stands for one character or, outside a range, for a class. */
static void scan_escape(struct scan *scan, bool in_class) {
    int next = peek(scan, 1);

    if (next < 0) {
        scan->wrong = "it ends in a lone backslash";
    } else if (next == 'p' || next == 'P') {
        scan_property(scan);
    } else if (next == 'x') {
        scan_hexadecimal(scan);
    } else if (next == '0' || (is_octal(next) && is_octal(peek(scan, 2)))) {
        scan->at += 2;
        for (int i = 0; i < 2 && is_octal(peek(scan, 0)); i++)
            scan->at++;
    } else if (isdigit(next)) {
        scan->wrong = "RE2 has no back-references (\\1)";
    } else if (next < 0x80 && (strchr("dDsSwWafnrtv", next) != NULL || !isalnum(next))) {
        scan->at += 2;
    } else if (!in_class && strchr("AbBz", next) != NULL) {
        scan->at += 2;
    } else {
        scan->wrong = "it has an escape that RE2 does not know";
    }
}

/* The '-' at the cursor stands for itself. PCRE2 would take some for the sign of a range where RE2
 * does not (behind \d, say), and gets it quoted. */
static void quote_hyphen(struct scan *scan) {
    buffer_append(scan->copy, bytes_slice(scan->pattern, scan->copied, scan->at));
    buffer_append_char(scan->copy, '\\');
    scan->copied = scan->at;
}

/* One character between brackets, also as either end of a range. */
static void scan_class_character(struct scan *scan) {
    int next = peek(scan, 0);

    if (next < 0) {
        scan->wrong = "a '[' has no ']'";
    } else if (next == '\\') {
        scan_escape(scan, true);
    } else if (next == '[' && (peek(scan, 1) == '.' || peek(scan, 1) == '=')) {
        scan->wrong = "RE2 has no collating elements ([. .], [= =])";
    } else {
        if (next == '-')
            quote_hyphen(scan);
        scan->at++;
        while ((peek(scan, 0) & ~0x3f) == 0x80) /* the rest of a character of UTF-8 */
            scan->at++;
    }
}

static bool at_class_escape(const struct scan *scan) {
    return peek(scan, 0) == '\\' && peek(scan, 1) > 0 && strchr("dDsSwWpP", peek(scan, 1)) != NULL;
}

/* "[:" with a ":]" anywhere behind it is a name for RE2; whether there is such a one, PCRE2 says.
 */
static bool scan_posix_class(struct scan *scan) {
    size_t end;

    if (peek(scan, 0) != '[' || peek(scan, 1) != ':')
        return false;
    end = bytes_find(scan->pattern, BYTES(":]"), scan->at + 2);
    if (end == SIZE_MAX)
        return false;
    for (size_t i = scan->at + 2; i < end; i++) {
        if (scan->pattern.data[i] != '^' && !islower((unsigned char)scan->pattern.data[i]))
            scan->wrong = "it has a [:name:] that RE2 does not know";
    }
    scan->at = end + 2;
    return true;
}

/* A class of characters, a character or a range, as RE2 tells them apart: a '-' makes a range only
 * behind a single character, and not before the ']'. */
static void scan_class_item(struct scan *scan) {
    if (at_class_escape(scan)) {
        scan_escape(scan, true);
        return;
    }
    if (scan_posix_class(scan))
        return;
    scan_class_character(scan);
    if (scan->wrong != NULL || peek(scan, 0) != '-' || peek(scan, 1) == ']')
        return;
    scan->at++;
    if (at_class_escape(scan))
        scan->wrong = "a range in brackets ends in a class of characters";
    else
        scan_class_character(scan);
}

/* [...]: PCRE2 judges the ranges; here only the escapes, the names and where it ends. */
static void scan_class(struct scan *scan) {
    scan->at++;
    if (peek(scan, 0) == '^')
        scan->at++;
    do {
        scan_class_item(scan); /* a ']' that comes first is a character */
    } while (scan->wrong == NULL && peek(scan, 0) != ']');
    scan->at++;
    take_atom(scan, 1, 1);
}

/* i, m, s, U, and those behind one '-' taken back: up to ':' or ')'. */
static void scan_flags(struct scan *scan) {
    bool negative = false;
    bool letter = false;

    for (scan->at += 2; peek(scan, 0) != ':' && peek(scan, 0) != ')'; scan->at++) {
        if (peek(scan, 0) == '-' && !negative) {
            negative = true;
            letter = false;
        } else if (peek(scan, 0) > 0 && strchr("imsU", peek(scan, 0)) != NULL) {
            letter = true;
        } else {
            scan->wrong = "it has a (?...) group that RE2 does not know";
            return;
        }
    }
    if (negative && !letter)
        scan->wrong = "a (?-...) takes back no flag";
}

static bool is_group_name(struct bytes name) {
    for (size_t i = 0; i < name.length; i++) {
        if (!isalnum((unsigned char)name.data[i]) && name.data[i] != '_')
            return false;
    }
    return name.length > 0;
}

/* (?P<name>: PCRE2 has other names than Go (none that begins with a digit, none that is long, none
 * twice, but letters of any script). It gets an unnamed group and a comment of the same length in
 * its place. */
static void scan_group_name(struct scan *scan) {
    size_t start = scan->at + strlen("(?P<");
    size_t end = bytes_find(scan->pattern, BYTES(">"), start);
    struct bytes name = bytes_slice(scan->pattern, start, end);

    if (end == SIZE_MAX || !is_group_name(name)) {
        scan->wrong = "the name of a group has letters from a to z, digits and '_' only";
    } else {
        buffer_append(scan->copy, bytes_slice(scan->pattern, scan->copied, scan->at));
        buffer_append_string(scan->copy, "((?#");
        for (size_t i = 0; i < name.length; i++)
            buffer_append_char(scan->copy, 'n');
        buffer_append_char(scan->copy, ')');
        scan->at = end + 1;
        scan->copied = scan->at;
    }
}

/* Behind "(?": flags, a named group, or what RE2 has not. */
static void scan_group_head(struct scan *scan) {
    int next = peek(scan, 2);

    if (next == 'P' && peek(scan, 3) == '<') {
        scan_group_name(scan);
        return;
    }
    if (next == '<' && peek(scan, 3) != '=' && peek(scan, 3) != '!') {
        scan->wrong = "a named group has to be written (?P<name>...), which every Prometheus knows";
        return;
    }
    if (next == '=' || next == '!' || next == '<') {
        scan->wrong = "RE2 has no look-around";
        return;
    }
    scan_flags(scan);
    if (scan->wrong != NULL)
        return;
    if (peek(scan, 0) == ')') {
        /* (?i): flags for the rest, no group and nothing to repeat */
        scan->depth--;
        scan->atom = false;
    }
    scan->at++;
}

static void scan_open(struct scan *scan) {
    if (scan->depth == GROUP_DEPTH_MAX) {
        scan->wrong = "its groups nest too deeply";
        return;
    }
    scan->depth++;
    scan->group_weight[scan->depth] = 1;
    scan->group_size[scan->depth] = 0;
    scan->atom = false;
    if (peek(scan, 1) == '?')
        scan_group_head(scan);
    else if (peek(scan, 1) == '*')
        scan->wrong = "a '*' has nothing to repeat";
    else
        scan->at++;
}

static void scan_close(struct scan *scan) {
    unsigned weight = scan->group_weight[scan->depth];
    size_t size = scan->group_size[scan->depth] + 1;

    if (scan->depth == 0) {
        scan->wrong = "a ')' has no '('";
        return;
    }
    scan->depth--;
    scan->at++;
    take_atom(scan, weight, size);
}

/* {n}, {n,}, {n,m} at the cursor: its length, else 0 (then '{' is a character like any other). */
static size_t repeat_length(const struct scan *scan, unsigned *ret_most) {
    unsigned bounds[2] = {0, 0};
    size_t length = 1;
    size_t digits = 0;

    for (size_t i = 0; i < 2; i++) {
        for (digits = 0; isdigit(peek(scan, length)); digits++) {
            if (bounds[i] <= REPEAT_MAX)
                bounds[i] = bounds[i] * 10 + (unsigned)(peek(scan, length) - '0');
            length++;
        }
        if (i == 0 && digits == 0)
            return 0;
        if (i == 0 && peek(scan, length) != ',')
            break;
        if (i == 0)
            length++;
    }
    if (peek(scan, length) != '}')
        return 0;
    *ret_most = bounds[0] > bounds[1] ? bounds[0] : bounds[1];
    return length + 1;
}

/* True when a quantifier stood at the cursor. */
static bool scan_quantifier(struct scan *scan) {
    unsigned most = 1;
    size_t length = 1;

    if (peek(scan, 0) == '{')
        length = repeat_length(scan, &most);
    else if (peek(scan, 0) != '*' && peek(scan, 0) != '+' && peek(scan, 0) != '?')
        return false;
    if (length == 0)
        return false;

    if (!scan->atom) {
        scan->wrong = "a quantifier (* + ? {n}) has nothing to repeat";
    } else if (scan->quantified) {
        scan->wrong = "two quantifiers stand one behind the other";
    } else if (most > REPEAT_MAX || (most > 0 && scan->weight * most > REPEAT_MAX)) {
        scan->wrong = "it repeats something more than 1000 times";
    } else {
        scan->at += length;
        if (peek(scan, 0) == '?')
            scan->at++;
        /* the atom is counted once already */
        scan->group_size[scan->depth] -= scan->atom_size;
        take_atom(scan, most > 0 ? scan->weight * most : scan->weight,
                  most > 0 ? scan->atom_size * most : scan->atom_size);
        scan->quantified = true;
    }
    return true;
}

static void scan_quoted(struct scan *scan) {
    size_t end = bytes_find(scan->pattern, BYTES("\\E"), scan->at + 2);

    if (end == SIZE_MAX) {
        /* RE2 would quote to the end, which in Prometheus is the end of its own anchoring */
        scan->wrong = "a \\Q has no \\E";
        return;
    }
    if (end > scan->at + 2)
        take_atom(scan, 1, 1);
    scan->at = end + 2;
}

static void scan_step(struct scan *scan) {
    if (scan_quantifier(scan))
        return;

    switch (peek(scan, 0)) {
    case '\\':
        if (peek(scan, 1) == 'Q') {
            scan_quoted(scan);
        } else {
            scan_escape(scan, false);
            take_atom(scan, 1, 1);
        }
        break;
    case '[':
        scan_class(scan);
        break;
    case '(':
        scan_open(scan);
        break;
    case ')':
        scan_close(scan);
        break;
    case '|':
        scan->at++;
        scan->atom = false;
        scan->quantified = false;
        break;
    default:
        scan->at++;
        take_atom(scan, 1, 1);
        break;
    }
}

static pcre2_code *compile(struct bytes pattern, int *ret_error) {
    size_t offset = 0; /* PCRE2 demands a place for it */

    return pcre2_compile((PCRE2_SPTR)(pattern.length > 0 ? pattern.data : ""), pattern.length,
                         PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY, ret_error,
                         &offset, NULL);
}

const char *regex_check_re2(struct arena *arena, struct bytes pattern, size_t *ret_size) {
    CLEANUP(buffer_free) struct buffer copy = {0};
    struct scan scan = {.pattern = pattern, .group_weight = {1}, .copy = &copy};
    PCRE2_UCHAR message[256] = "";
    int error = 0;
    pcre2_code *code;

    while (scan.wrong == NULL && scan.at < pattern.length)
        scan_step(&scan);
    if (scan.wrong == NULL && scan.depth > 0)
        scan.wrong = "a '(' has no ')'";
    *ret_size = scan.group_size[0];
    if (scan.wrong == NULL && *ret_size > REGEX_SIZE_MAX)
        scan.wrong = "its repetitions, written out, are too many";
    if (scan.wrong != NULL)
        return scan.wrong;

    buffer_append(&copy, bytes_slice(pattern, scan.copied, SIZE_MAX));
    code = compile(buffer_bytes(&copy), &error);
    if (code != NULL) {
        pcre2_code_free(code);
        return NULL;
    }
    if (pcre2_get_error_message(error, message, sizeof(message)) < 0)
        return "it is no regular expression";
    /* Without PCRE2's offset: its releases do not agree on it. */
    return arena_string(arena, bytes_of((const char *)message));
}

bool regex_matches(const char *pattern, struct bytes text) {
    int error = 0;
    bool matched = false;
    pcre2_code *code = compile(bytes_of(pattern), &error);
    pcre2_match_data *data;

    if (code == NULL)
        return false;
    data = pcre2_match_data_create_from_pattern(code, NULL);
    if (data == NULL)
        memory_exhausted();
    matched = pcre2_match(code, (PCRE2_SPTR)(text.length > 0 ? text.data : ""), text.length, 0, 0,
                          data, NULL) >= 0;
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return matched;
}

const char *regex_quote(struct arena *arena, struct bytes text) {
    CLEANUP(buffer_free) struct buffer quoted = {0};

    for (size_t i = 0; i < text.length; i++) {
        if (strchr("\\.+*?()|[]{}^$", text.data[i]) != NULL && text.data[i] != '\0')
            buffer_append_char(&quoted, '\\');
        buffer_append_char(&quoted, text.data[i]);
    }
    return arena_string(arena, buffer_bytes(&quoted));
}
