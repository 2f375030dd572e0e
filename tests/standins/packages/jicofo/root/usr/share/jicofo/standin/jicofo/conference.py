"""One meeting: who is in the room, who was invited, on which bridge."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import invitation
from bridges import Bridge, Bridges
from names import COLIBRI2, FOCUS, ICE
from room import Member, Room
from settings import Settings
from standin.client import Client, IqError
from standin.log import Log
from standin.stanza import Element, el

BRIDGE_NOT_AVAILABLE = f"{{{FOCUS}}}bridgeNotAvailable"


@dataclass(frozen=True)
class World:
    """What all meetings have in common."""

    client: Client
    bridges: Bridges
    settings: Settings
    journal: Log
    # Whether this address may become moderator, with jicofo.authentication.
    may_own: Callable[[str], bool]
    # Called when a meeting is over.
    ended: Callable[["Conference"], None]


class Conference:
    """Begins with a request, ends when nobody is left or nobody comes."""

    def __init__(self, jid: str, world: World) -> None:
        self.room = Room(jid, world.client, world.journal)
        self.client = world.client
        self.bridges = world.bridges
        self.settings = world.settings
        self.journal = world.journal
        self.may_own = world.may_own
        self.ended = world.ended
        self.meeting = str(uuid.uuid4())
        self.sessions: dict[str, str] = {}
        self.bridge: Bridge | None = None
        self.on_bridge = False
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    async def start(self) -> None:
        """Join the room; IqError when that fails."""
        await self.room.join()
        self.journal.info(f"Joined {self.room.jid}")
        if self.room.meeting_id:
            self.meeting = self.room.meeting_id
        if not self.room.members:
            self._after(self.settings.initial_timeout, self._nobody_came)
        self._changed()

    def presence(self, stanza: Element) -> str | None:
        """What happened in the room: `joined`, `left` or nothing new."""
        happened = self.room.presence(stanza)
        if self.room.gone:
            self.stop("the room was destroyed, or the focus was put out")
        if happened is None or self._over:
            return None
        what, member = happened
        self.journal.info(f"{self.room.jid}: member {what}: {member.endpoint}")
        if what == "left":
            self._left(member)
        self._changed()
        return what

    def stop(self, reason: str) -> None:
        """End the meeting and leave the room."""
        if self._over:
            return
        self._over = True
        self._cancel_timer()
        self.journal.info(f"Ending {self.room.jid}: {reason}")
        self.client.spawn(self._expire())
        self.room.leave()
        self.ended(self)

    def accepted(self, sender: str, action: str) -> None:
        """Take note of what a participant did with the invitation."""
        self.journal.info(f"{self.room.jid}: {action} from {sender.partition('/')[2]}")

    def try_again(self) -> None:
        """A bridge has appeared: use it if this meeting has none."""
        if self.bridge is None:
            self._changed()

    def _changed(self) -> None:
        if self.room.joined.done() and not self._over:
            self.client.spawn(self._elect_owner())
            self.client.spawn(self._invite())

    async def _elect_owner(self) -> None:
        members = list(self.room.members.values())
        if self.settings.authentication != "NONE":
            chosen = [m for m in members if m.affiliation != "owner" and self.may_own(m.jid)]
        elif not self.settings.auto_owner or any(m.affiliation == "owner" for m in members):
            return
        else:
            chosen = members[:1]
        if chosen and self.room.affiliation != "owner":
            self.journal.severe(f"{self.room.jid}: no owner rights, cannot manage roles")
            return
        for member in chosen:
            # Set before the answer comes, so that the next join does not elect a second one.
            member.affiliation = "owner"
            self.journal.info(f"{self.room.jid}: electing new owner: {member.endpoint}")
            await self.room.grant_owner(member)

    async def _invite(self) -> None:
        async with self._lock:
            if len(self.room.members) < self.settings.min_participants or self._over:
                return
            self._cancel_timer()
            for member in list(self.room.members.values()):
                if member.occupant not in self.sessions and not await self._invite_one(member):
                    return

    async def _invite_one(self, member: Member) -> bool:
        bridge = self._choose_bridge()
        if bridge is None:
            return False
        wish = invitation.modify(
            self.meeting, self.room.jid, not self.on_bridge,
            invitation.endpoint(member.endpoint, self.settings.sctp),
        )  # fmt: skip
        try:
            answer = await self.client.iq("set", bridge.jid, wish, self.settings.reply_timeout)
        except IqError as error:
            self.bridges.failed(bridge, f"conference request: {error.condition}")
            self.bridge, self.on_bridge = None, False
            self._choose_bridge()
            return False
        self.on_bridge = True
        transport = answer.find(
            f"{{{COLIBRI2}}}conference-modified/{{{COLIBRI2}}}endpoint"
            f"/{{{COLIBRI2}}}transport/{{{ICE}}}transport"
        )
        if transport is None or member.occupant not in self.room.members:
            return True
        session = invitation.new_session()
        self.sessions[member.occupant] = session
        self.journal.info(f"{self.room.jid}: inviting {member.endpoint}")
        offer = invitation.session_initiate(
            session, self.client.jid, member.occupant, transport, self.settings.sctp
        )
        self.client.spawn(self._offer(member, offer))
        return True

    async def _offer(self, member: Member, offer: Element) -> None:
        await self.client.iq("set", member.occupant, offer, self.settings.reply_timeout)

    def _choose_bridge(self) -> Bridge | None:
        """The bridge of this meeting, or a working one; the room learns when there is none."""
        working = self.bridges.operational()
        if self.bridge not in working:
            self.bridge = working[0] if working else None
            self.on_bridge = False
            self.sessions.clear()
        told = any(e.tag == BRIDGE_NOT_AVAILABLE for e in self.room.extensions)
        if self.bridge is None and not told:
            self.journal.severe(f"{self.room.jid}: no bridge is available")
            self.room.extensions.append(el(BRIDGE_NOT_AVAILABLE))
            self.room.send_presence()
        elif self.bridge is not None and told:
            self.room.extensions.clear()
            self.room.send_presence()
        return self.bridge

    def _left(self, member: Member) -> None:
        if self.sessions.pop(member.occupant, None) and self.bridge and self.on_bridge:
            gone = invitation.endpoint_gone(member.endpoint)
            self.client.spawn(self._tell_bridge(invitation.modify(
                self.meeting, self.room.jid, False, gone
            )))  # fmt: skip
        if not self.room.members:
            self.stop("everybody has left")
        elif len(self.room.members) == 1 and self.sessions:
            self._after(self.settings.single_timeout, self._one_left)

    def _one_left(self) -> None:
        self.journal.info(f"{self.room.jid}: one participant left, ending media")
        for occupant, session in self.sessions.items():
            end = invitation.session_terminate(session, "expired")
            self.client.spawn(self._ignore_answer(occupant, end))
        self.sessions.clear()
        self.client.spawn(self._expire())

    def _nobody_came(self) -> None:
        if not self.room.members:
            self.stop("nobody came within the initial timeout")

    async def _expire(self) -> None:
        if self.bridge and self.on_bridge:
            self.on_bridge = False
            await self._tell_bridge(invitation.expire_all(self.meeting))

    async def _tell_bridge(self, wish: Element) -> None:
        if self.bridge:
            await self.client.iq("set", self.bridge.jid, wish, self.settings.reply_timeout)

    async def _ignore_answer(self, to: str, payload: Element) -> None:
        await self.client.iq("set", to, payload, self.settings.reply_timeout)

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
