-- Complain if sourced by psql instead of ALTER EXTENSION.
\echo Use "ALTER EXTENSION vector UPDATE" to load this file. \quit
