"""What the market is told of a case, in the same transaction: money and the job's state follow here.

- ``opened(case, *, actor, now)``: a dispute captures and holds (C5), an incident stops the work.
- ``decided(case, *, actor, now)``: ``case.decision`` says what to refund and to release; also after an appeal.
- ``withdrawn(case, *, actor, now)``: what was held goes on.
- ``released(case, *, actor, now)``: the disputed part is paid provisionally, at the platform's risk (C5).
- ``escalated(case, *, actor, now)``: by a person or because it is overdue.
"""

from __future__ import annotations

from mahalla.kit.listeners import Listeners

_listeners = Listeners("opened", "decided", "withdrawn", "released", "escalated")
on = _listeners.on
off = _listeners.off
tell = _listeners.tell
