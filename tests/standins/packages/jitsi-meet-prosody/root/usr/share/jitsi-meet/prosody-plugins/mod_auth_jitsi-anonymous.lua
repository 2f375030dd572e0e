-- STAND-IN. Everybody may sign in without a password; ?previd= gives the former name back.
local new_uuid = require "util.uuid".generate;
local sasl = require "util.sasl";

module:depends("jitsi_session");

local provider = {};
local function no() return nil, "There are no passwords here."; end
provider.test_password, provider.set_password, provider.create_user, provider.delete_user = no, no, no, no;
function provider.get_password() return nil; end
function provider.user_exists() return nil; end

function provider.get_sasl_handler(session)
	local function anonymous(handler, name)
		handler.username = name;
		session.auth_token = nil;
		if session.previd then
			for _, other in pairs(prosody.full_sessions) do
				if other.resumption_token == session.previd then handler.username = other.username; end
			end
		end
		return true;
	end
	return sasl.new(module.host, { anonymous = anonymous });
end

module:provides("auth", provider);

sasl.registerMechanism("ANONYMOUS", { "anonymous" }, function (handler)
	local done, err, text = handler.profile.anonymous(handler, new_uuid(), handler.realm);
	if done then return "success"; end
	return "failure", err, text;
end);
