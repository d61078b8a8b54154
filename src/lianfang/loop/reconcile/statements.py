"""The SQL of a pass, in the dialect that SQLite (3.39 or later) and PostgreSQL share.

Three scratch tables of the connection hold the subjects that are looked at, what is owed for them, and what differs
from the tasks on file. `%%` is a modulo that passes through the drivers' parameter marks.
"""

SCRATCH = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS loop_among (subject_id bigint PRIMARY KEY)",
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS loop_owed (
        subject_id bigint NOT NULL, occasion varchar(40) NOT NULL, unit_id bigint, path varchar(200) NOT NULL,
        since_at bigint NOT NULL, due_at bigint NOT NULL, met_at bigint, risk smallint NOT NULL, again_at bigint,
        PRIMARY KEY (subject_id, occasion)
    )
    """,
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS loop_change (
        task_id bigint NOT NULL, is_new smallint NOT NULL, subject_id bigint NOT NULL, occasion varchar(40) NOT NULL, unit_id bigint NOT NULL,
        path varchar(200) NOT NULL, since_at bigint NOT NULL, due_at bigint NOT NULL, met_at bigint,
        risk smallint NOT NULL, status varchar(4) NOT NULL, word varchar(10) NOT NULL, closed_at bigint
    )
    """,
)
TABLES = ("loop_among", "loop_owed", "loop_change")

# Between which ids the subjects of a duty and of its tasks lie. Each end is asked for alone: SQLite finds one in an
# index, and both at once by reading the whole table.
ENDS = """
SELECT (SELECT MIN("{key}") FROM "{table}"), (SELECT MAX("{key}") FROM "{table}"),
       (SELECT MIN(subject_id) FROM loop_task WHERE duty = %(duty)s),
       (SELECT MAX(subject_id) FROM loop_task WHERE duty = %(duty)s)
"""

# Who answers where no unit does: the one above all others.
ROOT_UNIT = """
SELECT id FROM registry_unit WHERE closed_at IS NULL AND parent_id IS NULL ORDER BY path, id LIMIT 1
"""

# A completion counts as evidence where the duty accepts a person's word and no record says more.
ADD_WORD_OF_MOUTH = """
UPDATE loop_owed SET met_at = (
    SELECT MIN(c.done_at) FROM loop_task t JOIN loop_completion c ON c.task_id = t.id
    WHERE t.duty = %(duty)s AND t.subject_id = loop_owed.subject_id AND t.occasion = loop_owed.occasion
      AND c.withdrawn_at IS NULL AND (t.rejected_at IS NULL OR c.done_at > t.rejected_at)
) WHERE met_at IS NULL
"""

# The id of a new task is taken before it is written, so that nothing has to look for it afterwards. PostgreSQL, whose
# statistics know nothing of the tasks of a first pass, had looked among all tasks of the duty for each one.
NEW_ID = {
    "postgresql": "nextval((SELECT pg_get_serial_sequence('loop_task', 'id'))::regclass)",
    "sqlite": "(SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'loop_task') + ROW_NUMBER() OVER ()",
}

# What is new or differs. Evidence up to a rejection does not count; where the first evidence was rejected the latest may.
COMPARE = """
INSERT INTO loop_change
    (task_id, is_new, subject_id, occasion, unit_id, path, since_at, due_at, met_at, risk, status, word, closed_at)
SELECT COALESCE(d.task_id, {new_id}), CASE WHEN d.task_id IS NULL THEN 1 ELSE 0 END, d.subject_id, d.occasion, d.unit_id, d.path, d.since_at, d.due_at, d.met_at, d.risk,
       CASE WHEN d.met_at IS NULL THEN 'open' ELSE 'done' END,
       CASE WHEN d.met_at IS NOT NULL THEN CASE WHEN d.was = 'done' THEN 'changed' ELSE 'met' END
            WHEN d.was IS NULL THEN 'opened'
            WHEN d.was = 'open' THEN 'changed'
            ELSE 'reopened' END,
       CASE WHEN d.met_at IS NULL THEN NULL WHEN d.was = 'done' THEN d.was_closed ELSE %(at)s END
FROM (
    SELECT t.id AS task_id, o.subject_id, o.occasion, COALESCE(o.unit_id, %(root)s) AS unit_id, o.path, o.since_at,
           o.due_at, o.risk, t.status AS was, t.closed_at AS was_closed, t.unit_id AS was_unit, t.path AS was_path,
           t.since_at AS was_since, t.due_at AS was_due, t.met_at AS was_met, t.risk AS was_risk,
           CASE WHEN t.rejected_at IS NULL OR o.met_at > t.rejected_at THEN o.met_at
                WHEN o.again_at > t.rejected_at THEN o.again_at END AS met_at
    FROM loop_owed o
    LEFT JOIN loop_task t ON t.duty = %(duty)s AND t.subject_id = o.subject_id AND t.occasion = o.occasion
) d
WHERE d.task_id IS NULL OR d.was = 'void' OR d.unit_id <> d.was_unit OR d.path <> d.was_path
   OR d.since_at <> d.was_since OR d.due_at <> d.was_due OR d.risk <> d.was_risk OR d.met_at {differs} d.was_met
"""

# Tasks within the scope of the pass of which nothing is owed any more.
NO_LONGER_OWED = """
INSERT INTO loop_change
    (task_id, is_new, subject_id, occasion, unit_id, path, since_at, due_at, met_at, risk, status, word, closed_at)
SELECT t.id, 0, t.subject_id, t.occasion, t.unit_id, t.path, t.since_at, t.due_at, t.met_at, t.risk,
       'void', 'withdrawn', %(at)s
FROM loop_task t
LEFT JOIN loop_owed o ON o.subject_id = t.subject_id AND o.occasion = t.occasion
WHERE t.duty = %(duty)s AND t.status <> 'void' AND o.subject_id IS NULL AND {scope}
"""
IN_RANGE = "t.subject_id BETWEEN %(low)s AND %(high)s"
AMONG = "t.subject_id IN (SELECT subject_id FROM loop_among)"
# Days stand in the calendar's order as text, too.
FROM_DAY = "t.occasion >= %(first_day)s"

OPEN_NEW = """
INSERT INTO loop_task
    (id, duty, subject_id, occasion, unit_id, path, since_at, due_at, met_at, risk, status, opened_at, closed_at,
     void_because, rung)
SELECT task_id, %(duty)s, subject_id, occasion, unit_id, path, since_at, due_at, met_at, risk, status, %(at)s, closed_at, '', 0
FROM loop_change WHERE is_new = 1
"""

CHANGE_OLD = """
UPDATE loop_task SET
    unit_id = c.unit_id, path = c.path, since_at = c.since_at, due_at = c.due_at, met_at = c.met_at, risk = c.risk,
    status = c.status, closed_at = c.closed_at,
    void_because = CASE WHEN c.status = 'void' THEN 'facts_changed' ELSE '' END,
    rung = CASE WHEN loop_task.due_at <> c.due_at THEN 0 ELSE loop_task.rung END
FROM loop_change c WHERE c.is_new = 0 AND c.task_id = loop_task.id
"""

LOG = """
INSERT INTO loop_transition (task_id, word, at, unit_id, due_at, met_at, in_pass_id)
SELECT task_id, word, %(at)s, unit_id, due_at, met_at, %(run)s
FROM loop_change
"""

# Doings to be looked at: by the unit that supervises the area, or by the doer's parent where it would look at itself;
# what was done again after a rejection is always looked at. {chosen} is the draw.
DRAW = """
INSERT INTO loop_verification (task_id, kind, unit_id, path, met_at, drawn_at, due_at, reason)
SELECT d.task_id, %(kind)s, d.checker, d.path, d.met_at, %(at)s, %(check_due)s, ''
FROM (
    SELECT t.id AS task_id, t.path, t.met_at, t.rejected_at,
           CASE WHEN s.unit_id <> t.unit_id THEN s.unit_id ELSE u.parent_id END AS checker
    FROM loop_change c
    JOIN loop_task t ON t.id = c.task_id
    JOIN registry_unit u ON u.id = t.unit_id
    LEFT JOIN registry_jurisdiction s ON s.path = t.path AND s.capability = 'supervise'
    WHERE c.status = 'done'
) d
WHERE d.checker IS NOT NULL AND (d.rejected_at IS NOT NULL OR {chosen})
ON CONFLICT DO NOTHING
"""

# What is to be verified changed with the task: the duty to verify it is looked at again.
TOUCH_VERIFICATIONS = """
INSERT INTO loop_touched (subject, subject_id, at)
SELECT 'loop.Verification', v.id, %(at)s
FROM loop_change c
JOIN loop_verification v ON v.task_id = c.task_id AND v.decided_at IS NULL
"""

COUNT = "SELECT word, COUNT(*) FROM loop_change GROUP BY word"
