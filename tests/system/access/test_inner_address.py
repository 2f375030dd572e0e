"""A server that the technician knows by an inner address: three people outside find it and meet."""

from __future__ import annotations

import json
import uuid
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from tests.bench import outer
from tests.remedies import in_list, tried_by
from tests.system.admission import KEY, NAME
from tests.system.check import changes
from tests.system.check.desk import Desk
from tests.system.entrance import Entrance
from tests.system.relay import seen_address
from tests.system.visitor import Visitor

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Iterator

    from tests.bench import Bench
    from tests.system.school import School

# Too long for script/test; script/lived-in runs it.
pytestmark = pytest.mark.lived_in

HERE = "tests/system/access/test_inner_address.py::test_three_people_outside_find_it_and_meet"
INVITED = "{urn:xmpp:jingle:1}jingle"


@pytest.fixture
def spaces(bench: Bench, school: School) -> Iterator[list[str]]:
    """Three places outside of a deployed school, which is afterwards as it was."""
    before = dict(school.project.settings)
    try:
        with outer.public_address(school.host, bench.chair(), 3) as spaces:
            yield spaces
    finally:
        school.project.settings.pop("public_address", None)
        school.project.write(**before)
        assert school.project.run("deploy").code == 0


def candidates(invitation: ET.Element) -> set[str]:
    """Return at which addresses the bridge says it is, in what the focus invites with."""
    found = invitation.iter("{urn:xmpp:jingle:transports:ice-udp:1}candidate")
    return {f"{one.attrib['ip']} {one.attrib['port']}" for one in found}


def test_three_people_outside_find_it_and_meet(
    bench: Bench, school: School, spaces: list[str]
) -> None:
    desk = Desk(bench.chair(), school.project)
    domain = school.domain
    followed = []
    with ExitStack() as stack:
        # Without a record, nobody is ever told to enter the inner address.
        with changes.records(bench, domain, A=None, AAAA=None):
            _code, _sentences, remedies = desk.problems()
            assert [one for one in remedies if school.host.address in one] == []
            followed += remedies
        stack.enter_context(changes.records(bench, domain, A=[outer.PUBLIC], AAAA=None))
        code, _sentences, remedies = desk.problems()
        wanted = (
            f"if people reach the server at {outer.PUBLIC}, write into inventory.yml: "
            f"`public_address: {outer.PUBLIC}`; otherwise write the right one there, and run this "
            "again"
        )
        assert (code, remedies) == (1, [wanted])
        followed += remedies
        school.project.write(public_address=outer.PUBLIC)
        assert desk.problems() == (0, [], [])
        done = school.project.run("deploy", "--json")
        assert done.code == 0, done.err
        assert desk.problems() == (0, [], [])
        assert school.project.run("deploy", "--json").data["changed"] == []

        made = school.project.run("teachers", "add", KEY, NAME, "--json")
        stack.callback(school.project.run, "teachers", "remove", KEY, NAME)
        entrance = Entrance(outer.PUBLIC, domain, bench.acme.root_file)
        name = f"room-{uuid.uuid4().hex[:8]}"
        room = f"{name}@conference.{domain}"
        people = []
        for space, host in zip(spaces, (domain, f"guest.{domain}", f"guest.{domain}"), strict=True):
            with outer.standing(space):
                with suppress(OSError):
                    entrance.__class__(school.host.address, domain, entrance.root).connect(443)
                    pytest.fail("somebody outside comes to the inner address")
                assert entrance.get("/").status == 200
                people.append(Visitor(entrance, host, room=name))
                stack.callback(people[-1].leave)
        teacher, *guests = people
        teacher.sign_in(NAME, json.loads(made.out)[NAME])
        teacher.open_room(room)
        teacher.join(room)
        for guest in guests:
            guest.sign_in()
            guest.knock(room)
            teacher.admit(room, guest)
        told = [candidates(one.expect(lambda got: got.find(INVITED) is not None)) for one in people]
        for space, found in zip(spaces, told, strict=True):
            assert f"{outer.PUBLIC} 10000" in found
            with outer.standing(space):
                own = outer.OUTSIDE.format(number=space.rpartition("-")[2]) + ".2"
                # What the bridge, and the relay, see of them is their own address.
                assert seen_address(outer.PUBLIC, 10000)[0] == own
                assert seen_address(outer.PUBLIC, 3478)[0] == own
        relays = {each["host"] for guest in guests for each in guest.services()}
        assert relays == {domain}
    assert tried_by(HERE) <= {one for said in followed for one in in_list(said)}
