"""provision audit."""

from typing import Annotated

import typer

from provision.cli.commands.verify import TellAllOption
from provision.cli.options import BrowserOption, JsonOption
from provision.messages.i18n import N_

UrlArgument = Annotated[
    str,
    typer.Argument(metavar="URL", help=N_("The server's web address."), show_default=False),
]

PrivateOption = Annotated[
    bool,
    typer.Option(
        "--private", help=N_("The server may be in a private network, such as the school's own.")
    ),
]


def command(
    url: UrlArgument,
    browser: BrowserOption = False,
    private: PrivateOption = False,
    verbose: TellAllOption = False,
    json: JsonOption = False,
) -> int:
    """Say what an outsider can see of any Jitsi server.

    Polite: few connections, no credentials, nothing left behind. What needs a look from inside is
    counted and not judged. The exit code is 1 if a must fails.

    For example:
      provision audit https://meet.example.org
    """
    from provision.verify.stranger import audit

    return audit(url, browser=browser, private=private, as_json=json, verbose=verbose)
