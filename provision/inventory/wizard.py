"""The questions of `provision new`: one at a time, each answer checked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provision.certificates.own_certificate import certificate_problems
from provision.inventory.reading import taken
from provision.messages import console
from provision.messages.errors import ExitCode, ProvisionError
from provision.messages.i18n import _
from provision.settings.table import TABLE, Row
from provision.settings.validation import check_value, from_text, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from provision.inventory.reading import Inventory

BACK = "<"
NONE = "-"
PROMPT = "   > "


class Wizard:
    """Asks what the table wants asked and nobody has answered beforehand."""

    def __init__(
        self,
        inventory: Inventory,
        given: Mapping[str, Any],
        key: str | None,
        make_key: Callable[[str], str],
    ) -> None:
        self.inventory = inventory
        self.base = inventory.path.resolve().parent
        self.given = dict(given)
        self.answers: dict[str, Any] = {}
        self.key = key
        self.make_key = make_key

    def run(self) -> tuple[str, dict[str, Any]]:
        """Return the school's short name and what was answered, or stop without a trace."""
        try:
            self._begin()
            asked: list[str] = []
            while True:
                row = self._next(asked)
                if row is None:
                    if self._confirm():
                        return self._key(), self._values()
                    answered = False
                else:
                    answered = self._ask(row, len(asked) + 1)
                if answered and row:
                    asked.append(row.name)
                elif asked:
                    asked.pop()
                else:
                    console.note("   " + _("This is the first question."))
        except (KeyboardInterrupt, EOFError) as error:
            console.note()
            raise ProvisionError(
                _("Stopped; nothing was written"), exit_code=ExitCode.INTERRUPTED
            ) from error

    def _begin(self) -> None:
        console.note(
            _("A new school. Enter takes what stands in [brackets], < goes back, Ctrl-C stops.")
        )

    def _values(self) -> dict[str, Any]:
        """Return what is to be written: given and answered, but nothing left over or empty."""
        values = {**self.given, **self.answers}
        wanted = {
            name: value
            for name, value in values.items()
            if value is not None and self._applies(TABLE[name])
        }
        return {
            name: value
            for name, value in wanted.items()
            if name in self.given or value != self.inventory.shared.get(name)
        }

    def _applies(self, row: Row) -> bool:
        """Return whether a setting makes sense with the other answers."""
        if row.setting.needs is None:
            return True
        other, wanted = row.setting.needs
        known = {**self.inventory.shared, **self.given, **self.answers}
        return bool(known.get(other, TABLE[other].default) == wanted)

    def _questions(self) -> list[Row]:
        """Return the questions that are to be asked, as far as the answers decide it."""
        return [
            row
            for row in TABLE.values()
            if row.asked and row.name not in self.given and self._applies(row)
        ]

    def _next(self, asked: list[str]) -> Row | None:
        return next((row for row in self._questions() if row.name not in asked), None)

    def _ask(self, row: Row, number: int) -> bool:
        """Ask one question until the answer is right; return False to go back."""
        default = self.answers.get(row.name, self.inventory.shared.get(row.name, row.default))
        head = f"{number}/{len(self._questions())}"
        console.note()
        console.note(f"{head}  {_(row.setting.question)}")
        console.hint(_(row.setting.help), indent=5)
        if not row.choices:
            example = _("For instance: {example}").format(example=row.setting.example)
            console.hint(example, indent=5)
        prompt = self._prompt(row, default)
        while True:
            text = console.ask(prompt).strip()
            if text == BACK:
                return False
            try:
                self.answers[row.name] = self._checked(row, text, default)
            except ValueError as error:
                console.bad(str(error), indent=3)
            else:
                if not text.isascii() and TABLE[row.name].setting.as_typed(text) != text:
                    console.note(f"   {self.answers[row.name]}")
                return True

    def _checked(self, row: Row, text: str, default: Any) -> Any:
        """Return an answer in its right form, or raise what is wrong with it."""
        if text == NONE and row.default is None and not row.required:
            return None
        value = from_text(row.name, text) if text else default
        value = check_value(row.name, value, self.base)
        port = self.given.get("ssh_port", TABLE["ssh_port"].default)
        if sentence := taken(self.inventory, row.name, value, port):
            raise ValueError(sentence)
        if row.name == "certificate_key_file":
            self._check_pair(value)
        return value

    def _prompt(self, row: Row, default: Any) -> str:
        if default is None:
            return PROMPT
        if row.default is None and not row.required:
            return "   " + _("[{default}, - for none]").format(default=default) + " > "
        return f"   [{default}] > "

    def _check_pair(self, key_file: str) -> None:
        """Refuse certificate files that could not be used, while it is easy to name others."""
        values = {**self.inventory.shared, **self.given, **self.answers}
        school, _problems = validate({**values, "certificate_key_file": key_file}, self.base)
        for problem in certificate_problems(school, self.base) if school else ():
            raise ValueError(problem.sentence.replace("\n", " "))

    def _key(self) -> str:
        """Return the short name: the one given, or a free one made from the school's name."""
        if self.key:
            return self.key
        name = str({**self.inventory.shared, **self._values()}["school"])
        key, number = self.make_key(name), 2
        while key in self.inventory.schools:
            key = f"{self.make_key(name)[:60]}-{number}"
            number += 1
        return key

    def _confirm(self) -> bool:
        """Show what will be written; return False to go back."""
        values = self._values()
        room = max(map(len, values), default=0) + 2
        console.note()
        console.note(f"{self._key()}:")
        for name in (name for name in TABLE if name in values):
            console.note(f"  {name + ':':<{room}}{values[name]}")
        console.note()
        prompt = _("Enter writes this to {path}, < goes back > ").format(path=self.inventory.path)
        while True:
            text = console.ask(prompt).strip()
            if text in {"", BACK}:
                return text != BACK
