"""The page of a report: for a data protection officer, on a screen and on paper.

It holds no script, loads nothing, and whatever a server said is escaped.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from provision.controls import MARKS, groups, sources
from provision.messages.console import printable
from provision.messages.i18n import _, language
from provision.verify.finding import State
from provision.verify.reporting import summary
from provision.verify.reporting.report import WORDS, word

if TYPE_CHECKING:
    from datetime import date

    from provision.verify.reporting.report import Report

CLASSES = {
    State.FAILED: "failed",
    State.NOT_MEASURED: "unmeasured",
    State.OPEN: "open",
    State.CONFIRMED: "confirmed",
    State.FULFILLED: "fulfilled",
    State.NOT_VISIBLE: "invisible",
}


def html(report: Report) -> str:
    """Return the page of a report, in the active language, which must be the report's own."""
    import jinja2  # noqa: PLC0415 - slow, and needed here only

    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_harmless,
    )
    environment.filters |= {"css_text": _css_text, "prose": _prose}
    folder = files("provision.verify.reporting").joinpath("templates")
    template = environment.from_string(folder.joinpath("page.html.j2").read_text("utf-8"))
    style = folder.joinpath("page.css").read_text("utf-8")
    return template.render(style=style, **_values(report))


def _harmless(value: Any) -> Any:
    """Return what is about to be shown without signs that are invisible or turn directions."""
    import markupsafe  # noqa: PLC0415 - with jinja2

    if not isinstance(value, str):
        return value
    return (markupsafe.Markup if isinstance(value, markupsafe.Markup) else str)(printable(value))


def day(moment: date) -> str:
    """Return a date as people write it."""
    return f"{moment:%-d.%-m.%Y}" if language() == "de" else f"{moment:%-d %B %Y}"


def _values(report: Report) -> dict[str, Any]:
    """Return everything that the template shows."""
    return {
        "report": report,
        "footer": f"{report.name} · {report.domain} · {report.moment.date().isoformat()}",
        "language": language(),
        "day": day,
        "text": _text,
        "word": word,
        "classes": CLASSES,
        "words": WORDS,
        "State": State,
        "labels": {
            State.NOT_MEASURED: _("Reason"),
            State.OPEN: _("Open"),
            State.CONFIRMED: _("Confirmed"),
        },
        "groups": groups(),
        "sources": sources(),
        "marks": MARKS,
        "must": summary.counts(report.verdicts, "must"),
        "should": summary.counts(report.verdicts, "should"),
        "sentence": summary.sentence(report.verdicts),
        "second_sentence": summary.second_sentence(report.verdicts),
        "say": _sentences(),
    }


def _sentences() -> dict[str, str]:
    """Return the fixed sentences of the page."""
    return {
        "title": _("Report on data protection and security"),
        "subtitle": _("Video-conference server"),
        "server": _("Server"),
        "date": _("Date"),
        "program": _("Program"),
        "digest": _("Evidence"),
        "digest_help": _("SHA-256 of what was measured; the .json file beside this page holds it."),
        "result": _("Result"),
        "new_since": _("New since {day}"),
        "nothing_new": _("No control has another state than on {day}."),
        "first": _("This is the first report of this server; there is none to compare it with."),
        "to_do": _("What has to be done"),
        "to_confirm": _("What the school has to confirm"),
        "to_confirm_help": _(
            "No program can measure this. It is open until inventory.yml says below `confirmed` "
            "what there is, and since when."
        ),
        "missing": _("What could not be measured"),
        "must": _("must"),
        "should": _("should"),
        "seen": _("Seen"),
        "do": _("Remedy"),
        "source": _("Source"),
        "who": _("Responsible"),
        "tool": _("program"),
        "school": _("school"),
        "provider": _("provider"),
        "about": _("How to read this report"),
        "about_states": _(
            "Fulfilled means that it was measured on the running server, not that it was set. "
            "Not measured says nothing either way. A measurement shows the moment at which it was "
            "made."
        ),
        "about_law": _(
            "The requirements are in our own words. This is no legal advice; the school's data "
            "protection officer decides."
        ),
        "about_marks": _("How sure we are of a source:"),
        "about_read": _(
            "Everything else was read. Articles of DSGVO (GDPR), TDDDG, DDG and KI-VO (AI Act) are "
            "always [G]."
        ),
        "outside": _(
            "This server was looked at from outside only, without credentials. Fulfilled means "
            "that nothing visible speaks against it."
        ),
        "sources": _("Sources"),
        "page": _("Page"),
    }


def _text(bilingual: Any) -> str:
    text: str = bilingual.text(language())
    return text


def _prose(sentence: str) -> Any:
    """Return a sentence, escaped, with commands between backticks in a type of their own."""
    import markupsafe  # noqa: PLC0415 - with jinja2

    escaped = str(markupsafe.escape(sentence))
    return markupsafe.Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped))  # noqa: S704


def _css_text(value: str) -> str:
    """Return a text as it may stand between quotes in a style sheet."""
    return re.sub(r"[^A-Za-z0-9]", lambda sign: f"\\{ord(sign[0]):06x}", value)
