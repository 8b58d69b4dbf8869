# Everything that judges the code.

SCRIPTS := $(wildcard scripts/* tests/lint/*) .ci/run
CLANG_OUT := $(BUILD)/clang

.PHONY: check
check: ## format, clang-tidy, cppcheck, floors, skips, scripts, commands of the docs, the build, clang, fuzz corpora, sanitizers
	@$(MAKE) --no-print-directory deps-check
	@$(PARALLEL) check-format check-floors check-tests check-scripts check-docs
	@$(MAKE) --no-print-directory CC=gcc check-commands
	@$(MAKE) --no-print-directory check-build check-levels
	@$(PARALLEL) CC=clang WERROR=1 check-clang check-tidy check-cppcheck
	@$(if $(DIFFERENTIAL_TESTS),$(MAKE) --no-print-directory CC=gcc test-differential)
	@$(if $(FUZZ_TARGETS),$(MAKE) --no-print-directory fuzz-replay)
	@$(MAKE) --no-print-directory CC=gcc SANITIZE=1 WERROR=1 test-quick
	@echo "check: all good"

# gcc warns of more, or of less, the more it optimizes. Each level has a folder of its own, so that only what
# changed is compiled again. (-O0 is that of COVERAGE=1, which is without _FORTIFY_SOURCE.)
LEVELS := O0 O1 O2 O3

.PHONY: check-levels
check-levels: ## gcc builds everything without a warning, at every level of optimization
	@for level in $(LEVELS); do \
	    $(PARALLEL) CC=gcc WERROR=1 OUT=$(BUILD)/gcc-$$level CFLAGS=-$$level objects; done

.PHONY: objects
objects: $(call object,sidecar/main.c $(SOURCES) $(TEST_SOURCES) $(TOOL_SOURCES))

.PHONY: check-build
check-build: ## the build itself: paths with blanks, an archive's version, install, what is missing
	@tests/lint/test-build

# Each version of clang-format lays some code out differently, and each clang-tidy knows other checks. Both
# are asked in the version that their settings are written for; another one is not, and that is said.
CLANG_TOOLS_VERSION := 14
is_other = version=$$($(1) --version | sed -n 's/.*version \([0-9]*\).*/\1/p') && \
    [ "$$version" != $(CLANG_TOOLS_VERSION) ] && \
    echo "$(1) $$version: the settings are for $(CLANG_TOOLS_VERSION): not checked"

.PHONY: check-format
check-format: ## clang-format 14 has nothing to change
	@{ $(call is_other,clang-format); } || clang-format --dry-run -Werror $(ALL_C) || \
	    { echo "make format mends this" >&2; false; }

.PHONY: format
format: ## let clang-format lay the code out
	@clang-format -i $(ALL_C)

.PHONY: check-floors
check-floors: ## no include runs upwards
	@scripts/check-floors
	@tests/lint/test-check-floors

# `make demo` is among the commands that are run.
.PHONY: check-commands
check-commands: all prometheus ## no command that the documents tell is one that fails
	@$(PEERS) scripts/check-commands $(PROGRAM)
	@tests/lint/test-check-commands $(PROGRAM)

.PHONY: check-scripts
check-scripts: ## shellcheck
	@shellcheck $(SCRIPTS)

# A skip that says nothing, and what cmocka 2 deprecates (support/assertions.h has both).
.PHONY: check-tests
check-tests: ## each test that is skipped says why, and none uses what newer cmockas deprecate
	@! grep -rnE '\<(skip\(\);|assert_(not_)?in_range\()' tests --include='*.[ch]' --exclude-dir=lint | \
	    grep -v '^tests/support/assertions\.c:' || \
	    { echo 'tests: write skip_because("...") and assert_between() (support/assertions.h)' >&2; false; }

.PHONY: check-clang
check-clang: $(PROGRAM) $(TESTS) ## clang builds everything without a warning

# A stamp for each file hangs on its object, which hangs on all its headers: only what changed is
# looked at again.
TIDY := $(patsubst %.c,$(OUT)/tidy/%,$(filter %.c,$(ALL_C)))

.PHONY: check-tidy
check-tidy: ## clang-tidy 14 (with CC=clang)
	@{ $(call is_other,clang-tidy); } || $(MAKE) --no-print-directory tidy-files

.PHONY: tidy-files
tidy-files: $(TIDY)

$(TIDY): $(OUT)/tidy/%: $(OUT)/obj/%.o .clang-tidy $(wildcard tests/.clang-tidy)
	@mkdir -p $(@D)
	@echo "  TIDY  $*.c"
	@clang-tidy --quiet --warnings-as-errors='*' $*.c -- -std=gnu11 $(ALL_CPPFLAGS) \
	    -DSIDECAR_VERSION='""' -DSIDECAR_COMMIT='""' $(TEST_CPPFLAGS) $(WARNINGS) \
	    $(TEST_CFLAGS) 2> $@.log || { cat $@.log; false; }
	@touch $@

# cppcheck knows neither the cleanup attribute (so it takes what is freed at a scope's end for leaked:
# the sanitizers and clang look for leaks) nor the queue macros; and readdir() is safe with a stream of
# one's own. normalCheckLevelMaxBranches (from cppcheck 2.12 on) says that it did not look everywhere.
CPPCHECK_FLAGS = --quiet --error-exitcode=1 --std=c11 --inline-suppr --template=gcc -j$(JOBS) \
    --enable=warning,performance,portability --library=posix,gnu \
    --suppress=missingIncludeSystem --suppress=resourceLeak --suppress=memleak \
    --suppress=readdirCalled --suppress=normalCheckLevelMaxBranches --cppcheck-build-dir=$(BUILD)/cppcheck -Iinclude -D_GNU_SOURCE= \
    --include=/usr/include/$(shell gcc -print-multiarch)/sys/queue.h

.PHONY: check-cppcheck
check-cppcheck: ## cppcheck
	@echo "  CPPCHECK"
	@mkdir -p $(BUILD)/cppcheck
	@cppcheck $(CPPCHECK_FLAGS) sidecar
