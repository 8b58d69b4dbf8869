# Tests: each tests/<kind>/test_*.c is one cmocka program.

# The Prometheus that the tests talk to: Debian's, of this machine's release or of PEER_SUITE. Other
# binaries may be chosen by PROMETHEUS and PROMTOOL in the environment.
PEER_SUITE ?= debian
PEER := $(BUILD)/peers/$(PEER_SUITE)/usr/bin
PROMETHEUS_PROGRAM := $(or $(PROMETHEUS),$$PWD/$(PEER)/prometheus)
PROMTOOL_PROGRAM := $(or $(PROMTOOL),$$PWD/$(PEER)/promtool)
PEERS = SIDECAR="$$PWD/$(PROGRAM)" PROMETHEUS="$(PROMETHEUS_PROGRAM)" \
    PROMTOOL="$(PROMTOOL_PROGRAM)"

.PHONY: prometheus
prometheus: $(if $(and $(PROMETHEUS),$(PROMTOOL)),,$(PEER)/prometheus) ## fetch Debian's Prometheus into build/peers (nothing is installed)
	@:

# A name that begins with go- is a release that is built from its Go module.
$(PEER)/prometheus:
	@$(if $(filter go-%,$(PEER_SUITE)),scripts/build-go-peer,scripts/fetch-prometheus) $(PEER_SUITE)
	@test -x $@ || { echo "there is no $@: set PEER_SUITE, or PROMETHEUS and PROMTOOL" >&2; exit 1; }

# All that scripts/build-go-peer knows; some minutes of two processors for each.
GO_PEERS ?= $(shell scripts/build-go-peer --list | sed 's/ .*//')

.PHONY: peers
peers: prometheus ## build the releases of Prometheus that Debian lacks, from Go modules (GO_PEERS)
	@for peer in $(GO_PEERS); do scripts/build-go-peer $$peer; done

# A minute of one processor for each that does not share its libraries with another.
LOADERS ?= $(shell scripts/build-go-peer --list-loaders | sed 's/ .*//')

.PHONY: loaders
loaders: ## build the config loaders of releases of Prometheus that test-differential asks (LOADERS)
	@for peer in $(LOADERS); do scripts/build-go-peer $$peer prometheus-config-loader; done

SUPPORT := $(OUT)/libsupport.a
$(SUPPORT): $(call object,$(wildcard tests/support/*.c)) $(OUT)/sources
	@rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

tests_of = $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/$(1)/test_*.c)))
UNIT_TESTS := $(call tests_of,unit)
INTEGRATION_TESTS := $(call tests_of,integration)
E2E_TESTS := $(call tests_of,e2e)
DIFFERENTIAL_TESTS := $(call tests_of,differential)
FAULT_TESTS := $(call tests_of,faults)
CRASH_TESTS := $(call tests_of,crash)
BROWSER_TESTS := $(call tests_of,browser)
BENCHES := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/bench/bench_*.c)))
TESTS := $(UNIT_TESTS) $(INTEGRATION_TESTS) $(E2E_TESTS) $(DIFFERENTIAL_TESTS) $(FAULT_TESTS) \
    $(CRASH_TESTS) $(BROWSER_TESTS)

$(TESTS) $(BENCHES): $(OUT)/tests/%: $(OUT)/obj/tests/%.o $(SUPPORT) $(LIBRARY) $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PKG_LIBS) $(TEST_PKG_LIBS)

# Objects of tests are kept: make would take them for intermediate files.
.SECONDARY: $(call object,$(TEST_SOURCES))

.PHONY: test-programs
test-programs: $(PROGRAM) $(TESTS)

RUN_TESTS = $(PEERS) scripts/run-tests $(OUT)/logs
TEST_DEPS := $(if $(findstring clang,$(CC)),build test clang,build test)

.PHONY: test
test: ## every test: unit, integration and e2e against a real Prometheus
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) all prometheus test-programs
	@$(RUN_TESTS) $(UNIT_TESTS) $(INTEGRATION_TESTS) $(E2E_TESTS)

.PHONY: test-unit
test-unit: ## what needs neither a process nor the network (ONLY=name: those with it in their name)
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) prometheus $(PROGRAM) $(UNIT_TESTS)
	@$(RUN_TESTS) $(UNIT_TESTS)

.PHONY: test-integration
test-integration: ## files, the loop, a stand-in HTTP server (ONLY=name)
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) prometheus $(PROGRAM) $(INTEGRATION_TESTS)
	@$(RUN_TESTS) $(INTEGRATION_TESTS)

.PHONY: test-quick
test-quick: ## unit and integration (ONLY=name)
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) prometheus $(PROGRAM) $(UNIT_TESTS) $(INTEGRATION_TESTS)
	@$(RUN_TESTS) $(UNIT_TESTS) $(INTEGRATION_TESTS)

.PHONY: test-e2e
test-e2e: ## a real Prometheus (ONLY=name; PROMETHEUS and PROMTOOL choose another one)
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) prometheus $(PROGRAM) $(E2E_TESTS)
	@$(RUN_TESTS) $(E2E_TESTS)

.PHONY: test-unprivileged
test-unprivileged: ## unit, integration and e2e tests as user 65534, on a read-only root, inside the sandbox (as root)
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) prometheus $(PROGRAM) $(UNIT_TESTS) $(INTEGRATION_TESTS) $(E2E_TESTS)
	@$(PEERS) scripts/run-unprivileged scripts/run-tests /tmp/logs $(UNIT_TESTS) $(INTEGRATION_TESTS) $(E2E_TESTS)

# A suite of Debian that carries Prometheus 3 in binaries that an older Debian runs as well.
PROMETHEUS3_SUITE ?= forky

.PHONY: test-prometheus3
test-prometheus3: ## the e2e tests against Prometheus 3
	@scripts/deps $(TEST_DEPS)
	@$(MAKE) --no-print-directory PROMETHEUS= PROMTOOL= PEER_SUITE=$(PROMETHEUS3_SUITE) test-e2e

VERSIONS ?= debian $(PROMETHEUS3_SUITE) $(filter go-%,$(GO_PEERS))

.PHONY: test-versions
test-versions: ## the e2e tests against each Prometheus that is under build/peers (VERSIONS)
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) $(PROGRAM) $(E2E_TESTS)
	@$(PEERS) scripts/test-versions $(OUT)/logs "$(VERSIONS)" $(E2E_TESTS)

.PHONY: test-system-calls
test-system-calls: ## the e2e tests with every sidecar under strace: what its sandbox refuses is listed
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) prometheus $(PROGRAM) $(E2E_TESTS)
	@$(PEERS) scripts/test-system-calls $(OUT) $(E2E_TESTS)

# What another distribution's libraries break first: the unit tests, the sandbox, every way to Prometheus.
SMOKE_TESTS := $(UNIT_TESTS) $(patsubst %,$(OUT)/tests/integration/test_%,sandbox sandbox_links \
    command_run prometheus_client)
SMOKE_E2E_TESTS := $(patsubst %,$(OUT)/tests/e2e/test_%,sandbox web_config hangup)

.PHONY: test-smoke
test-smoke: ## unit tests, and a few others that depend on the libraries' versions
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) all prometheus $(SMOKE_TESTS) $(SMOKE_E2E_TESTS)
	@$(RUN_TESTS) $(SMOKE_TESTS)
	@$(PEERS) scripts/test-system-calls $(OUT) $(SMOKE_E2E_TESTS)

SUITES ?= bookworm trixie sid
QUICK ?=
RUN ?= $(if $(QUICK),make test-smoke,make test && make test-system-calls)

.PHONY: test-distributions
test-distributions: ## every test in chroots of Debian releases (SUITES, QUICK=1, RUN='COMMAND'; as root)
	@RUN='$(RUN)' scripts/test-distributions $(SUITES)

# Another architecture: its compiler is a package of this machine's, its headers and libraries are unpacked under
# build/, and its programs run under an emulator. PKG_CONFIG_LIBDIR: none of this machine's libraries is found.
ARM64_SYSROOT := $(BUILD)/sysroot-arm64
ARM64_MAKE = PKG_CONFIG_SYSROOT_DIR=$(ARM64_SYSROOT) \
    PKG_CONFIG_LIBDIR=$(ARM64_SYSROOT)/usr/lib/aarch64-linux-gnu/pkgconfig:$(ARM64_SYSROOT)/usr/share/pkgconfig \
    $(PARALLEL) CC='aarch64-linux-gnu-gcc --sysroot=$(ARM64_SYSROOT)' AR=aarch64-linux-gnu-ar

.PHONY: test-arm64
test-arm64: ## cross-built for arm64: the unit tests under qemu-user (ONLY=name)
	@scripts/deps $(TEST_DEPS) arm64
	@scripts/make-sysroot arm64 $(ARM64_SYSROOT) $$(scripts/deps --libraries build test)
	@$(ARM64_MAKE) cross-unit-tests
	@$(ARM64_MAKE) EMULATOR='qemu-aarch64 -cpu max,pauth-impdef=on' SYSROOT=$(ARM64_SYSROOT) run-unit-tests

.PHONY: cross-unit-tests
cross-unit-tests: $(PROGRAM) $(UNIT_TESTS)

# The kernel does not start the program itself: tests start a script that has the emulator do it. They start it in
# folders of their own, with an environment of their own, so it holds whole paths.
EMULATED := $(OUT)/emulated-sidecar

$(EMULATED): $(PROGRAM) FORCE
	@printf '#!/bin/bash\nexec $(EMULATOR) -L %q %q "$$@"\n' "$$PWD/$(SYSROOT)" "$$PWD/$(PROGRAM)" >$@
	@chmod +x $@

.PHONY: run-unit-tests
run-unit-tests: $(EMULATED)
	@$(PEERS) SIDECAR="$$PWD/$(EMULATED)" RUNNER="$(EMULATOR) -L $(SYSROOT)" scripts/run-tests $(OUT)/logs $(UNIT_TESTS)

# A browser is much to install: `make test` does without one.
.PHONY: test-browser
test-browser: ## the status page in a real browser, wide and narrow, light and dark
	@scripts/deps $(TEST_DEPS) browser
	@$(PARALLEL) prometheus $(PROGRAM) $(BROWSER_TESTS)
	@$(RUN_TESTS) $(BROWSER_TESTS)

.PHONY: screenshots
screenshots: ## docs/img/: the status page as the browser's test sees it
	@SCREENSHOTS=docs/img $(MAKE) --no-print-directory ONLY=test_page test-browser

.PHONY: bench
bench: ## latency of a change, duration of passes, memory; judged by ratios only (docs/bench.md)
	@scripts/deps build test
	@$(PARALLEL) $(PROGRAM) $(BENCHES)
	@for bench in $(BENCHES); do $(PEERS) $$bench; done

.PHONY: golden
golden: ## rewrite the golden files of testdata/, for review with git diff
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) $(PROGRAM) $(UNIT_TESTS) $(OUT)/tests/integration/test_reloader_command_line
	@UPDATE_GOLDEN=1 $(RUN_TESTS) $(UNIT_TESTS) $(OUT)/tests/integration/test_reloader_command_line

ifneq ($(DIFFERENTIAL_TESTS),)
DIFFERENTIAL_COUNT ?= 2000
SEED ?= 1
.PHONY: test-differential
test-differential: ## generated manifests, judged by promtool and config loaders too (DIFFERENTIAL_COUNT, SEED)
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) prometheus $(PROGRAM) $(DIFFERENTIAL_TESTS)
	@LOADERS="$(wildcard $(LOADERS:%=$(BUILD)/peers/%/usr/bin/prometheus-config-loader))" \
	    DIFFERENTIAL_COUNT=$(DIFFERENTIAL_COUNT) SEED=$(SEED) TEST_TIMEOUT=7200 \
	    $(RUN_TESTS) $(DIFFERENTIAL_TESTS)
endif

ifneq ($(CRASH_TESTS),)
CRASH_COUNT ?= 1000
.PHONY: test-crash
test-crash: ## kills at random instants (CRASH_COUNT, SEED)
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) $(PROGRAM) $(CRASH_TESTS)
	@CRASH_COUNT=$(CRASH_COUNT) SEED=$(SEED) TEST_TIMEOUT=3600 \
	    $(RUN_TESTS) $(CRASH_TESTS)
endif

# These write and sync the same few files thousands of times: on a file system in memory that is a
# matter of a minute or two.
IN_MEMORY = TMPDIR="$${TMPDIR:-$(firstword $(wildcard /dev/shm) /tmp)}"

ifneq ($(FAULT_TESTS),)
FAULT_STEP ?= 1
.PHONY: test-faults
test-faults: ## file system calls that fail, and disks that are full (FAULT_STEP=n: each nth call)
	@scripts/deps $(TEST_DEPS)
	@$(PARALLEL) $(PROGRAM) $(FAULT_TESTS)
	@$(IN_MEMORY) FAULT_STEP=$(FAULT_STEP) TEST_TIMEOUT=3600 $(RUN_TESTS) $(FAULT_TESTS)
endif

# The controller in a world of its own (tests/simulation): no file, no clock, no process.
SIMULATE := $(OUT)/tests/simulation/simulate
$(SIMULATE): $(call object,$(wildcard tests/simulation/*.c)) $(LIBRARY) $(OUT)/sources $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PKG_LIBS)

# Without SECONDS: a fixed number of histories, so that the same seed gives the same run.
HISTORIES ?= 5000
SEED ?= 1
REPLAYED := $(wildcard testdata/simulation/*.txt)
.PHONY: test-simulation
test-simulation: ## the controller against a simulated world, by the million steps (HISTORIES or SECONDS, SEED)
	@scripts/deps build
	@$(PARALLEL) $(SIMULATE)
	@$(if $(REPLAYED),$(SIMULATE) --replay $(REPLAYED))
	@scripts/check-transitions $(SIMULATE)
	@$(SIMULATE) $(if $(SECONDS),--seconds $(SECONDS),--histories $(HISTORIES)) --seed $(SEED)

MINUTES ?= 1
.PHONY: soak
soak: ## changes without end against a real Prometheus: memory, descriptors, watches stay flat (MINUTES)
	@scripts/deps build demo
	@$(PARALLEL) all prometheus
	@$(PEERS) scripts/soak $(MINUTES)

.PHONY: coverage
coverage: ## line coverage of unit and integration tests (ROOMS="spec yaml" lists what is missed)
	@scripts/deps build test check
	@find $(BUILD)/gcc-coverage -name '*.gcda' -delete 2>/dev/null || true
	@$(MAKE) --no-print-directory CC=gcc COVERAGE=1 test-quick
	@scripts/coverage $(BUILD)/gcc-coverage $(ROOMS)
