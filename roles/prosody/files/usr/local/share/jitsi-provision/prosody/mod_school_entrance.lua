-- mod_school_entrance: who may use the web server's ways in, and how fast.
--
-- Enabled on the host that serves BOSH and websockets. What it promises:
--   * A page of another site cannot speak to the server with a visitor's browser: requests that
--     name an origin have to name this one. Programs name none, and are let through.
--   * Over BOSH a host is the same however its name is written.
--   * Over BOSH a session brings no more bytes a second than over a websocket. mod_limits slows
--     down connections, and over BOSH each request may be a new one.
--   * Over BOSH, too, all sessions of one source have one account, that of mod_school_sources: while
--     it is overdrawn, requests wait.
--
-- Options:
--   school_origins       origins that may speak to the server; default: https:// + this host
--   school_bosh_rate     bytes a second; 64000
--   school_bosh_burst    bytes at once; 131072
--
-- Nothing here writes a name or an address to the log.

local async = require "util.async";
local cache = require "util.cache";
local nameprep = require "util.encodings".stringprep.nameprep;
local now = require "util.time".now;
local server = require "net.http.server";

local origins = module:get_option_set("school_origins", { "https://" .. module.host });
local rate = module:get_option_number("school_bosh_rate", 64000);
local burst = module:get_option_number("school_bosh_burst", 131072);
local longest_wait = 5; -- seconds; whoever is further ahead is refused
local longest_wait_of_source = 20; -- who is refused may have done nothing but share an address

local next_of = cache.new(10000); -- session, or address of who begins one -> when it is balanced

-- Prosody takes a name in capitals for the host that it means, and forgets to write it small: then no
-- module of that host would be asked, and the log would show what nobody has handled.
module:hook_global("bosh-session", function (event)
	event.session.host = nameprep(event.session.host);
end, 1000);

local function refuse_foreign_pages(event)
	local origin = event.request.headers.origin;
	if origin and not origins:contains(origin) then return 403; end
end

-- The session that a request says it belongs to, if there is one.
local function session_of(request)
	local head = request.body:match("^%s*(<body[^>]*>)") or "";
	local sid = head:match("%ssid%s*=%s*['\"]([^'\"]+)['\"]");
	return sid and module:shared("/*/bosh/sessions")[sid];
end

-- Who names no session, or a wrong one, counts as their address: they could take a new name each time.
local function seconds_of_session(request, session)
	local time, key = now(), session and session.sid or "address " .. (request.ip or "");
	local balanced = math.max(next_of:get(key) or 0, time - burst / rate);
	if balanced - time > longest_wait then return nil; end
	balanced = balanced + (#request.body + 300) / rate;
	next_of:set(key, balanced);
	return balanced - time;
end

-- Waits, and returns whether somebody still does.
local function sleep(response, seconds)
	local gone = false;
	response.on_destroy = function () gone = true; end;
	async.sleep(seconds); -- nothing more is read from this connection meanwhile
	response.on_destroy = nil;
	return not gone;
end

local function slow_down(event)
	local request, response = event.request, event.response;
	if type(request.body) ~= "string" then return; end
	local session, begun = session_of(request), now();
	local sources = module:shared("/*/school_sources/sources");
	local seconds = seconds_of_session(request, session);
	if not seconds then return 429; end
	sources.pay_for_request(request.ip, session, #request.body);
	seconds = math.max(seconds, sources.seconds_to_wait(request.ip, session));
	while seconds > 0 do
		if not async.ready() or now() + seconds - begun > longest_wait_of_source then return 429; end
		if not sleep(response, seconds) then return true; end
		seconds = sources.seconds_to_wait(request.ip, session);
	end
end

for _, path in ipairs { "/http-bind", "/http-bind/" } do
	for _, method in ipairs { "GET ", "POST ", "OPTIONS " } do
		module:hook_object_event(server, method .. module.host .. path, refuse_foreign_pages, 1000);
	end
	module:hook_object_event(server, "POST " .. module.host .. path, slow_down, 900);
end
for _, path in ipairs { "/xmpp-websocket", "/xmpp-websocket/" } do
	module:hook_object_event(server, "GET " .. module.host .. path, refuse_foreign_pages, 1000);
end
