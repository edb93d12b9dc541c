#!/bin/sh
# Nothing names a folder of one person's machine.
cd "$(dirname "$0")/../.." || exit 2
git grep -nIE '(^|[^a-z0-9_.$}/-])/(home|root|Users|work)/[A-Za-z0-9_.]' -- . ':!test/lint/paths.sh' && exit 1
exit 0
