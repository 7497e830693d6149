"""Talking with the Tasker: words, pictures, voice notes, live (KH-CHAT-01..04)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from mahalla.kernel.chat import operations, queries
from mahalla.kernel.chat.models import Thread
from mahalla.kernel.media import operations as media
from mahalla.kernel.work.models import Request
from mahalla.kit.errors import Refused
from mahalla.markets.khidma.pages.client.objects import task_for
from mahalla.markets.khidma.pages.client.stage import stage_of
from mahalla.markets.khidma.pages.common import client_page, go, now_of, person, show_refusal


class MessageForm(forms.Form):
    text = forms.CharField(label=_("Message"), required=False, max_length=2000)


def _thread(request: HttpRequest, task: Request) -> Thread:
    found = queries.thread_of(person(request), subject=task.stream, kind="task")
    if found is None:
        raise Refused("chat_not_open", _("You can write to each other once the task is confirmed."))
    return found


@client_page
@require_http_methods(["GET", "HEAD", "POST"])
def talk(request: HttpRequest, pk: int) -> HttpResponse:
    """The conversation; posting sends and comes back, also without JavaScript."""
    task = task_for(person(request), pk)
    thread = _thread(request, task)
    form, status = MessageForm(request.POST if request.method == "POST" else None), 422
    if request.method == "POST" and form.is_valid():
        try:
            send(request, thread, form.cleaned_data["text"])
        except Refused as refusal:
            show_refusal(form, refusal)
            status = refusal.status
        else:
            return go(request, "task-chat", pk=pk)
    context = _lines(request, task, thread) | {"form": form, "s": stage_of(task, now=now_of(request))}
    return render(request, "khidma/client/chat.html", context, status=status if form.errors else 200)


def send(request: HttpRequest, thread: Thread, text: str) -> None:
    """One message: the text, and a picture or a voice note with it. The form's key makes a repeated one the same."""
    author, now = person(request), now_of(request)
    file = request.FILES.get("photo") or request.FILES.get("voice")
    asset = media.store(file, owner=author, purpose="chat", now=now, field="text") if file else None
    key = request.POST.get("idempotency_key", "")[:60] if asset is None else ""
    operations.send(thread, author=author, now=now, text=text, asset=asset, client_key=key)


@client_page
@require_safe
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """The live part alone."""
    task = task_for(person(request), pk)
    return render(request, "khidma/client/_chat_lines.html", _lines(request, task, _thread(request, task)))


def _lines(request: HttpRequest, task: Request, thread: Thread) -> dict[str, Any]:
    viewer, now = person(request), now_of(request)
    operations.mark_read(thread, user=viewer, now=now)
    return {
        "task": task,
        "thread": thread,
        "lines": queries.history(thread, viewer=viewer),
        "open": queries.can_send(thread, now=now),
    }
