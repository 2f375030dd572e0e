-- mod_school_relay: who gets credentials for the relay (TURN), and for how long.
--
-- Enabled on the password host and on the guests' host. `external_services` names the relays with
-- `restricted = true` and without a secret, so that nobody gets credentials where this is missing.
--
-- What it promises:
--   * Credentials go to who is in a conference or a breakout room, and to nobody else: whoever asks
--     before that, or from the lobby, is told of STUN alone.
--   * They hold for minutes. Jitsi's client asks once, when it connects, and never again (strophe.
--     jingle.js, getStunAndTurnCredentials); but it takes those that come with the metadata of the
--     room at any time (JitsiConferenceEventManager.ts, metadata.services) and builds its next
--     connection with them. So every message with metadata carries new ones, and one comes in time.
--   * Each connection has a name of its own that says nothing about who it is: "seconds:name". The
--     relay counts by what follows the colon, so its quota per user is one per connection, however
--     often the credentials are renewed. Prosody's own name is the second of the end alone, and the
--     quota would fall on everybody who came in the same second.
--
-- Options:
--   external_service_secret  what the relay knows as static-auth-secret
--   school_relay_lifetime    seconds for which credentials hold; new ones come after a third of them;
--                            default: 900
--   school_metadata_host     the component that tells rooms' metadata; default: metadata. + base
--   school_staff_host        the password host; default: muc_mapper_domain_base
--   main_muc, breakout_rooms_muc  the components with the rooms
--
-- Nothing here writes a name, an address or a room's name to the log.

local base64 = require "util.encodings".base64;
local datetime = require "util.datetime";
local hashes = require "util.hashes";
local jid = require "util.jid";
local json = require "util.json";
local now = require "util.time".now;
local util = module:require "util"; -- Jitsi's

local external_services = module:depends("external_services");

local staff_host = module:get_option_string("school_staff_host",
	module:get_option_string("muc_mapper_domain_base"));
local metadata_host = module:get_option_string("school_metadata_host", "metadata." .. staff_host);
local main_muc = module:get_option_string("main_muc", "conference." .. staff_host);
local breakout_muc = module:get_option_string("breakout_rooms_muc", "breakout." .. staff_host);
local lifetime = module:get_option_number("school_relay_lifetime", 900);
local secret = module:get_option_string("external_service_secret");

local JITSI = "http://jitsi.org/jitmeet";

local function is_relay(service)
	return service.type == "turn" or service.type == "turns";
end

local function sign(service, address)
	if not is_relay(service) or service.password or not secret then return; end
	service.expires = os.time() + lifetime;
	service.username = ("%d:%s"):format(service.expires,
		hashes.hmac_sha256(secret, "name of " .. address, true):sub(1, 16));
	service.password = base64.encode(hashes.hmac_sha1(secret, service.username));
end

-- Whoever asks ------------------------------------------------------------------------------------

local function is_inside(session)
	local name = session.jitsi_web_query_room;
	local room = name and util.get_room_by_name_and_subdomain(name, session.jitsi_web_query_prefix or "");
	return room and util.get_occupant_by_real_jid(room, session.full_jid) ~= nil;
end

local function answer(event)
	if is_inside(event.origin) then
		for _, service in ipairs(event.services) do sign(service, event.origin.full_jid); end
	else
		event.services:filter(function (service) return not is_relay(service); end);
	end
end
module:hook("external_service/services", answer);
module:hook("external_service/credentials", answer);

-- What comes with a room's metadata ---------------------------------------------------------------

local function services_for(address)
	local list = {};
	for number, service in ipairs(external_services.get_services()) do
		sign(service, address);
		list[number] = {
			type = service.type; transport = service.transport; host = service.host;
			port = service.port and ("%d"):format(service.port); restricted = service.restricted and "1";
			username = service.username; password = service.password;
			expires = service.expires and datetime.datetime(service.expires);
		};
	end
	return list;
end

-- Before Prosody hands it to the connection. The component takes no credentials along by itself, and
-- it alone can send in its own name.
module:hook("message/full", function (event)
	local stanza = event.stanza;
	local content = stanza.attr.from == metadata_host and stanza:get_child("json-message", JITSI);
	local text = content and content:get_text();
	local message = text and json.decode(text);
	if type(message) ~= "table" or type(message.metadata) ~= "table" then return; end
	local address = stanza.attr.to;
	local room = util.get_room_from_jid(util.room_jid_match_rewrite(content.attr.room or ""));
	if room and room:get_occupant_by_real_jid(address) then
		message.metadata.services = services_for(address);
		local session = prosody.full_sessions[address];
		if session then session.school_relay_told = room.jid; end
	else
		message.metadata.services = nil;
	end
	for number = #content, 1, -1 do content[number] = nil; end
	content:text(json.encode(message));
end, 100);

if module.host ~= staff_host then return; end

local function tell(room)
	module:context(main_muc):fire_event("room-metadata-changed", { room = room });
end

-- Jitsi's component tells each account once what a room's metadata are, so somebody who is there
-- twice, or again before the first connection was given up, would never hear of a relay.
local function joined(event)
	local session = event.origin;
	if session and session.full_jid and not util.is_healthcheck_room(event.room.jid)
		and prosody.full_sessions[session.full_jid] == session
		and session.school_relay_told ~= event.room.jid
		and jid.host(session.full_jid) == staff_host then
		tell(event.room);
	end
end
for _, host in ipairs { main_muc, breakout_muc } do
	util.process_host_module(host, function (context)
		context:hook("muc-occupant-joined", joined, -100);
	end);
end

-- Each room has its own moment, so that not all of them are told in the same.
local due = setmetatable({}, { __mode = "k" });
local period = lifetime / 3;
module:add_timer(period / 10, function ()
	local time = now();
	for _, host in ipairs { main_muc, breakout_muc } do
		local component = prosody.hosts[host];
		local muc = component and component.modules.muc;
		for room in muc and muc.live_rooms() or function () end do
			if not due[room] then
				due[room] = time + period * math.random();
			elseif due[room] <= time and not util.is_healthcheck_room(room.jid) then
				due[room] = time + period;
				tell(room);
			end
		end
	end
	return period / 10;
end);
