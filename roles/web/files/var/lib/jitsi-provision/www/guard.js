/* Managed by jitsi-provision. Nobody steers the client but whoever sits in front of it: neither by
   what a link carries, nor from the page that opened this one. Runs before any script of Jitsi. */
(function () {
    'use strict';
    // Letter by letter what a link to a room may carry behind its "?"; behind its "#" nothing. The
    // client would take settings, a service for its pictures, a token, an identity and orders from
    // there: nearly every protection of this server could be switched off for one browser.
    // (rCounter is how often the client tried to load one of its own files.)
    var allowed = /^(login=true|lang=[A-Za-z]{2,3}(-[A-Za-z]{2,4})?|rCounter=[0-9]{1,3})$/;

    function cleaned() {
        var parts = window.location.search.replace(/^\?/, '').split('&').filter(function (part) {
            return allowed.test(part);
        });
        // With the origin in front: a path may begin with two slashes, and would name another server.
        return window.location.origin + window.location.pathname
            + (parts.length ? '?' + parts.join('&') : '');
    }
    function clean() {
        var address = cleaned();
        if (window.location.href === address) { return; }
        try {
            window.history.replaceState(window.history.state, '', address);
        } catch (error) {
            // A browser that counts these: the page begins anew.
            window.location.replace(address);
        }
    }
    // A page that holds this window, in a browser that does not know Cross-Origin-Opener-Policy, can
    // change what stands behind "#" later. The client may have read it: it begins anew.
    function changed(event) {
        var settings = window.location.hash.indexOf('=') !== -1;
        event.stopImmediatePropagation();
        clean();
        if (settings) { window.location.reload(); }
    }
    // The client takes orders by messages, from anybody, where it believes to be embedded.
    function foreign(event) {
        if (event.origin !== window.location.origin) { event.stopImmediatePropagation(); }
    }

    window.addEventListener('message', foreign, true);
    window.addEventListener('popstate', changed, true);
    window.addEventListener('hashchange', changed, true);
    window.opener = null;
    clean();
}());
