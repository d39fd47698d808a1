"""What the role of a view may do, asked of PostgreSQL itself: SELECT on the one view, and nothing beside it.

The statements look at what is in force for the role (its own grants, those of `public`, attributes), in the order in
which an operator would take them away. The first one found is told with the statement that mends it.
Source: PostgreSQL manual, “System Information Functions” (access privilege inquiry) and “Role Attributes”.
"""

from collections.abc import Mapping
from typing import Any

from gateway.connector_runtime.manifest_failure import ViewUnfit, ViewWritable

_TEXTS = frozenset({"text", "character varying", "character"})
_STRUCTURES = frozenset("ACGPRU")  # pg_type.typcategory: arrays, composites, geometry, ranges, bytea, json, xml, …
_KINDS = {"r": "a table", "p": "a table", "f": "a foreign table"}


async def require_reader(connection: Any, path: str, name: str) -> int:
    """Return the view's object id when the role may read it and nothing else; `path` is its quoted name.

    Raises ViewUnfit for what is no view, ViewWritable for the first thing the role may do beyond reading it.
    """
    seen = await connection.fetchrow(_RELATION, path)
    if seen is None or seen["relation"] is None:
        raise ViewUnfit(f"there is no view `{name}`, or the role may not see it")
    if seen["relkind"] not in {"v", "m"}:
        said = _KINDS.get(seen["relkind"], "no view")
        raise ViewUnfit(f"`{name}` is {said}: write a view over it with one row for each person and grant that alone")
    session = await connection.fetchval(_SESSION)
    if session is not None:
        # `RESET ROLE` would take back what the settings of the account give away, with all rights of whoever logged in
        raise ViewWritable(
            f"the role of `{name}` was put on by `{session}`, which logged in; "
            f"mend it by `ALTER ROLE {session} RESET role`"
        )
    found = await connection.fetchrow(_BEYOND, seen["relation"])
    if found is None and connection.get_server_version().major >= _GRANTS_PARAMETERS:
        found = await connection.fetchrow(_PARAMETERS)
    if found is not None:
        raise ViewWritable(f"the role of `{name}` {found['told']}; mend it by `{found['mend']}`")
    return int(seen["relation"])


async def require_columns(
    connection: Any, relation: int, name: str, by: tuple[str, ...], told: Mapping[str, bool]
) -> None:
    """Raise ViewUnfit for a column that is not there, one that is looked up by and is no text, and one that is told
    and holds no single value; `told` says of each whether it may be a truth, as what is read by a code list may."""
    columns = {row["name"]: row for row in await connection.fetch(_COLUMNS, relation)}
    for column in (*by, *told):
        if column not in columns:
            raise ViewUnfit(f"`{name}` has no column `{column}`")
    for column in by:
        if columns[column]["type"] not in _TEXTS:
            raise ViewUnfit(f"column `{column}` of `{name}` is looked up by and is no text; cast it there")
    for column, may_be_true in told.items():
        kind, category = columns[column]["type"], columns[column]["category"]
        if category in _STRUCTURES:
            raise ViewUnfit(
                f"column `{column}` of `{name}` is of type {kind}, no single value; take one out of it there"
            )
        if category == "B" and not may_be_true:
            raise ViewUnfit(
                f"column `{column}` of `{name}` is {kind} and no code reads it; give its field `codes`, or a text there"
            )


_SESSION = "SELECT quote_ident(session_user) WHERE session_user <> current_user"
_RELATION = """
SELECT to_regclass($1)::oid AS relation,
       (SELECT relkind::text FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1)) AS relkind
"""

# `ours` are the province's schemas, `systems` PostgreSQL's own: there only what is granted beyond its default counts
_BEYOND = """
WITH me AS (SELECT oid, rolname, quote_ident(rolname) AS named, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls,
                   rolreplication FROM pg_catalog.pg_roles WHERE rolname = current_user),
ours AS (SELECT oid, nspname FROM pg_catalog.pg_namespace
         WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'),
things AS (SELECT c.oid, c.oid::regclass::text AS told, c.relkind,
                  CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END || c.oid::regclass AS named,
                  EXISTS (SELECT FROM ours WHERE ours.oid = c.relnamespace) AS is_ours,
                  EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                          AND d.objid = c.oid AND d.deptype = 'e') AS of_extension
           FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
reaches AS (
  SELECT t.*, place, told_right, word FROM things t, (VALUES
      (1, 'INSERT', 'write'), (2, 'UPDATE', 'write'), (3, 'DELETE', 'write'), (4, 'TRUNCATE', 'write'),
      (5, 'TRIGGER', 'write'), (6, 'REFERENCES', 'refer to'), (7, 'SELECT', 'read')) AS r (place, told_right, word)
  WHERE CASE WHEN t.relkind = 'S' THEN told_right = 'UPDATE' AND has_sequence_privilege(t.oid, 'UPDATE, USAGE')
             WHEN told_right IN ('DELETE', 'TRUNCATE', 'TRIGGER') THEN has_table_privilege(t.oid, told_right)
             ELSE has_any_column_privilege(t.oid, told_right) END
)
SELECT told, mend FROM (
  SELECT 1, 0, 'is a superuser', 'ALTER ROLE ' || named || ' NOSUPERUSER' FROM me WHERE rolsuper
  UNION ALL
  SELECT 2, 0, 'owns it',
         CASE c.relkind WHEN 'm' THEN 'ALTER MATERIALIZED VIEW ' ELSE 'ALTER VIEW ' END
         || c.oid::regclass || ' OWNER TO …'
    FROM pg_catalog.pg_class c, me WHERE c.oid = $1 AND c.relowner = me.oid
  UNION ALL
  SELECT 3, m.roleid::bigint, 'is a member of `' || r.rolname || '`',
         'REVOKE ' || quote_ident(r.rolname) || ' FROM ' || named
    FROM me, pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid WHERE m.member = me.oid
  UNION ALL
  SELECT 4, place, 'has the attribute ' || attribute, 'ALTER ROLE ' || named || ' NO' || attribute
    FROM me, LATERAL (VALUES (1, 'BYPASSRLS', rolbypassrls), (2, 'CREATEROLE', rolcreaterole),
                             (3, 'CREATEDB', rolcreatedb), (4, 'REPLICATION', rolreplication))
                     AS a (place, attribute, is_set) WHERE is_set
  UNION ALL
  SELECT 5, place, 'can also ' || told_right,
         'REVOKE ' || told_right || ' ON ' || r.named || ' FROM ' || me.named || ', PUBLIC'
    FROM reaches r, me WHERE r.oid = $1 AND told_right <> 'SELECT'
  UNION ALL
  SELECT 6, d.oid::bigint, 'owns `' || d.datname || '`',
         'ALTER DATABASE ' || quote_ident(d.datname) || ' OWNER TO …'
    FROM pg_catalog.pg_database d, me WHERE d.datdba = me.oid
  UNION ALL
  SELECT 7, CASE word WHEN 'write' THEN 0 ELSE place END, 'can also ' || word || ' `' || told || '`',
         'REVOKE ALL ON ' || r.named || ' FROM ' || me.named || ', PUBLIC'
    FROM reaches r, me
    WHERE r.oid <> $1 AND r.is_ours AND NOT (r.of_extension AND told_right = 'SELECT')
  UNION ALL
  SELECT 8, ours.oid::bigint, 'can create in schema `' || nspname || '`',
         'REVOKE CREATE ON SCHEMA ' || quote_ident(nspname) || ' FROM ' || me.named || ', PUBLIC'
    FROM ours, me WHERE has_schema_privilege(ours.oid, 'CREATE')
  UNION ALL
  SELECT 9, 0, 'can create schemas in `' || current_database() || '`',
         'REVOKE CREATE ON DATABASE ' || quote_ident(current_database()) || ' FROM ' || named || ', PUBLIC'
    FROM me WHERE has_database_privilege(current_database(), 'CREATE')
  UNION ALL
  SELECT 10, 0, 'can also ' || word || ' `' || told || '`', 'REVOKE ALL ON ' || r.named || ' FROM ' || me.named
    FROM reaches r, me
    WHERE NOT r.is_ours AND r.relkind <> 'S'
      AND NOT CASE WHEN told_right IN ('DELETE', 'TRUNCATE', 'TRIGGER')
                   THEN has_table_privilege('public', r.oid, told_right)
                   ELSE has_any_column_privilege('public', r.oid, told_right) END
  UNION ALL
  SELECT 11, p.oid::bigint, 'can call `' || p.oid::regprocedure || '`, which runs with the rights of its owner',
         'REVOKE ALL ON ROUTINE ' || p.oid::regprocedure || ' FROM ' || me.named || ', PUBLIC'
    FROM pg_catalog.pg_proc p JOIN ours ON ours.oid = p.pronamespace, me
    WHERE p.prosecdef AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
      AND has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(ours.oid, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass
                      AND d.objid = p.oid AND d.deptype = 'e')
  UNION ALL
  SELECT 12, p.oid::bigint, 'can call `' || p.oid::regprocedure || '`, which PostgreSQL keeps from everybody',
         'REVOKE ALL ON ROUTINE ' || p.oid::regprocedure || ' FROM ' || me.named
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace, me
    WHERE n.nspname IN ('pg_catalog', 'information_schema') AND has_function_privilege(p.oid, 'EXECUTE')
      AND NOT has_function_privilege('public', p.oid, 'EXECUTE')
  UNION ALL
  SELECT 13, l.oid::bigint, 'can also write the large object ' || l.oid,
         'REVOKE ALL ON LARGE OBJECT ' || l.oid || ' FROM ' || me.named || ', PUBLIC'
    FROM pg_catalog.pg_largeobject_metadata l, me
    WHERE l.lomowner = me.oid OR EXISTS (
      SELECT FROM aclexplode(l.lomacl) a WHERE a.grantee IN (0, me.oid) AND a.privilege_type = 'UPDATE')
) AS all_of_it (place, within, told, mend) ORDER BY place, within, told LIMIT 1
"""
_GRANTS_PARAMETERS = 15  # PostgreSQL before it knows no such grant, nor the catalogue that holds them
_PARAMETERS = """
SELECT 'can set the parameter `' || s.parname || '`' AS told,
       'REVOKE ' || a.privilege_type || ' ON PARAMETER ' || s.parname || ' FROM ' || quote_ident(current_user)
       || ', PUBLIC' AS mend
FROM pg_catalog.pg_parameter_acl s, LATERAL aclexplode(s.paracl) a
WHERE a.grantee IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)) ORDER BY s.parname LIMIT 1
"""
# a type of its own (category U) is a structure or bytes, but a UUID, which is its text
_COLUMNS = """
SELECT attname AS name, split_part(format_type(atttypid, NULL), '(', 1) AS type,
       CASE WHEN 'uuid'::regtype IN (t.oid, t.typbasetype) THEN 'S' ELSE t.typcategory::text END AS category
FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_type t ON t.oid = atttypid
WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
"""
