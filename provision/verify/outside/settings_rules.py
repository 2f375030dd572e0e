"""What the web client's settings must say: each rule once, by control.

What a missing setting means was read in the client (react/features, August 2026): `MISSING` is
fine where the client's own default is the private one, and else not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class _Missing:
    """Nothing stands there, which is not the same as null."""

    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()


class Rule(NamedTuple):
    """One setting of config.js."""

    key: str
    """With dots."""
    wanted: str
    """As it is written in config.js."""
    good: Callable[[Any], bool]


def value_of(config: Any, key: str) -> Any:
    """Return what stands under a dotted key, MISSING where nothing does."""
    for part in key.split("."):
        if not isinstance(config, dict) or part not in config:
            return MISSING
        config = config[part]
    return config


def _on(key: str) -> Rule:
    return Rule(key, "true", lambda value: value is True)


def _off(key: str) -> Rule:
    """Off, which is also the client's default."""
    return Rule(key, "false", lambda value: value is MISSING or not value)


def _not_off(key: str) -> Rule:
    """On, which is also the client's default."""
    return Rule(key, "true", lambda value: value is not False)


def _absent(key: str) -> Rule:
    return Rule(key, "undefined", lambda value: value is MISSING or not value)


RULES: dict[str, tuple[Rule, ...]] = {
    "MIN-02": (_on("hideEmailInSettings"),),
    "MIN-03": (
        _on("startWithAudioMuted"),
        _on("startWithVideoMuted"),
        _not_off("prejoinConfig.enabled"),
        _not_off("prejoinPageEnabled"),
    ),
    "MIN-04": (_on("doNotStoreRoom"),),
    "MIN-05": (_on("enableClosePage"),),
    "MIN-06": (
        _off("faceLandmarks.enableFaceCentering"),
        _off("faceLandmarks.enableFaceExpressionsDetection"),
        _off("faceLandmarks.enableDisplayFaceExpressions"),
        _off("faceLandmarks.enableRTCStats"),
        _off("transcription.enabled"),
        _off("transcribingEnabled"),
        _off("audioTranslation.enabled"),
    ),
    "MIN-07": (_off("disableVirtualBackground"),),
    "THP-01": (_on("disableThirdPartyRequests"), _on("gravatar.disabled")),
    "THP-05": (
        _on("analytics.disabled"),
        *map(
            _absent,
            (
                "analytics.googleAnalyticsTrackingId",
                "analytics.matomoEndpoint",
                "analytics.amplitudeAPPKey",
                "analytics.scriptURLs",
                "analytics.rtcstatsEndpoint",
                "callStatsID",
                "watchRTCConfigParams",
            ),
        ),
        _off("analytics.rtcstatsEnabled"),
        _off("analytics.watchRTCEnabled"),
        # The client asks everybody for a rating where this is missing.
        Rule("feedbackPercentage", "0", lambda value: value == 0 and value is not False),
        _off("enableDisplayNameInStats"),
        _off("enableEmailInStats"),
    ),
    "THP-08": (
        *map(
            _absent,
            (
                "dropbox.appKey",
                "googleApiApplicationClientID",
                "microsoftApiApplicationClientID",
                "salesforceUrl",
                "etherpad_base",
                "dialInNumbersUrl",
                "dialInConfCodeUrl",
            ),
        ),
        _off("enableCalendarIntegration"),
        _off("whiteboard.enabled"),
    ),
    "TLS-05": (_off("p2p.enabled"),),
    "MOD-04": (
        Rule(
            "remoteVideoMenu.disablePrivateChat",
            "'allow-moderator-chat'",
            lambda value: value in ("allow-moderator-chat", "all"),
        ),
    ),
    "MOD-05": (_on("breakoutRooms.hideAddRoomButton"),),
    "MOD-06": (
        _off("fileSharing.enabled"),
        _off("giphy.enabled"),
        _on("disableRemoteControl"),
        *map(
            _absent,
            ("dialOutAuthUrl", "dialOutCodesUrl", "dialOutRegionUrl", "peopleSearchUrl"),
        ),
    ),
    "REC-01": (
        _off("recordingService.enabled"),
        _off("fileRecordingsEnabled"),
        _off("liveStreaming.enabled"),
        _off("liveStreamingEnabled"),
        _off("screenshotCapture.enabled"),
        _absent("hiddenDomain"),
    ),
    "REC-03": (_on("localRecording.disable"),),
    "STA-01": (_on("speakerStats.disabled"),),
}
