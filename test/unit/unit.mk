# Unit tests and benchmarks of src/core, without PostgreSQL: run by
# scripts/test.sh in a copy of the sources (make -f test/unit/unit.mk).
#
#   all     out/test_*   the core under ASan and UBSan, as pure C11
#   bench   out/*_bench, out/graph_walks  the core as the library has it
#
# A test program prints `NAME: N passed, N failed` last and exits 0 only if
# nothing failed.

include src/core/flags.mk

CORE  = $(sort $(wildcard src/core/*.c))
TESTS = $(patsubst test/unit/%.c,out/%,$(wildcard test/unit/test_*.c))
BENCH = $(patsubst bench/%.c,out/%,$(wildcard bench/*_bench.c))
EXPERIMENTS = $(patsubst bench/experiments/%.c,out/%,$(wildcard bench/experiments/*.c))
HEADERS = $(wildcard src/core/*.h test/unit/*.h)

WARN = -std=c11 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare
SAN  = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

all: $(TESTS)
bench: $(BENCH) $(EXPERIMENTS)

out/san/dist_%.o: EXTRA = $(filter-out -O%,$(DIST_CFLAGS))
out/opt/dist_%.o: EXTRA = $(DIST_CFLAGS)
out/opt/gemm_%.o out/opt/kmeans%.o: EXTRA = $(LOOP_CFLAGS)
out/san/%.o: src/core/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(WARN) $(SAN) $(EXTRA) -Isrc -c -o $@ $<
out/opt/%.o: src/core/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(WARN) -O2 $(EXTRA) -Isrc -c -o $@ $<

out/test_%: test/unit/test_%.c $(HEADERS) $(patsubst src/core/%.c,out/san/%.o,$(CORE))
	$(CC) $(WARN) $(SAN) -D_GNU_SOURCE -Isrc -Itest/unit -o $@ $(filter %.c %.o,$^) -lm
out/test_blas: src/index/blas.c src/index/blas.h
out/graph_%: bench/experiments/graph_%.c $(HEADERS) $(patsubst src/core/%.c,out/opt/%.o,$(CORE))
	$(CC) $(WARN) -O2 -D_GNU_SOURCE -Isrc -o $@ $(filter %.c %.o,$^) -lm
out/%_bench: bench/%_bench.c $(HEADERS) $(patsubst src/core/%.c,out/opt/%.o,$(CORE))
	$(CC) $(WARN) -O2 -D_GNU_SOURCE -Isrc -o $@ $(filter %.c %.o,$^) -lm

.PHONY: all bench
.SECONDARY:
