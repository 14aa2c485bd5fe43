# SPDX-License-Identifier: BSD-2-Clause
# make [B=folder] [CC=clang] [SAN=address,undefined] [STATIC=1] [WERROR=1] [V=1] [all|checked|test-programs|bench-programs|fuzz|seeds|install|clean]
# Files are found by wildcard: a new report, sink or source is one new file. Out of tree, in $(B).

B       ?= build
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool /sbin/bpftool) bpftool)
PKG     ?= pkg-config
PREFIX  ?= /usr/local
VERSION := $(shell cat VERSION)
# Below share/zsh: where that shell looks for functions that it does not bring itself.
ZSH_FUNCTIONS ?= site-functions
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-5s %s\n' $(1) '$(subst $(B)/,,$@)')

LIBS     := libbpf libpcap libmnl libcap-ng libseccomp jansson libmd zlib libzstd libmicrohttpd gnutls libcurl libfixbuf ncursesw tinfo
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
            -Wundef -Wpointer-arith -Wno-missing-field-initializers $(if $(WERROR),-Werror)
# Paths of the build folder must not show in the result: two folders, one binary.
REPRO    := -ffile-prefix-map=$(abspath $(B))=build -ffile-prefix-map=$(CURDIR)=.
CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Isrc -I$(B)/gen
CFLAGS   ?= -O2 -g
HARDEN   := -fPIE -fstack-protector-strong -fstack-clash-protection \
            $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
SANFLAGS := $(if $(SAN),-DSANITIZED -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
ALLFLAGS  = -std=gnu17 $(CPPFLAGS) $(WARN) $(CFLAGS) $(HARDEN) $(REPRO) $(SANFLAGS) $(LIBS_CFLAGS)
# These are loaded by those who need them (src/util/library.h): every other run would pay for them.
LIBS_LOADED := libmicrohttpd gnutls libcurl libfixbuf
# STATIC=1: needs nothing where it runs. What would need libraries that no archives exist of is left out;
# STATIC_LIBRARIES is a folder with those that were built for this (packaging/static.py).
LIBS_SHARED := gnutls libcurl libfixbuf
ifdef STATIC
LIBS     := $(filter-out $(LIBS_SHARED),$(LIBS))
LIBS_LOADED :=
CPPFLAGS += -DSTATIC -isystem $(STATIC_LIBRARIES)/include
LDFLAGS  += -L$(STATIC_LIBRARIES)/lib -static-pie
endif
LDFLAGS  += $(if $(STATIC),,-pie) -Wl,-z,relro,-z,now,--build-id=sha1 $(SANFLAGS)
# Asked once, not for each file.
LIBS_CFLAGS := $(shell $(PKG) --cflags $(LIBS))
comma    := ,
LDLIBS   := $(filter-out -Wl$(comma)-rpath%,$(shell $(PKG) --libs $(filter-out $(LIBS_LOADED),$(LIBS))))

# SYSROOT is the root of the system to build for, if it is not this one: then CC, PKG and BPFTOOL are
# those for it (tests/cross/build.py gives them).
# Kernel headers that the C library installs; not those of the running kernel.
USR_INC  := $(SYSROOT)/usr/include
ARCH_INC := $(firstword $(wildcard $(USR_INC)/$(shell $(CC) -print-multiarch)) $(USR_INC))
# BPF programs have the byte order of the machine that they run on.
BPF_ARCH := $(if $(shell echo __BYTE_ORDER__ | $(CC) -E -P - | grep 4321),bpfeb,bpfel)
BPFFLAGS := -g -O2 -mcpu=v3 -target $(BPF_ARCH) $(SYSROOT:%=--sysroot=%) -Isrc -I$(ARCH_INC) \
            -Wall -Wextra -Wno-unused-parameter $(if $(WERROR),-Werror) \
            -ffile-prefix-map=$(CURDIR)=.
# Registers, which kprobes read, are named by machine.
BPFFLAGS += -D__TARGET_ARCH_$(shell $(CC) -dumpmachine | sed 's/-.*//; s/x86_64/x86/; s/aarch64/arm64/; s/s390x/s390/')

# The registry holds the files that define the object of their folder's contract.
names      = $(sort $(patsubst src/$(1)/%.c,%,$(shell grep -l '^const struct $(2) $(1)_' src/$(1)/*.c)))
REPORTS   := $(call names,report,report)
SINKS     := $(call names,sink,sink)
SOURCES   := $(call names,source,source_ops)

SRC       := $(sort $(filter-out src/main.c,$(wildcard src/*/*.c)))
SRC       := $(filter-out src/bpf/%,$(SRC))
# So are the reports that send, by such libraries.
ifdef STATIC
PUSH      := otlp ipfix
SRC       := $(filter-out src/push/% src/consumer/exporter.c $(PUSH:%=src/consumer/%.c) $(PUSH:%=src/report/%.c),$(SRC))
REPORTS   := $(filter-out $(PUSH),$(REPORTS))
endif
BPF_SRC   := $(sort $(wildcard src/bpf/*.bpf.c))
# Programs that are loaded without the others: each file is an object, and a skeleton, of its own.
ALONE     := $(patsubst src/bpf/alone/%.bpf.c,%,$(sort $(wildcard src/bpf/alone/*.bpf.c)))
OBJ       := $(SRC:src/%.c=$(B)/obj/%.o)
BPF_OBJ   := $(BPF_SRC:src/%.bpf.c=$(B)/%.bpf.o)
ALONE_OBJ := $(ALONE:%=$(B)/bpf/alone/%.bpf.o)
SKELETON  := $(B)/gen/tcp.skel.h $(ALONE:%=$(B)/gen/%.skel.h)
REGISTRY  := $(B)/gen/registry.h
BUILD_H   := $(B)/gen/build.h
COMPLETED := bash zsh fish
LINKS     := tcptop tcplife tcpsubnet tcpipstat tcpeek tcpeekstat

UNIT      := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(sort $(wildcard tests/unit/*/test_*.c)))
E2E_TOOLS := $(patsubst tests/e2e/%.c,$(B)/tests/%,$(sort $(wildcard tests/e2e/*.c)))
FUZZERS   := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
SEEDERS   := $(FUZZERS:$(B)/fuzz/%=$(B)/seeds/%)
TOOLS     := $(patsubst tests/tools/%.c,$(B)/tests/tools/%,$(sort $(wildcard tests/tools/*.c)))
BENCH     := $(patsubst bench/%.c,$(B)/bench/%,$(sort $(wildcard bench/*.c)))
DAY_SRC   := $(sort $(wildcard bench/day/*.c))

.DELETE_ON_ERROR:
.PHONY: all checked completion test-programs bench-programs fuzz seeds install clean
all: $(B)/tcpsight $(LINKS:%=$(B)/%)

$(B)/tcpsight: $(B)/obj/main.o $(OBJ)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LINKS:%=$(B)/%): | $(B)/tcpsight
	$(Q)ln -sf tcpsight $@

$(B)/obj/%.o: src/%.c | $(SKELETON) $(REGISTRY) $(BUILD_H)
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

$(B)/bpf/%.bpf.o: src/bpf/%.bpf.c
	$(call say,BPF)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPFFLAGS) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

$(B)/gen/tcp.o: $(BPF_OBJ)
	$(call say,MERGE)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $^

$(ALONE:%=$(B)/gen/%.o): $(B)/gen/%.o: $(B)/bpf/alone/%.bpf.o
	$(call say,MERGE)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $<

$(SKELETON): %.skel.h: %.o
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name $(notdir $*) >$@

# Rewritten only if something changed.
replace = cmp -s $@.new $@ && rm $@.new || mv $@.new $@
empty  :=
# "a_1 b_2" -> "a 1, b 2"
join_by = $(subst _, ,$(subst $(empty) ,$(comma)_,$(strip $(1))))
$(REGISTRY): FORCE
	$(Q)mkdir -p $(@D)
	$(Q){ echo '#pragma once'; \
	  echo '#define REPORTS(X) $(foreach n,$(REPORTS),X($(n)))'; \
	  echo '#define LEFT_OUT(X) $(foreach n,$(PUSH),X($(n)))'; \
	  echo '#define SINKS(X) $(foreach n,$(SINKS),X($(n)))'; \
	  echo '#define SOURCES(X) $(foreach n,$(SOURCES),X($(n)))'; } >$@.new; \
	  $(replace)
# What --version tells; nothing of the day or the folder.
$(BUILD_H): FORCE
	$(Q)mkdir -p $(@D)
	$(Q){ echo '#pragma once'; \
	  echo '#define BUILD_TARGET "$(shell $(CC) -dumpmachine)"'; \
	  echo '#define BUILD_LIBRARIES "$(call join_by,$(foreach l,$(LIBS),$(l)_$(shell $(PKG) --modversion $(l))))"'; } >$@.new; \
	  $(replace)
FORCE:
# --ebpf prints them.
$(B)/obj/cli/ebpf.o: $(wildcard src/bpf/*)
# So do the files of the page, and what describes the API.
$(B)/obj/api/openapi.o: src/api/openapi.json VERSION
$(B)/obj/api/page.o: $(wildcard src/page/*)
$(COMPLETED:%=$(B)/obj/cli/completion_%.o): $(B)/obj/cli/completion_%.o: src/cli/completion.%
# Whoever uses the registry is rebuilt with it.
$(B)/obj/cli/command.o $(B)/obj/cli/completion.o $(B)/obj/app/sources.o: $(REGISTRY)
$(B)/obj/cli/version.o: $(BUILD_H)
$(B)/obj/cli/version.o $(B)/obj/consumer/agent_status.o $(B)/obj/consumer/recorder_meta.o $(B)/obj/consumer/otlp_resource.o $(B)/obj/consumer/metrics_self.o: VERSION

# The other compiler must be as content. What it warns of it finds before it makes code, and nobody would run its code.
CHECKED := $(patsubst src/%.c,$(B)/checked/%.ok,src/main.c $(SRC))
checked: $(CHECKED)
$(B)/checked/%.ok: src/%.c | $(SKELETON) $(REGISTRY) $(BUILD_H)
	$(call say,CHECK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(ALLFLAGS) -fsyntax-only -MMD -MP -MT $@ -MF $(@:.ok=.d) $<
	$(Q)touch $@

# Of it a program that tests or measures takes what it needs: to link all of it into each took longer than to compile it.
ALL := $(B)/obj/all.a
AR  := $(shell $(CC) -print-prog-name=ar)
$(ALL): $(OBJ)
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcsT $@ $^

test-programs: $(UNIT) $(E2E_TOOLS) $(TOOLS) $(B)/tests/verify $(B)/tests/needs.o $(B)/bench/agent_day
bench-programs: $(BENCH)
fuzz: $(FUZZERS)
seeds: $(SEEDERS)

# It plays the other end.
$(B)/tests/unit/push/test_ipfix_outage: LDLIBS += $(shell $(PKG) --libs gnutls)
$(B)/tests/unit/%: tests/unit/%.c $(ALL)
	$(call say,TEST)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALLFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(ALL) -lcmocka $(LDLIBS) -lm

URING := $(shell $(PKG) --exists liburing && echo -DHAVE_LIBURING $$($(PKG) --cflags --libs liburing))
$(B)/tests/tools/%: tests/tools/%.c $(ALL)
	$(call say,TOOL)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALLFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(ALL) $(LDLIBS)

$(B)/tests/%: tests/e2e/%.c $(wildcard tests/e2e/*.h)
	$(call say,TOOL)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -g -o $@ $< $(URING) -lpthread

$(B)/tests/verify: tests/kernels/verify.c src/probe/verifier_log.c src/probe/verifier_log.h
	$(call say,TOOL)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -Isrc -O2 -g -o $@ $(filter %.c,$^) $(shell $(PKG) --cflags --libs libbpf)

$(B)/tests/needs.o: tests/kernels/needs.bpf.c src/bpf/kernel.h
	$(call say,BPF)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPFFLAGS) -c -o $@ $<

# These measure code of ours, so they are linked with it.
$(B)/bench/record $(B)/bench/record_live: $(B)/bench/%: bench/%.c bench/record_traffic.h $(ALL)
	$(call say,BENCH)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALLFLAGS) -Ibench $(LDFLAGS) -o $@ $< $(ALL) $(LDLIBS) -lm

$(B)/bench/%: bench/%.c
	$(call say,BENCH)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -g -o $@ $< -lpthread

# tcpsight whole, but for its clock, its timers and what it watches.
DAY_WRAPS := clock_gettime time pthread_cond_timedwait timerfd_create timerfd_settime epoll_wait sources_choose cgroup_names_new
$(B)/bench/agent_day: $(DAY_SRC) bench/day/day.h $(B)/obj/main.o $(OBJ)
	$(call say,BENCH)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALLFLAGS) $(LDFLAGS) $(DAY_WRAPS:%=-Wl,--wrap=%) -o $@ $(filter-out %.h,$^) $(LDLIBS)

# These measure functions of ours.
$(B)/bench/names $(B)/bench/rows $(B)/bench/screen: $(B)/bench/%: bench/%.c $(ALL)
	$(call say,BENCH)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $< $(ALL) $(LDLIBS)

# Fuzz targets link the pure layers only, all instrumented.
FUZZ_SRC := $(sort $(wildcard src/packet/*.c src/util/*.c src/verdict/*.c src/engine/*.c \
            src/record/*.c src/fleet/*.c) \
            src/source/replay_line.c src/consumer/control_request.c src/cli/config_file.c \
            src/serve/gate.c src/serve/target.c src/serve/negotiate.c src/push/otlp_answer.c \
            src/source/connect_read.c)
FUZZ_OBJ := $(FUZZ_SRC:src/%.c=$(B)/fuzz/obj/%.o)
# The screen without its terminal, which its target stands in for.
FUZZ_SCREEN_SRC := $(sort $(wildcard src/view/*.c) $(filter-out src/screen/term%,$(wildcard src/screen/*.c)))
FUZZ_SCREEN_OBJ := $(FUZZ_SCREEN_SRC:src/%.c=$(B)/fuzz/obj/%.o)
$(B)/fuzz/fuzz_screen: $(FUZZ_SCREEN_OBJ)
$(B)/seeds/fuzz_screen: $(FUZZ_SCREEN_SRC)
# What a request asks for, in words of views.
FUZZ_ASK_SRC := $(sort $(wildcard src/view/*.c) src/api/ask.c src/api/ask_filter.c)
FUZZ_ASK_OBJ := $(FUZZ_ASK_SRC:src/%.c=$(B)/fuzz/obj/%.o)
$(B)/fuzz/fuzz_ask: $(FUZZ_ASK_OBJ)
$(B)/seeds/fuzz_ask: $(FUZZ_ASK_SRC)
.SECONDARY: $(FUZZ_OBJ) $(FUZZ_SCREEN_OBJ) $(FUZZ_ASK_OBJ)
FUZZFLAGS = -std=gnu17 $(CPPFLAGS) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
$(B)/fuzz/obj/%.o: src/%.c
	$(call say,FUZZ)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZFLAGS) -MMD -MP -c -o $@ $<

$(B)/fuzz/%: tests/fuzz/%.c $(FUZZ_OBJ)
	$(call say,FUZZ)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZFLAGS) -o $@ $^ $(LDLIBS)

# The same without libFuzzer, which is there for this machine only: the seeds, and little changes.
$(B)/seeds/%: tests/fuzz/%.c tests/fuzz/seeds.c $(FUZZ_SRC)
	$(call say,SEEDS)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 $(CPPFLAGS) $(WARN) -g -O1 -fsanitize=undefined -static-libubsan \
	  -fno-sanitize-recover=undefined -o $@ $^ $(LDLIBS)

# RUN runs a program of the machine that is built for, if that is not this one.
COMPLETION := $(B)/completion/tcpsight.bash $(B)/completion/tcpsight.zsh $(B)/completion/tcpsight.fish
completion: $(COMPLETION)
$(B)/completion/tcpsight.%: $(B)/tcpsight
	$(call say,COMPL)
	$(Q)mkdir -p $(@D)
	$(Q)$(RUN) $(B)/tcpsight help --completion $* >$@

SHARE := $(DESTDIR)$(PREFIX)/share
install: all completion
	install -D -m 755 $(B)/tcpsight $(DESTDIR)$(PREFIX)/sbin/tcpsight
	for m in $(notdir $(wildcard doc/man/*.8)); do \
	  install -D -m 644 doc/man/$$m $(SHARE)/man/man8/$$m; done
	for m in $(notdir $(wildcard doc/man/*.5)); do \
	  install -D -m 644 doc/man/$$m $(SHARE)/man/man5/$$m; done
	install -D -m 644 $(B)/completion/tcpsight.bash $(SHARE)/bash-completion/completions/tcpsight
	install -D -m 644 $(B)/completion/tcpsight.zsh $(SHARE)/zsh/$(ZSH_FUNCTIONS)/_tcpsight
	install -D -m 644 $(B)/completion/tcpsight.fish $(SHARE)/fish/vendor_completions.d/tcpsight.fish
ifndef NO_LINKS
	for l in $(LINKS); do \
	  ln -sf tcpsight $(DESTDIR)$(PREFIX)/sbin/$$l; \
	  ln -sf tcpsight $(SHARE)/bash-completion/completions/$$l; \
	  ln -sf tcpsight.fish $(SHARE)/fish/vendor_completions.d/$$l.fish; done
endif

clean:
	rm -rf $(B)

-include $(FUZZ_OBJ:.o=.d) $(FUZZ_SCREEN_OBJ:.o=.d) $(OBJ:.o=.d) $(B)/obj/main.d $(CHECKED:.ok=.d) $(BPF_OBJ:.o=.d) $(ALONE_OBJ:.o=.d) $(UNIT:=.d) $(TOOLS:=.d)
