/*
 * team.h -- the processes that build one index together: they meet, and share
 * out units of work.  A build by one process is a team of one.
 */
#pragma once

#include "port/atomics.h"
#include "storage/barrier.h"
#include "storage/dsm.h"

typedef struct MvTeamShared
{
	Barrier		barrier;
	pg_atomic_uint32 next;		/* unit */
	int			size;			/* processes; valid after the first meeting */
} MvTeamShared;

typedef struct MvTeam
{
	MvTeamShared *shared;
	dsm_segment *segment;		/* with what they share; NULL: a team of one */
	bool		leader;
} MvTeam;

/* Before any other process can see it; seats: of processes that may come. */
void		mv_team_init(MvTeamShared *shared, int seats);

/* The leader's, before it meets anyone: some will not come. */
void		mv_team_absent(MvTeamShared *shared, int absent);

/*
 * mv_team_meet -- wait for all; one of them calls alone(arg), if there is one,
 * while the others wait; then units begin anew.
 *
 * Writes of every process before it are seen by all after it.  Interrupts are
 * served.  An error in another process ends the leader's wait with that error,
 * and the leader's error ends the others'.
 */
void		mv_team_meet(MvTeam *team, void (*alone) (void *arg), void *arg);

/* A unit in [0, units) that nobody else gets before the next meeting, or -1. */
int			mv_team_unit(MvTeam *team, int units);
