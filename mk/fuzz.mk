# Fuzzing: each tests/fuzz/fuzz_*.c is a libFuzzer target; its corpus is tests/fuzz/corpus/<target>/.

FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_PROGRAMS := $(patsubst %,$(OUT)/fuzz/%,$(FUZZ_TARGETS))

$(FUZZ_PROGRAMS): $(OUT)/fuzz/%: $(OUT)/obj/tests/fuzz/%.o $(LIBRARY) $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(PKG_LIBS)

.PHONY: fuzz-programs
fuzz-programs: $(FUZZ_PROGRAMS)

ifneq ($(FUZZ_TARGETS),)
BUILD_FUZZ = scripts/deps build clang && $(PARALLEL) CC=clang FUZZ=1 fuzz-programs
RUN_FUZZ = scripts/run-fuzz $(BUILD)/clang-fuzz/fuzz

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZ_SECONDS (60)
	@$(BUILD_FUZZ)
	@$(RUN_FUZZ) run $(FUZZ_SECONDS) $(FUZZ_TARGETS)

.PHONY: fuzz-replay
fuzz-replay: ## each fuzz target over its kept corpus, once
	@$(BUILD_FUZZ)
	@$(RUN_FUZZ) replay $(FUZZ_TARGETS)

.PHONY: fuzz-merge
fuzz-merge: ## keep what the last fuzzing found that reaches new code
	@$(BUILD_FUZZ)
	@$(RUN_FUZZ) merge $(FUZZ_TARGETS)
endif
