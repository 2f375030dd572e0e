-- STAND-IN. Clients find the components through identities of the main host.
module:hook("jitsi-add-identity", function (event)
	module:add_identity("component", event.name, event.host);
end);
