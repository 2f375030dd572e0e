-- STAND-IN. Announces file sharing and shares nothing.
local util = module:require "util";
local main_host = module:get_option_string("muc_mapper_domain_base");
if not main_host then
	module:log("warn", "muc_mapper_domain_base is not set: nothing is announced");
	return;
end

util.process_host_module(main_host, function (host_module)
	host_module:fire_event("jitsi-add-identity", { name = "file-sharing"; host = module.host });
end);
