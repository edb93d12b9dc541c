# What a developer runs.  Each target is one script; none needs a running server.

PYTHON ?= python3

quickstart:       ## real corpus, real embeddings, one real query (needs root or sudo)
	scripts/quickstart.sh
quickstart-stop:  ## stop the quickstart's server and remove it
	scripts/quickstart.sh stop
test:             ## everything CI runs but the version matrix
	scripts/test.sh
lint unit regress isolation tap fuzz:  ## one part of `make test`
	scripts/test.sh $@
matrix:           ## build and test on PostgreSQL 15, 16, 17 and 18
	scripts/matrix.sh
bench-core:       ## ns per distance of every kernel
	scripts/test.sh bench-core
format:           ## bring every C file into the style of .clang-format
	scripts/format.py $$(git ls-files '*.c' '*.h')
bench-test:       ## tests of the benchmark's arithmetic (needs python3 with numpy and psycopg)
	$(PYTHON) bench/test_bench.py
bench-report:     ## the README's tables and pictures again, from bench/results
	$(PYTHON) bench/report.py --png
help:
	@sed -n 's/^\([a-z -]*\):.*## */\1\t/p' scripts/targets.mk | expand -t 44
.PHONY: quickstart quickstart-stop test lint unit regress isolation tap fuzz matrix bench-core bench-test bench-report format help
