-- mod_school_return: who was admitted comes back into the same lesson without help.
--
-- Enabled on the conference component; mod_school_return_login on the password host is its other
-- half. When Prosody or the focus starts again, every browser begins anew: as a new guest, who would
-- knock, or as a teacher without a password. So whoever is in a room gets a ticket for it.
--
-- What a ticket is: a number and a secret of 128 bits each, made by chance, sent once, to one
-- browser, inside TLS. The page keeps it for this tab alone and shows it when it comes back.
-- What is kept here: of the secret a keyed digest, or what SCRAM keeps of a password, of room and
-- account keyed digests, and when the holder left - in memory, and in a directory that lies in memory (/run),
-- because Prosody's own memory ends with it. No disk has it, and nobody comes in with what lies there.
--
-- What it promises, and against whom:
--   * A ticket is good for one room and one rank. With a guest's nobody becomes a teacher; with a
--     teacher's nobody signs in for another room.
--   * It is good once: whoever is back has a new one, and the old connection leaves the room, with
--     its admission, wherever it is. A copy that was used by somebody else shows, because the owner is
--     out. For a minute it is good once more, in case the new one did not arrive; then the new one
--     ends, and its holder leaves. So one admission never becomes two.
--   * It ends school_return_for seconds after its holder left, a restart included, and with the room.
--   * Who is thrown out, or loses the admission, or whom the room's end sends home, has none any
--     more, at once and across a restart: it is unlinked before others hear of it.
--   * A teacher's ends with a new password, and with the account.
--   * Nobody else in the room sees it: it is taken out of the presence before anything reads that.
-- What it does not: whoever reads a tab's memory has what the tab has. Who hung up keeps, in an
-- altered browser, the ticket for those seconds.
--
-- The older of two connections of one account in a room goes when the newer one joins: after a crash
-- a teacher would stand beside their own ghost until the time-out.
--
-- Options:
--   school_return_directory  where tickets outlive Prosody; without it they end with it
--   school_return_secret     of it the digests are made; without it tickets end with Prosody
--   school_return_for        seconds a ticket is good after its holder left; 300
--   school_return_most       how many there are at most; 5000
--   school_ghost_message     what the older connection reads
--
-- Nothing here writes a name, an address or a room's name to the log.

local hashes = require "util.hashes";
local jid = require "util.jid";
local random = require "util.random";
local st = require "util.stanza";
local to_hex = require "util.hex".to or require "util.hex".encode;
local keys_of = require "util.sasl.scram".getAuthenticationDatabaseSHA1;
local tickets = module:require "school_tickets";

local domain = module:get_option_string("muc_mapper_domain_base");
local staff_host = module:get_option_string("school_staff_host", domain);
local ghost_message = module:get_option_string("school_ghost_message",
	"You have joined this conference again elsewhere.");
local admins = module:get_option_inherited_set("admins", {}) / jid.prep;

local xmlns = "urn:school:return";
local MUC = "http://jabber.org/protocol/muc";
local rounds = 4096; -- for fewer Prosody warns; chance of 128 bits needs none

local digest = tickets.digest;
local shared = module:shared("/*/school_return/tickets");

local function is_staff(address)
	return jid.host(address) == staff_host;
end

local function is_guest(address)
	return not is_staff(address) and not admins:contains(jid.bare(address));
end

-- Handing out -------------------------------------------------------------------------------------

local function issue(room, holder, previous)
	local mark = digest("room", room.jid);
	tickets.revoke(tickets.held(mark, holder));
	local id, secret = to_hex(random.bytes(16)), to_hex(random.bytes(16));
	local ticket = { room = mark, holder = holder, previous = previous };
	local told = st.message({ from = module.host, to = holder })
		:tag("ticket", { xmlns = xmlns, id = id, secret = secret, room = jid.node(room.jid) });
	if is_staff(holder) then
		local account = jid.node(holder);
		local _, stored, server = keys_of(secret, id, rounds);
		ticket.stored, ticket.server = to_hex(stored), to_hex(server);
		ticket.account = digest("account", account);
		ticket.account_keys = shared.account_keys and shared.account_keys(account);
		if not ticket.account_keys then return; end
		told.tags[1].attr.account = account .. "~" .. id .. "@" .. staff_host;
	else
		ticket.stored = digest("secret", id .. secret);
	end
	if tickets.add(id, ticket) then module:send(told); end
end

-- What a session came with, if that is a ticket of this room and still there.
local function used_for(room, session)
	local id = session and session.school_returned_with;
	local ticket = id and tickets.get(id);
	if not ticket or ticket.room ~= digest("room", room.jid) then return; end
	session.school_returned_with = nil;
	return id;
end

module:hook("muc-occupant-joined", function (event)
	local room, occupant, session = event.room, event.occupant, event.origin;
	local who = occupant.bare_jid;
	if admins:contains(who) then return; end
	if is_guest(who) and room:get_affiliation(who) ~= "member" then return; end
	local used = used_for(room, session);
	if is_staff(who) then
		if used then tickets.use(used, occupant.jid); end
		if session then session.school_ticket_spent = true; end
		for _, other in room:each_occupant() do
			if other.nick ~= occupant.nick and other.bare_jid == who then
				room:set_role(true, other.nick, nil, ghost_message);
			end
		end
	end
	issue(room, occupant.jid, used);
end, -10);

-- Showing one -------------------------------------------------------------------------------------

-- Out of the presence before anything passes it on to others.
local function take(event)
	local stanza = event.stanza;
	local shown = stanza:get_child("ticket", xmlns);
	if not shown then return; end
	stanza:maptags(function (tag)
		return not (tag.name == "ticket" and tag.attr.xmlns == xmlns) and tag or nil;
	end);
	if event.origin.type == "c2s" and stanza:get_child("x", MUC) then
		event.origin.school_shows = { id = shown.attr.id, secret = shown.attr.secret };
	end
end
for _, kind in ipairs { "presence/full", "presence/bare", "presence/host" } do
	module:hook(kind, take, 1000);
end

-- Returns the number of a guest's ticket that is good here.
local function good_here(shown, room)
	local id, secret = shown.id or "", shown.secret or "";
	local ticket = #secret == 32 and tickets.get(id);
	if not ticket or ticket.account or not tickets.is_good(ticket) then return; end
	if ticket.room ~= digest("room", room.jid) then return; end
	return hashes.equals(digest("secret", id .. secret), ticket.stored) and id or nil;
end

-- Whose admission somebody else has now: out of the room; not admitted any more where they were not in it.
local function show_out(room, address)
	local there = room:get_occupant_by_real_jid(address);
	if there then room:set_role(true, there.nick, nil, ghost_message); end
	if room:get_affiliation(address) == "member" then room:set_affiliation(true, jid.bare(address), "none"); end
end

-- After the queue for crowds (9), before mod_school_rooms (5), the lobby (-4) and membership (-5). Who
-- is admitted here may still not come in, for want of a name; so the admission moves on now.
module:hook("muc-occupant-pre-join", function (event)
	local session, room, who = event.origin, event.room, jid.bare(event.stanza.attr.from);
	local shown = session and session.school_shows;
	if not shown or not is_guest(who) then return; end
	session.school_shows = nil;
	local id = event.occupant.bare_jid == who and good_here(shown, room); -- else the place is taken
	if not id then return; end
	local ticket = tickets.get(id);
	if module:fire_event("school-has-to-wait", { room = room, ticket = ticket, session = session }) then
		return tickets.hold(id, session.full_jid);
	end
	for address in pairs(tickets.use(id, session.full_jid)) do show_out(room, address); end
	session.school_returned_with = id;
	room:set_affiliation(true, who, "member");
	event.occupant.role = room:get_default_role("member"); -- reckoned before they were one
end, 6);

-- Losing one --------------------------------------------------------------------------------------

module:hook("muc-set-affiliation", function (event)
	if event.affiliation == "member" or event.affiliation == "owner" then return; end
	local mark, who = digest("room", event.room.jid), jid.bare(event.jid);
	tickets.revoke_where(function (ticket)
		return ticket.room == mark and ticket.holder and jid.bare(ticket.holder) == who;
	end);
end, 100);

-- Thrown out, for ever, or by a change of rank: before the presence that tells it is sent.
local losses = { ["301"] = true, ["307"] = true, ["321"] = true, ["322"] = true };
module:hook("muc-broadcast-presence", function (event)
	local thrown_out = false;
	for status in event.x:childtags("status") do
		thrown_out = thrown_out or losses[status.attr.code] or false;
	end
	if not thrown_out then return; end
	local mark = digest("room", event.room.jid);
	for address in event.occupant:each_session() do tickets.revoke(tickets.held(mark, address)); end
	if event.occupant.jid then tickets.revoke(tickets.held(mark, event.occupant.jid)); end
end, 100);

-- An end that somebody wanted, and not only that nobody is left for the moment: Jitsi's plugins end
-- such rooms, too.
module:hook("muc-pre-room-destroy", function (event)
	local anybody = false;
	for _, occupant in event.room:each_occupant() do
		anybody = anybody or not admins:contains(occupant.bare_jid);
	end
	if not anybody then return; end
	local mark = digest("room", event.room.jid);
	tickets.revoke_where(function (ticket) return ticket.room == mark and not ticket.waits; end);
end, -100);

-- For mod_school_return_login and mod_school_wait ----------------------------------------------------

-- From now on a guest's ticket leads to the lobby, and from there in with the teacher.
function shared.lets_wait(room, holder)
	local id = tickets.held(digest("room", room.jid), holder);
	if not id then return false; end
	tickets.get(id).waits = true;
	tickets.keep(id);
	return true;
end

function shared.of_account(id, account)
	local ticket = tickets.get(id);
	if ticket and tickets.is_good(ticket) and ticket.account == digest("account", account) then return ticket; end
end

function shared.is_for(ticket, room_jid)
	return ticket.room == digest("room", room_jid);
end

shared.digest = digest;
shared.rounds = rounds;
