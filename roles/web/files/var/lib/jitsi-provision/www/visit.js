/* Managed by jitsi-provision. What a visit to a room begins with, and what it leaves: nothing.
   Runs before any script of Jitsi. */
(function () {
    'use strict';
    var room = window.location.pathname;

    // What the client stores (names, rooms, devices) lasts as long as this tab: school devices are
    // shared. Hanging up leads to a page that empties everything, but most people close the tab, or
    // the browser ends. So nothing is ever written to what outlives the tab: the client gets the
    // tab's own storage under the other's name. What a former release of ours left there goes.
    function onlyHere() {
        var own = window.sessionStorage;
        window.localStorage.clear();
        Object.defineProperty(window, 'localStorage', { configurable: false, enumerable: true, value: own });
    }
    // Microphone and camera stay off until somebody switches them on. The client reads this from
    // its own storage first, where "on" is what nothing means, and never comes to the server's word.
    function mute() {
        var settings = JSON.parse(window.localStorage.getItem('features/base/settings')) || {};
        settings.startWithAudioMuted = true;
        settings.startWithVideoMuted = true;
        window.localStorage.setItem('features/base/settings', JSON.stringify(settings));
    }
    // The client takes "login=true" off the address. A teacher who reloads would knock at the lobby
    // like a guest, log in there, and stand on the list of those who wait until the page is closed.
    function stayTeacher() {
        if (/[?&]login=true(&|$)/.test(window.location.search)) {
            window.sessionStorage.setItem('school/teacher', room);
        } else if (!window.location.search && window.sessionStorage.getItem('school/teacher') === room) {
            window.history.replaceState(window.history.state, '', window.location.origin + room + '?login=true');
        }
    }

    // A browser that allows no storage keeps nothing anyway.
    [onlyHere, mute, stayTeacher].forEach(function (step) {
        try { step(); } catch (error) { window.console.warn('storage:', error.name); }
    });
}());
