/*
 * kmeans.c -- balanced hierarchical k-means: the passes and what the leader
 * does between them.
 *
 * Means are summed cluster by cluster over the rows sorted by cluster, in
 * double; so no process holds partial sums, and the result is the same to the
 * bit however units are shared out.
 */
#include <string.h>

#include "core/carve.h"
#include "core/dist.h"
#include "core/kmeans_part.h"

#define FLAT_K 64				/* fewer clusters need no groups */
#define MESO_ROWS 256			/* rows per meso cluster to train them on */
#define ASSIGN_ROWS 4096		/* rows of a unit over all rows; what two levels like */
#define MEANS_CLUSTERS 32		/* clusters of a unit of means */
#define SEED_PLUS_K 512			/* more seeds are drawn at random, without k-means++ */
#define SEED_ROWS 8				/* rows per seed that k-means++ looks at */
#define SOME_ROWS (SEED_PLUS_K * SEED_ROWS)
#define SPLIT_ROWS 1024			/* rows of a list that balancing looks at */
#define SMALL 0.25				/* of the average length: moved towards a larger one */
#define LARGE 3					/* times the average length: split at the end */
#define MAX_SPLIT_ROUNDS 8

typedef enum Phase
{
	SEED_MESO,
	MESO_ASSIGN,
	MESO_MEANS,
	SEED_FINE,
	FINE_ASSIGN,
	FINE_MEANS,
	GLOBAL_ASSIGN,
	GLOBAL_MEANS,
	DONE
} Phase;

struct MvKmeansHead
{
	MvKmeansPlan plan;
	Phase		phase;
	int			groups;			/* plan.groups, less those found empty */
	int			iteration;		/* of the phases of this level */
	int			members;		/* rows of this pass */
	int			split_rounds;
	bool		twins;			/* some centroids of this level are equal */
	double		objective;
};

void
mv_kmeans_plan(MvKmeansPlan *plan, int n, int k, int dim)
{
	memset(plan, 0, sizeof(*plan));
	plan->n = n;
	plan->k = k;
	plan->dim = dim;
	plan->groups = k < FLAT_K ? 1 : (int) (sqrt(k) + 0.5);
	plan->probes = plan->groups / 8 < 4 ? 4 : plan->groups / 8;
	if (plan->probes > MV_NEAREST_MAX)
		plan->probes = MV_NEAREST_MAX;
	plan->meso_iterations = 8;
	plan->fine_iterations = 10;
	plan->global_iterations = 2;
	plan->balanced = true;
	plan->seed = 1;
}

/* ---- memory ---- */

static size_t
lay_out_shared(MvKmeans *km, const MvKmeansPlan *p, void *base)
{
	size_t		at = 0,
				k = (size_t) p->k,
				n = (size_t) p->n,
				groups = (size_t) p->groups,
				row = (size_t) p->dim * sizeof(float);

	km->head = mv_carve(base, &at, sizeof(MvKmeansHead));
	km->meso = mv_carve(base, &at, groups * row);
	km->meso_norm = mv_carve(base, &at, groups * sizeof(float));
	km->c = mv_carve(base, &at, k * row);
	km->norm = mv_carve(base, &at, k * sizeof(float));
	km->dist = mv_carve(base, &at, n * sizeof(float));
	km->assign = mv_carve(base, &at, n * sizeof(int32_t));
	km->order = mv_carve(base, &at, n * sizeof(int32_t));
	km->child = mv_carve(base, &at, (groups + 1) * sizeof(int32_t));
	km->start = mv_carve(base, &at, (k + 1) * sizeof(int32_t));
	km->group_start = mv_carve(base, &at, (groups + 1) * sizeof(int32_t));
	km->twins = mv_carve(base, &at, MV_TWINS(k) * sizeof(int32_t));
	return at;
}

static size_t
lay_out_work(MvKmeans *km, const MvKmeansPlan *p, void *base)
{
	size_t		at = 0,
				dim = (size_t) p->dim;

	km->nearest = mv_carve(base, &at, mv_nearest_size(p->dim, p->groups, p->probes));
	km->gathered = mv_carve(base, &at, (size_t) mv_nearest_rows(p->dim) * dim * sizeof(float));
	km->sums = mv_carve(base, &at, 2 * dim * sizeof(double));
	km->some_dist = mv_carve(base, &at, SOME_ROWS * sizeof(float));
	km->some_copy = mv_carve(base, &at, SOME_ROWS * sizeof(float));
	km->some = mv_carve(base, &at, SOME_ROWS * sizeof(int32_t));
	km->side = mv_carve(base, &at, SOME_ROWS);
	km->sizes = mv_carve(base, &at, (size_t) p->k * sizeof(int32_t));
	return at;
}

size_t
mv_kmeans_size(const MvKmeansPlan *plan)
{
	MvKmeans	km;

	return lay_out_shared(&km, plan, NULL);
}

size_t
mv_kmeans_work_size(const MvKmeansPlan *plan)
{
	MvKmeans	km;

	return lay_out_work(&km, plan, NULL);
}

void
mv_kmeans_attach(MvKmeans *km, void *shared, const float *rows, void *work)
{
	const MvKmeansPlan *plan = &((MvKmeansHead *) shared)->plan;

	lay_out_shared(km, plan, shared);
	lay_out_work(km, plan, work);
	km->rows = rows;
}

void
mv_kmeans_begin(const MvKmeansPlan *plan, void *shared)
{
	MvKmeans	km;
	MvKmeansHead *h;
	int			i;

	lay_out_shared(&km, plan, shared);
	h = km.head;
	memset(h, 0, sizeof(*h));
	h->plan = *plan;
	h->objective = -1;
	h->groups = plan->groups;
	if (plan->groups > 1)
	{
		h->phase = SEED_MESO;
		h->members = plan->n / plan->groups < MESO_ROWS ? plan->n : plan->groups * MESO_ROWS;
		return;
	}
	h->phase = SEED_FINE;
	h->members = plan->n;
	km.child[0] = km.group_start[0] = 0;
	km.child[1] = plan->k;
	km.group_start[1] = plan->n;
	for (i = 0; i < plan->n; i++)
		km.order[i] = i;
}

/* ---- the level of a pass ---- */

static bool
in_meso(const MvKmeansHead *h)
{
	return h->phase <= MESO_MEANS;
}

/* The centroids that the current phase trains, flat. */
static MvCentroids
current_set(const MvKmeans *km)
{
	bool		meso = in_meso(km->head);
	MvCentroids set = {0};

	set.k = meso ? km->head->groups : km->head->plan.k;
	set.dim = km->head->plan.dim;
	set.c = meso ? km->meso : km->c;
	set.norm = meso ? km->meso_norm : km->norm;
	set.twins = km->head->twins ? km->twins : NULL;
	return set;
}

/* Meso clusters train on every (n / members)-th row. */
static size_t
row_of(const MvKmeansHead *h, int i)
{
	return (size_t) ((int64_t) i * h->plan.n / h->members);
}

static const float *
row_at(const MvKmeans *km, int i)
{
	return km->rows + row_of(km->head, i) * (size_t) km->head->plan.dim;
}

static uint64_t
rng_for(const MvKmeansHead *h, int unit)
{
	uint64_t	state = h->plan.seed * 0x9e3779b97f4a7c15u + (uint64_t) h->phase;

	state = mv_part_random(&state) + (uint64_t) h->iteration;
	state = mv_part_random(&state) + (uint64_t) unit;
	return state;
}

static int
pieces(int n, int size)
{
	return n / size + (n % size != 0);
}

int
mv_kmeans_units(const MvKmeans *km)
{
	const MvKmeansHead *h = km->head;
	int			rows = mv_nearest_rows(h->plan.dim),	/* of a unit inside a group */
				units = 0,
				g;

	switch (h->phase)
	{
		case SEED_MESO:
			return 1;
		case SEED_FINE:
			return h->groups;
		case MESO_ASSIGN:
		case GLOBAL_ASSIGN:
			return pieces(h->members, ASSIGN_ROWS);
		case FINE_ASSIGN:
			for (g = 0; g < h->groups; g++)
				units += pieces(km->group_start[g + 1] - km->group_start[g], rows);
			return units;
		case MESO_MEANS:
			return pieces(h->groups, MEANS_CLUSTERS);
		case FINE_MEANS:
		case GLOBAL_MEANS:
			return pieces(h->plan.k, MEANS_CLUSTERS);
		case DONE:
			break;
	}
	return 0;
}

/* ---- units ---- */

static void
set_norm(float *c, float *norm, int dim, bool spherical)
{
	if (spherical)
		mv_part_normalise(c, dim);
	*norm = (float) mv_part_norm(c, dim);
}

/*
 * k seeds among the members at order[from] .. order[to - 1], or among all rows
 * when there is no order yet.
 */
static void
seed(MvKmeans *km, int from, int to, int k, float *c, float *norm, uint64_t rng)
{
	const MvKmeansPlan *p = &km->head->plan;
	bool		plus = k <= SEED_PLUS_K;
	int			members = to - from,
				picks = !plus ? k : members / SEED_ROWS < k ? members : k * SEED_ROWS,
				i;
	size_t		dim = (size_t) p->dim;

	/* one pick out of each of `picks` parts of equal length */
	for (i = 0; i < picks; i++)
	{
		int			low = (int) ((int64_t) i * members / picks),
					high = (int) ((int64_t) (i + 1) * members / picks),
					at = from + low + mv_part_below(&rng, high - low);
		size_t		row = km->head->phase == SEED_MESO ? row_of(km->head, at) : (size_t) km->order[at];

		if (plus)
			km->some[i] = (int32_t) row;
		else
			memcpy(c + (size_t) i * dim, km->rows + row * dim, dim * sizeof(float));
	}
	if (plus)
	{
		MvMembers	m = {km->rows, km->some, picks, p->dim};

		mv_part_seed(&m, k, &rng, km->some_dist, c);
	}
	for (i = 0; i < k; i++)
		set_norm(c + (size_t) i * dim, norm + i, p->dim, p->spherical);
}

static void
seed_group(MvKmeans *km, int g)
{
	int			first = km->child[g],
				k = km->child[g + 1] - first;

	if (k > 0)
		seed(km, km->group_start[g], km->group_start[g + 1], k,
			 km->c + (size_t) first * (size_t) km->head->plan.dim, km->norm + first,
			 rng_for(km->head, g));
}

/* Members i of order[from] .. order[from + n - 1], rows copied side by side. */
static void
gather(MvKmeans *km, const int32_t *which, int n)
{
	size_t		dim = (size_t) km->head->plan.dim,
				j;
	int			i;

	for (i = 0; i < n; i++)
	{
		if (i + 4 < n)
			for (j = 0; j < dim; j += 16)
				__builtin_prefetch(km->rows + (size_t) which[i + 4] * dim + j);
		memcpy(km->gathered + (size_t) i * dim, km->rows + (size_t) which[i] * dim,
			   dim * sizeof(float));
	}
}

static void
assign_meso(MvKmeans *km, int unit)
{
	MvKmeansHead *h = km->head;
	MvCentroids set = current_set(km);
	size_t		dim = (size_t) h->plan.dim;
	int			rows = mv_nearest_rows(h->plan.dim),
				i = unit * ASSIGN_ROWS,
				end = h->members - i < ASSIGN_ROWS ? h->members : i + ASSIGN_ROWS,
				n,
				j;

	for (; i < end; i += n)
	{
		n = end - i < rows ? end - i : rows;
		for (j = 0; j < n; j++)
			memcpy(km->gathered + (size_t) j * dim, row_at(km, i + j), dim * sizeof(float));
		mv_nearest(&set, km->gathered, n, 1, km->assign + i, km->dist + i, km->nearest);
		mv_nearest_spread(&set, (uint64_t) i, n, km->assign + i);
	}
}

static void
assign_fine(MvKmeans *km, int unit)
{
	MvCentroids all = current_set(km),
				set = all;
	int32_t    *idx = km->some;
	int			rows = mv_nearest_rows(all.dim),
				g,
				from,
				n,
				i;

	for (g = 0;; g++)
	{
		int			units = pieces(km->group_start[g + 1] - km->group_start[g], rows);

		if (unit < units)
			break;
		unit -= units;
	}
	from = km->group_start[g] + unit * rows;
	n = km->group_start[g + 1] - from;
	n = n < rows ? n : rows;
	set.k = km->child[g + 1] - km->child[g];
	set.c += (size_t) km->child[g] * (size_t) set.dim;
	set.norm += km->child[g];
	gather(km, km->order + from, n);
	mv_nearest(&set, km->gathered, n, 1, idx, km->some_dist, km->nearest);
	for (i = 0; i < n; i++)
		idx[i] += km->child[g];
	mv_nearest_spread(&all, (uint64_t) from, n, idx);
	for (i = 0; i < n; i++)
	{
		km->assign[km->order[from + i]] = idx[i];
		km->dist[km->order[from + i]] = km->some_dist[i];
	}
}

static void
assign_global(MvKmeans *km, int unit)
{
	MvCentroids set;
	int			i = unit * ASSIGN_ROWS,
				n = km->head->members - i < ASSIGN_ROWS ? km->head->members - i : ASSIGN_ROWS;

	mv_kmeans_centroids(km, &set);
	mv_nearest(&set, km->rows + (size_t) i * (size_t) set.dim, n, 1,
			   km->assign + i, km->dist + i, km->nearest);
	mv_nearest_spread(&set, (uint64_t) i, n, km->assign + i);
}

/* The mean of one cluster; one without members stays where it is. */
static void
mean_of(MvKmeans *km, int j, float *c, float *norm)
{
	const MvKmeansPlan *p = &km->head->plan;
	int			end = km->start[j + 1],
				i,
				b;

	if (km->start[j] == end)
		return;
	memset(km->sums, 0, (size_t) p->dim * sizeof(double));
	for (i = km->start[j]; i < end; i++)
	{
		if (i + 4 < end)
			for (b = 0; b < p->dim; b += 16)
				__builtin_prefetch(row_at(km, km->order[i + 4]) + b);
		mv_part_add(km->sums, row_at(km, km->order[i]), p->dim);
	}
	mv_part_mean(km->sums, end - km->start[j], p->dim, p->spherical, c);
	*norm = (float) mv_part_norm(c, p->dim);
}

static void
means(MvKmeans *km, int unit)
{
	bool		meso = in_meso(km->head);
	int			k = meso ? km->head->groups : km->head->plan.k,
				j = unit * MEANS_CLUSTERS,
				end = k - j < MEANS_CLUSTERS ? k : j + MEANS_CLUSTERS;
	float	   *c = meso ? km->meso : km->c,
			   *norm = meso ? km->meso_norm : km->norm;

	for (; j < end; j++)
		mean_of(km, j, c + (size_t) j * (size_t) km->head->plan.dim, norm + j);
}

void
mv_kmeans_unit(MvKmeans *km, int unit)
{
	switch (km->head->phase)
	{
		case SEED_MESO:
			seed(km, 0, km->head->members, km->head->groups, km->meso, km->meso_norm,
				 rng_for(km->head, 0));
			break;
		case SEED_FINE:
			seed_group(km, unit);
			break;
		case MESO_ASSIGN:
			assign_meso(km, unit);
			break;
		case FINE_ASSIGN:
			assign_fine(km, unit);
			break;
		case GLOBAL_ASSIGN:
			assign_global(km, unit);
			break;
		case MESO_MEANS:
		case FINE_MEANS:
		case GLOBAL_MEANS:
			means(km, unit);
			break;
		case DONE:
			break;
	}
}

/* ---- between passes: the leader ---- */

/* Sort members by cluster, and sum up the distances. */
static void
sort_members(MvKmeans *km)
{
	MvKmeansHead *h = km->head;
	int			k = current_set(km).k,
				i,
				j;
	double		sum = 0;

	memset(km->start, 0, (size_t) (k + 1) * sizeof(int32_t));
	for (i = 0; i < h->members; i++)
	{
		km->start[km->assign[i]]++;
		sum += km->dist[i];
	}
	for (j = 1; j <= k; j++)
		km->start[j] += km->start[j - 1];
	for (i = h->members - 1; i >= 0; i--)
		km->order[--km->start[km->assign[i]]] = i;
	if (!in_meso(h))
		h->objective = sum / h->members;
}

static int
size_of(const MvKmeans *km, int j)
{
	return km->start[j + 1] - km->start[j];
}

static void
find_twins(MvKmeans *km)
{
	MvCentroids set = current_set(km);

	km->head->twins = mv_twins_find(set.k, set.dim, set.c, set.norm, km->twins);
}

/*
 * Move a small cluster towards a random member of one above the average, out of
 * the clusters [from, to), as cuVS does: c = (w large + x) / (w + 1), w = min(size, 7).
 */
static void
move_small(MvKmeans *km, int j, int from, int to, double average, uint64_t *rng)
{
	const MvKmeansPlan *p = &km->head->plan;
	bool		meso = in_meso(km->head);
	float	   *c = meso ? km->meso : km->c,
			   *mine = c + (size_t) j * (size_t) p->dim;
	int			members = km->start[to] - km->start[from],
				w = size_of(km, j) < 7 ? size_of(km, j) : 7,
				tries,
				i;

	for (tries = 0; tries < 32 && members > 0; tries++)
	{
		int			m = km->order[km->start[from] + mv_part_below(rng, members)],
					large = km->assign[m];
		const float *x = row_at(km, m),
				   *y = c + (size_t) large * (size_t) p->dim;

		if (size_of(km, large) <= average)
			continue;
		for (i = 0; i < p->dim; i++)
			mine[i] = (float) (((double) w * y[i] + x[i]) / (w + 1));
		set_norm(mine, (meso ? km->meso_norm : km->norm) + j, p->dim, p->spherical);
		return;
	}
}

/* After means: small clusters move, inside their group. */
static void
balance(MvKmeans *km)
{
	MvKmeansHead *h = km->head;
	bool		meso = in_meso(h);
	int			groups = meso ? 1 : h->groups,
				g,
				j;
	uint64_t	rng = rng_for(h, 0);

	for (g = 0; h->plan.balanced && g < groups; g++)
	{
		int			from = meso ? 0 : km->child[g],
					to = meso ? h->groups : km->child[g + 1];
		double		average = (double) (km->start[to] - km->start[from]) / (to - from);

		for (j = from; j < to; j++)
			if (size_of(km, j) <= SMALL * average)
				move_small(km, j, from, to, average, &rng);
	}
	find_twins(km);
}

/*
 * Groups that have members, and how many of the k clusters each gets: seats by
 * Webster (Sainte-Lague), at least one and at most one per row.
 */
static void
allot(MvKmeans *km)
{
	MvKmeansHead *h = km->head;
	size_t		dim = (size_t) h->plan.dim;
	int			groups = 0,
				left,
				g;

	for (g = 0; g < h->groups; g++)
		if (size_of(km, g) > 0)
		{
			memmove(km->meso + (size_t) groups * dim, km->meso + (size_t) g * dim, dim * sizeof(float));
			km->meso_norm[groups] = km->meso_norm[g];
			km->group_start[groups] = km->start[g];
			km->sizes[groups++] = 1;
		}
	h->groups = groups;
	km->group_start[groups] = h->plan.n;
	for (left = h->plan.k - groups; left > 0; left--)
	{
		double		most = -1;
		int			winner = 0;

		for (g = 0; g < groups; g++)
		{
			int			size = km->group_start[g + 1] - km->group_start[g];
			double		claim = size / (2.0 * km->sizes[g] + 1);

			if (km->sizes[g] < size && claim > most)
			{
				most = claim;
				winner = g;
			}
		}
		km->sizes[winner]++;
	}
	km->child[0] = 0;
	for (g = 0; g < groups; g++)
		km->child[g + 1] = km->child[g] + km->sizes[g];
}

/* Meso centroids follow their children. */
static void
update_meso(MvKmeans *km)
{
	MvKmeansHead *h = km->head;
	const MvKmeansPlan *p = &h->plan;
	size_t		dim = (size_t) p->dim,
				i;
	int			g,
				j;

	for (g = 0; g < h->groups && h->groups > 1; g++)
	{
		int			members = km->start[km->child[g + 1]] - km->start[km->child[g]];
		float	   *meso = km->meso + (size_t) g * dim;

		if (members == 0)
			continue;
		memset(km->sums, 0, dim * sizeof(double));
		for (j = km->child[g]; j < km->child[g + 1]; j++)
			for (i = 0; i < dim; i++)
				km->sums[i] += (double) size_of(km, j) * km->c[(size_t) j * dim + i];
		mv_part_mean(km->sums, members, p->dim, p->spherical, meso);
		km->meso_norm[g] = (float) mv_part_norm(meso, p->dim);
	}
}

/* Divide list `large` by 2-means of some of its rows; `small` gets the second half. */
static void
split_list(MvKmeans *km, int large, int small, uint64_t *rng)
{
	const MvKmeansPlan *p = &km->head->plan;
	size_t		dim = (size_t) p->dim;
	int			size = size_of(km, large),
				n = size < SPLIT_ROWS ? size : SPLIT_ROWS,
				i;
	MvMembers	m = {km->rows, km->some, n, p->dim};
	MvSplitWork w = {km->sums, km->some_dist, km->some_copy, km->side};
	float	   *halves = km->gathered;

	for (i = 0; i < n; i++)
		km->some[i] = km->order[km->start[large] + (int) ((int64_t) i * size / n)];
	mv_part_split(&m, p->spherical, rng, &w, halves);
	memcpy(km->c + (size_t) large * dim, halves, dim * sizeof(float));
	memcpy(km->c + (size_t) small * dim, halves + dim, dim * sizeof(float));
	km->norm[large] = (float) mv_part_norm(halves, p->dim);
	km->norm[small] = (float) mv_part_norm(halves + dim, p->dim);
}

/*
 * At the end: empty lists take half of the longest of their group, and lists
 * over the limit are divided with the shortest.  False when there were none.
 */
static bool
split_large(MvKmeans *km)
{
	MvKmeansHead *h = km->head;
	double		limit = LARGE * (double) h->plan.n / h->plan.k;
	uint64_t	rng = rng_for(h, h->split_rounds);
	bool		any = false;
	int			g,
				j;

	for (j = 0; j < h->plan.k; j++)
		km->sizes[j] = size_of(km, j);
	for (g = 0; g < h->groups; g++)
		for (;;)
		{
			int			large = -1,
						small = -1;

			for (j = km->child[g]; j < km->child[g + 1]; j++)
			{
				if (km->sizes[j] < 0)	/* divided in this round */
					continue;
				if (large < 0 || km->sizes[j] > km->sizes[large])
					large = j;
				if (small < 0 || km->sizes[j] < km->sizes[small])
					small = j;
			}
			if (large < 0 || km->sizes[large] < 2 ||
				(km->sizes[small] > 0 &&
				 (km->sizes[large] <= limit || km->sizes[small] > km->sizes[large] / 4)))
				break;
			split_list(km, large, small, &rng);
			km->sizes[large] = km->sizes[small] = -1;
			any = true;
		}
	return any;
}

static void
enter(MvKmeansHead *h, Phase phase, int iteration)
{
	h->phase = phase;
	h->iteration = iteration;
}

static void
after_meso_assign(MvKmeans *km)
{
	MvKmeansHead *h = km->head;

	sort_members(km);
	if (h->iteration < h->plan.meso_iterations)
	{
		enter(h, MESO_MEANS, h->iteration);
		return;
	}
	allot(km);
	enter(h, SEED_FINE, 0);
}

static void
after_meso_means(MvKmeans *km)
{
	MvKmeansHead *h = km->head;

	if (h->iteration + 1 < h->plan.meso_iterations)
		balance(km);
	else
	{
		find_twins(km);
		h->members = h->plan.n;
	}
	enter(h, MESO_ASSIGN, h->iteration + 1);
}

static void
after_fine_assign(MvKmeans *km)
{
	int			g;

	sort_members(km);
	for (g = 0; g <= km->head->groups; g++)
		km->group_start[g] = km->start[km->child[g]];
	enter(km->head, FINE_MEANS, km->head->iteration);
}

static void
after_fine_means(MvKmeans *km)
{
	MvKmeansHead *h = km->head;

	if (h->iteration + 1 < h->plan.fine_iterations || h->plan.global_iterations > 0)
		balance(km);
	else
		find_twins(km);
	if (h->iteration + 1 < h->plan.fine_iterations)
		enter(h, FINE_ASSIGN, h->iteration + 1);
	else
		enter(h, GLOBAL_ASSIGN, 0);
}

static void
after_global_assign(MvKmeans *km)
{
	MvKmeansHead *h = km->head;

	sort_members(km);
	if (h->iteration < h->plan.global_iterations)
		enter(h, GLOBAL_MEANS, h->iteration);
	else if (h->plan.balanced && h->split_rounds < MAX_SPLIT_ROUNDS && split_large(km))
	{
		h->split_rounds++;
		find_twins(km);
	}
	else
		enter(h, DONE, 0);
}

static void
after_global_means(MvKmeans *km)
{
	MvKmeansHead *h = km->head;

	update_meso(km);
	if (h->iteration + 1 < h->plan.global_iterations)
		balance(km);
	else
		find_twins(km);
	enter(h, GLOBAL_ASSIGN, h->iteration + 1);
}

void
mv_kmeans_next(MvKmeans *km)
{
	static void (*const after[]) (MvKmeans *km) = {
		[MESO_ASSIGN] = after_meso_assign,
		[MESO_MEANS] = after_meso_means,
		[FINE_ASSIGN] = after_fine_assign,
		[FINE_MEANS] = after_fine_means,
		[GLOBAL_ASSIGN] = after_global_assign,
		[GLOBAL_MEANS] = after_global_means,
	};
	MvKmeansHead *h = km->head;

	switch (h->phase)
	{
		case SEED_MESO:
		case SEED_FINE:
			find_twins(km);
			enter(h, h->phase == SEED_MESO ? MESO_ASSIGN : FINE_ASSIGN, 0);
			break;
		case DONE:
			break;
		default:
			after[h->phase] (km);
	}
}

double
mv_kmeans_objective(const MvKmeans *km)
{
	return km->head->objective;
}

void
mv_kmeans_centroids(const MvKmeans *km, MvCentroids *set)
{
	const MvKmeansPlan *p = &km->head->plan;

	memset(set, 0, sizeof(*set));
	set->k = p->k;
	set->dim = p->dim;
	set->c = km->c;
	set->norm = km->norm;
	set->twins = km->head->twins ? km->twins : NULL;
	if (km->head->groups > 1)
	{
		set->groups = km->head->groups;
		set->probes = p->probes;
		set->meso = km->meso;
		set->meso_norm = km->meso_norm;
		set->child = km->child;
	}
}
