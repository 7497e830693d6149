"""What the apps above are told of, in the same transaction; what must reach the world outside goes to the outbox.

- ``left(review, *, now)``: a new review; tell the reviewed person when it is revealed.
- ``replied(reply, *, now)``: the reviewed person has answered.
- ``private(feedback, *, now)``: said to the platform alone; staff should look, and no rating moves (KH-REV-03).
- ``recalculated(user_ids, *, now)``: their reputation was calculated anew; ranking rows, enforcement.
"""

from __future__ import annotations

from mahalla.kit.listeners import Listeners

_listeners = Listeners("left", "replied", "private", "recalculated")
on = _listeners.on
off = _listeners.off
tell = _listeners.tell
