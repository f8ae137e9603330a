# Assent. `make help` lists the targets. Sources are found by folder: a new file needs no
# line here. Objects go to $(BUILD); SAN=1 builds the same tree with ASan and UBSan.

SAN ?= 0
CC ?= gcc
PREFIX ?= /usr
DESTDIR ?=
MULTIARCH ?= $(shell $(CC) -print-multiarch 2>/dev/null)
PAMDIR ?= /lib/$(MULTIARCH)/security
SUDODIR ?= /usr/libexec/sudo
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
POLICY_SRC := $(call src,agent/yaml) $(call src,agent/policy)
AGENT_SRC := $(filter-out agent/main.c,$(call src,agent)) $(call src,agent/ledger) \
	$(call src,agent/journal) $(call src,agent/public)
CLI_SRC := $(call src,cli)
PAM_SRC := $(call src,pam_module)
PLUGIN_SRC := $(call src,sudo_plugin)
UNIT_SRC := $(call src,tests/unit)
FLOW_SRC := $(call src,tests/flow)
FUZZ_SRC := $(call src,tests/fuzz)
BENCH_SRC := $(call src,tests/bench)

COMMON := $(BUILD)/libcommon.a
POLICY := $(BUILD)/libpolicy.a
AGENT := $(BUILD)/libagent.a
MODULES := $(BUILD)/libmodules.a
ASSENTD := $(BUILD)/assentd
ASSENT := $(BUILD)/assent
PAM := $(BUILD)/pam_assent.so
PLUGIN := $(BUILD)/assent_sudo.so
PROGRAMS := $(ASSENTD) $(ASSENT) $(PAM) $(PLUGIN)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(filter tests/unit/test_%,$(UNIT_SRC)))
UNIT_HELPERS := $(call obj,$(filter-out tests/unit/test_%,$(UNIT_SRC)))
BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(BENCH_SRC))

.PHONY: all
all: $(PROGRAMS) ## build everything

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

$(COMMON): $(call obj,$(COMMON_SRC))
$(POLICY): $(call obj,$(POLICY_SRC))
$(AGENT): $(call obj,$(AGENT_SRC))
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

$(PAM): $(call obj,$(PAM_SRC)) $(COMMON) pam_module/module.map
	$(SAY) LD $@
	$(Q)$(CC) $(MODULE_LD) $(LDFLAGS_ALL) -Wl,--version-script=pam_module/module.map -o $@ \
		$(filter-out %.map,$^) -lpam

$(PLUGIN): $(call obj,$(PLUGIN_SRC)) $(COMMON) sudo_plugin/plugin.map
	$(SAY) LD $@
	$(Q)$(CC) $(MODULE_LD) $(LDFLAGS_ALL) -Wl,--version-script=sudo_plugin/plugin.map -o $@ \
		$(filter-out %.map,$^)

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(UNIT_HELPERS) $(MODULES) $(AGENT) $(POLICY) $(COMMON)
	$(SAY) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(TEST_LIBS)

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(AGENT) $(POLICY) $(COMMON)
	$(SAY) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(AGENT_LIBS) -lpam

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)

# Built in by the assembler (.incbin), which the compiler's dependencies do not see.
$(BUILD)/agent/public/interface.o: etc/io.assent.varlink

.PHONY: clean
clean: ## remove what was built
	rm -rf build

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
