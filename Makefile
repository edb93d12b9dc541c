# Two extensions, one shared library.  Files are found by wildcard: a folder of
# src/ is a layer (src/LAYERS) and its files need no listing.
#
#   make && make install     build and install (WITH_VECTOR=yes|no to force)
#   make help                everything else

MODULE_big = milvus_pg
CORE   = $(sort $(wildcard src/core/*.c))
SERVER = $(sort $(wildcard $(patsubst %,src/%*.c,/ types/ gpu/ index/ index/*/ fts/ am/ search/)))
OBJS   = $(patsubst %.c,%.o,$(CORE) $(SERVER))

version = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(1).control)
MILVUS_SQL = milvus_pg--$(call version,milvus_pg).sql
VECTOR_SQL = vector--$(call version,vector).sql

PG_CONFIG ?= pg_config
# `vector` is installed unless a foreign one (pgvector's) is there already.
FOREIGN_VECTOR := $(shell f="$$($(PG_CONFIG) --sharedir 2>/dev/null)/extension/vector.control"; \
	test -f "$$f" && ! grep -q "libdir/milvus_pg" "$$f" && echo "$$f")
WITH_VECTOR ?= $(if $(FOREIGN_VECTOR),no,yes)

EXTENSION  = milvus_pg $(if $(filter yes,$(WITH_VECTOR)),vector)
DATA       = $(wildcard $(patsubst %,sql/upgrade/%--*.sql,$(EXTENSION)))
DATA_built = $(MILVUS_SQL) $(if $(filter yes,$(WITH_VECTOR)),$(VECTOR_SQL))

PG_CPPFLAGS = -I$(srcdir)/src -DMV_VERSION='"$(call version,milvus_pg)"'
PG_CFLAGS   = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare
SHLIB_LINK  = -lm
EXTRA_CLEAN = vector--*.sql milvus_pg--*.sql

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
override with_llvm = no
ifneq ($(PGXS),)
include $(PGXS)
else
# The targets of scripts/targets.mk install PostgreSQL themselves.
all install:
	@echo "no $(PG_CONFIG): install PostgreSQL's server headers, or set PG_CONFIG" >&2; exit 1
endif

include src/core/flags.mk
src/core/dist_%.o: CFLAGS += $(DIST_CFLAGS)
src/core/gemm_%.o src/core/kmeans%.o: CFLAGS += $(LOOP_CFLAGS)
$(OBJS): $(wildcard src/*.h src/*/*.h src/*/*/*.h)

$(VECTOR_SQL): $(sort $(wildcard sql/install/vector/*.sql)) vector.control
	cat $(filter %.sql,$^) > $@
$(MILVUS_SQL): $(sort $(wildcard sql/install/milvus_pg/*.sql)) milvus_pg.control
	cat $(filter %.sql,$^) > $@

install: check-vector
check-vector:
ifeq ($(WITH_VECTOR),no)
	@echo "vector: $(or $(FOREIGN_VECTOR),not installed); milvus_pg will work over it (WITH_VECTOR=yes replaces it)"
endif

include scripts/targets.mk
.PHONY: check-vector
