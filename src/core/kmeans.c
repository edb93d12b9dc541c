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
#include "core/gemm.h"
#include "core/kmeans_part.h"

#define FLAT_K 64				/* fewer clusters need no groups */
#define MESO_ROWS 256			/* rows per meso cluster to train them on */
#define ASSIGN_ROWS 4096		/* rows of a unit over all rows; what two levels like */
#define MEANS_CLUSTERS 32		/* clusters of a unit of means */
#define MEAN_ROWS 8				/* added up at a time */
#define SEED_PLUS_K 512			/* more seeds are drawn at random, without k-means++ */
#define SEED_ROWS 8				/* rows per seed that k-means++ looks at */
#define SOME_ROWS (SEED_PLUS_K * SEED_ROWS)
#define MAX_SPLIT_ROUNDS 8

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
	plan->fine_iterations = 5;
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
		case LAST_ASSIGN:
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
		size_t		row = km->head->phase == SEED_MESO ? mv_part_row(km->head, at) :
			(size_t) km->order[at];

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
		mv_part_set_norm(c + (size_t) i * dim, norm + i, p->dim, p->spherical);
}

static void
seed_group(MvKmeans *km, int g)
{
	int			first = km->child[g],
				k = km->child[g + 1] - first;

	if (k > 0)
		seed(km, km->group_start[g], km->group_start[g + 1], k,
			 km->c + (size_t) first * (size_t) km->head->plan.dim, km->norm + first,
			 mv_part_rng(km->head, g));
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
	MvCentroids set = mv_part_set(km);
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
			memcpy(km->gathered + (size_t) j * dim, mv_part_row_at(km, i + j), dim * sizeof(float));
		mv_nearest(&set, km->gathered, n, 1, km->assign + i, km->dist + i, km->nearest);
		mv_nearest_spread(&set, (uint64_t) i, n, km->assign + i);
	}
}

static void
assign_fine(MvKmeans *km, int unit)
{
	MvCentroids all = mv_part_set(km),
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
	/* to train by, 3 groups do as well as 4, and 2 do not */
	if (set.probes > 3)
		set.probes = set.probes / 2 + 1;
	mv_nearest(&set, km->rows + (size_t) i * (size_t) set.dim, n, 1,
			   km->assign + i, km->dist + i, km->nearest);
	mv_nearest_spread(&set, (uint64_t) i, n, km->assign + i);
}

/* The mean of one cluster; one without members stays where it is. */
static void
mean_of(MvKmeans *km, int j, float *c, float *norm)
{
	const MvKmeansPlan *p = &km->head->plan;
	const float *rows[MEAN_ROWS];
	int			end = km->start[j + 1],
				i,
				n = 0,
				b;

	if (km->start[j] == end)
		return;
	memset(km->sums, 0, (size_t) p->dim * sizeof(double));
	for (i = km->start[j]; i < end; i++)
	{
		rows[n] = mv_part_row_at(km, km->order[i]);
		for (b = 0; b < p->dim; b += 16)
			__builtin_prefetch(rows[n] + b);
		if (++n == MEAN_ROWS || i + 1 == end)
		{
			mv_add_rows(km->sums, rows, n, p->dim);
			n = 0;
		}
	}
	mv_part_mean(km->sums, end - km->start[j], p->dim, p->spherical, c);
	*norm = (float) mv_part_norm(c, p->dim);
}

static void
means(MvKmeans *km, int unit)
{
	bool		meso = mv_part_in_meso(km->head);
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
				 mv_part_rng(km->head, 0));
			break;
		case SEED_FINE:
			seed_group(km, unit);
			break;
		case MESO_ASSIGN:
			assign_meso(km, unit);
			break;
		case FINE_ASSIGN:
		case LAST_ASSIGN:
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
	int			k = mv_part_set(km).k,
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
	if (!mv_part_in_meso(h))
		h->objective = sum / h->members;
}

static void
enter(MvKmeansHead *h, MvKmeansPhase phase, int iteration)
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
	mv_part_allot(km);
	enter(h, SEED_FINE, 0);
}

static void
after_meso_means(MvKmeans *km)
{
	MvKmeansHead *h = km->head;

	if (h->iteration + 1 < h->plan.meso_iterations)
		mv_part_balance(km);
	else
	{
		mv_part_twins(km);
		h->members = h->plan.n;
	}
	enter(h, MESO_ASSIGN, h->iteration + 1);
}

/* The same, and the rows of each group. */
static void
sort_groups(MvKmeans *km)
{
	int			g;

	sort_members(km);
	for (g = 0; g <= km->head->groups; g++)
		km->group_start[g] = km->start[km->child[g]];
}

static void
after_fine_assign(MvKmeans *km)
{
	sort_groups(km);
	enter(km->head, FINE_MEANS, km->head->iteration);
}

static void
after_fine_means(MvKmeans *km)
{
	MvKmeansHead *h = km->head;

	if (h->iteration + 1 < h->plan.fine_iterations || h->plan.global_iterations > 0)
		mv_part_balance(km);
	else
		mv_part_twins(km);
	if (h->iteration + 1 < h->plan.fine_iterations)
		enter(h, FINE_ASSIGN, h->iteration + 1);
	else
		enter(h, h->plan.global_iterations > 0 ? GLOBAL_ASSIGN : LAST_ASSIGN, 0);
}

static void
after_global_assign(MvKmeans *km)
{
	sort_groups(km);
	enter(km->head, GLOBAL_MEANS, km->head->iteration);
}

static void
after_last_assign(MvKmeans *km)
{
	MvKmeansHead *h = km->head;

	sort_groups(km);
	if (h->plan.balanced && h->split_rounds < MAX_SPLIT_ROUNDS && mv_part_split_large(km))
	{
		h->split_rounds++;
		mv_part_twins(km);
	}
	else
		enter(h, DONE, 0);
}

static void
after_global_means(MvKmeans *km)
{
	MvKmeansHead *h = km->head;

	mv_part_update_meso(km);
	if (h->iteration + 1 < h->plan.global_iterations)
	{
		mv_part_balance(km);
		enter(h, GLOBAL_ASSIGN, h->iteration + 1);
	}
	else
	{
		mv_part_twins(km);
		enter(h, LAST_ASSIGN, 0);
	}
}

void
mv_kmeans_next(MvKmeans *km)
{
	static void (*const after[])(MvKmeans *) = {
		[MESO_ASSIGN] = after_meso_assign,
		[MESO_MEANS] = after_meso_means,
		[FINE_ASSIGN] = after_fine_assign,
		[FINE_MEANS] = after_fine_means,
		[GLOBAL_ASSIGN] = after_global_assign,
		[GLOBAL_MEANS] = after_global_means,
		[LAST_ASSIGN] = after_last_assign,
	};
	MvKmeansHead *h = km->head;

	switch (h->phase)
	{
		case SEED_MESO:
		case SEED_FINE:
			mv_part_twins(km);
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
