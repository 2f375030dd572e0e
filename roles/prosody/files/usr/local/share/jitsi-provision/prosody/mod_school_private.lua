-- mod_school_private: what people in a room send to each other beside it.
--
-- Enabled on every component with rooms of people: conferences, lobbies, breakout rooms. Guests speak
-- to all, or to staff in private; what one guest sends to another in private is refused, messages
-- and questions (iq) alike: both are handed on to the other's browser and carry any text. Nor do
-- guests read a room's lists of members and owners, which hold everybody's real address; and nobody
-- asks a room for a voice, which from outside of it is an error with a hundred lines in the log.
--
-- Options:
--   school_staff_host       the password host; default: muc_mapper_domain_base
--   school_private_message  what a guest reads who wrote to another guest in private
--
-- Nothing here writes a name, an address or a room's name to the log.

local jid = require "util.jid";
local st = require "util.stanza";

local staff_host = module:get_option_string("school_staff_host",
	module:get_option_string("muc_mapper_domain_base"));
local private_message = module:get_option_string("school_private_message",
	"Private messages go to teachers only.");
local admins = module:get_option_inherited_set("admins", {}) / jid.prep;

local function is_guest(address)
	return jid.host(address) ~= staff_host and not admins:contains(jid.bare(address));
end

local function between_guests(from, to)
	return from and to and from.nick ~= to.nick and is_guest(from.bare_jid) and is_guest(to.bare_jid);
end

module:hook("muc-private-message", function (event)
	local room, stanza = event.room, event.stanza;
	local from = room:get_occupant_by_nick(stanza.attr.from);
	if not between_guests(from, room:get_occupant_by_nick(stanza.attr.to)) then return; end
	if stanza.attr.type ~= "error" then
		-- The client shows nothing but this text: without it "not sent. Reason:", and no reason.
		room:route_to_occupant(from, st.error_reply(stanza, "auth", "forbidden", private_message));
	end
	return false;
end, 100);

-- Before the room hands it on, with the sender's place in the room for an address.
module:hook("iq/full", function (event)
	local stanza = event.stanza;
	local muc = prosody.hosts[module.host].modules.muc;
	local room = muc and muc.get_room_from_jid(jid.bare(stanza.attr.to));
	if not room then return; end
	local from = room:get_occupant_by_real_jid(stanza.attr.from);
	if not between_guests(from, room:get_occupant_by_nick(stanza.attr.to)) then return; end
	if stanza.attr.type == "get" or stanza.attr.type == "set" then
		event.origin.send(st.error_reply(stanza, "auth", "forbidden", private_message));
	end
	return true;
end, 100);

module:hook("iq/bare/http://jabber.org/protocol/muc#admin:query", function (event)
	local stanza = event.stanza;
	if stanza.attr.type ~= "get" or not is_guest(stanza.attr.from) then return; end
	event.origin.send(st.error_reply(stanza, "auth", "forbidden"));
	return true;
end, 100);

module:hook("message/bare", function (event)
	local stanza = event.stanza;
	if admins:contains(jid.bare(stanza.attr.from)) then return; end
	if stanza.attr.type == "error" or not stanza:get_child("x", "jabber:x:data") then return; end
	event.origin.send(st.error_reply(stanza, "auth", "forbidden"));
	return true;
end, 100);
