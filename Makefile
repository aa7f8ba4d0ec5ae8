# SPDX-License-Identifier: GPL-2.0-or-later
#
# make             build ./memleak-bpf; needs no root, no kernel BTF
# make help        the other targets and the variables

VERSION ?= 0.1.0
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/memleak-bpf
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d

# ARCH names the directory under vmlinux/ and libbpf's __TARGET_ARCH_*.
HOST_ARCH := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')
ARCH      ?= $(HOST_ARCH)

# make's built-in default is cc; "make CC=..." and the environment still win.
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG      ?= clang
PKG_CONFIG ?= pkg-config
ifndef BPFTOOL
BPFTOOL := $(shell tools/install-deps --bpftool)
endif

# Each flavour has a directory of its own, so that switching between them rebuilds nothing.
ifdef FUZZ
OUT    := build/fuzz
CC     := $(CLANG)
OPT    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
NOERR  := -Wno-error
else ifdef SAN
OUT    := build/san
OPT    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
# The checks that the sanitizers add make gcc warn of paths that cannot be taken.
NOERR  := -Wno-error -Wno-format-truncation -Wno-maybe-uninitialized
else ifdef DEBUG
OUT    := build/debug
OPT    := -Og -g3 -fno-omit-frame-pointer
else
OUT    := build
OPT    := -O2
endif
WERROR ?= -Werror

ifeq ($(V),1)
Q   :=
say  = @:
else
Q   := @
say  = @printf '  %-8s %s\n'
endif

# The BPF objects do not depend on the flavour: one skeleton for all of them.
BPF_OUT   := build
# kernel.bpf.c follows the kernel's own allocators, the others those of a process.
# family.bpf.c knows which processes come of a traced one.
BPF_SRC   := $(filter-out bpf/kernel.bpf.c bpf/family.bpf.c,$(sort $(wildcard bpf/*.bpf.c)))
BPF_OBJ   := $(BPF_SRC:%.c=$(BPF_OUT)/%.o)
# The same sources for kernels before 5.15: bpf/compat.bpf.h.
OLD_OBJ   := $(BPF_SRC:%.c=$(BPF_OUT)/old/%.o)
SKEL      := $(BPF_OUT)/memleak.skel.h $(BPF_OUT)/memleak_old.skel.h
KSKEL     := $(BPF_OUT)/kernel.skel.h $(BPF_OUT)/kernel_old.skel.h
BPF_FLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Wall $(WERROR) \
	     -Ivmlinux/$(ARCH) -Ibpf $(shell $(PKG_CONFIG) --cflags libbpf 2>/dev/null)

SRC      := $(sort $(wildcard user/*.c user/*/*.c))
OBJ      := $(SRC:%.c=$(OUT)/%.o)
LIB      := $(OUT)/libmemleak.a
BIN      := $(OUT)/memleak-bpf
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT     := $(UNIT_SRC:%.c=$(OUT)/%)
BENCH    := $(addprefix $(OUT)/tools/bench/,shapes filters kernel_shapes formats $(if $(filter x86,$(ARCH)),walk walk_tables walk_target))
BENCH_BPF := walk shapes filters kernel_shapes
JUDGES   := $(patsubst %.c,$(OUT)/%,$(filter-out %.bpf.c,$(sort $(wildcard tests/judge/*.c))))
JUDGE_BPF := $(patsubst %.bpf.c,%,$(sort $(wildcard tests/judge/*.bpf.c)))
FUZZERS  := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

PKGS       := libbpf libelf zlib libdw capstone libmicrohttpd
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)
# binutils installs no .pc file for libiberty.
LIBS       := $(PKG_LIBS) -liberty -lpthread -lm
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(OPT) -g -Wall -Wextra $(WERROR) $(NOERR) -Iuser -I$(BPF_OUT) \
	      -DMEMLEAK_VERSION='"$(VERSION)"' $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
NJOBS       = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# Only the plain build becomes ./memleak-bpf, which is what the README tells to run.
all: $(BIN) $(if $(filter build,$(OUT)),memleak-bpf) ## build ./memleak-bpf (default)

memleak-bpf: $(BIN)
	$(Q)ln -f $< $@ 2>/dev/null || cp -f $< $@

# Says once, before the first compiler error, what is missing and what installs it.
$(BPF_OUT)/.deps: tools/install-deps
	$(Q)mkdir -p $(@D)
	$(Q)BPFTOOL='$(BPFTOOL)' tools/install-deps --check
	$(Q)touch $@

# Changed flags rebuild.
$(OUT)/.flags: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)printf '%s\n' '$(subst ','\'',$(CC) $(ALL_CFLAGS) $(LDFLAGS))' >$@.new; \
		cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(BPF_OUT)/%.bpf.o: %.bpf.c $(BPF_OUT)/.flags-bpf | $(BPF_OUT)/.deps
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) -MMD -MP -c $< -o $@

$(BPF_OUT)/.flags-bpf: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)printf '%s\n' '$(CLANG) $(BPF_FLAGS)' >$@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(BPF_OUT)/old/%.bpf.o: %.bpf.c $(BPF_OUT)/.flags-bpf | $(BPF_OUT)/.deps
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) -DMEMLEAK_OLD -MMD -MP -c $< -o $@

$(BPF_OUT)/memleak.bpf.o: $(BPF_OBJ)
$(BPF_OUT)/memleak_old.bpf.o: $(OLD_OBJ)
$(BPF_OUT)/kernel.bpf.o: $(BPF_OUT)/bpf/kernel.bpf.o
$(BPF_OUT)/kernel_old.bpf.o: $(BPF_OUT)/old/bpf/kernel.bpf.o
$(BPF_OUT)/family.bpf.o: $(BPF_OUT)/bpf/family.bpf.o
$(BPF_OUT)/memleak.bpf.o $(BPF_OUT)/memleak_old.bpf.o $(BPF_OUT)/kernel.bpf.o $(BPF_OUT)/kernel_old.bpf.o $(BPF_OUT)/family.bpf.o:
	$(say) LINK $@
	$(Q)$(BPFTOOL) gen object $@ $^

$(BPF_OUT)/%.skel.h: $(BPF_OUT)/%.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >$@.new && mv $@.new $@

# The sources that include them.
$(OUT)/user/object.o: $(SKEL)
$(OUT)/user/kernel/kskel.o: $(KSKEL)
$(OUT)/user/follow/family.o: $(BPF_OUT)/family.skel.h

$(OUT)/%.o: %.c $(OUT)/.flags | $(BPF_OUT)/.deps
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# It has these files in it.
$(OUT)/user/render/asset.o: user/render/flame.js user/render/flame.css user/render/page.css

$(LIB): $(filter-out $(OUT)/user/main.o,$(OBJ))
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) qcs $@ $^

$(BIN): $(OUT)/user/main.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $< $(LIB) $(LIBS) -o $@

$(UNIT): $(OUT)/%: $(OUT)/%.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $< $(LIB) $(LIBS) -o $@
$(UNIT:%=%.o): private ALL_CFLAGS += -Itests/unit

# Programs of the root tests that use the tool's own code.
$(JUDGES): $(OUT)/%: $(OUT)/%.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $< $(LIB) $(LIBS) -o $@

$(JUDGE_BPF:%=$(OUT)/%.skel.h): $(OUT)/%.skel.h: $(BPF_OUT)/%.bpf.o
	$(say) SKEL $@
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $(notdir $*)_bpf >$@.new && mv $@.new $@

$(JUDGE_BPF:%=$(OUT)/%.o): %.o: %.skel.h
$(JUDGE_BPF:%=$(OUT)/%.o): private ALL_CFLAGS += -I$(OUT)/tests/judge

$(FUZZERS): $(OUT)/%: $(OUT)/%.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) $< $(LIB) $(LIBS) -o $@

# What "make bench" measures stack walks with, and what it measures against.
$(OUT)/tools/bench/%.skel.h: $(BPF_OUT)/tools/bench/%.bpf.o
	$(say) SKEL $@
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >$@.new && mv $@.new $@

$(BENCH_BPF:%=$(OUT)/tools/bench/%.o): $(OUT)/tools/bench/%.o: $(OUT)/tools/bench/%.skel.h
$(BENCH_BPF:%=$(OUT)/tools/bench/%.o): private ALL_CFLAGS += -I$(OUT)/tools/bench

$(filter-out %_target,$(BENCH)): %: %.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $< $(LIB) $(LIBS) -o $@

# Each call a frame with a frame pointer, and functions in the order of the source.
$(OUT)/tools/bench/walk_target: tools/bench/walk_target.c tools/bench/walk.h bpf/memleak.h
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra $(WERROR) -Ibpf -fno-omit-frame-pointer \
		-fno-optimize-sibling-calls -fno-toplevel-reorder -fno-stack-protector \
		-fcf-protection=none -nostartfiles $< -o $@

bench-tools: $(BENCH)

unit: $(UNIT) ## build the unit tests

judges: $(JUDGES)

test-unit: unit ## run the unit tests; needs no root
	tests/run --build $(OUT) unit

check: ## install what is missing (as root), build, run all tests; with SAN=1 the unit tests only
	@[ "$$(id -u)" != 0 ] || tools/install-deps $(if $(SAN),,--tests)
ifdef SAN
	@$(MAKE) --no-print-directory $(NJOBS) all unit
	tests/run --build $(OUT) unit
else
	@$(MAKE) --no-print-directory $(NJOBS) all unit judges bench-tools
	@$(MAKE) --no-print-directory $(NJOBS) -C tests/prog
	tests/run --build $(OUT)
endif

demo: ## install what is missing (as root), trace a leaking program, show the report
	@[ "$$(id -u)" != 0 ] || tools/install-deps
	@$(MAKE) --no-print-directory $(NJOBS) all
	@$(MAKE) --no-print-directory -C tests/prog ../../build/tests/prog/leak_example
	@tools/demo

check-kernels: all ## test on Debian's kernels 5.10, 6.1, 6.12, 7.x in emulated machines (root)
	@$(MAKE) --no-print-directory -C tests/prog
	tests/vm/check-kernels $(KERNELS)

bench: all bench-tools ## measure what tracing costs, and how long start and report take; needs root
	tools/bench/run

bench-kernel: all bench-tools ## measure what -k costs the kernel's allocators; needs root
	tools/bench/run filters kernel

FUZZ_SECONDS ?= 10
fuzz: ## build tests/fuzz/fuzz_*.c with libFuzzer and run each for FUZZ_SECONDS (10)
	@$(MAKE) --no-print-directory $(NJOBS) FUZZ=1 fuzzers
	tools/fuzz $(FUZZ_SECONDS)

fuzzers: $(FUZZERS)

lint: ## clang-format, cppcheck, shellcheck, mandoc
	tools/lint

# Made of what the program says of itself, so what is built for another machine has none.
COMPLETION := $(if $(filter $(HOST_ARCH),$(ARCH)),$(addprefix $(OUT)/completion/memleak-bpf.,bash zsh fish))
$(COMPLETION): $(OUT)/completion/memleak-bpf.%: tools/completion/memleak-bpf.% tools/completion/generate \
		tools/completion/table.awk $(BIN)
	$(say) GEN $@
	$(Q)mkdir -p $(@D)
	$(Q)tools/completion/generate $* $(BIN) >$@

install-completion: $(COMPLETION)
ifneq ($(COMPLETION),)
	install -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	install -m 644 $(OUT)/completion/memleak-bpf.bash $(DESTDIR)$(BASHDIR)/memleak-bpf
	install -m 644 $(OUT)/completion/memleak-bpf.zsh $(DESTDIR)$(ZSHDIR)/_memleak-bpf
	install -m 644 $(OUT)/completion/memleak-bpf.fish $(DESTDIR)$(FISHDIR)/memleak-bpf.fish
endif

install: all install-completion ## install under $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(DATADIR)
	install -m 755 $(BIN) $(DESTDIR)$(BINDIR)/memleak-bpf
	sed 's|/usr/local/share/memleak-bpf|$(DATADIR)|' user/memleak-bpf.8 >$(OUT)/memleak-bpf.8
	install -m 644 $(OUT)/memleak-bpf.8 $(DESTDIR)$(MANDIR)/man8/memleak-bpf.8
	install -m 644 user/render/report.schema.json user/diff/diff.schema.json user/heap/heap.schema.json user/report/report.proto $(DESTDIR)$(DATADIR)

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/memleak-bpf $(DESTDIR)$(MANDIR)/man8/memleak-bpf.8
	rm -f $(DESTDIR)$(BASHDIR)/memleak-bpf $(DESTDIR)$(ZSHDIR)/_memleak-bpf $(DESTDIR)$(FISHDIR)/memleak-bpf.fish
	rm -rf $(DESTDIR)$(DATADIR)

ifeq ($(HOST_ARCH),$(ARCH))
deb: all $(COMPLETION) ## build a Debian package of what install would install, under build/
	+$(Q)MAKE='$(MAKE)' tools/deb/build $(VERSION) $(OUT)
else
deb:
	@echo "make deb: build it on a machine of that architecture: the package has what the program says of itself" >&2
	@exit 1
endif

clean: ## remove everything that was built
	rm -rf build memleak-bpf
	@[ ! -e tests/prog/Makefile ] || $(MAKE) --no-print-directory -C tests/prog clean

help: ## this text
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
	@echo
	@echo 'Variables: V=1 show commands; DEBUG=1 or SAN=1 build under build/debug or build/san;'
	@echo '  CC CLANG BPFTOOL CFLAGS LDFLAGS DESTDIR PREFIX; ARCH=arm64 with CC of a cross compiler;'
	@echo '  WERROR= do not stop at warnings'

FORCE:
.PHONY: check-kernels all deb unit judges test-unit check demo bench bench-kernel bench-tools fuzz fuzzers lint install install-completion uninstall clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:

-include $(OBJ:.o=.d) $(BPF_OBJ:.o=.d) $(OLD_OBJ:.o=.d) $(BPF_OUT)/bpf/kernel.bpf.d $(BPF_OUT)/old/bpf/kernel.bpf.d $(BENCH_BPF:%=$(BPF_OUT)/tools/bench/%.bpf.d) $(BENCH:%=%.d) \
	 $(JUDGE_BPF:%=$(BPF_OUT)/%.bpf.d) \
	 $(UNIT:%=%.d) $(JUDGES:%=%.d) $(FUZZERS:%=%.d)
