# Fuzzers of src/core: run by scripts/test.sh in a copy of the sources
# (make -f test/fuzz/fuzz.mk).  fuzz_x.c defines LLVMFuzzerTestOneInput and
# starts from corpus/x.  Needs clang with libFuzzer.

include src/core/flags.mk

CORE    = $(sort $(wildcard src/core/*.c))
FUZZERS = $(patsubst test/fuzz/%.c,out/%,$(wildcard test/fuzz/fuzz_*.c))
HEADERS = $(wildcard src/core/*.h test/fuzz/*.h)

override CC = clang
SAN    = -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all
CFLAGS = -std=c11 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -D_GNU_SOURCE -Isrc

all: $(FUZZERS)

out/obj/dist_%.o: EXTRA = $(filter-out -O%,$(DIST_CFLAGS))
out/obj/%.o: src/core/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SAN) -fsanitize=fuzzer-no-link,address,undefined $(EXTRA) -c -o $@ $<
out/fuzz_%: test/fuzz/fuzz_%.c $(HEADERS) $(patsubst src/core/%.c,out/obj/%.o,$(CORE))
	$(CC) $(CFLAGS) $(SAN) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.c %.o,$^) -lm

.PHONY: all
.SECONDARY:
