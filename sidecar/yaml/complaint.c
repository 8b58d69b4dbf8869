/* SPDX-License-Identifier: Apache-2.0 */

/* libyaml speaks of tokens and contexts to people who know its grammar. Here its words are looked
 * up in a table of plainer ones, which also knows whether the mistake is where libyaml noticed it
 * or where it began. */

#include "yaml/complaint.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <string.h>

/* From here on a byte is a part of a longer character. */
#define ASCII_END 0x80

struct complaint {
    const char *context; /* libyaml's, or NULL for any */
    const char *problem;
    char character;      /* at the place; 0 for any */
    bool where_it_began; /* at the context's mark */
    bool before_content; /* only where no content has come yet */
    bool at_end;         /* only where the text ends */
    const char *words;
    const char *remedy;
};

/* The first that fits counts. */
static const struct complaint complaints[] = {
    {.problem = "found character that cannot start any token",
     .character = '\t',
     .words = "found a tab in the indentation",
     .remedy = "indent with spaces"},
    {.problem = "found a tab character that violates indentation",
     .words = "found a tab in the indentation",
     .remedy = "indent with spaces"},
    {.problem = "found a tab character where an indentation space is expected",
     .words = "found a tab in the indentation",
     .remedy = "indent with spaces"},
    {.problem = "found character that cannot start any token",
     .character = '@',
     .words = "a value cannot begin with @",
     .remedy = "put it in quotes"},
    {.problem = "found character that cannot start any token",
     .character = '`',
     .words = "a value cannot begin with a backquote",
     .remedy = "put it in quotes"},
    {.problem = "found character that cannot start any token",
     .character = '%',
     .words = "a value cannot begin with %",
     .remedy = "put it in quotes"},
    {.problem = "found character that cannot start any token",
     .words = "a value cannot begin with this character",
     .remedy = "put it in quotes"},
    {.problem = "mapping values are not allowed in this context",
     .words = "a colon that makes a key stands where no key can be",
     .remedy =
         "check the indentation of this line and the one above; put a value that holds \": \" in quotes"},
    {.problem = "mapping keys are not allowed in this context",
     .words = "a key cannot stand here",
     .remedy = "check the indentation of this line and the one above"},
    {.problem = "block sequence entries are not allowed in this context",
     .words = "a list item cannot stand here",
     .remedy = "put it on a line of its own, indented like its neighbours"},
    {.problem = "did not find expected key",
     .words = "expected a further key, or the end of the mapping",
     .remedy = "check the indentation and the quotes of this line and the one above"},
    {.problem = "did not find expected '-' indicator",
     .words = "expected a further list item that begins with \"- \", or the end of the list",
     .remedy = "check the indentation and the quotes of this line and the one above"},
    {.problem = "could not find expected ':'",
     .where_it_began = true,
     .words = "this line should be a key and has no colon behind it",
     .remedy = "write \"key: value\", or indent the line as a part of the value above"},
    {.problem = "did not find expected ',' or ']'",
     .where_it_began = true,
     .words = "the list that begins here with [ is not closed properly",
     .remedy = "look for a missing comma or ]"},
    {.problem = "did not find expected ',' or '}'",
     .where_it_began = true,
     .words = "the mapping that begins here with { is not closed properly",
     .remedy = "look for a missing comma or }"},
    {.context = "while parsing a flow node",
     .problem = "did not find expected node content",
     .at_end = true,
     .words = "the text ends within a list [ ] or a mapping { }",
     .remedy = "look for a missing ] or } above"},
    {.problem = "did not find expected node content",
     .words = "expected a value here",
     .remedy = "remove what should not be there, or put the value in quotes"},
    {.problem = "found unexpected end of stream",
     .where_it_began = true,
     .words = "the quoted text that begins here has no end",
     .remedy = "add the closing quote"},
    {.problem = "found unexpected document indicator",
     .where_it_began = true,
     .words = "the quoted text that begins here has no end before the next document",
     .remedy = "add the closing quote"},
    {.problem = "found unknown escape character",
     .words = "unknown escape after a backslash in double quotes",
     .remedy = "write \\\\ for a backslash, or use single quotes"},
    {.problem = "did not find expected hexdecimal number",
     .words = "expected hexadecimal digits in an escape",
     .remedy = "write \\xNN, \\uNNNN or \\UNNNNNNNN, or use single quotes"},
    {.problem = "found invalid Unicode character escape code",
     .words = "the escape names no Unicode character",
     .remedy = "correct its digits"},
    {.problem = "found unexpected ':'",
     .words = "a colon stands within an unquoted value",
     .remedy = "put the value in quotes"},
    {.problem = "found an indentation indicator equal to 0",
     .words = "the indentation of a block text cannot be 0",
     .remedy = "leave the digit out, or give one from 1 to 9"},
    {.context = "while scanning a block scalar",
     .problem = "did not find expected comment or line break",
     .words = "only a comment may follow | or > on its line",
     .remedy = "move the text to the next line, indented"},
    {.problem = "did not find expected comment or line break",
     .words = "only a comment may follow on this line",
     .remedy = "remove the rest of the line"},
    {.context = "while scanning an alias",
     .where_it_began = true,
     .words = "a * that begins a value must be followed by the name of an anchor",
     .remedy = "put a value that begins with * in quotes"},
    {.context = "while scanning an anchor",
     .where_it_began = true,
     .words = "an & that begins a value must be followed by a name and a blank",
     .remedy = "put a value that begins with & in quotes"},
    {.problem = "found undefined tag handle",
     .words = "the tag's prefix is not known",
     .remedy = "put a value that begins with ! in quotes, or remove the tag"},
    {.context = "while scanning a tag",
     .where_it_began = true,
     .words = "a ! that begins a value must be followed by a tag and a blank",
     .remedy = "put a value that begins with ! in quotes"},
    {.context = "while parsing a tag",
     .where_it_began = true,
     .words = "a ! that begins a value must be followed by a tag and a blank",
     .remedy = "put a value that begins with ! in quotes"},
    {.problem = "did not find expected <document start>",
     .before_content = true,
     .words = "a % line must be followed by --- before the text begins",
     .remedy = "add a line with ---, or remove the % line"},
    {.problem = "did not find expected <document start>",
     .words = "the document has ended, and more text follows",
     .remedy = "check the indentation and the brackets above, or begin a new document with ---"},
    {.problem = "found incompatible YAML document",
     .words = "this version of YAML is not known",
     .remedy = "write %YAML 1.1, or leave the line out"},
    {.context = "while scanning a directive",
     .where_it_began = true,
     .words = "a line that begins with % is a directive, and this one is not known",
     .remedy = "remove the line, or indent or quote the text"},
    {.context = "while scanning a %YAML directive",
     .where_it_began = true,
     .words = "the %YAML directive cannot be read",
     .remedy = "write %YAML 1.1, or leave the line out"},
    {.context = "while scanning a %TAG directive",
     .where_it_began = true,
     .words = "the %TAG directive cannot be read",
     .remedy = "write %TAG ! PREFIX, or leave the line out"},
    {.context = "while scanning a tag directive",
     .where_it_began = true,
     .words = "the %TAG directive cannot be read",
     .remedy = "write %TAG ! PREFIX, or leave the line out"},
    {.context = "while parsing a %TAG directive",
     .where_it_began = true,
     .words = "the %TAG directive cannot be read",
     .remedy = "write %TAG ! PREFIX, or leave the line out"},
    {.context = "while parsing a tag directive",
     .where_it_began = true,
     .words = "the %TAG directive cannot be read",
     .remedy = "write %TAG ! PREFIX, or leave the line out"},
    {.problem = "found duplicate %YAML directive",
     .words = "the %YAML directive is given twice",
     .remedy = "remove one"},
    {.problem = "found duplicate %TAG directive",
     .words = "the %TAG directive is given twice",
     .remedy = "remove one"},
};

static bool fits(const struct complaint *complaint, const struct build *build,
                 const yaml_parser_t *parser, char character, bool is_at_end) {
    const char *context = parser->context != NULL ? parser->context : "";
    const char *problem = parser->problem != NULL ? parser->problem : "";

    return (complaint->context == NULL || strcmp(complaint->context, context) == 0) &&
           (complaint->problem == NULL || strcmp(complaint->problem, problem) == 0) &&
           (complaint->character == '\0' || complaint->character == character) &&
           (!complaint->before_content || build->root == NULL) && (!complaint->at_end || is_at_end);
}

/* The character behind a colon from start on, up to end, that looks like a blank and is none;
 * SIZE_MAX: there is none. */
static size_t odd_blank(struct bytes text, size_t start, size_t end, uint32_t *ret_character) {
    for (size_t i = start; i + 1 < end; i++) {
        if (text.data[i] == ':' && (unsigned char)text.data[i + 1] >= ASCII_END &&
            utf8_decode(text, i + 1, ret_character) > 0 && utf8_is_invisible(*ret_character)) {
            return i + 1;
        }
    }
    return SIZE_MAX;
}

static size_t line_start(struct bytes text, size_t offset) {
    while (offset > 0 && text.data[offset - 1] != '\n') {
        offset--;
    }
    return offset;
}

/* No key ends there, and libyaml takes offence at the key, or at what follows: said of the line at
 * the offset, or of the one before. */
static bool complain_of_odd_blank(struct build *build, size_t offset) {
    const struct bytes text = build->text;
    const size_t at = offset < text.length ? offset : text.length;
    const size_t line = line_start(text, at);
    const size_t start = line > 0 ? line_start(text, line - 1) : line;
    const size_t newline = bytes_find(text, BYTES("\n"), at);
    uint32_t character = 0;
    const size_t found =
        odd_blank(text, start, newline != SIZE_MAX ? newline : text.length, &character);

    if (found == SIZE_MAX) {
        return false;
    }
    build_complain(build, position_of_offset(build->positions, found),
                   "write an ordinary blank behind the colon",
                   "the character U+%04X behind the colon looks like a blank and is none, so that "
                   "no key ends there",
                   (unsigned)character);
    return true;
}

void complaint_add(struct build *build, const yaml_parser_t *parser, size_t first_byte) {
    struct position at = build_position(build, parser->problem_mark);
    bool is_at_end = at.offset >= build->text.length;
    char character = is_at_end ? '\0' : build->text.data[at.offset];

    if (parser->error == YAML_MEMORY_ERROR) {
        memory_exhausted();
    }
    if (parser->error == YAML_READER_ERROR) {
        build_complain(build,
                       position_of_offset(build->positions, first_byte + parser->problem_offset),
                       "remove it, or write it as an escape in double quotes",
                       "found the control character U+%04X", (unsigned)parser->problem_value);
        return;
    }
    if (complain_of_odd_blank(build, at.offset) ||
        (parser->context_mark.line + 1 < parser->problem_mark.line &&
         complain_of_odd_blank(build, build_position(build, parser->context_mark).offset))) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(complaints); i++) {
        const struct complaint *complaint = &complaints[i];
        if (fits(complaint, build, parser, character, is_at_end)) {
            if (complaint->where_it_began) {
                at = build_position(build, parser->context_mark);
            }
            build_complain(build, at, complaint->remedy, "%s", complaint->words);
            return;
        }
    }
    build_complain(build, at, "correct the YAML here", "%s",
                   parser->problem != NULL ? parser->problem : "not YAML");
}
