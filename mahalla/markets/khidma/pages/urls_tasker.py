"""The addresses of the Taskers' pages. Notices lead to ``/work/…`` and ``/offers/<id>/``."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from mahalla.markets.khidma.pages.tasker import (
    calendar,
    chat,
    checks,
    feed,
    finish,
    home,
    job,
    nav,  # noqa: F401 - registers the bar
    offers,
    payouts,
    profile,
    rates,
    record,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("work/", home.home, name="work-home"),
    path("work/now/", home.part, name="work-now"),
    path("work/me/", home.me, name="work-me"),
    path("work/me/seen/", home.seen, name="work-seen"),
    path("work/start/", home.start, name="work-start"),
    path("work/switch/", home.switch, name="work-switch"),
    path("work/review/", home.ask_review, name="work-review"),
    # onboarding
    path("work/profile/", profile.edit, name="work-profile"),
    path("work/skills/", profile.skills, name="work-skills"),
    path("work/photos/", profile.portfolio, name="work-portfolio"),
    path("work/photos/add/", profile.add_photo, name="work-portfolio-add"),
    path("work/photos/<int:pk>/remove/", profile.remove_photo, name="work-portfolio-remove"),
    path("work/checks/", checks.index, name="work-checks"),
    path("work/checks/<int:pk>/contest/", checks.contest, name="work-check-contest"),
    path("work/checks/<slug:code>/", checks.send, name="work-check"),
    path("work/rates/", rates.index, name="work-rates"),
    path("work/rates/<slug:code>/", rates.edit, name="work-rate"),
    path("work/rates/<slug:code>/remove/", rates.remove, name="work-rate-remove"),
    path("work/calendar/", calendar.index, name="work-calendar"),
    path("work/calendar/block/", calendar.block, name="work-block"),
    path("work/calendar/block/<int:pk>/remove/", calendar.unblock, name="work-unblock"),
    path("work/payouts/", payouts.index, name="work-payouts"),
    path("work/payouts/method/", payouts.method, name="work-payout-method"),
    path("work/contract/", home.contract, name="work-contract"),
    path("work/contract/accept/", home.accept_contract, name="work-contract-accept"),
    # finding work
    path("feed/", feed.index, name="feed"),
    path("feed/part/", feed.part, name="feed-part"),
    path("feed/<int:pk>/", feed.show, name="feed-task"),
    path("feed/<int:pk>/interest/", feed.interest, name="feed-interest"),
    path("offers/", offers.index, name="offers"),
    path("offers/part/", offers.part, name="offers-part"),
    path("offers/<int:pk>/", offers.show, name="offer"),
    path("offers/<int:pk>/decline/", offers.decline, name="offer-decline"),
    # doing it
    path("jobs/<int:pk>/", job.show, name="work-job"),
    path("jobs/<int:pk>/now/", job.now, name="work-job-now"),
    path("jobs/<int:pk>/position/", job.position, name="work-position"),
    path("jobs/<int:pk>/absent/", job.absent, name="work-absent"),
    path("jobs/<int:pk>/finish/", job.finish, name="work-finish"),
    path("jobs/<int:pk>/hours/", finish.hours, name="work-hours"),
    path("jobs/<int:pk>/extra/", finish.extra, name="work-extra"),
    path("jobs/<int:pk>/photos/", finish.photo, name="work-photo"),
    path("jobs/<int:pk>/cancel/", finish.cancel, name="work-cancel"),
    path("jobs/<int:pk>/unsafe/", finish.unsafe, name="work-unsafe"),
    path("jobs/<int:pk>/report/", finish.report, name="work-report"),
    path("jobs/<int:pk>/chat/", chat.talk, name="work-chat"),
    path("jobs/<int:pk>/chat/lines/", chat.lines, name="work-chat-lines"),
    path("jobs/<int:pk>/step/<slug:event>/", job.step, name="work-step"),
    # what came of it
    path("earnings/", record.money, name="earnings"),
    path("earnings.csv", record.money_csv, name="earnings-csv"),
    path("work/reviews/", record.reviews_page, name="work-reviews"),
    path("work/reviews/<int:pk>/reply/", record.reply, name="work-review-reply"),
    path("work/statistics/", record.stats, name="work-stats"),
]
