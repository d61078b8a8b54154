"""What the database itself refuses about stays: two at once for a person or in a bed, and one beyond its bed's time.

PostgreSQL holds the first two by exclusion constraints (`btree_gist`), SQLite by triggers, under which every transaction
that writes is alone. Both hold the third by triggers. All are set after every `migrate`, because SQLite drops the
triggers of a table that a later migration rebuilds; setting them again is harmless.
"""

from django.db import connections

STAY, BED = "contacts_stay", "contacts_bed"
# What the message of a refusal says, by which the service tells them apart.
PERSON_TWICE, BED_TWICE, BEYOND_BED = "stay_person_once", "stay_bed_once", "stay_within_bed"

_OVERLAP = """
SELECT RAISE(ABORT, '{name}') FROM contacts_stay s
WHERE s.{column} = NEW.{column} AND s.id <> COALESCE(NEW.id, -1) AND s.superseded_at IS NULL
  AND s.occurred_at < COALESCE(NEW.until_at, 9223372036854775807)
  AND COALESCE(s.until_at, 9223372036854775807) > NEW.occurred_at
"""
_OUTSIDE = """
SELECT RAISE(ABORT, 'stay_within_bed') FROM contacts_bed b
WHERE b.id = NEW.bed_id AND (b.from_at > NEW.occurred_at
  OR (b.until_at IS NOT NULL AND (NEW.until_at IS NULL OR NEW.until_at > b.until_at)))
"""
_SHORTENED = """
SELECT RAISE(ABORT, 'stay_within_bed') FROM contacts_stay s
WHERE s.bed_id = NEW.id AND s.superseded_at IS NULL AND (s.occurred_at < NEW.from_at
  OR (NEW.until_at IS NOT NULL AND (s.until_at IS NULL OR s.until_at > NEW.until_at)))
"""

_FUNCTIONS = """
CREATE OR REPLACE FUNCTION lianfang_stay_within_bed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE b record;
BEGIN
    IF NEW.bed_id IS NULL OR NEW.superseded_at IS NOT NULL THEN RETURN NEW; END IF;
    SELECT from_at, until_at INTO b FROM contacts_bed WHERE id = NEW.bed_id FOR SHARE;
    IF b.from_at > NEW.occurred_at
       OR (b.until_at IS NOT NULL AND (NEW.until_at IS NULL OR NEW.until_at > b.until_at)) THEN
        RAISE EXCEPTION 'stay_within_bed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION lianfang_bed_holds_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM contacts_stay s WHERE s.bed_id = NEW.id AND s.superseded_at IS NULL
               AND (s.occurred_at < NEW.from_at
                    OR (NEW.until_at IS NOT NULL AND (s.until_at IS NULL OR s.until_at > NEW.until_at)))) THEN
        RAISE EXCEPTION 'stay_within_bed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""


def protect_stays(using: str) -> None:
    """Set the constraints and triggers; repeating it is harmless."""
    connection = connections[using]
    if not {STAY, BED} <= set(connection.introspection.table_names()):
        return
    statements = _postgresql() if connection.vendor == "postgresql" else _sqlite()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def protect_after_migrate(*, using: str, **_signal: object) -> None:
    """Set them when `migrate` has ended."""
    protect_stays(using)


def _sqlite() -> list[str]:
    held = "NEW.superseded_at IS NULL"
    checks = {
        PERSON_TWICE: _OVERLAP.format(name=PERSON_TWICE, column="person_id"),
        BED_TWICE: _OVERLAP.format(name=BED_TWICE, column="bed_id"),
        BEYOND_BED: _OUTSIDE,
    }
    made = []
    for name, check in checks.items():
        for event in ("INSERT", "UPDATE"):
            trigger = f"{name}_{event.lower()}"
            made.append(f"DROP TRIGGER IF EXISTS {trigger}")
            made.append(
                f"CREATE TRIGGER {trigger} BEFORE {event} ON {STAY} WHEN {held} BEGIN {check.strip()}; END"
            )
    made.append("DROP TRIGGER IF EXISTS bed_holds_stays")
    made.append(f"CREATE TRIGGER bed_holds_stays BEFORE UPDATE ON {BED} BEGIN {_SHORTENED.strip()}; END")
    return made


def _postgresql() -> list[str]:
    made = ["CREATE EXTENSION IF NOT EXISTS btree_gist", _FUNCTIONS]
    for name, column in ((PERSON_TWICE, "person_id"), (BED_TWICE, "bed_id")):
        made.append(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{name}') THEN "  # noqa: S608 - no user text
            f"ALTER TABLE {STAY} ADD CONSTRAINT {name} EXCLUDE USING gist "
            f"({column} WITH =, int8range(occurred_at, until_at) WITH &&) WHERE (superseded_at IS NULL); "
            "END IF; END $$"
        )
    for trigger, table, event, function in (
        ("stay_within_bed", STAY, "INSERT OR UPDATE", "lianfang_stay_within_bed"),
        ("bed_holds_stays", BED, "UPDATE", "lianfang_bed_holds_stays"),
    ):
        made.append(f"DROP TRIGGER IF EXISTS {trigger} ON {table}")
        made.append(
            f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"
        )
    return made
