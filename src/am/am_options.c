/*
 * am_options.c -- index options.
 */
#include "postgres.h"

#include "access/reloptions.h"

#include "am/am.h"
#include "compat.h"
#include "index/options.h"

static relopt_kind ivf_options;

void
mv_options_init(void)
{
	ivf_options = add_reloption_kind();
	add_int_reloption(ivf_options, "lists", "Number of lists; 0 chooses by the number of rows",
					  0, 0, MV_MAX_LISTS, AccessExclusiveLock);
}

bytea *
mv_am_options(Datum reloptions, bool validate)
{
	static const relopt_parse_elt table[] = {
		{.optname = "lists", .opttype = RELOPT_TYPE_INT, .offset = offsetof(MvIndexOptions, lists)},
	};

	return (bytea *) build_reloptions(reloptions, validate, ivf_options, sizeof(MvIndexOptions),
									  table, lengthof(table));
}
