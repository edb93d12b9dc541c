/*
 * team.c -- meetings on a barrier, units from a counter.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"

#include "compat.h"
#include "index/team.h"

/* Seats are attached here once for all, so that nobody comes too late. */
void
mv_team_init(MvTeamShared *shared, int seats)
{
	BarrierInit(&shared->barrier, 0);
	for (int i = 0; i < seats; i++)
		BarrierAttach(&shared->barrier);
	pg_atomic_init_u32(&shared->next, 0);
	shared->size = seats;
}

void
mv_team_absent(MvTeamShared *shared, int absent)
{
	shared->size -= absent;
	for (int i = 0; i < absent; i++)
		BarrierDetach(&shared->barrier);
}

void
mv_team_meet(MvTeam *team, void (*alone) (void *arg), void *arg)
{
	Barrier    *barrier = &team->shared->barrier;

	CHECK_FOR_INTERRUPTS();
	if (BarrierArriveAndWait(barrier, PG_WAIT_EXTENSION))
	{
		pg_atomic_write_u32(&team->shared->next, 0);
		if (alone != NULL)
			alone(arg);
	}
	BarrierArriveAndWait(barrier, PG_WAIT_EXTENSION);
}

int
mv_team_unit(MvTeam *team, int units)
{
	uint32		unit;

	CHECK_FOR_INTERRUPTS();
	/* read first, so that asking again and again cannot wrap around */
	if (pg_atomic_read_u32(&team->shared->next) >= (uint32) units)
		return -1;
	unit = pg_atomic_fetch_add_u32(&team->shared->next, 1);
	return unit < (uint32) units ? (int) unit : -1;
}
