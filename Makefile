# Assent. `make help` lists the targets. Sources are found by folder: a new file needs no
# line here. Objects go to $(BUILD); SAN=1 builds the same tree with ASan and UBSan.

SAN ?= 0
CC ?= gcc
PREFIX ?= /usr
DESTDIR ?=
MULTIARCH ?= $(shell $(CC) -print-multiarch 2>/dev/null)
PAMDIR ?= /lib/$(MULTIARCH)/security
SUDODIR ?= /usr/libexec/sudo
LIBEXECDIR ?= $(PREFIX)/libexec/assent
UNITDIR ?= /lib/systemd/system
VERSION := $(shell sed -n '1s/^assent \([^ ]*\).*/\1/p' NEWS 2>/dev/null)

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
SAY = $(if $(filter 1,$(V)),@:,@printf '  %-4s %s\n')

ifeq ($(SAN),1)
BUILD ?= build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT ?= -O1 -g
HARDEN :=
else
BUILD ?= build/out
SANFLAGS :=
OPT ?= -O2 -g
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection
endif

WARN := -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Werror
CPPFLAGS += -D_GNU_SOURCE -DASSENT_VERSION='"$(VERSION)"'
CFLAGS_ALL := -std=gnu17 $(OPT) $(WARN) $(HARDEN) $(SANFLAGS) $(EXTRA) -fPIC \
	-fvisibility=hidden -fno-strict-aliasing $(CFLAGS)
LDFLAGS_ALL := $(SANFLAGS) $(EXTRA) -Wl,-z,relro,-z,now -Wl,-z,noexecstack $(LDFLAGS)
MODULE_LD := -shared -Wl,--no-undefined -Wl,--exclude-libs,ALL -Wl,-Bsymbolic

AGENT_LIBS := -lsystemd -lsqlite3 -lyaml -ljansson -lcrypto -lpthread
CLI_LIBS := -lyaml -ljansson -lcrypto -lsystemd -lpam
TEST_LIBS := -lcmocka $(AGENT_LIBS) -lpam

src = $(wildcard $(1)/*.c)
obj = $(patsubst %.c,$(BUILD)/%.o,$(1))

COMMON_SRC := $(call src,common)
POLICY_SRC := $(call src,agent/yaml) $(call src,agent/policy) $(call src,agent/policy/lint) \
	$(call src,agent/policy/compare) $(call src,agent/facts) $(call src,agent/study)
AGENT_SRC := $(filter-out agent/main.c,$(call src,agent)) $(call src,agent/state) \
	$(call src,agent/load) $(call src,agent/core) $(call src,agent/door) \
	$(call src,agent/method) $(call src,agent/ledger) $(call src,agent/journal) \
	$(call src,agent/public)
ACCOUNTS_SRC := $(filter-out accounts/main.c,$(call src,accounts))
CLI_SRC := $(call src,cli) $(call src,cli/base) $(call src,cli/view) $(call src,cli/policy) \
	$(call src,cli/report) $(call src,cli/host)
PAM_SRC := $(call src,pam_module)
PLUGIN_SRC := $(call src,sudo_plugin)
UNIT_SRC := $(call src,tests/unit)
FLOW_SRC := $(call src,tests/flow)
FUZZ_SRC := $(call src,tests/fuzz)
BENCH_SRC := $(call src,tests/bench)

COMMON := $(BUILD)/libcommon.a
POLICY := $(BUILD)/libpolicy.a
AGENT := $(BUILD)/libagent.a
ACCOUNTS := $(BUILD)/libaccounts.a
MODULES := $(BUILD)/libmodules.a
ASSENTD := $(BUILD)/assentd
ASSENT := $(BUILD)/assent
ASSENT_ACCOUNTS := $(BUILD)/assent-accounts
PAM := $(BUILD)/pam_assent.so
PLUGIN := $(BUILD)/assent_sudo.so
PROGRAMS := $(ASSENTD) $(ASSENT) $(ASSENT_ACCOUNTS) $(PAM) $(PLUGIN)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(filter tests/unit/test_%,$(UNIT_SRC)))
UNIT_HELPERS := $(call obj,$(filter-out tests/unit/test_%,$(UNIT_SRC)))
BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(filter tests/bench/bench_%,$(BENCH_SRC)))
BENCH_HELPERS := $(call obj,$(filter-out tests/bench/bench_%,$(BENCH_SRC)))

.PHONY: all
all: $(PROGRAMS) ## build everything

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

$(COMMON): $(call obj,$(COMMON_SRC))
$(POLICY): $(call obj,$(POLICY_SRC))
$(AGENT): $(call obj,$(AGENT_SRC))
$(ACCOUNTS): $(call obj,$(ACCOUNTS_SRC))
$(MODULES): $(call obj,$(PAM_SRC) $(PLUGIN_SRC))
$(BUILD)/%.a:
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(ASSENTD): $(call obj,agent/main.c) $(AGENT) $(POLICY) $(COMMON)
	$(SAY) LD $@
	$(Q)$(CC) -pie $(LDFLAGS_ALL) -o $@ $^ $(AGENT_LIBS)

$(ASSENT): $(call obj,$(CLI_SRC)) $(POLICY) $(COMMON)
	$(SAY) LD $@
	$(Q)$(CC) -pie $(LDFLAGS_ALL) -o $@ $^ $(CLI_LIBS)

$(ASSENT_ACCOUNTS): $(call obj,accounts/main.c) $(ACCOUNTS) $(COMMON)
	$(SAY) LD $@
	$(Q)$(CC) -pie $(LDFLAGS_ALL) -o $@ $^

$(PAM): $(call obj,$(PAM_SRC)) $(COMMON) pam_module/module.map
	$(SAY) LD $@
	$(Q)$(CC) $(MODULE_LD) $(LDFLAGS_ALL) -Wl,--version-script=pam_module/module.map -o $@ \
		$(filter-out %.map,$^) -lpam

$(PLUGIN): $(call obj,$(PLUGIN_SRC)) $(COMMON) sudo_plugin/plugin.map
	$(SAY) LD $@
	$(Q)$(CC) $(MODULE_LD) $(LDFLAGS_ALL) -Wl,--version-script=sudo_plugin/plugin.map -o $@ \
		$(filter-out %.map,$^)

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(UNIT_HELPERS) $(BUILD)/libcli.a \
		$(MODULES) $(ACCOUNTS) $(AGENT) $(POLICY) $(COMMON)
	$(SAY) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(TEST_LIBS)

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(BENCH_HELPERS) $(AGENT) $(POLICY) $(COMMON)
	$(SAY) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(AGENT_LIBS) -lpam $(BENCH_LIBS)

# Yardsticks, needed by nothing else.
$(BUILD)/tests/bench/bench_hbac: BENCH_LIBS := -lipa_hbac

.SECONDARY:

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)

# Built in by the assembler (.incbin), which the compiler's dependencies do not see.
$(BUILD)/agent/public/interface.o: etc/io.assent.varlink

# ---- tests --------------------------------------------------------------------------------

FLOW_TESTS := $(patsubst tests/flow/%.c,$(BUILD)/tests/flow/%,$(filter tests/flow/test_%,$(FLOW_SRC)))
FLOW_HELPERS := $(call obj,$(filter-out tests/flow/test_% tests/flow/load_%,$(FLOW_SRC)) \
	tests/unit/children.c)
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(filter tests/fuzz/fuzz_%,$(FUZZ_SRC)))
REPLAYS := $(patsubst %,$(BUILD)/tests/fuzz/replay_%,$(FUZZERS))
CLI_PARTS := $(filter-out %/main.o,$(call obj,$(CLI_SRC)))

$(BUILD)/libcli.a: $(CLI_PARTS)

$(BUILD)/tests/flow/%: $(BUILD)/tests/flow/%.o $(FLOW_HELPERS) $(MODULES) $(COMMON)
	$(SAY) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -rdynamic -o $@ $^ -lcmocka -lpam -ldl

# Runs a fuzzer's corpus without the fuzzing engine: each file once, as a plain test.
$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o \
		$(BUILD)/libcli.a $(MODULES) $(ACCOUNTS) $(AGENT) $(POLICY) \
		$(COMMON)
	$(SAY) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(TEST_LIBS)

.PHONY: test test-unit test-flow test-host
test: ## all tests, on a bare Debian 12 (root); ends with "N passed, N failed"
	@tests/deps.sh
	@tests/run.sh

test-unit: ## unit tests and fuzz corpora, with the sanitizers
	@$(MAKE) --no-print-directory SAN=1 unit-programs
	@tests/run.sh unit fuzz

test-flow: ## the real module through libpam against a real agent, with the sanitizers
	@$(MAKE) --no-print-directory SAN=1 flow-programs
	@tests/run.sh flow

test-host: ## real sshd, sudo, systemd and journald on private hosts (root)
	@tests/deps.sh
	@tests/run.sh host

.PHONY: unit-programs flow-programs
unit-programs: $(UNIT_TESTS) $(REPLAYS)
flow-programs: $(FLOW_TESTS) $(PROGRAMS)

.PHONY: demo demo-shell
demo: ## the story on a private host: allowed, refused, asked, approved (root)
	@tests/demo/demo.sh

demo-shell: ## a shell on that host, to try it by hand (root)
	@tests/demo/shell.sh

.PHONY: test-interop
test-interop: $(ASSENTD) ## a Varlink client that is not ours (Debian's Go library)
	@tests/interop/varlink-go/run.sh $(ASSENTD)

.PHONY: bench bench-programs
bench: ## figures side by side, as a table and as JSON in build/bench.json (root)
	@tests/deps.sh bench
	@$(MAKE) --no-print-directory bench-programs
	@tests/bench/run.sh $(BUILD)

bench-programs: $(PROGRAMS) $(BENCHES)

FUZZ_TIME ?= 600
.PHONY: fuzz
fuzz: ## every fuzzer for FUZZ_TIME seconds (600), libFuzzer with ASan and UBSan
	@tests/fuzz/run.sh $(FUZZ_TIME) $(FUZZERS)

FUZZ_BUILD := build/fuzz
.PHONY: fuzz-programs
fuzz-programs:
	@$(MAKE) --no-print-directory CC=clang BUILD=$(FUZZ_BUILD) SAN=1 OPT='-O1 -g' \
		EXTRA='-fsanitize=fuzzer-no-link' $(patsubst %,$(FUZZ_BUILD)/fuzz_%,$(FUZZERS))

$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libcli.a $(MODULES) $(ACCOUNTS) $(AGENT) $(POLICY) \
		$(COMMON)
	$(SAY) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(TEST_LIBS)

.PHONY: check
check: $(PROGRAMS) $(BUILD)/tests/flow/load_modules ## layers, exports, format, static analysis, sizes, man pages
	@BUILD=$(BUILD) tests/check/all.sh

.PHONY: cover
cover: ## line coverage of unit and flow tests, as a number
	@tests/cover.sh

# ---- packages -----------------------------------------------------------------------------

.PHONY: deb deb-quiet
deb: ## Debian packages in build/deb
	@packaging/build-deb.sh build/deb

# Built anew only when a file of the tree is newer.
deb-quiet:
	@packaging/deb-if-stale.sh build/deb

.PHONY: install
install: $(PROGRAMS) ## below DESTDIR; enables nothing
	@BUILD=$(BUILD) PREFIX=$(PREFIX) PAMDIR=$(PAMDIR) SUDODIR=$(SUDODIR) UNITDIR=$(UNITDIR) \
		LIBEXECDIR=$(LIBEXECDIR) DESTDIR=$(DESTDIR) packaging/install.sh

.PHONY: clean
clean: ## remove what was built
	rm -rf build

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
