-- Complain if sourced by psql instead of ALTER EXTENSION.
\echo Use "ALTER EXTENSION milvus_pg UPDATE" to load this file. \quit
