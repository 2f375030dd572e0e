-- STAND-IN. Announces breakout rooms; making them is left out.
local breakout = module:get_option_string("breakout_rooms_muc", "breakout." .. module.host);
module:add_identity("component", "breakout_rooms", breakout);
module:depends("jitsi_session");
