/* Managed by jitsi-provision. Opens the room whose name was typed; an empty name gives a new one
   that nobody can guess, and a teacher whose room's name can be guessed is offered a better one. */
(function () {
    'use strict';
    var form = document.getElementById('room-form');
    var room = document.getElementById('room');
    var offer = document.getElementById('offer');
    var offered = offer.querySelector('[value=offered]');
    var letters = 'abcdefghijkmnpqrstuvwxyz23456789';

    function random(count) {
        var numbers = window.crypto.getRandomValues(new Uint8Array(count));
        return Array.from(numbers, function (n) { return letters[n % letters.length]; }).join('');
    }
    // What is put behind a name: six letters with a digit among them, as no word has.
    function ending() {
        var made;
        do { made = random(6); } while (!/[2-9]/.test(made));
        return '-' + made;
    }
    function guessable(name) {
        return !/^[a-z2-9]{16}$/.test(name) && !/-(?=[a-z]*[2-9])[a-z2-9]{6}$/.test(name);
    }
    function open(name, teacher) {
        window.location.assign('/' + encodeURIComponent(name) + (teacher ? '?login=true' : ''));
    }

    room.addEventListener('input', function () { offer.hidden = true; });
    form.addEventListener('submit', function (event) {
        event.preventDefault();
        var wish = event.submitter ? event.submitter.value : 'guest';
        var typed = room.value.trim().replace(/[/?#&:'"\\]+/g, ' ').trim();
        var name = typed.replace(/\s+/g, '-');
        if (wish === 'offered') {
            open(offered.textContent, true);
        } else if (wish === 'teacher' && name && guessable(name)) {
            offered.textContent = name + ending();
            offer.hidden = false;
            offered.focus();
        } else if (wish !== 'guest') {
            open(name || random(16), true);
        } else if (name) {
            open(name, false);
        } else {
            room.focus();
        }
    });
}());
