/*
 * tools.h -- what the SQL tools around indexes share.
 */
#pragma once

#include "utils/rel.h"

/*
 * mv_tool_open -- an index of ours, locked as said.
 *
 * 42809 if it is none, or has no pages of its own (a partitioned one).  The
 * caller checks permissions, by mv_tool_require_owner() or superuser().
 */
Relation	mv_tool_open(Oid relid, int lock);

/* 42809 if it is one of text. */
void		mv_tool_require_vectors(Relation index);

/* 42501 if the current user does not own the index. */
void		mv_tool_require_owner(Relation index);

/*
 * A tool that evaluates the index's expressions over the table.  As maintenance
 * commands do, it runs as the table's owner, who wrote them, within a
 * security-restricted operation; settings it makes end with it.
 */
typedef struct MvTool
{
	Relation	heap;			/* both AccessShareLock, the table first */
	Relation	index;
	Oid			user;			/* to return to */
	int			security;
	int			nest;			/* of settings */
} MvTool;

/* 55000 if the index is not valid.  An error ends the tool like any transaction. */
void		mv_tool_begin(MvTool *tool, Oid relid);
void		mv_tool_end(MvTool *tool);
