/*
 * decay.c -- decay functions: how much the distance of a number or a time from an
 * origin takes from a score.
 *
 * With z = max(0, |x - origin| - offset), all are 1 at z = 0 and `decay` at z = scale:
 *
 *	gauss	decay ^ ((z / scale) ^ 2)
 *	exp		decay ^ (z / scale)
 *	linear	max(0, 1 - (1 - decay) * z / scale)
 */
#include "postgres.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "utils/timestamp.h"

#include "search/fused_func.h"

typedef double (*Shape) (double z, double decay);

static double
gauss(double z, double decay)
{
	return exp(z * z * log(decay));
}

static double
exponential(double z, double decay)
{
	return exp(z * log(decay));
}

static double
linear(double z, double decay)
{
	return fmax(0, 1 - (1 - decay) * z);
}

/* distance: of x from the origin, in the unit of scale and offset */
static double
decayed(double distance, double scale, double offset, double decay, Shape shape)
{
	if (!(scale > 0) || isinf(scale))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("scale of a decay function must be more than 0")));
	if (!(offset >= 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("offset of a decay function must be 0 or more")));
	if (!(decay > 0 && decay < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("decay is %g, must be more than 0 and less than 1", decay)));
	if (isnan(distance))
		return distance;
	return shape(fmax(0, distance - offset) / scale, decay);
}

static double
microseconds(const Interval *interval)
{
	return ((double) interval->month * DAYS_PER_MONTH + interval->day) * USECS_PER_DAY +
		interval->time;
}

static double
time_distance(TimestampTz a, TimestampTz b)
{
	if (a == b)
		return 0;
	if (TIMESTAMP_NOT_FINITE(a) || TIMESTAMP_NOT_FINITE(b))
		return INFINITY;
	return fabs((double) a - (double) b);
}

/*
 * decay_gauss(x float8, origin float8, scale float8, "offset" float8, decay float8) returns float8
 * decay_gauss(x timestamptz, origin timestamptz, scale interval, "offset" interval, decay float8)
 * returns float8, and the others.
 *
 * 22023 for a scale, an offset, a decay out of range.
 */
#define DECAY_FUNCTIONS(name, shape) \
	PG_FUNCTION_INFO_V1(mv_decay_##name); \
	Datum mv_decay_##name(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_FLOAT8(decayed(fabs(PG_GETARG_FLOAT8(0) - PG_GETARG_FLOAT8(1)), \
								 PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3), \
								 PG_GETARG_FLOAT8(4), shape)); \
	} \
	PG_FUNCTION_INFO_V1(mv_decay_##name##_time); \
	Datum mv_decay_##name##_time(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_FLOAT8(decayed(time_distance(PG_GETARG_TIMESTAMPTZ(0), \
											   PG_GETARG_TIMESTAMPTZ(1)), \
								 microseconds(PG_GETARG_INTERVAL_P(2)), \
								 microseconds(PG_GETARG_INTERVAL_P(3)), \
								 PG_GETARG_FLOAT8(4), shape)); \
	} \
	extern int	mv_require_semicolon

DECAY_FUNCTIONS(gauss, gauss);
DECAY_FUNCTIONS(exp, exponential);
DECAY_FUNCTIONS(linear, linear);
