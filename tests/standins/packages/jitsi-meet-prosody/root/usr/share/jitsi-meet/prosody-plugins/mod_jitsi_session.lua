-- STAND-IN. Keeps what the client put into the URL of its BOSH or web socket connection.
module:set_global();
local formdecode = require "util.http".formdecode;

local function init(event)
	local session, request = event.session, event.request;
	local query = request.url and request.url.query;
	local params = query and formdecode(query) or {};
	session.previd = params.previd;
	session.customusername = params.customusername;
	session.jitsi_web_query_room = params.room;
	session.jitsi_web_query_prefix = params.prefix or "";
	local bearer = request.headers.authorization;
	session.auth_token = params.token or (bearer and bearer:match("^Bearer (.+)$"));
	session.user_agent_header = request.headers.user_agent;
end

module:hook_global("bosh-session", init, 1);
module:hook_global("websocket-session", init, 1);
