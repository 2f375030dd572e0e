"""provision audit."""

from typing import Annotated

import typer

from provision.commands.verify import TellAllOption
from provision.i18n import N_
from provision.options import BrowserOption, JsonOption
from provision.verify.stranger import audit

UrlArgument = Annotated[
    str,
    typer.Argument(metavar="URL", help=N_("The server's web address."), show_default=False),
]


def command(
    url: UrlArgument,
    browser: BrowserOption = False,
    verbose: TellAllOption = False,
    json: JsonOption = False,
) -> int:
    """Say what an outsider can see of any Jitsi server.

    Polite: few connections, no credentials, nothing left behind. What needs a look from inside is
    counted and not judged. The exit code is 1 if a must fails.

    For example:
      provision audit https://meet.example.org
    """
    return audit(url, browser=browser, as_json=json, verbose=verbose)
