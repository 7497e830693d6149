"""Every page that the console has in each market. A market's own come after (hook ``console_pages``)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from mahalla.console import access, waiting
from mahalla.console.pages import Page
from mahalla.console.views import cases, catalogue, checks, flags, oversight, people, policies, talk

PAGES: tuple[Page, ...] = (
    # disputes, and the incidents and reports of trust & safety
    Page("disputes", "disputes/", cases.disputes, access.DISPUTES, _("Disputes"), "gavel", 20, waiting.disputes),
    Page("dispute", "disputes/<int:pk>/", cases.dispute, access.DISPUTES),
    Page("dispute-talk", "disputes/<int:pk>/talk/<int:thread>/", talk.dispute_talk, access.DISPUTES),
    Page("dispute-act", "disputes/<int:pk>/<slug:event>/", cases.dispute_act, access.DISPUTES),
    Page("incidents", "incidents/", cases.incidents, access.TRUST, _("Incidents"), "emergency", 30, waiting.incidents),
    Page("incident", "incidents/<int:pk>/", cases.incident, access.TRUST),
    Page("incident-talk", "incidents/<int:pk>/talk/<int:thread>/", talk.incident_talk, access.TRUST),
    Page("incident-act", "incidents/<int:pk>/<slug:event>/", cases.incident_act, access.TRUST),
    Page("flags", "flags/", flags.queue, access.TRUST, _("Fraud alerts"), "flag", 31, waiting.flags),
    Page("flag", "flags/<int:pk>/", flags.flag, access.TRUST),
    Page("flag-resolve", "flags/<int:pk>/resolve/", flags.resolve, access.TRUST),
    # checks of people
    Page("checks", "checks/", checks.queue, access.VERIFICATION, _("Checks"), "badge", 40, waiting.checks),
    Page("check", "checks/<int:pk>/", checks.check, access.VERIFICATION),
    Page("check-act", "checks/<int:pk>/<slug:event>/", checks.act, access.VERIFICATION),
    # people
    Page("people", "people/", people.index, access.PEOPLE, _("People"), "group", 50),
    Page("person", "people/<int:pk>/", people.person, access.PEOPLE),
    Page("person-sanction", "people/<int:pk>/sanctions/", people.impose, access.PEOPLE),
    Page("sanction-act", "sanctions/<int:pk>/<slug:event>/", people.sanction_act, access.PEOPLE),
    # settings
    Page("policies", "policies/", policies.index, access.SETTINGS, _("Policy values"), "tune", 70),
    Page("policy", "policies/<slug:name>/", policies.policy_value, access.SETTINGS),
    Page("catalogue", "catalogue/", catalogue.index, access.SETTINGS, _("Catalogue"), "category", 71),
    Page("category-new", "catalogue/new/", catalogue.create, access.SETTINGS),
    Page("catalogue-order", "catalogue/order/", catalogue.order, access.SETTINGS),
    Page("catalogue-skill", "catalogue/skills/", catalogue.skill, access.SETTINGS),
    Page("catalogue-tag", "catalogue/tags/", catalogue.tag, access.SETTINGS),
    Page("category", "catalogue/<int:pk>/", catalogue.edit, access.SETTINGS),
    Page("category-switch", "catalogue/<int:pk>/switch/", catalogue.switch, access.SETTINGS),
    # oversight
    Page("audit", "audit/", oversight.audit, access.OVERSIGHT, _("Audit log"), "history", 80),
    Page("stream", "audit/stream/", oversight.stream, access.OVERSIGHT, _("Event stream"), "timeline", 81),
    Page("jobs", "jobs/", oversight.jobs, access.OVERSIGHT, _("Recurring jobs"), "schedule", 82),
    Page("health", "health/", oversight.health, access.OVERSIGHT, _("Deadlines and outbox"), "monitor_heart", 83,
         waiting.trouble),
)  # fmt: skip
