"""What holds of a Khidma database at any time, asked of the rows themselves and of no code that keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import connection

from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.payments.models import Hold
from mahalla.kernel.work.models import Job, Request

#: each must give no row
NEVER: dict[str, str] = {
    "two live jobs of one request": """
        SELECT request_id FROM work_job WHERE phase <> 'closed' GROUP BY request_id HAVING count(*) > 1""",
    "two exclusive live offers of one request": """
        SELECT request_id FROM work_offer WHERE exclusive AND phase = 'open'
        GROUP BY request_id HAVING count(*) > 1""",
    "a Tasker in two places": """
        SELECT id FROM (
            SELECT id, lower(during) < max(upper(during)) OVER (
                PARTITION BY worker_id ORDER BY lower(during), id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS meets
            FROM schedule_busy WHERE block_id IS NULL) taken WHERE meets""",
    "live work without its time, or time without live work": """
        SELECT j.id FROM work_job j WHERE j.phase IN ('agreed', 'under_way')
          AND NOT EXISTS (SELECT 1 FROM schedule_busy b WHERE b.reference = 'offer:' || j.offer_id
                          AND b.worker_id = j.worker_id AND lower(b.during) = j.start_at)
        UNION ALL
        SELECT b.id FROM schedule_busy b WHERE b.kind = 'work'
          AND NOT EXISTS (SELECT 1 FROM work_job j WHERE b.reference = 'offer:' || j.offer_id
                          AND j.phase <> 'closed')""",
    "an accepted offer without its job, or the other way": """
        SELECT o.id FROM work_offer o LEFT JOIN work_job j ON j.offer_id = o.id
        WHERE (o.state = 'accepted') <> (j.id IS NOT NULL)""",
    "a booked request without a live job, or a live job of one not booked": """
        SELECT r.id FROM work_request r
        WHERE r.phase <> 'agreed' AND EXISTS (
            SELECT 1 FROM work_job j WHERE j.request_id = r.id AND j.phase <> 'closed')""",
    "an offered request without a pending offer, or the other way": """
        SELECT r.id FROM work_request r
        WHERE (r.state = 'offered') <> EXISTS (
            SELECT 1 FROM work_offer o WHERE o.request_id = r.id AND o.state = 'pending')""",
    "escrow below zero": """
        SELECT id FROM ledger_balance WHERE path LIKE 'escrow/%%' AND credits_posted < debits_posted""",
    "a subject that its events do not lead to": """
        WITH steps AS (
            SELECT noun, subject_id, from_state, to_state,
                   lag(to_state) OVER one AS before, lead(id) OVER one IS NULL AS last
            FROM events_event WHERE noun IN ('request', 'offer', 'job')
              AND name NOT LIKE '%%.%%' WINDOW one AS (PARTITION BY noun, subject_id ORDER BY id)),
        states AS (
            SELECT 'request' AS noun, id, state FROM work_request
            UNION ALL SELECT 'offer', id, state FROM work_offer
            UNION ALL SELECT 'job', id, state FROM work_job)
        SELECT s.noun, s.id FROM states s LEFT JOIN steps t ON (t.noun, t.subject_id) = (s.noun, s.id)
        WHERE t.noun IS NULL OR (t.last AND t.to_state <> s.state) OR t.from_state <> coalesce(t.before, '')""",
}


def broken() -> Iterator[str]:
    """The rules that do not hold, each with the rows that break it."""
    for rule, sql in NEVER.items():
        with connection.cursor() as cursor:
            cursor.execute(sql.replace("%%", "%"))
            rows = cursor.fetchall()
        if rows:
            yield f"{rule}: {rows[:5]}"
    if any(ledger.trial_balance().values()):
        yield f"the ledger does not balance: {ledger.trial_balance()}"
    yield from _stray_holds()
    yield from _wrong_words()


def _stray_holds() -> Iterator[str]:
    """Money may be kept (or be asked for) only for work that lives; what is being freed is on its way."""
    live = Hold.objects.filter(kind="hold", state__in=Hold.LIVE).exclude(state="capture_requested")
    for hold in live:
        job = Job.objects.get(pk=hold.reference.partition(":")[2])
        if job.phase not in {"agreed", "under_way", "done"}:
            yield f"{hold.state} hold {hold.pk} of a job that is {job.state}"


def _wrong_words() -> Iterator[str]:
    """``status`` says the job's state once there is one, else the request's own."""
    for request in Request.objects.all():
        job = request.live_job() if request.phase == "agreed" else None
        if request.status != (job.state if job else request.state):
            yield f"request {request.pk} says {request.status}; it is {job.state if job else request.state}"


def overdue(now: datetime) -> list[str]:
    """Deadlines and promises that should have been kept by now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT noun || ' ' || subject_id || ' ' || name || ' ' || last_error FROM flow_deadlinerow WHERE due_at <= %s"
            " UNION ALL SELECT kind || ' ' || key || ' ' || last_error FROM events_outboxitem"
            " WHERE (done_at IS NULL AND due_at <= %s) OR failed_at IS NOT NULL",
            [now, now],
        )
        return [row[0] for row in cursor.fetchall()]
