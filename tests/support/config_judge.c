/* SPDX-License-Identifier: Apache-2.0 */
/* promtool and prometheus-config-loader, asked the same question. */

#include "support/config_judge.h"

#include "support/peer_version.h"
#include "support/tempdir.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void start_loader(struct config_judge *judge) {
    int questions[2];
    int answers[2];

    assert_int_equal(pipe2(questions, O_CLOEXEC), 0);
    assert_int_equal(pipe2(answers, O_CLOEXEC), 0);
    judge->pid = fork();
    assert_true(judge->pid >= 0);
    if (judge->pid == 0) {
        dup2(questions[0], STDIN_FILENO);
        dup2(answers[1], STDOUT_FILENO);
        execl(judge->program, judge->program, (char *)NULL);
        _exit(127);
    }
    close(questions[0]);
    close(answers[1]);
    judge->questions = fdopen(questions[1], "w");
    judge->answers = fdopen(answers[0], "r");
    assert_non_null(judge->questions);
    assert_non_null(judge->answers);
}

struct config_judge config_judge_start(const char *program) {
    struct config_judge judge = {
        .program = program,
        .version = peer_version(program),
        .is_loader = strstr(program, "prometheus-config-loader") != NULL,
    };

    if (judge.is_loader)
        start_loader(&judge);
    else
        judge.folder = tempdir_new();
    return judge;
}

void config_judge_stop(struct config_judge *judge) {
    int status;

    if (judge->is_loader) {
        fclose(judge->questions);
        fclose(judge->answers);
        assert_int_equal(waitpid(judge->pid, &status, 0), judge->pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    } else {
        tempdir_remove(judge->folder);
    }
}

static bool loader_accepts(struct config_judge *judge, struct bytes config, struct buffer *said) {
    char line[64] = "";
    unsigned long length;

    assert_true(fprintf(judge->questions, "%zu\n", config.length) > 0);
    assert_int_equal(fwrite(config.data, 1, config.length, judge->questions), config.length);
    assert_int_equal(fflush(judge->questions), 0);
    assert_non_null(fgets(line, sizeof(line), judge->answers));
    if (strcmp(line, "ok\n") == 0)
        return true;

    assert_memory_equal(line, "refused ", strlen("refused "));
    length = strtoul(line + strlen("refused "), NULL, 10);
    for (unsigned long i = 0; i < length; i++) {
        int character = fgetc(judge->answers);

        assert_int_not_equal(character, EOF);
        buffer_append_char(said, (char)character);
    }
    return false;
}

static bool promtool_accepts(struct config_judge *judge, struct bytes config, struct buffer *said) {
    char command[4096];
    char line[1024];
    FILE *pipe;

    file_write_bytes(judge->folder, "prometheus.yml", config);
    snprintf(command, sizeof(command), "'%s' check config '%s/prometheus.yml' 2>&1", judge->program,
             judge->folder);
    pipe = popen(command, "r"); /* NOLINT(cert-env33-c): both paths are our own */
    assert_non_null(pipe);
    while (fgets(line, sizeof(line), pipe) != NULL)
        buffer_append_string(said, line);
    return pclose(pipe) == 0;
}

bool config_judge_accepts(struct config_judge *judge, struct bytes config, struct buffer *said) {
    buffer_clear(said);
    return judge->is_loader ? loader_accepts(judge, config, said)
                            : promtool_accepts(judge, config, said);
}
