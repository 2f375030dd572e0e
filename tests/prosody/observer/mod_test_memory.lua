-- For tests alone: answers GET /memory with the bytes that Lua holds once it has cleaned up.
module:depends("http");
module:provides("http", {
	name = "memory"; default_path = "/memory";
	route = {
		GET = function ()
			for _ = 1, 3 do collectgarbage("collect"); end
			return ("%d"):format(collectgarbage("count") * 1024);
		end;
	};
});
