-- STAND-IN. Notes when the second participant came, and says so in the room's information.
local iterators = require "util.iterators";
local util = module:require "util";

local main_muc = module:get_option_string("main_muc");
if not main_muc then
	module:log("error", "main_muc is not set");
	return;
end

util.process_host_module(main_muc, function (muc)
	muc:hook("muc-disco#info", function (event)
		table.insert(event.form, {
			name = "muc#roominfo_created_timestamp"; type = "text-single"; label = "Begin of the meeting";
			value = event.room.created_timestamp or "";
		});
	end);
	muc:hook("muc-occupant-joined", function (event)
		local room = event.room;
		if not room.created_timestamp and iterators.count(room:each_occupant()) > 1 then
			room.created_timestamp = string.format("%d", os.time() * 1000);
		end
	end, -1);
end);

module:add_identity("component", "conference_duration",
	module:get_option_string("conference_duration_component", "conferenceduration." .. module.host));
