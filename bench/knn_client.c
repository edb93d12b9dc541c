/*
 * knn_client.c -- runs one prepared statement with vector parameters and times it.
 *
 * Every row of the vector file is a parameter in binary form; connections take
 * the rows in turn from one counter, so the first pass asks each row once
 * whatever their number.  A run ends when it has both asked MIN queries and
 * lasted SECONDS, or at LIMIT seconds.  The measured time of a query is one
 * PQexecPrepared.  Nothing is printed but one JSON object.
 *
 * With -F the statement is not prepared: it is the first, second and third
 * query of that many new connections, and medians are printed.
 *
 *	usage: knn_client -d CONNINFO -q SQL -f VECTORS -D DIM [options]
 *	-d  libpq connection string           -f  float32 file in native order, DIM numbers a row
 *	-s  SQL run after connecting (may be repeated)
 *	-c  connections (1)                   -w  warm-up queries of each connection (0)
 *	-n  MIN (0: no less than each row once)   -t  SECONDS (0)   -m  LIMIT (none)
 *	-k  result rows kept of a query (10)  -o  file for them: int64[rows of the vector file][k],
 *	                                          -1 past the end of a result, -2 if never asked
 *	-l  file for the latencies: float64 milliseconds, in no order
 *	-T  file with a line of text for each row of the vector file: $2
 *	-i  int32 file in native order with further parameters, int4, of each row of the
 *	    vector file                       -I  how many (0)
 *	-F  new connections
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#define MAX_SETTINGS 64
#define NEVER_ASKED (-2)
#define NO_ROW (-1)
#define FRESH_QUERIES 3
#define MAX_INTS 8

typedef struct Client
{
	pthread_t	thread;
	PGconn	   *conn;
	int			number;
	double	   *ms;				/* one a query */
	size_t		n;
	size_t		allocated;
	double		end;			/* when the last query was answered, seconds */
} Client;

static struct
{
	const char *conninfo;
	const char *sql;
	const char *vector_file;
	const char *int_file;
	const char *text_file;
	const char *id_file;
	const char *latency_file;
	const char *settings[MAX_SETTINGS];
	int			nsettings;
	int			dim;
	int			ints;
	int			clients;
	int			warmup;
	int			keep;
	int			fresh;
	size_t		min_queries;
	double		seconds;
	double		limit;
} opt = {.clients = 1, .keep = 10, .limit = 1e9};

static char *params;			/* wire images, param_bytes each */
static int	param_bytes;
static char **texts;			/* [nparams], or NULL */
static int32_t *int_params;		/* [nparams][ints], in network order */
static size_t nparams;
static int64_t *ids;			/* [nparams][keep] */
static atomic_size_t next_query;
static pthread_barrier_t warm,
			go;
static double start;			/* written before `go` opens */

static void
die(const char *what, const char *detail)
{
	fprintf(stderr, "knn_client: %s: %s\n", what, detail);
	exit(1);
}

static void *
allocate(size_t size)
{
	void	   *p = malloc(size > 0 ? size : 1);

	if (p == NULL)
		die("malloc", "out of memory");
	return p;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static int
compare(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

/* Nearest-rank percentile of sorted values; 0 of none. */
static double
percentile(const double *sorted, size_t n, double p)
{
	size_t		rank = (size_t) (p * (double) n + 0.999999);

	return n == 0 ? 0 : sorted[rank == 0 ? 0 : rank - 1];
}

static double
median(double *x, int n)
{
	qsort(x, (size_t) n, sizeof(*x), compare);
	return percentile(x, (size_t) n, 0.5);
}

/* The vector file as wire images: u16 dimensions, u16 0, then the elements; all big-endian. */
static void
load_params(void)
{
	FILE	   *f = fopen(opt.vector_file, "rb");
	size_t		row_bytes = (size_t) opt.dim * 4,
				i;
	long		size;
	int			j;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) <= 0)
		die(opt.vector_file, "cannot read");
	if ((size_t) size % row_bytes != 0)
		die(opt.vector_file, "size is no multiple of the row size");
	rewind(f);
	nparams = (size_t) size / row_bytes;
	param_bytes = 4 + (int) row_bytes;
	params = allocate(nparams * (size_t) param_bytes);
	for (i = 0; i < nparams; i++)
	{
		char	   *image = params + i * (size_t) param_bytes;
		uint16_t	head[2] = {htons((uint16_t) opt.dim), 0};

		memcpy(image, head, 4);
		if (fread(image + 4, row_bytes, 1, f) != 1)
			die(opt.vector_file, "short read");
		for (j = 0; j < opt.dim; j++)
		{
			uint32_t	bits;

			memcpy(&bits, image + 4 + 4 * j, 4);
			bits = htonl(bits);
			memcpy(image + 4 + 4 * j, &bits, 4);
		}
	}
	fclose(f);
}

/* The further parameters. */
static void
load_ints(void)
{
	size_t		n = nparams * (size_t) opt.ints;
	FILE	   *f;

	int_params = allocate(n * sizeof(int32_t));
	if (n == 0)
		return;
	f = fopen(opt.int_file, "rb");
	if (f == NULL || fread(int_params, sizeof(int32_t), n, f) != n || fgetc(f) != EOF)
		die(opt.int_file, "not as many numbers as rows need");
	fclose(f);
	for (size_t i = 0; i < n; i++)
		int_params[i] = (int32_t) htonl((uint32_t) int_params[i]);
}

static void
load_texts(void)
{
	FILE	   *f;

	if (opt.text_file == NULL)
		return;
	f = fopen(opt.text_file, "r");
	texts = allocate(nparams * sizeof(char *));
	for (size_t i = 0; i < nparams; i++)
	{
		size_t		room = 0;
		ssize_t		n;

		texts[i] = NULL;
		n = f != NULL ? getline(&texts[i], &room, f) : -1;
		if (n < 0)
			die(opt.text_file, "not as many lines as rows");
		if (texts[i][n - 1] == '\n')
			texts[i][n - 1] = '\0';
	}
	fclose(f);
}

static PGconn *
connect_server(void)
{
	PGconn	   *conn = PQconnectdb(opt.conninfo);
	int			i;

	if (PQstatus(conn) != CONNECTION_OK)
		die("connection", PQerrorMessage(conn));
	for (i = 0; i < opt.nsettings; i++)
	{
		PGresult   *r = PQexec(conn, opt.settings[i]);

		if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
			die(opt.settings[i], PQerrorMessage(conn));
		PQclear(r);
	}
	return conn;
}

static PGresult *
ask(PGconn *conn, size_t query, int prepared)
{
	const char *values[2 + MAX_INTS] = {params + query * (size_t) param_bytes};
	int			lengths[2 + MAX_INTS] = {param_bytes};
	int			formats[2 + MAX_INTS] = {1};
	int			n = 1;
	PGresult   *r;

	if (texts != NULL)
	{
		values[n] = texts[query];
		formats[n++] = 0;
	}
	for (int i = 0; i < opt.ints; i++)
	{
		values[n] = (const char *) &int_params[query * (size_t) opt.ints + (size_t) i];
		lengths[n] = sizeof(int32_t);
		formats[n++] = 1;
	}
	if (prepared)
		r = PQexecPrepared(conn, "q", n, values, lengths, formats, 1);
	else
		r = PQexecParams(conn, opt.sql, n, NULL, values, lengths, formats, 1);
	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
		die("query", PQerrorMessage(conn));
	return r;
}

/* Column 0, an int4 or int8, of the first rows. */
static void
keep_ids(const PGresult *r, int64_t *out)
{
	int			row;

	for (row = 0; row < opt.keep; row++)
	{
		const unsigned char *bytes;
		uint64_t	x = 0;
		int			i;

		out[row] = NO_ROW;
		if (row >= PQntuples(r))
			continue;
		bytes = (const unsigned char *) PQgetvalue(r, row, 0);
		for (i = 0; i < PQgetlength(r, row, 0); i++)
			x = x << 8 | bytes[i];
		out[row] = PQgetlength(r, row, 0) == 4 ? (int32_t) x : (int64_t) x;
	}
}

static void
add_latency(Client *c, double ms)
{
	if (c->n == c->allocated)
	{
		c->allocated = c->allocated * 2 + 1024;
		c->ms = realloc(c->ms, c->allocated * sizeof(double));
		if (c->ms == NULL)
			die("realloc", "out of memory");
	}
	c->ms[c->n++] = ms;
}

static void *
client_main(void *arg)
{
	Client	   *c = arg;
	double		asked_at,
				answered_at;
	int			i;

	for (i = 0; i < opt.warmup; i++)
		PQclear(ask(c->conn, ((size_t) c->number * 101 + (size_t) i) % nparams, 1));
	pthread_barrier_wait(&warm);
	pthread_barrier_wait(&go);
	answered_at = start;
	for (;;)
	{
		size_t		query = atomic_fetch_add(&next_query, 1);
		double		elapsed = answered_at - start;
		PGresult   *r;

		if (elapsed >= opt.limit || (query >= opt.min_queries && elapsed >= opt.seconds))
			break;
		asked_at = now();
		r = ask(c->conn, query % nparams, 1);
		answered_at = now();
		add_latency(c, (answered_at - asked_at) * 1e3);
		if (query < nparams)
			keep_ids(r, ids + query * (size_t) opt.keep);
		PQclear(r);
	}
	c->end = answered_at;
	return NULL;
}

static void
write_file(const char *name, const void *data, size_t bytes)
{
	FILE	   *f;

	if (name == NULL)
		return;
	f = fopen(name, "wb");
	if (f == NULL || fwrite(data, 1, bytes, f) != bytes || fclose(f) != 0)
		die(name, "cannot write");
}

static void
report(const Client *clients)
{
	double	   *all,
				end = start,
				sum = 0;
	size_t		n = 0,
				i;
	int			c;

	for (c = 0; c < opt.clients; c++)
		n += clients[c].n;
	all = allocate(n * sizeof(double));
	for (n = 0, c = 0; c < opt.clients; n += clients[c].n, c++)
	{
		if (clients[c].n > 0)
			memcpy(all + n, clients[c].ms, clients[c].n * sizeof(double));
		end = clients[c].end > end ? clients[c].end : end;
	}
	for (i = 0; i < n; i++)
		sum += all[i];
	qsort(all, n, sizeof(double), compare);
	printf(
		"{\"clients\": %d, \"queries\": %zu, \"seconds\": %.4f, \"qps\": %.2f, \"mean_ms\": %.4f, "
		"\"p50_ms\": %.4f, \"p95_ms\": %.4f, \"p99_ms\": %.4f, \"max_ms\": %.4f}\n",
		opt.clients, n, end - start, n > 0 ? (double) n / (end - start) : 0,
		n > 0 ? sum / (double) n : 0, percentile(all, n, 0.5), percentile(all, n, 0.95),
		percentile(all, n, 0.99), percentile(all, n, 1));
	write_file(opt.id_file, ids, nparams * (size_t) opt.keep * sizeof(int64_t));
	write_file(opt.latency_file, all, n * sizeof(double));
	free(all);
}

static void
run_load(void)
{
	Client	   *clients = allocate(sizeof(Client) * (size_t) opt.clients);
	size_t		i;
	int			c;

	ids = allocate(nparams * (size_t) opt.keep * sizeof(int64_t));
	for (i = 0; i < nparams * (size_t) opt.keep; i++)
		ids[i] = NEVER_ASKED;
	pthread_barrier_init(&warm, NULL, (unsigned) opt.clients + 1);
	pthread_barrier_init(&go, NULL, (unsigned) opt.clients + 1);
	for (c = 0; c < opt.clients; c++)
	{
		PGresult   *r;

		clients[c] = (Client){ .number = c, .conn = connect_server() };
		r = PQprepare(clients[c].conn, "q", opt.sql, 0, NULL);
		if (PQresultStatus(r) != PGRES_COMMAND_OK)
			die("prepare", PQerrorMessage(clients[c].conn));
		PQclear(r);
		if (pthread_create(&clients[c].thread, NULL, client_main, &clients[c]) != 0)
			die("thread", "cannot start");
	}
	pthread_barrier_wait(&warm);
	start = now();
	pthread_barrier_wait(&go);
	for (c = 0; c < opt.clients; c++)
		pthread_join(clients[c].thread, NULL);
	report(clients);
	for (c = 0; c < opt.clients; c++)
	{
		PQfinish(clients[c].conn);
		free(clients[c].ms);
	}
	free(clients);
	free(ids);
}

static void
run_fresh(void)
{
	double	   *connect_ms = allocate(sizeof(double) * (size_t) opt.fresh),
			   *query_ms[FRESH_QUERIES];
	int			i,
				q;

	for (q = 0; q < FRESH_QUERIES; q++)
		query_ms[q] = allocate(sizeof(double) * (size_t) opt.fresh);
	for (i = 0; i < opt.fresh; i++)
	{
		double		t = now();
		PGconn	   *conn = connect_server();

		connect_ms[i] = (now() - t) * 1e3;
		for (q = 0; q < FRESH_QUERIES; q++)
		{
			t = now();
			PQclear(ask(conn, (size_t) (i * FRESH_QUERIES + q) % nparams, 0));
			query_ms[q][i] = (now() - t) * 1e3;
		}
		PQfinish(conn);
	}
	printf("{\"connections\": %d, \"connect_ms\": %.4f", opt.fresh, median(connect_ms, opt.fresh));
	for (q = 0; q < FRESH_QUERIES; q++)
		printf(", \"query%d_ms\": %.4f", q + 1, median(query_ms[q], opt.fresh));
	printf("}\n");
	for (q = 0; q < FRESH_QUERIES; q++)
		free(query_ms[q]);
	free(connect_ms);
}

static void
add_setting(const char *sql)
{
	if (opt.nsettings == MAX_SETTINGS)
		die("-s", "too many settings");
	opt.settings[opt.nsettings++] = sql;
}

static void
read_options(int argc, char **argv)
{
	int			c;

	while ((c = getopt(argc, argv, "d:q:f:D:s:c:w:n:t:m:k:o:l:F:i:I:T:")) != -1)
		switch (c)
		{
			case 'd':
				opt.conninfo = optarg;
				break;
			case 'q':
				opt.sql = optarg;
				break;
			case 'f':
				opt.vector_file = optarg;
				break;
			case 'D':
				opt.dim = atoi(optarg);
				break;
			case 's':
				add_setting(optarg);
				break;
			case 'c':
				opt.clients = atoi(optarg);
				break;
			case 'w':
				opt.warmup = atoi(optarg);
				break;
			case 'n':
				opt.min_queries = strtoul(optarg, NULL, 10);
				break;
			case 't':
				opt.seconds = atof(optarg);
				break;
			case 'm':
				opt.limit = atof(optarg);
				break;
			case 'k':
				opt.keep = atoi(optarg);
				break;
			case 'o':
				opt.id_file = optarg;
				break;
			case 'l':
				opt.latency_file = optarg;
				break;
			case 'F':
				opt.fresh = atoi(optarg);
				break;
			case 'T':
				opt.text_file = optarg;
				break;
			case 'i':
				opt.int_file = optarg;
				break;
			case 'I':
				opt.ints = atoi(optarg);
				break;
			default:
				exit(2);
		}
	if (opt.conninfo == NULL || opt.sql == NULL || opt.vector_file == NULL || opt.dim < 1 ||
		opt.dim > 65535 || opt.clients < 1 || opt.keep < 0 || opt.ints < 0 ||
		opt.ints > MAX_INTS || (opt.ints > 0 && opt.int_file == NULL))
		die("usage",
			"-d CONNINFO -q SQL -f VECTORS -D DIM [options], see the head of knn_client.c");
}

int
main(int argc, char **argv)
{
	read_options(argc, argv);
	load_params();
	load_texts();
	load_ints();
	if (opt.min_queries == 0)
		opt.min_queries = nparams;
	if (opt.fresh > 0)
		run_fresh();
	else
		run_load();
	free(int_params);
	free(params);
	return 0;
}
