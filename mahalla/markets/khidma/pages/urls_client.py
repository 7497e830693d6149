"""The addresses of the clients' pages. ``/tasks/<id>/`` is also where notices lead the Tasker; that page sends on."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from mahalla.markets.khidma.pages.client import (
    addresses,
    after,
    cases,
    changing,
    chat,
    choosing,
    home,
    paying,
    people,
    plans,
    task,
    tasks,
    wizard,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("me/", home.me, name="me"),
    # the wizard
    path("tasks/new/", wizard.new, name="task-new"),
    path("tasks/new/<int:pk>/", wizard.resume, name="task-resume"),
    path("tasks/new/<int:pk>/price/", wizard.price, name="task-price"),
    path("tasks/new/<int:pk>/drop/", wizard.drop, name="task-drop"),
    path("tasks/new/<int:pk>/repeat/", plans.repeat, name="task-repeat"),
    path("tasks/new/<int:pk>/photos/<int:photo>/remove/", wizard.remove_photo, name="task-photo-remove"),
    path("tasks/new/<int:pk>/<slug:name>/", wizard.step, name="task-step"),
    # lists
    path("tasks/", tasks.index, name="tasks"),
    path("tasks/past/", tasks.past, name="tasks-past"),
    # one task
    path("tasks/<int:pk>/", task.show, name="task"),
    path("tasks/<int:pk>/status/", task.status, name="task-status"),
    path("tasks/<int:pk>/way/", task.way, name="task-way"),
    path("tasks/<int:pk>/taskers/", choosing.index, name="task-taskers"),
    path("tasks/<int:pk>/select/", choosing.select, name="task-select"),
    path("tasks/<int:pk>/choose-for-me/", choosing.choose_for_me, name="task-auto"),
    path("tasks/<int:pk>/take-back/", choosing.take_back, name="task-take-back"),
    path("tasks/<int:pk>/edit/", changing.edit, name="task-edit"),
    path("tasks/<int:pk>/cancel/", changing.cancel, name="task-cancel"),
    path("tasks/<int:pk>/pay/", paying.another_way, name="task-pay"),
    path("tasks/<int:pk>/chat/", chat.talk, name="task-chat"),
    path("tasks/<int:pk>/chat/lines/", chat.lines, name="task-chat-lines"),
    path("tasks/<int:pk>/confirm/", task.confirm, name="task-confirm"),
    path("tasks/<int:pk>/extra/", task.approve_extra, name="task-extra"),
    path("tasks/<int:pk>/stop/", task.ask_stop, name="task-stop"),
    path("tasks/<int:pk>/no-show/", task.report_no_show, name="task-no-show"),
    path("tasks/<int:pk>/dispute/", after.dispute, name="task-dispute"),
    path("tasks/<int:pk>/dispute/amount/", after.dispute_amount, name="task-dispute-amount"),
    path("tasks/<int:pk>/review/", after.review, name="task-review"),
    path("tasks/<int:pk>/tip/", after.tip, name="task-tip"),
    path("tasks/<int:pk>/receipt/", after.receipt, name="task-receipt"),
    path("receipts/<int:number>/", after.document, name="receipt-pdf"),
    path("tasks/<int:pk>/template/", plans.save_template, name="task-template"),
    path("tasks/<int:pk>/again/", plans.book_again, name="task-again"),
    path("tasks/<int:pk>/copy/", plans.duplicate, name="task-copy"),
    # people
    path("taskers/<int:pk>/", people.profile, name="tasker"),
    path("taskers/<int:pk>/like/", people.like, name="tasker-like"),
    path("taskers/<int:pk>/ask/", people.ask_again, name="tasker-ask"),
    path("taskers/<int:pk>/report/", cases.report, name="tasker-report"),
    path("favourites/", people.favourites, name="favourites"),
    # what comes again
    path("templates/", plans.templates, name="templates"),
    path("templates/<int:pk>/use/", plans.use_template, name="template-use"),
    path("templates/<int:pk>/remove/", plans.remove_template, name="template-remove"),
    path("series/", plans.all_series, name="all-series"),
    path("series/<int:pk>/", plans.one_series, name="series"),
    path("series/<int:pk>/skip/", plans.skip, name="series-skip"),
    path("series/<int:pk>/stop/", plans.stop, name="series-stop"),
    # places and money
    path("addresses/", addresses.index, name="addresses"),
    path("addresses/new/", addresses.new, name="address-new"),
    path("addresses/<int:pk>/", addresses.edit, name="address"),
    path("addresses/<int:pk>/default/", addresses.make_default, name="address-default"),
    path("addresses/<int:pk>/remove/", addresses.remove, name="address-remove"),
    path("payments/", paying.history, name="payments"),
    path("payments/methods/", paying.methods, name="methods"),
    path("payments/methods/new/", paying.add_method, name="method-new"),
    path("payments/methods/<int:pk>/", paying.method, name="method"),
    path("payments/methods/<int:pk>/default/", paying.make_default, name="method-default"),
    path("payments/methods/<int:pk>/remove/", paying.remove_method, name="method-remove"),
    path("sandbox/approve/<str:ref>/", paying.approve, name="sandbox-approve"),
    # cases
    path("cases/", cases.index, name="cases"),
    path("cases/<int:pk>/", cases.show, name="case"),
    path("cases/<int:pk>/withdraw/", cases.withdraw, name="case-withdraw"),
]
