-- mod_school_wait: a teacher who comes back late finds the class again.
--
-- Enabled on the conference component, beside mod_school_return. A room ends some time after its last
-- member of staff left it (mod_school_rooms); all would be out, and knock one by one. Instead:
--   * Those who were admitted go back to the lobby of the same room: their pages are told to begin
--     anew, and the ticket that they have from mod_school_return leads there.
--   * When a teacher enters the room, they are let in together, without a click. Nobody else is.
--   * Who does not leave is shown out, as at any end.
-- While they wait they are guests in a lobby like any others: they see nobody of the room, and hear
-- nothing. Who is thrown out before has no ticket and so waits for a click.
--
-- Nothing here writes a name, an address or a room's name to the log.

local jid = require "util.jid";
local st = require "util.stanza";

local staff_host = module:get_option_string("school_staff_host",
	module:get_option_string("muc_mapper_domain_base"));
local admins = module:get_option_inherited_set("admins", {}) / jid.prep;
local shared = module:shared("/*/school_return/tickets");

local MUC_USER = "http://jabber.org/protocol/muc#user";
local waiting = {}; -- a room's address -> the full addresses of those who wait there

local function is_staff(address)
	return jid.host(address) == staff_host;
end

local function staff_in(room)
	for _, occupant in room:each_occupant() do
		if is_staff(occupant.bare_jid) then return true; end
	end
	return false;
end

local function is_there(address)
	return prosody.full_sessions[address] ~= nil;
end

module:hook("school-room-ends", function (event)
	local room, told = event.room, nil;
	for _, occupant in room:each_occupant() do
		if not is_staff(occupant.bare_jid) and not admins:contains(occupant.bare_jid)
			and shared.lets_wait and shared.lets_wait(room, occupant.jid) then
			module:send(st.message({ from = module.host, to = occupant.jid })
				:tag("wait", { xmlns = "urn:school:return" }));
			told = true;
		end
	end
	return told;
end);

module:hook("school-room-is-waited-for", function (event)
	local there = waiting[event.room.jid];
	for address in pairs(there or {}) do
		if is_there(address) then return true; end
	end
end);

-- Somebody shows the ticket of one who waits: in their place.
module:hook("school-has-to-wait", function (event)
	local room, session, ticket = event.room, event.session, event.ticket;
	if not ticket.waits or staff_in(room) then return; end
	local there = waiting[room.jid] or {};
	waiting[room.jid] = there;
	if ticket.holder then there[ticket.holder] = nil; end
	there[session.full_jid] = true;
	return true;
end);

-- As the lobby lets somebody in: a member, with an invitation at which their page enters the room.
local function admit(room, address)
	room:set_affiliation(true, jid.bare(address), "member");
	room:route_stanza(st.message({ from = room.jid, to = address })
		:tag("x", { xmlns = MUC_USER }):tag("invite", { from = room.jid }));
end

module:hook("muc-occupant-joined", function (event)
	local room = event.room;
	local there = waiting[room.jid];
	if not there or not is_staff(event.occupant.bare_jid) then return; end
	waiting[room.jid] = nil;
	for address in pairs(there) do
		if is_there(address) then admit(room, address); end
	end
end, -20);

-- Who went home meanwhile, or whose room nobody opened again.
module:add_timer(60, function ()
	for room, there in pairs(waiting) do
		for address in pairs(there) do
			if not is_there(address) then there[address] = nil; end
		end
		if not next(there) then waiting[room] = nil; end
	end
	return 60;
end);
