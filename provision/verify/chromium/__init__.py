"""A real Chromium, driven through its DevTools pipe.

No library and no open port: the DevTools protocol is JSON, each message ended by a zero byte, over
two pipes that nobody else on the computer can reach (`--remote-debugging-pipe`). A library such as
Playwright would bring a Node.js of its own, 130 MB, to every installation.
"""
