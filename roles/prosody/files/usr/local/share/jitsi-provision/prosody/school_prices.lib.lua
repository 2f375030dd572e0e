-- school_prices: what a stanza costs Prosody's only thread, in stanzas of the cheapest kind. For
-- mod_school_sources and mod_school_gate, each of which may be there without the other.

local jid = require "util.jid";
local muc = module:require "school_muc";

-- What a stanza costs, and what for each person in the room who hears of it; measured, and then
-- halved, in questions that only this server answers.
local prices = {
	enter = { 2, 2 }; -- is told of everybody, and everybody of the newcomer
	move = { 2, 1.5 }; -- leaves a place for another
	presence = { 1, 0.5 };
	text = { 1, 0.35 };
	ask_room = { 4, 0 };
	other = { 1, 0 };
};
local MUC = "http://jabber.org/protocol/muc";

local function room_of(address)
	local node, host = jid.prepped_split(address);
	local rooms = node and muc.rooms_of(host);
	return rooms and rooms.get_room_from_jid(jid.join(node, host));
end

local function kind_of(stanza, room, session)
	if stanza.name == "presence" then
		if stanza.attr.type == nil and stanza:get_child("x", MUC) then return "enter"; end
		local there = room:get_occupant_by_real_jid(session.full_jid);
		local moves = there and stanza.attr.type == nil and there.nick ~= stanza.attr.to;
		return moves and "move" or "presence";
	end
	if stanza.name == "message" then return stanza.attr.type == "groupchat" and "text" or "other"; end
	return stanza.name == "iq" and not jid.resource(stanza.attr.to) and "ask_room" or "other";
end

-- In stanzas.
local function price(stanza, session)
	local room = stanza.attr.to and session.full_jid and room_of(stanza.attr.to);
	if not room then return prices.other[1]; end
	local cost, readers = prices[kind_of(stanza, room, session)], 0;
	if cost[2] > 0 then
		for _ in room:each_occupant() do readers = readers + 1; end
	end
	return cost[1] + cost[2] * readers;
end

return { price = price };
