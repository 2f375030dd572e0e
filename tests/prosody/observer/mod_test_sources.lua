-- For tests alone: answers GET /sources with how many sources have an account, how often a connection
-- was held, and how many are held just now.
module:depends("http");
module:provides("http", {
	name = "sources"; default_path = "/sources";
	route = {
		GET = function ()
			local sources = module:shared("/*/school_sources/sources");
			local accounts, waiting = 0, 0;
			for _, account in pairs(sources.accounts or {}) do
				accounts, waiting = accounts + 1, waiting + account.last - account.first + 1;
			end
			return ("%d %d %d"):format(accounts, sources.held or 0, waiting);
		end;
	};
});
