"""Answers conference requests and keeps the list of meetings."""

import asyncio
import uuid

from bridges import Bridges
from conference import Conference, World
from names import COLIBRI2, FOCUS, JINGLE
from settings import Settings
from standin.client import Client, IqError
from standin.log import Log
from standin.stanza import Element, bare, el, host

REQUEST = f"{{{FOCUS}}}conference"


class Focus:
    """The account `focus` and everything it looks after."""

    def __init__(self, client: Client, bridges: Bridges, settings: Settings, journal: Log) -> None:
        self.client = client
        self.bridges = bridges
        self.settings = settings
        self.journal = journal
        self.conferences: dict[str, Conference] = {}
        self.created = 0
        self.welcomed = 0
        # Session id -> address that signed in (only with jicofo.authentication).
        self.sessions: dict[str, str] = {}
        self.signed_in: set[str] = set()
        self.world = World(
            client, bridges, settings, journal, self.signed_in.__contains__, self._ended
        )
        bridges.on_added = self._bridge_added
        client.on_up = self._up
        client.on_down = self._down
        client.on_presence = self._presence
        client.iq_handlers[REQUEST] = self._request
        client.iq_handlers[f"{{{JINGLE}}}jingle"] = self._jingle
        client.features += [FOCUS, COLIBRI2]

    @property
    def participants(self) -> int:
        """Members of all rooms, the focus not counted."""
        return sum(len(c.room.members) for c in self.conferences.values())

    async def open(self, room: str) -> bool:
        """Whether the focus is in that room now."""
        conference = self.conferences.get(room)
        if conference is None:
            conference = Conference(room, self.world)
            self.conferences[room] = conference
            self.created += 1
            conference.started = asyncio.ensure_future(conference.start())
        try:
            # Several requests for one new room all wait until the focus is inside.
            await asyncio.shield(conference.started)
        except IqError as error:
            self.journal.severe(f"Cannot join {room}: {error.condition}")
            self.conferences.pop(room, None)
            return False
        return True

    async def _up(self) -> None:
        # Prosody carries this presence to the client proxy, if the roster says so.
        self.client.send(el("presence"))
        self.bridges.join()

    def _bridge_added(self) -> None:
        """Meetings that found no bridge before try again."""
        for conference in self.conferences.values():
            conference.try_again()

    def _down(self) -> None:
        self.bridges.clear()
        for conference in list(self.conferences.values()):
            conference.stop("connection lost")

    def _presence(self, stanza: Element) -> None:
        if stanza.get("type") == "subscribe":
            self.journal.info(f"Subscription request from {stanza.get('from')}, not answered")
        elif not self.bridges.presence(stanza):
            conference = self.conferences.get(bare(stanza.get("from", "")))
            if conference and conference.presence(stanza) == "joined":
                self.welcomed += 1

    async def _request(self, stanza: Element) -> Element | None:
        query = stanza[0]
        room = query.get("room", "").lower()
        sender = self._original_sender(stanza.get("from", ""))
        if "@" not in room:
            raise IqError("bad-request")
        self.journal.info(f"Conference request for room {room}, from {sender}")
        answer = el(REQUEST, {"room": room, "focusjid": bare(self.client.jid)})
        with_authentication = self.settings.authentication != "NONE"
        answer.append(_property("authentication", str(with_authentication).lower()))
        if with_authentication:
            external = self.settings.authentication == "JWT"
            answer.append(_property("externalAuth", str(external).lower()))
            if not self._authenticated(query, sender, answer) and room not in self.conferences:
                raise IqError("not-authorized", kind="auth", text="not authorized user domain")
        ready = await self.open(room)
        answer.set("ready", str(ready).lower())
        return answer

    def _authenticated(self, query: Element, sender: str, answer: Element) -> bool:
        session = query.get("session-id", "")
        if host(sender) == self.settings.login_url:
            session = next((s for s, who in self.sessions.items() if who == bare(sender)), "")
            session = session or str(uuid.uuid4())
            self.sessions[session] = bare(sender)
        if session not in self.sessions:
            return False
        answer.set("session-id", session)
        answer.set("identity", self.sessions[session])
        self.signed_in.add(sender)
        return True

    def _original_sender(self, sender: str) -> str:
        """The client behind the client proxy, which writes the sender into its resource."""
        proxy = self.settings.client_proxy
        if proxy and sender.startswith(f"{proxy}/"):
            return sender.partition("/")[2]
        return sender

    async def _jingle(self, stanza: Element) -> None:
        sender = stanza.get("from", "")
        conference = self.conferences.get(bare(sender))
        if conference is None:
            raise IqError("item-not-found")
        conference.accepted(sender, stanza[0].get("action", ""))

    def _ended(self, conference: Conference) -> None:
        self.conferences.pop(conference.room.jid, None)


def _property(name: str, value: str) -> Element:
    return el(f"{{{FOCUS}}}property", {"name": name, "value": value})
