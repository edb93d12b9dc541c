/*
 * fuzz_postings.c -- blocks of postings.  What is decoded without complaint ascends, and
 * comes back the same after it is encoded and decoded again.
 */
#include "core/postings.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t	docs[MV_POSTINGS],
				tfs[MV_POSTINGS],
				docs2[MV_POSTINGS],
				tfs2[MV_POSTINGS];
	uint8_t		out[MV_POSTINGS_BYTES];
	uint8_t    *bytes;
	int			n;
	size_t		written;

	if (size < 1)
		return 0;
	n = data[0] % MV_POSTINGS + 1;
	size--;
	bytes = malloc(size + 1);
	memcpy(bytes, data + 1, size);
	if (mv_postings_decode(bytes, bytes + size, 0, n, docs, tfs) != NULL)
	{
		bool		good = true;

		for (int i = 0; i < n; i++)
		{
			EXPECT(i == 0 || docs[i] > docs[i - 1], "n %d: document %d does not ascend", n, i);
			good &= tfs[i] > 0;
		}
		if (good)
		{
			written = mv_postings_encode(0, docs, tfs, n, out);
			EXPECT(written <= sizeof(out), "%zu bytes", written);
			EXPECT(mv_postings_decode(out, out + written, 0, n, docs2, tfs2) == out + written,
				   "n %d: not read back", n);
			EXPECT(memcmp(docs, docs2, 4 * (size_t) n) == 0, "n %d: documents", n);
			EXPECT(memcmp(tfs, tfs2, 4 * (size_t) n) == 0, "n %d: occurrences", n);
		}
	}
	free(bytes);
	return 0;
}
