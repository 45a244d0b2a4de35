"""What is said to PostgreSQL (12 and later). Names are found by the search path, which `postgres_session` sets."""

from __future__ import annotations

TABLES = """
create table if not exists mesms_schema (version integer not null);
insert into mesms_schema select {version} where not exists (select from mesms_schema);
create table if not exists mesms_state (
    name text primary key, lineage text not null, serial bigint not null, head text not null, stamp text not null,
    tally text not null, committed_at timestamptz not null default now(), moved_to text);
create table if not exists mesms_campaign (
    state text not null references mesms_state on delete cascade, name text not null, record text not null,
    primary key (state, name));
create table if not exists mesms_journal (
    state text not null, id bigint generated always as identity, serial bigint not null,
    at timestamptz not null default now(), campaign text, run text, what text not null, primary key (state, id));
create table if not exists mesms_freeze (state text primary key, stop text not null);
create table if not exists mesms_lock (state text primary key, generation bigint not null default 0, holder text);
"""

SETTINGS = """
select set_config(wanted.name, wanted.setting, false), pg_backend_pid()
from (values ('lock_timeout', '10s'), ('idle_in_transaction_session_timeout', '60s'), ('idle_session_timeout', '0'),
             ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'),
             ('enable_seqscan', 'off')
     ) as wanted (name, setting)
where current_setting(wanted.name, true) is not null
union all
select set_config('synchronous_commit', 'on', false), pg_backend_pid()
where current_setting('synchronous_commit') in ('off', 'local')
"""
"""Durable is what is on the disk; what a database asks beyond that (remote_apply) is left. A dead client is noticed.
A statement that was planned when the tables were small goes by their keys all the same once they have grown.
Each row also says which session this is.
"""
END_LOST = """
select pg_terminate_backend(pid) from pg_stat_activity
where pid = any(%s) and usename = current_user and application_name = current_setting('application_name')
"""
"""A session whose connection broke without a word stands for another minute, and all that it has locked is locked."""

HEAD = """
select lineage, serial, head, stamp, tally, moved_to, (
    select journal.serial from mesms_journal as journal where journal.state = mesms_state.name
    order by journal.id desc limit 1)
from mesms_state where name = %s
"""
ROWS = "select name, record from mesms_campaign where state = %s"

_ON_NOTHING = """
insert into mesms_state (name, lineage, serial, head, stamp, tally)
values (%(state)s, %(lineage)s, %(serial)s, %(head)s, %(stamp)s, %(tally)s) on conflict (name) do nothing returning 1
"""
_ON_WHAT_STANDS = """
update mesms_state
set serial = %(serial)s, head = coalesce(%(head)s, head), stamp = %(stamp)s, tally = %(tally)s,
    committed_at = now()
where name = %(state)s and lineage = %(lineage)s and serial = %(expected)s and moved_to is null
    and sha256(convert_to(head, 'UTF8')) = %(head_before)s and tally = %(tally_before)s
    and not exists (
        select from unnest(%(touched)s::text[], %(digests)s::bytea[]) as should (name, digest)
        left join mesms_campaign as stored on stored.state = %(state)s and stored.name = should.name
        where sha256(convert_to(stored.record, 'UTF8')) is distinct from should.digest)
returning 1
"""
_REST = """
with moved as ({head}), put as (
    insert into mesms_campaign (state, name, record)
    select %(state)s, given.name, given.record
    from unnest(%(names)s::text[], %(records)s::text[]) as given (name, record)
    where exists (select from moved)
    on conflict (state, name) do update set record = excluded.record
), gone as (
    delete from mesms_campaign
    where state = %(state)s and name = any(%(gone)s::text[]) and exists (select from moved)
), noted as (
    insert into mesms_journal (state, serial, campaign, run, what)
    select %(state)s, %(serial)s, note.campaign, note.run, note.what
    from unnest(%(campaigns)s::text[], %(runs)s::text[], %(whats)s::text[]) as note (campaign, run, what)
    where exists (select from moved)
)
select count(*) from moved
"""
FIRST_WRITE = _REST.format(head=_ON_NOTHING)
WRITE = _REST.format(head=_ON_WHAT_STANDS)
"""A whole commit in one statement, so in one round trip: carried out if the head moves, else nothing is.

Of two at once the second waits for the first's head row, then sees its serial and moves nothing.
"""

IS_HIDDEN = """
select spaces.nspname from pg_class as tables join pg_namespace as spaces on spaces.oid = tables.relnamespace
where tables.relname = 'mesms_schema' and tables.relkind = 'r' and not has_schema_privilege(spaces.oid, 'usage')
    and spaces.nspname = any(
        string_to_array(replace(replace(current_setting('search_path'), '"$user"', current_user), '"', ''), ', '))
"""
"""The schema, of those that are to be looked through, that has our tables where this user may not look."""

IS_BEREFT = """
select exists (select from mesms_journal where state = %(state)s)
    and not exists (select from mesms_state where name = %(state)s)
"""

PUT_FREEZE = """
insert into mesms_freeze (state, stop) values (%s, %s) on conflict (state) do update set stop = excluded.stop
"""

LOCK_ROW = "insert into mesms_lock (state) values (%s) on conflict (state) do nothing"
LOCK = "select generation, holder, 'mesms_lock'::regclass::oid from mesms_lock where state = %s"
"""The table's own number tells our lock from that of the same name in another schema."""

_HOLDERS = """
from pg_locks where locktype = 'advisory' and granted and objsubid = 1
    and database = (select oid from pg_database where datname = current_database())
    and ((classid::bigint << 32) | objid::bigint) = %(number)s
"""
END = f"select pg_terminate_backend(pid) {_HOLDERS} and pid <> pg_backend_pid()"
UNLOCK = f"select pg_advisory_unlock(%(number)s) where exists (select {_HOLDERS} and pid = pg_backend_pid())"
