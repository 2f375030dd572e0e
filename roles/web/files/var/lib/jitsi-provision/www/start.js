/* Managed by jitsi-provision. Opens the room whose name was typed; an empty name gives a new one
   that nobody can guess. */
(function () {
    'use strict';
    var form = document.getElementById('room-form');
    var letters = 'abcdefghijkmnpqrstuvwxyz23456789';

    function generated() {
        var numbers = window.crypto.getRandomValues(new Uint8Array(16));
        return Array.from(numbers, function (n) { return letters[n % letters.length]; }).join('');
    }

    form.addEventListener('submit', function (event) {
        event.preventDefault();
        var teacher = event.submitter && event.submitter.value === 'teacher';
        var typed = document.getElementById('room').value.trim().replace(/[/?#&:'"\\]+/g, ' ').trim();
        var name = typed.replace(/\s+/g, '-');
        if (!name && !teacher) {
            document.getElementById('room').focus();
            return;
        }
        window.location.assign('/' + encodeURIComponent(name || generated()) + (teacher ? '?login=true' : ''));
    });
}());
