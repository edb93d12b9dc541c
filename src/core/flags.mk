# Flags of the core files that need more than the common ones; one place for
# the library, the unit tests and the benchmarks.
#
# Sums may be reassociated in the distance kernels only; the rest keeps IEEE rules.
DIST_CFLAGS = -O3 -fassociative-math -fno-signed-zeros -fno-trapping-math

# Unrolled micro-kernels and vectorised sums, without reassociation.
LOOP_CFLAGS = -O3
