/* SPDX-License-Identifier: Apache-2.0 */

/* libyaml speaks of tokens and contexts to people who know its grammar. Here its words are looked
 * up in a table of plainer ones, which also knows whether the mistake is where libyaml noticed it
 * or where it began. */

#include "yaml/complaint.h"

#include "base/compiler.h"
#include "base/memory.h"

#include <string.h>

struct complaint {
    const char *context; /* libyaml's, or NULL for any */
    const char *problem;
    char character;      /* at the place; 0 for any */
    bool where_it_began; /* at the context's mark */
    const char *words;
    const char *remedy;
};

/* The first that fits counts. */
static const struct complaint complaints[] = {
    {NULL, "found character that cannot start any token", '\t', false,
     "found a tab in the indentation", "indent with spaces"},
    {NULL, "found a tab character that violates indentation", 0, false,
     "found a tab in the indentation", "indent with spaces"},
    {NULL, "found a tab character where an indentation space is expected", 0, false,
     "found a tab in the indentation", "indent with spaces"},
    {NULL, "found character that cannot start any token", '@', false, "a value cannot begin with @",
     "put it in quotes"},
    {NULL, "found character that cannot start any token", '`', false,
     "a value cannot begin with a backquote", "put it in quotes"},
    {NULL, "found character that cannot start any token", '%', false, "a value cannot begin with %",
     "put it in quotes"},
    {NULL, "found character that cannot start any token", 0, false,
     "a value cannot begin with this character", "put it in quotes"},
    {NULL, "mapping values are not allowed in this context", 0, false,
     "a colon that makes a key stands where no key can be",
     "check the indentation of this line and the one above; put a value that holds \": \" in quotes"},
    {NULL, "mapping keys are not allowed in this context", 0, false, "a key cannot stand here",
     "check the indentation of this line and the one above"},
    {NULL, "block sequence entries are not allowed in this context", 0, false,
     "a list item cannot stand here", "put it on a line of its own, indented like its neighbours"},
    {"while parsing a block mapping", "did not find expected key", 0, false,
     "expected a further key, or the end of the mapping",
     "check the indentation and the quotes of this line and the one above"},
    {NULL, "did not find expected key", 0, false, "expected a key",
     "check the indentation of this line"},
    {NULL, "did not find expected '-' indicator", 0, false,
     "expected a further list item that begins with \"- \", or the end of the list",
     "check the indentation and the quotes of this line and the one above"},
    {NULL, "could not find expected ':'", 0, true,
     "this line should be a key and has no colon behind it",
     "write \"key: value\", or indent the line as a part of the value above"},
    {NULL, "did not find expected ',' or ']'", 0, true,
     "the list that begins here with [ is not closed properly", "look for a missing comma or ]"},
    {NULL, "did not find expected ',' or '}'", 0, true,
     "the mapping that begins here with { is not closed properly", "look for a missing comma or }"},
    {NULL, "did not find expected node content", 0, false, "expected a value here",
     "remove what should not be there, or put the value in quotes"},
    {NULL, "found unexpected end of stream", 0, true, "the quoted text that begins here has no end",
     "add the closing quote"},
    {NULL, "found unexpected document indicator", 0, true,
     "the quoted text that begins here has no end before the next document",
     "add the closing quote"},
    {NULL, "found unknown escape character", 0, false,
     "unknown escape after a backslash in double quotes",
     "write \\\\ for a backslash, or use single quotes"},
    {NULL, "did not find expected hexdecimal number", 0, false,
     "expected hexadecimal digits in an escape",
     "write \\xNN, \\uNNNN or \\UNNNNNNNN, or use single quotes"},
    {NULL, "found invalid Unicode character escape code", 0, false,
     "the escape names no Unicode character", "correct its digits"},
    {NULL, "found unexpected ':'", 0, false, "a colon stands within an unquoted value",
     "put the value in quotes"},
    {NULL, "found an indentation indicator equal to 0", 0, false,
     "the indentation of a block text cannot be 0", "leave the digit out, or give one from 1 to 9"},
    {"while scanning a block scalar", "did not find expected comment or line break", 0, false,
     "only a comment may follow | or > on its line", "move the text to the next line, indented"},
    {NULL, "did not find expected comment or line break", 0, false,
     "only a comment may follow on this line", "remove the rest of the line"},
    {"while scanning an alias", NULL, 0, true,
     "a * that begins a value must be followed by the name of an anchor",
     "put a value that begins with * in quotes"},
    {"while scanning an anchor", NULL, 0, true,
     "an & that begins a value must be followed by a name and a blank",
     "put a value that begins with & in quotes"},
    {NULL, "found undefined tag handle", 0, false, "the tag's prefix is not known",
     "put a value that begins with ! in quotes, or remove the tag"},
    {"while scanning a tag", NULL, 0, true,
     "a ! that begins a value must be followed by a tag and a blank",
     "put a value that begins with ! in quotes"},
    {"while parsing a tag", NULL, 0, true,
     "a ! that begins a value must be followed by a tag and a blank",
     "put a value that begins with ! in quotes"},
    {NULL, "did not find expected <document start>", 0, false,
     "the document has ended, and more text follows",
     "check the indentation and the brackets above, or begin a new document with ---"},
    {NULL, "found incompatible YAML document", 0, false, "this version of YAML is not known",
     "write %YAML 1.1, or leave the line out"},
    {"while scanning a directive", NULL, 0, true,
     "a line that begins with % is a directive, and this one is not known",
     "remove the line, or indent or quote the text"},
    {"while scanning a %YAML directive", NULL, 0, true, "the %YAML directive cannot be read",
     "write %YAML 1.1, or leave the line out"},
    {"while scanning a %TAG directive", NULL, 0, true, "the %TAG directive cannot be read",
     "write %TAG ! PREFIX, or leave the line out"},
    {NULL, "found duplicate %YAML directive", 0, false, "the %YAML directive is given twice",
     "remove one"},
    {NULL, "found duplicate %TAG directive", 0, false, "the %TAG directive is given twice",
     "remove one"},
};

static bool fits(const struct complaint *complaint, const yaml_parser_t *parser, char character) {
    const char *context = parser->context != NULL ? parser->context : "";
    const char *problem = parser->problem != NULL ? parser->problem : "";

    return (complaint->context == NULL || strcmp(complaint->context, context) == 0) &&
           (complaint->problem == NULL || strcmp(complaint->problem, problem) == 0) &&
           (complaint->character == '\0' || complaint->character == character);
}

void complaint_add(struct build *build, const yaml_parser_t *parser, size_t first_byte) {
    struct position at = build_position(build, parser->problem_mark);
    char character = at.offset < build->text.length ? build->text.data[at.offset] : '\0';

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
    for (size_t i = 0; i < ARRAY_LENGTH(complaints); i++) {
        const struct complaint *complaint = &complaints[i];
        if (fits(complaint, parser, character)) {
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
