"""Puts the German catalogue in order: each sentence below the file in which it stands first.

`python -m tests.german`, wherever new entries were pasted.
"""

from __future__ import annotations

from itertools import groupby

from provision.messages import i18n
from tests.unit.sentences import all_messages, as_po

HEAD = """\
# German sentences of jitsi-provision. They address the reader with "Sie".
# tests/unit/messages/test_i18n.py names what is missing, in the form in which it is pasted here;
# `python -m tests.german` puts it below its file.
msgid ""
msgstr ""
"Language: de\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"""


def ordered(text: str) -> str:
    """Return a catalogue by files, in each as it was; what no file says any more comes last."""
    german, places = i18n.read_po(text), all_messages()
    placed = sorted(
        ((places[message].partition(":")[0], message) for message in german if message in places),
        key=lambda pair: pair[0],
    )
    files = [
        f"#. {file}\n" + "\n".join(as_po(message, german.pop(message)) for _file, message in group)
        for file, group in groupby(placed, lambda pair: pair[0])
    ]
    return "\n".join([HEAD, *files, *(as_po(*entry) for entry in german.items())])


if __name__ == "__main__":
    PATH = i18n.catalogue_path("de")
    PATH.write_text(ordered(PATH.read_text(encoding="utf-8")), encoding="utf-8")
