# remotewrite-sidecar: `make help` lists what there is.
#
# Every variant of the build (compiler, sanitizers, coverage, fuzzing) has a folder of its own under
# build/, so that no two of them mix. build/remotewrite-sidecar is the program of the last `make`.

VERSION := 0.1.0

# The commit: git tells it in a checkout of our own; `git archive` has written it into mk/commit. A checkout
# around an unpacked archive is not asked. safe.directory: root may install what somebody else has built.
once = $(eval $(1) := $(2))$($(1))
COMMIT ?= $(call once,COMMIT,$(or $(if $(wildcard .git),$(shell git -c safe.directory='*' describe \
    --always --dirty --abbrev=12 --match='' 2>/dev/null),$(shell sed -n \
    's/^\([0-9a-f]\{12\}\)[0-9a-f]*$$/\1/p' mk/commit 2>/dev/null)),unknown))

PREFIX ?= /usr/local
DESTDIR ?=
BUILD := build

ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
CFLAGS ?= -O2 -g
SANITIZE ?=
WERROR ?=
COVERAGE ?=
FUZZ ?=

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
JOBS := $(shell nproc 2>/dev/null || echo 2)
PARALLEL = $(MAKE) --no-print-directory --silent -j$(JOBS)
.DELETE_ON_ERROR:
.SUFFIXES:

# A library is listed once, by its pkg-config name.
LIBRARIES := libuv libcurl libcrypto libmicrohttpd gnutls libcrypt jansson yaml-0.1 libconfig \
    libpcre2-8 libseccomp zlib
TEST_LIBRARIES := cmocka

# --- flags ----------------------------------------------------------------------------------------

# Warnings are errors for those who work on the program (`make check` and CI set WERROR), not for whoever
# builds it with a compiler that warns of more.
WARNINGS := $(if $(WERROR),-Werror) -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
    -Wold-style-definition -Wmissing-declarations -Wredundant-decls -Wnested-externs -Wformat=2 \
    -Wvla -Wundef -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wconversion \
    -Wsign-conversion -Wimplicit-fallthrough -Wdate-time

# Flags that only some compilers or processors know are asked for once.
accepted = $(foreach flag,$(1),$(shell echo 'int x;' | \
    $(CC) -Werror $(flag) -x c -c -o /dev/null - 2>/dev/null && echo '$(flag)'))

PICKY = $(call once,PICKY,$(call accepted,-Wlogical-op -Wduplicated-cond -Wduplicated-branches))
PROTECTION = $(call once,PROTECTION,$(call accepted,-fcf-protection -mbranch-protection=standard \
    -fstack-clash-protection))

HARDENING = -fstack-protector-strong $(PROTECTION)
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
LINK_HARDENING := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed

VARIANT := $(notdir $(firstword $(CC)))
ifneq ($(SANITIZE),)
VARIANT := $(VARIANT)-sanitize
INSTRUMENT := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FORTIFY :=
endif
ifneq ($(COVERAGE),)
VARIANT := $(VARIANT)-coverage
INSTRUMENT := --coverage -O0 -fprofile-update=atomic
FORTIFY :=
endif
ifneq ($(FUZZ),)
VARIANT := $(VARIANT)-fuzz
INSTRUMENT := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
    -fno-omit-frame-pointer
FORTIFY :=
endif
OUT := $(BUILD)/$(VARIANT)

# What pkg-config says ($(1)) of libraries ($(2)). Without one of them there is nothing to try.
of_libraries = $(or $(shell pkg-config $(1) $(2) 2>/dev/null),$(call say_lacking,$(call lacking,$(2))))
lacking = $(strip $(foreach library,$(1),$(shell pkg-config --exists $(library) 2>/dev/null || echo $(library))))
say_lacking = $(if $(1),$(error pkg-config does not find $(1). `make deps` installs what is missing))

PKG_CFLAGS = $(call once,PKG_CFLAGS,$(call of_libraries,--cflags,$(LIBRARIES)))
PKG_LIBS = $(call once,PKG_LIBS,$(call of_libraries,--libs,$(LIBRARIES)))
TEST_PKG_CFLAGS = $(call once,TEST_PKG_CFLAGS,$(call of_libraries,--cflags,$(TEST_LIBRARIES)))
TEST_PKG_LIBS = $(call once,TEST_PKG_LIBS,$(call of_libraries,--libs,$(TEST_LIBRARIES)))

# An empty value, so that a file's own `#define _GNU_SOURCE` does no harm.
ALL_CPPFLAGS = -D_GNU_SOURCE= -Iinclude $(PKG_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(FORTIFY) $(WARNINGS) $(PICKY) -fPIE -fno-common $(HARDENING) \
    -ffile-prefix-map="$$PWD/=" $(INSTRUMENT)
ALL_LDFLAGS = $(CFLAGS) $(LINK_HARDENING) $(INSTRUMENT) $(LDFLAGS)

# A test has arguments that it does not use (cmocka's state), and a fuzz target an entry point that
# no header declares.
TEST_CPPFLAGS = -Itests $(TEST_PKG_CFLAGS)
TEST_CFLAGS := -Wno-unused-parameter -Wno-missing-prototypes -Wno-missing-declarations

# --- files ----------------------------------------------------------------------------------------

SOURCES := $(sort $(wildcard sidecar/*/*.c))
HEADERS := $(sort $(wildcard include/*/*.h))
TEST_SOURCES := $(sort $(wildcard tests/*/*.c))
TEST_HEADERS := $(sort $(wildcard tests/*/*.h))
TOOL_SOURCES := $(sort $(wildcard tools/*.c))
ALL_C := $(wildcard sidecar/main.c) $(SOURCES) $(HEADERS) $(TEST_SOURCES) $(TEST_HEADERS) $(TOOL_SOURCES)

object = $(patsubst %.c,$(OUT)/obj/%.o,$(1))
PROGRAM := $(OUT)/remotewrite-sidecar
LIBRARY := $(OUT)/libsidecar.a
FINAL := $(BUILD)/remotewrite-sidecar

# --- the program ----------------------------------------------------------------------------------

.PHONY: all
all: $(FINAL) ## build build/remotewrite-sidecar (CC=clang, SANITIZE=1)

$(FINAL): $(PROGRAM) FORCE
	@cmp -s $< $@ || { cp $< $@.new && mv $@.new $@; }

$(PROGRAM): $(call object,sidecar/main.c) $(LIBRARY) $(OUT)/flags
	@echo "  LINK  $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PKG_LIBS)

# Made anew each time, and listed, so that the object of a source that is gone goes too.
$(LIBRARY): $(call object,$(SOURCES)) $(OUT)/sources
	@echo "  AR    $@"
	@rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(OUT)/obj/sidecar/%.o: sidecar/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(VERSION_FLAGS) -MMD -MP -c -o $@ $<

# Only one file knows the version, so that a new commit compiles one file.
VERSION_SOURCE := sidecar/command/version.c
$(call object,$(VERSION_SOURCE)): VERSION_FLAGS = \
    -DSIDECAR_VERSION='"$(VERSION)"' -DSIDECAR_COMMIT='"$(COMMIT)"'
$(call object,$(VERSION_SOURCE)): $(OUT)/version

$(OUT)/obj/tests/%.o: tests/%.c $(OUT)/flags $(OUT)/test-flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CPPFLAGS) $(TEST_CPPFLAGS) $(ALL_CFLAGS) $(TEST_CFLAGS) -MMD -MP -c -o $@ $<

# A stamp is written only when what it says has changed; whatever depends on it is then made anew.
define stamp
@mkdir -p $(@D)
@printf '%s\n' $(1) | cmp -s - $@ || printf '%s\n' $(1) > $@
endef

$(OUT)/flags: FORCE
	@command -v $(firstword $(CC)) >/dev/null || \
	    { echo 'no compiler $(firstword $(CC)): `make deps` installs gcc, `make deps-check` clang' >&2; false; }
	$(call stamp,'$(subst ','\'',$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(PKG_LIBS))')
$(OUT)/test-flags: FORCE
	$(call stamp,'$(subst ','\'',$(TEST_CPPFLAGS) $(TEST_CFLAGS) $(TEST_PKG_LIBS))')
$(OUT)/version: FORCE
	$(call stamp,'$(VERSION) $(COMMIT)')
$(OUT)/sources: FORCE
	$(call stamp,'$(SOURCES)')

-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)

# What is printed from the tables: kept in the tree for its readers, checked for drift by `make check`.
$(OUT)/obj/tools/%.o: tools/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

PRINTERS := $(OUT)/print-fields $(OUT)/print-options

$(PRINTERS): $(OUT)/print-%: $(OUT)/obj/tools/print-%.o $(LIBRARY)
	@echo "  LINK  $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PKG_LIBS)

.PHONY: docs
docs: $(PROGRAM) $(PRINTERS) ## print what the docs and manifests/crd/ take from the tables
	@scripts/print-docs $^ .

.PHONY: check-docs
check-docs: $(PROGRAM) $(PRINTERS) ## the printed docs are as the tables say, and the examples hold
	@rm -rf $(OUT)/docs && scripts/print-docs $^ $(OUT)/docs
	@diff -ru docs/fields.md $(OUT)/docs/docs/fields.md && \
	    diff -ru docs/configuration.md $(OUT)/docs/docs/configuration.md && \
	    diff -ru manifests/crd $(OUT)/docs/manifests/crd || \
	    { echo 'docs: what is printed from the tables has drifted; run make docs' >&2; exit 1; }
	@scripts/check-examples $(PROGRAM)
	@echo 'docs: as the tables say'

# --- the rest -------------------------------------------------------------------------------------

include mk/test.mk
include mk/fuzz.mk
include mk/check.mk

.PHONY: deps
deps: ## install what building, testing and the demo need (apt), and fetch Prometheus into build/
	@scripts/deps build test demo
	@$(MAKE) --no-print-directory prometheus

.PHONY: deps-check
deps-check: ## install what `make check` needs beyond that: clang, cppcheck, shellcheck ...
	@scripts/deps build test demo clang check

.PHONY: demo
demo: ## show the main job on a real Prometheus pair (KEEP=1 leaves it running)
	@scripts/deps build demo
	@$(PARALLEL) all prometheus
	@$(PEERS) KEEP="$(KEEP)" scripts/demo

INSTALLED = $(DESTDIR)$(PREFIX)/bin

.PHONY: install
install: all ## install the program, under prometheus-config-reloader's name too (PREFIX, DESTDIR)
	install -D -m 0755 $(FINAL) "$(INSTALLED)/remotewrite-sidecar"
	ln -sf remotewrite-sidecar "$(INSTALLED)/prometheus-config-reloader"

# The other name goes only where it is the link that `make install` made.
.PHONY: uninstall
uninstall: ## remove what `make install` put there (PREFIX, DESTDIR)
	@if [ "$$(readlink "$(INSTALLED)/prometheus-config-reloader")" = remotewrite-sidecar ]; then \
	    rm -v "$(INSTALLED)/prometheus-config-reloader"; fi
	rm -f "$(INSTALLED)/remotewrite-sidecar"

# What is committed, under its version's name; mk/commit in it says which commit that was.
DIST := remotewrite-sidecar-$(VERSION)

.PHONY: dist
dist: ## build/remotewrite-sidecar-VERSION.tar.gz: the sources of the last commit
	@mkdir -p $(BUILD)
	@test -e .git || { echo 'make dist: this is no git checkout' >&2; false; }
	@git archive --prefix=$(DIST)/ --output=$(BUILD)/$(DIST).tar.gz HEAD
	@echo $(BUILD)/$(DIST).tar.gz

.PHONY: clean
clean: ## remove build/ but what was fetched: Prometheus, chroots of distributions, sysroots
	@if [ -d $(BUILD) ]; then \
	    find $(BUILD) -mindepth 1 -maxdepth 1 ! -name peers ! -name distributions \
	    ! -name 'sysroot-*' -exec rm -rf {} +; fi

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' Makefile mk/*.mk | sort | \
	    while IFS=$$'\t' read -r target text; do printf '  %-20s %s\n' "$$target" "$$text"; done

.PHONY: FORCE
FORCE:
