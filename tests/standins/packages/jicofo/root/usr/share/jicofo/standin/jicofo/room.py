"""A conference room as the focus sees it: join, members, roles."""

import asyncio
from dataclasses import dataclass

from names import FORM, MUC, MUC_ADMIN, MUC_OWNER, MUC_USER
from standin.client import Client, IqError
from standin.log import Log
from standin.stanza import Element, el, resource

NICK = "focus"


@dataclass
class Member:
    """Somebody else in the room."""

    occupant: str
    jid: str
    affiliation: str
    role: str

    @property
    def endpoint(self) -> str:
        """The name by which the bridge knows this member."""
        return resource(self.occupant)


class Room:
    """Keeps the list of members from the presences that arrive."""

    def __init__(self, jid: str, client: Client, journal: Log) -> None:
        self.jid = jid
        self.client = client
        self.journal = journal
        self.members: dict[str, Member] = {}
        self.affiliation = ""
        self.meeting_id = ""
        self.extensions: list[Element] = []
        self.gone = False
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def join(self) -> None:
        """Return when inside; IqError otherwise."""
        self.send_presence()
        try:
            await asyncio.wait_for(asyncio.shield(self.joined), 15)
        except TimeoutError:
            raise IqError("remote-server-timeout") from None
        await self._configure()

    def send_presence(self) -> None:
        """Show the focus, and what it has to say, to the room."""
        stanza = el("presence", {"to": f"{self.jid}/{NICK}"}, el(f"{{{MUC}}}x"), *self.extensions)
        self.client.send(stanza)

    def leave(self) -> None:
        """Go."""
        self.client.send(el("presence", {"to": f"{self.jid}/{NICK}", "type": "unavailable"}))

    async def grant_owner(self, member: Member) -> None:
        """Make a member moderator."""
        attributes = {"affiliation": "owner", "jid": member.jid.partition("/")[0]}
        query = el(f"{{{MUC_ADMIN}}}query", {}, el(f"{{{MUC_ADMIN}}}item", attributes))
        await self.client.iq("set", self.jid, query)

    def presence(self, stanza: Element) -> tuple[str, Member] | None:
        """What a presence of this room means: `joined` or `left`, and who."""
        sender = stanza.get("from", "")
        kind = stanza.get("type")
        item = stanza.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}item")
        if sender == f"{self.jid}/{NICK}":
            self._own(kind, item)
            return None
        if kind == "unavailable":
            gone = self.members.pop(sender, None)
            return ("left", gone) if gone else None
        if kind or item is None:
            return None
        member = Member(
            sender, item.get("jid", ""), item.get("affiliation", "none"), item.get("role", "none")
        )
        fresh = sender not in self.members
        self.members[sender] = member
        return ("joined", member) if fresh else None

    def _own(self, kind: str | None, item: Element | None) -> None:
        if kind == "error" and not self.joined.done():
            self.joined.set_exception(IqError("cannot-join"))
        elif kind == "unavailable":
            self.gone = True
        elif kind is None and item is not None:
            self.affiliation = item.get("affiliation", "")
            if not self.joined.done():
                self.joined.set_result(None)

    async def _configure(self) -> None:
        """Let everybody see real addresses, and learn the meeting's number."""
        try:
            answer = await self.client.iq("get", self.jid, el(f"{{{MUC_OWNER}}}query"))
        except IqError as error:
            self.journal.warning(f"{self.jid}: no room configuration: {error.condition}")
            return
        for field in answer.iter(f"{{{FORM}}}field"):
            if field.get("var") == "muc#roominfo_meetingId":
                self.meeting_id = field.findtext(f"{{{FORM}}}value", "")
        form = el(f"{{{FORM}}}x", {"type": "submit"})
        wishes = {
            "FORM_TYPE": "http://jabber.org/protocol/muc#roomconfig",
            "muc#roomconfig_whois": "anyone",
        }
        for name, value in wishes.items():
            content = el(f"{{{FORM}}}value", {}, value)
            form.append(el(f"{{{FORM}}}field", {"var": name}, content))
        try:
            await self.client.iq("set", self.jid, el(f"{{{MUC_OWNER}}}query", {}, form))
        except IqError as error:
            self.journal.warning(f"{self.jid}: cannot configure the room: {error.condition}")
