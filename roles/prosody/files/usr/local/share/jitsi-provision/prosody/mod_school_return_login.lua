-- mod_school_return_login: a teacher who comes back into a lesson signs in without a password.
--
-- Enabled on the password host, beside mod_school_login_throttle; mod_school_return on the conference
-- component gives the tickets and says what they promise. A teacher's browser shows it as it would
-- a password: it signs in as NAME~TICKET, and proves the ticket's secret by SCRAM, so the secret is
-- sent once, from here, and never again. What fails counts as a wrong password for NAME.
--
-- What it promises:
--   * Who signed in so is NAME, in the room of the ticket, its lobby and its breakout rooms, and
--     nowhere else: to other rooms nothing goes from there, and none is opened.
--   * Nor there, if the ticket has ended before they went in.
--   * Not if NAME has got another password since, or is no account any more, until the proof itself.
--   * A ticket that is none meets what a name without account meets.
--
-- Options:
--   main_muc, lobby_muc, breakout_rooms_muc  the components with the rooms; default: conference.,
--             lobby. and breakout. + this host
--
-- Nothing here writes a name, an address or a room's name to the log.

local from_hex = require "util.hex".from or require "util.hex".decode;
local get_sasl_handler = require "core.usermanager".get_sasl_handler;
local jid = require "util.jid";
local st = require "util.stanza";
local muc = module:require "school_muc";
local refuse = module:require "school_answers".refuse;

local main_muc = module:get_option_string("main_muc", "conference." .. module.host);
local lobby_muc = module:get_option_string("lobby_muc", "lobby." .. module.host);
local breakout_muc = module:get_option_string("breakout_rooms_muc", "breakout." .. module.host);
local shared = module:shared("/*/school_return/tickets");
local xmlns_sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
local kind = "scram_sha_1";
local prepared = setmetatable({}, { __mode = "k" });

-- A digest of what the server keeps of the password now; nothing for who has no account.
local function digest_of_keys(look_up, handler, account)
	local stored, _, _, _, enabled = look_up(handler, account, module.host);
	return stored and enabled and shared.digest and shared.digest("keys", stored) or nil;
end

function shared.account_keys(account)
	local handler = get_sasl_handler(module.host, {});
	local look_up = handler and handler.profile[kind];
	return look_up and digest_of_keys(look_up, handler, account);
end

local function ticket_of(name)
	local account, id = name:match("^(.+)~(%x+)$");
	return account and shared.of_account and shared.of_account(id, account), account, id;
end

local function is_still_good(handler)
	local ticket = handler.school_ticket;
	return ticket == shared.of_account(handler.school_ticket_id, handler.username)
		and ticket.account_keys == shared.account_keys(handler.username);
end

-- After the throttle (100), which has made the handler and hides which names are accounts.
module:hook("stanza/" .. xmlns_sasl .. ":auth", function (event)
	local handler = event.origin.sasl_handler;
	local profile = handler and handler.profile;
	if not profile or prepared[profile] or not profile[kind] then return; end
	prepared[profile] = true;
	local look_up = profile[kind];
	profile[kind] = function (asked, name, ...)
		local ticket, account, id = ticket_of(name);
		asked.school_ticket = nil;
		if not ticket or ticket.account_keys ~= shared.account_keys(account) then
			return look_up(asked, name, ...);
		end
		asked.username, asked.school_ticket, asked.school_ticket_id = account, ticket, id;
		return from_hex(ticket.stored), from_hex(ticket.server), shared.rounds, id, true;
	end
end, 90);

module:hook("stanza/" .. xmlns_sasl .. ":response", function (event)
	local session = event.origin;
	local handler = session.sasl_handler;
	if session.type ~= "c2s_unauthed" or not handler or not handler.school_ticket then return; end
	if is_still_good(handler) then return; end
	session.sasl_handler = nil;
	session.send(st.stanza("failure", { xmlns = xmlns_sasl }):tag("not-authorized"));
	return true;
end, 90);

module:hook("authentication-success", function (event)
	local session = event.session;
	local handler = session.sasl_handler;
	if not handler or not handler.school_ticket then return; end
	session.school_ticket, session.school_returned_with = handler.school_ticket, handler.school_ticket_id;
end);

-- Returns the address of the room of a lesson that an address belongs to: "" for a room of none,
-- nothing for what is no room.
local function lesson_of(address)
	local node, host = jid.prepped_split(address);
	if not node then return; end
	if host == main_muc or host == lobby_muc then return jid.join(node, main_muc); end
	if host ~= breakout_muc then return; end
	local lesson = muc.lesson_of(main_muc, jid.join(node, host));
	return lesson and lesson.jid or "";
end

local function asked_room(stanza)
	local request = stanza.name == "iq" and stanza:get_child("conference", "http://jitsi.org/protocol/focus");
	return request and request.attr.room;
end

local function may_go(session, lesson)
	if not shared.is_for(session.school_ticket, lesson) then return false; end
	return session.school_ticket_spent
		or shared.of_account(session.school_returned_with, session.username) ~= nil;
end

-- After mod_school_gate has counted it.
module:hook("pre-stanza", function (event)
	local session, stanza = event.origin, event.stanza;
	if not session.school_ticket or stanza.attr.type == "unavailable" then return; end
	local lesson = lesson_of(asked_room(stanza) or stanza.attr.to);
	if not lesson or may_go(session, lesson) then return; end
	return refuse(event, "auth", "forbidden");
end, 900);
