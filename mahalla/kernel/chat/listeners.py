"""What the apps above are told of, in the sender's transaction; what must reach the world outside goes to the outbox.

- ``sent(message, *, now)``: a message was written, the platform's own lines too; tell the other side.
- ``detected(message, *, now)``: ``message.flags`` is not empty, masked or not; trust and safety should know (KH-CHAT-05).
"""

from __future__ import annotations

from mahalla.kit.listeners import Listeners

_listeners = Listeners("sent", "detected")
on = _listeners.on
off = _listeners.off
tell = _listeners.tell
