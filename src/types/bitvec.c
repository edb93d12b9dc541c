/*
 * bitvec.c -- distances of core's bit type: (bit, bit) returns float8, strict.
 *
 * Operands of different lengths: 22000.
 */
#include "postgres.h"

#include "utils/varbit.h"

#include "compat.h"
#include "types/dense.h"
#include "types/status.h"

const MvElem mv_bit_elem = {"bit", MV_BIT};

static double
distance(MvBitFn kernel, FunctionCallInfo fcinfo)
{
	VarBit	   *a = PG_GETARG_VARBIT_P(0);
	VarBit	   *b = PG_GETARG_VARBIT_P(1);

	mv_same_bits(VARBITLEN(a), VARBITLEN(b));
	return kernel(VARBITS(a), VARBITS(b), VARBITBYTES(a));
}

/* hamming_distance(bit, bit): number of different bits */
PG_FUNCTION_INFO_V1(mv_bit_hamming_distance);
Datum
mv_bit_hamming_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance(mv_kernels.hamming, fcinfo));
}

/* jaccard_distance(bit, bit): 1 - common / all set bits, 1 if none is common */
PG_FUNCTION_INFO_V1(mv_bit_jaccard_distance);
Datum
mv_bit_jaccard_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance(mv_kernels.jaccard, fcinfo));
}
