-- STAND-IN. Who sees whom in a lobby: guests only themselves, moderators every guest.
local filters = require "util.filters";
local jid = require "util.jid";
local util = module:require "util";

local muc_user = "http://jabber.org/protocol/muc#user";
local disco = "http://jabber.org/protocol/disco#info";

local function start(lobbies, main_host, lobby_host)
	-- Rank in the lobby is rank in the main room.
	lobbies.room_mt.get_affiliation = function (lobby, address)
		local room = lobby.main_room_jid and util.get_room_from_jid(lobby.main_room_jid);
		return room and room:get_affiliation(address) or "none";
	end

	local function sender_address(lobby, nick)
		local occupant = lobby:get_occupant_by_nick(nick);
		return occupant and occupant.bare_jid;
	end

	local function may_pass(stanza)
		local lobby = lobbies.get_room_from_jid(jid.bare(stanza.attr.from));
		local to_owner = lobby and lobby:get_affiliation(stanza.attr.to) == "owner";
		if stanza.name == "presence" then
			local muc_x = stanza:get_child("x", muc_user);
			if not lobby or not muc_x or util.presence_check_status(muc_x, "110")
				or stanza.attr.type == "unavailable" then return true; end
			local item = muc_x:get_child("item");
			local from = item and item.attr.jid or sender_address(lobby, stanza.attr.from);
			return to_owner and (not from or lobby:get_affiliation(from) ~= "owner");
		elseif stanza.name == "message" then
			local from = lobby and sender_address(lobby, stanza.attr.from);
			return from and (to_owner or lobby:get_affiliation(from) == "owner");
		end
		return stanza:get_child("query", disco) ~= nil;
	end

	filters.add_filter_hook(function (session)
		-- After the domain mapper (0).
		filters.add_filter(session, "stanzas/out", function (stanza)
			if not stanza.attr or not stanza.attr.from or not stanza.attr.to
				or jid.host(stanza.attr.from) ~= lobby_host then return stanza; end
			return may_pass(stanza) and stanza or nil;
		end, -1);
	end);
	module:log("debug", "lobby rooms of %s are watched for %s", lobby_host, main_host);
end

return { start = start };
