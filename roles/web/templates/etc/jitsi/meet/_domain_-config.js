{{ managed("//", "/etc/jitsi-provision/local/config.js") }}
var config = {
    hosts: {
        domain: {{ settings.domain | javascript }},
        muc: {{ ("conference." ~ settings.domain) | javascript }},
        anonymousdomain: {{ ("guest." ~ settings.domain) | javascript }}
    },
    bosh: {{ ("https://" ~ settings.domain ~ "/http-bind") | javascript }},
    websocket: {{ ("wss://" ~ settings.domain ~ "/xmpp-websocket") | javascript }},

    // Own servers only. Without this list the browser asks a server of 8x8.
    p2p: { enabled: false, stunServers: [ { urls: {{ ("stun:" ~ settings.domain ~ ":" ~ ports.stun.number) | javascript }} } ] },
    useTurnUdp: true,

    // No third party.
    disableThirdPartyRequests: true,
    gravatar: { disabled: true },
    corsAvatarURLs: [],
    giphy: { enabled: false },
    analytics: { disabled: true, rtcstatsEnabled: false },
    feedbackPercentage: 0,
    enableDisplayNameInStats: false,
    enableEmailInStats: false,
    whiteboard: { enabled: false },
    sharedVideoAllowedURLDomains: [],
    legalUrls: {
        helpCentre: {{ ("https://" ~ settings.domain ~ "/") | javascript }},
        privacy: {{ (settings.privacy_url or "https://" ~ settings.domain ~ "/") | javascript }},
        terms: {{ (settings.imprint_url or "https://" ~ settings.domain ~ "/") | javascript }},
        security: {{ (settings.privacy_url or "https://" ~ settings.domain ~ "/") | javascript }}
    },
    deploymentUrls: {},
    deeplinking: { disabled: true, hideLogo: true },
    disableInviteFunctions: false,

    // Nothing about a person beyond a name for the lesson.
    startWithAudioMuted: true,
    startWithVideoMuted: true,
    hiddenPremeetingButtons: [ 'invite' ],
    prejoinConfig: { enabled: true, hideExtraJoinButtons: [ 'no-audio', 'by-phone' ] },
    requireDisplayName: true,
    hideEmailInSettings: true,
    doNotStoreRoom: true,
    enableClosePage: true,
    disableAddingBackgroundImages: true,
    // The client's newer engine for blur would load its model from tfhub.dev; the older one is here.
    virtualBackground: { disableAddingImages: true, advanced: { tierOverride: 'low' } },
    faceLandmarks: {
        enableFaceCentering: false, enableFaceExpressionsDetection: false,
        enableDisplayFaceExpressions: false, enableRTCStats: false
    },

    // No recording, no statistics about anybody.
    localRecording: { disable: true, disableSelfRecording: true, notifyAllParticipants: true },
    recordingService: { enabled: false, sharingEnabled: false },
    liveStreaming: { enabled: false },
    transcription: { enabled: false },
    audioTranslation: { enabled: false },
    screenshotCapture: { enabled: false },
    speakerStats: { disabled: true },

    // A classroom.
    // The lobby protects a room whose name can be guessed. The warning would make every pupil tick a
    // box at each visit; who opens a room is offered a better name on the start page.
    enableInsecureRoomNameWarning: false,
    lobby: { autoKnock: true, enableChat: false },
    remoteVideoMenu: { disableGrantModerator: true, disablePrivateChat: 'allow-moderator-chat' },
    breakoutRooms: { hideAddRoomButton: true, hideAutoAssignButton: true, hideJoinRoomButton: true },
    disablePolls: true,
    fileSharing: { enabled: false },
    disableRemoteControl: true,
    // Its keys would travel as messages between guests, which the server refuses.
    e2ee: { disabled: true },
    defaultLanguage: {{ settings.language | javascript }},
    resolution: 360,
    constraints: { video: { height: { ideal: 360, max: 720, min: 180 } } },
    channelLastN: 25,
    enableNoAudioDetection: true,
    enableNoisyMicDetection: true,
    bridgeChannel: { preferSctp: true },
    testing: {},
    // Not "security": the lobby is always on and no password leads past it.
    toolbarButtons: [
        'camera', 'chat', 'desktop', 'fullscreen', 'hangup', 'microphone', 'mute-everyone',
        'mute-video-everyone', 'noisesuppression', 'participants-pane', 'profile', 'raisehand',
        'reactions', 'select-background', 'settings', 'shareaudio', 'shortcuts',
        'tileview', 'toggle-camera', 'videoquality', 'invite'
    ]
};
// The room as people write it: the client makes "Klasse 7 B" of "Klasse-7b".
try {
    config.localSubject = decodeURIComponent(window.location.pathname.slice(1));
} catch (error) { /* Not in a browser, or no name: the client finds one. */ }
<!--# include virtual="/local-config.js" -->
