"""What the apps above are told of, in the same transaction (docs/architecture.md).

- ``sanctioned(sanction, *, actor, now)``: a sanction came into force; the market takes back work (KH-FLOW-29).
- ``sanction_over(sanction, *, actor, now)``: it was lifted or has ended.
- ``verification_approved`` / ``verification_rejected(verification, *, actor, now)``: a check was decided.
- ``verification_lapsed(verification, *, actor, now)``: an approval stopped counting (expired or revoked).
- ``flag_raised(flag, *, actor, now)`` and ``flag_resolved(flag, *, actor, now)``: weights are withheld and restored.
"""

from __future__ import annotations

from mahalla.kit.listeners import Listeners

_listeners = Listeners(
    "sanctioned",
    "sanction_over",
    "verification_approved",
    "verification_rejected",
    "verification_lapsed",
    "flag_raised",
    "flag_resolved",
)
on = _listeners.on
off = _listeners.off
tell = _listeners.tell
