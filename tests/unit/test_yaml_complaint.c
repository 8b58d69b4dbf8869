/* SPDX-License-Identifier: Apache-2.0 */

/* Syntax errors: where, what, and what to do. */

#include "yaml/complaint.h"

#include "base/compiler.h"
#include "support/yaml_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *source;
    const char *message;
} mistakes[] =
    {
        {"a:\n\tb: 1\n", "t.yaml:2:1: error: found a tab in the indentation; indent with spaces"},
        {"a: x\n\tb: y\n", "t.yaml:2:1: error: found a tab in the indentation; indent with spaces"},
        {"a: |\n\tx\n", "t.yaml:2:1: error: found a tab in the indentation; indent with spaces"},
        {"a: 1\nb:\xc2\xa0x\n",
         "t.yaml:2:3: error: the character U+00A0 behind the colon looks like a blank and is none, so that no key ends there; write an ordinary blank behind the colon"},
        {"a:\xe3\x80\x80x\nb: 1\n",
         "t.yaml:1:3: error: the character U+3000 behind the colon looks like a blank and is none, so that no key ends there; write an ordinary blank behind the colon"},
        {"u: http://caf\xc3\xa9:\xc3\xa9\nb\n",
         "t.yaml:2:1: error: this line should be a key and has no colon behind it; write \"key: value\", or indent the line as a part of the value above"},
        {"a: @x\n", "t.yaml:1:4: error: a value cannot begin with @; put it in quotes"},
        {"a: `x`\n", "t.yaml:1:4: error: a value cannot begin with a backquote; put it in quotes"},
        {"a: %x\n", "t.yaml:1:4: error: a value cannot begin with %; put it in quotes"},
        {"a: 1\n b: 2\n",
         "t.yaml:2:3: error: a colon that makes a key stands where no key can be; check the indentation of this line and the one above; put a value that holds \": \" in quotes"},
        {"a: b: c\n",
         "t.yaml:1:5: error: a colon that makes a key stands where no key can be; check the indentation of this line and the one above; put a value that holds \": \" in quotes"},
        {"a: [1\n",
         "t.yaml:1:4: error: the list that begins here with [ is not closed properly; look for a missing comma or ]"},
        {"a: [x: 1\nb: 2\n",
         "t.yaml:1:4: error: the list that begins here with [ is not closed properly; look for a missing comma or ]"},
        {"a: {x: 1\nb: 3\n",
         "t.yaml:1:4: error: the mapping that begins here with { is not closed properly; look for a missing comma or }"},
        {"- a\nb: 1\n",
         "t.yaml:2:1: error: expected a further list item that begins with \"- \", or the end of the list; check the indentation and the quotes of this line and the one above"},
        {"a: 1\n- b\n",
         "t.yaml:2:1: error: expected a further key, or the end of the mapping; check the indentation and the quotes of this line and the one above"},
        {"a: 'it's'\n",
         "t.yaml:1:8: error: expected a further key, or the end of the mapping; check the indentation and the quotes of this line and the one above"},
        {"a: \"b\" c\n",
         "t.yaml:1:8: error: expected a further key, or the end of the mapping; check the indentation and the quotes of this line and the one above"},
        {"a:\n  - x\n y: 1\n",
         "t.yaml:3:2: error: expected a further key, or the end of the mapping; check the indentation and the quotes of this line and the one above"},
        {"key\nother: 1\n",
         "t.yaml:2:6: error: a colon that makes a key stands where no key can be; check the indentation of this line and the one above; put a value that holds \": \" in quotes"},
        {"a: 1\nother\n",
         "t.yaml:2:1: error: this line should be a key and has no colon behind it; write \"key: value\", or indent the line as a part of the value above"},
        {"\"k\": v\nx",
         "t.yaml:2:1: error: this line should be a key and has no colon behind it; write \"key: value\", or indent the line as a part of the value above"},
        {"a: \"x\ny: 1\n",
         "t.yaml:1:4: error: the quoted text that begins here has no end; add the closing quote"},
        {"a: 'x\n---",
         "t.yaml:1:4: error: the quoted text that begins here has no end; add the closing quote"},
        {"a: \"x\n...\n",
         "t.yaml:1:4: error: the quoted text that begins here has no end before the next document; add the closing quote"},
        {"a: \"\\q\"\n",
         "t.yaml:1:5: error: unknown escape after a backslash in double quotes; write \\\\ for a backslash, or use single quotes"},
        {"a: \"\\xzz\"\n",
         "t.yaml:1:7: error: expected hexadecimal digits in an escape; write \\xNN, \\uNNNN or \\UNNNNNNNN, or use single quotes"},
        {"a: \"\\ud800\"\n",
         "t.yaml:1:7: error: the escape names no Unicode character; correct its digits"},
        {"a: *\n",
         "t.yaml:1:4: error: a * that begins a value must be followed by the name of an anchor; put a value that begins with * in quotes"},
        {"a: *.foo\n",
         "t.yaml:1:4: error: a * that begins a value must be followed by the name of an anchor; put a value that begins with * in quotes"},
        {"a: &\n",
         "t.yaml:1:4: error: an & that begins a value must be followed by a name and a blank; put a value that begins with & in quotes"},
        {"a: &x,y\n",
         "t.yaml:1:6: error: expected a further key, or the end of the mapping; check the indentation and the quotes of this line and the one above"},
        {"a: !foo!bar x\n",
         "t.yaml:1:4: error: the tag's prefix is not known; put a value that begins with ! in quotes, or remove the tag"},
        {"a: !<x y\n",
         "t.yaml:1:4: error: a ! that begins a value must be followed by a tag and a blank; put a value that begins with ! in quotes"},
        {"a: !x,y z\n",
         "t.yaml:1:4: error: a ! that begins a value must be followed by a tag and a blank; put a value that begins with ! in quotes"},
        {"a: !% z\n",
         "t.yaml:1:4: error: a ! that begins a value must be followed by a tag and a blank; put a value that begins with ! in quotes"},
        {"a: |0\n  x\n",
         "t.yaml:1:5: error: the indentation of a block text cannot be 0; leave the digit out, or give one from 1 to 9"},
        {"a: | x\n",
         "t.yaml:1:6: error: only a comment may follow | or > on its line; move the text to the next line, indented"},
        {"a: >x\n",
         "t.yaml:1:5: error: only a comment may follow | or > on its line; move the text to the next line, indented"},
        {"{a: 1}}",
         "t.yaml:1:7: error: the document has ended, and more text follows; check the indentation and the brackets above, or begin a new document with ---"},
        {"[a]\nb: 1\n",
         "t.yaml:2:1: error: the document has ended, and more text follows; check the indentation and the brackets above, or begin a new document with ---"},
        {"a: b\n... c\n", "t.yaml:2:5: error: the document has ended, and more text follows; check the indentation and the brackets above, or begin a new document with ---"},
        {"%FOO\n---\na: 1\n",
         "t.yaml:1:1: error: a line that begins with % is a directive, and this one is not known; remove the line, or indent or quote the text"},
        {"%YAML 3.0\n---\na\n",
         "t.yaml:1:1: error: this version of YAML is not known; write %YAML 1.1, or leave the line out"},
        {"%YAML 1\n---\na\n",
         "t.yaml:1:1: error: the %YAML directive cannot be read; write %YAML 1.1, or leave the line out"},
        {"%YAML 1.1 x\n---\na\n",
         "t.yaml:1:11: error: only a comment may follow on this line; remove the rest of the line"},
        {"%YAML 1.1\n%YAML 1.1\n---\na\n",
         "t.yaml:2:1: error: the %YAML directive is given twice; remove one"},
        {"%TAG ! x\n%TAG ! y\n---\na\n",
         "t.yaml:2:1: error: the %TAG directive is given twice; remove one"},
        {"%TAG x\n---\na\n",
         "t.yaml:1:1: error: the %TAG directive cannot be read; write %TAG ! PREFIX, or leave the line out"},
        {"%YAML 1.1\na: 1\n",
         "t.yaml:2:1: error: a % line must be followed by --- before the text begins; add a line with ---, or remove the % line"},
        {"a: x\x01"
         "y\n",
         "t.yaml:1:5: error: found the control character U+0001; remove it, or write it as an escape in double quotes"},
        {"a: [,]\n",
         "t.yaml:1:5: error: expected a value here; remove what should not be there, or put the value in quotes"},
        {"a: [\n",
         "t.yaml:2:1: error: the text ends within a list [ ] or a mapping { }; look for a missing ] or } above"},
        {"a: {b: [1, {c: ",
         "t.yaml:1:16: error: the text ends within a list [ ] or a mapping { }; look for a missing ] or } above"},
        {"a: ]\n",
         "t.yaml:1:4: error: expected a value here; remove what should not be there, or put the value in quotes"},
        {"- - a\n - b\n",
         "t.yaml:2:2: error: expected a further list item that begins with \"- \", or the end of the list; check the indentation and the quotes of this line and the one above"},
        {"? a\n b: c\n",
         "t.yaml:2:3: error: a colon that makes a key stands where no key can be; check the indentation of this line and the one above; put a value that holds \": \" in quotes"},
        {"[a: b: c]",
         "t.yaml:1:1: error: the list that begins here with [ is not closed properly; look for a missing comma or ]"},
        {"a: [? x\n]]",
         "t.yaml:2:2: error: expected a further key, or the end of the mapping; check the indentation and the quotes of this line and the one above"},
        {"- |\n  a\n b\n",
         "t.yaml:3:2: error: expected a further list item that begins with \"- \", or the end of the list; check the indentation and the quotes of this line and the one above"},
        {"a: b\n  - c: d\n",
         "t.yaml:2:6: error: a colon that makes a key stands where no key can be; check the indentation of this line and the one above; put a value that holds \": \" in quotes"},
        {"x: y\n%z\n",
         "t.yaml:2:1: error: a line that begins with % is a directive, and this one is not known; remove the line, or indent or quote the text"},
        {"a: - b\n",
         "t.yaml:1:4: error: a list item cannot stand here; put it on a line of its own, indented like its neighbours"},
        {"a: ? b\n",
         "t.yaml:1:4: error: a key cannot stand here; check the indentation of this line and the one above"},
        {"{a:,b}\n",
         "t.yaml:1:3: error: a colon stands within an unquoted value; put the value in quotes"},
        {"[|]\n", "t.yaml:1:2: error: a value cannot begin with this character; put it in quotes"},
        {"%TAG !x! \n---\na",
         "t.yaml:1:1: error: the %TAG directive cannot be read; write %TAG ! PREFIX, or leave the line out"},
        {"%TAG !\n---\n",
         "t.yaml:1:1: error: the %TAG directive cannot be read; write %TAG ! PREFIX, or leave the line out"},
        {"%TAG ! <\n---\na",
         "t.yaml:1:1: error: the %TAG directive cannot be read; write %TAG ! PREFIX, or leave the line out"},
        {"%\n---\na\n",
         "t.yaml:1:1: error: a line that begins with % is a directive, and this one is not known; remove the line, or indent or quote the text"},
        {"%YAML 1.1234567890123\n---\na\n",
         "t.yaml:1:1: error: the %YAML directive cannot be read; write %YAML 1.1, or leave the line out"},
        {"%YAML x\n---\na\n",
         "t.yaml:1:1: error: the %YAML directive cannot be read; write %YAML 1.1, or leave the line out"},
        {"%TAG !x- y\n---\na",
         "t.yaml:1:1: error: the %TAG directive cannot be read; write %TAG ! PREFIX, or leave the line out"},
        {"a: !<> x",
         "t.yaml:1:4: error: a ! that begins a value must be followed by a tag and a blank; put a value that begins with ! in quotes"},
        {"a: \"\n---\n",
         "t.yaml:1:4: error: the quoted text that begins here has no end; add the closing quote"},
        {"%FOO-\n---\na\n",
         "t.yaml:1:1: error: a line that begins with % is a directive, and this one is not known; remove the line, or indent or quote the text"},
};

static void each_mistake_is_named_in_plain_words(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(mistakes); i++) {
        CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(mistakes[i].source);
        assert_int_equal(text.result, 0);
        assert_string_equal(yaml_text_message(&text, 0), mistakes[i].message);
        assert_int_equal(text.diagnostics.count, 1);
        assert_true(text.documents[0].failed);
        assert_null(text.documents[0].root);
    }
}

static void a_mistake_in_a_later_document_has_its_own_line(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text =
        yaml_text_read("\xef\xbb\xbf# c\n---\na: \xc3\xa9\n---\r\n\xc3\xa9: @x\n");

    assert_string_equal(yaml_text_message(&text, 0),
                        "t.yaml:5:4: error: a value cannot begin with @; put it in quotes");
}

static void a_control_character_far_behind_the_start_is_found(void **state) {
    CLEANUP(buffer_free) struct buffer source = {0};

    buffer_append_string(&source, "---\n");
    for (int i = 0; i < 20000; i++) {
        buffer_append_string(&source, "- \xc3\xa9\n");
    }
    buffer_append_string(&source, "- x\x02\n");
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(buffer_string(&source));
    assert_string_equal(yaml_text_message(&text, 0),
                        "t.yaml:20002:4: error: found the control character U+0002; remove "
                        "it, or write it as an escape in double quotes");
}

static void a_document_behind_an_unusual_line_break_is_refused(void **state) {
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read("a: b # c \xe2\x80\xa8--- d\n");

    assert_string_equal(yaml_text_message(&text, 0),
                        "t.yaml:1:11: error: another document begins behind an unusual line "
                        "break; begin it with --- at the start of a line");
    assert_int_equal(text.count, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_named_in_plain_words),
        cmocka_unit_test(a_mistake_in_a_later_document_has_its_own_line),
        cmocka_unit_test(a_control_character_far_behind_the_start_is_found),
        cmocka_unit_test(a_document_behind_an_unusual_line_break_is_refused),
    };
    return cmocka_run_group_tests_name("yaml/complaint", tests, NULL, NULL);
}
