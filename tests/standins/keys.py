"""The throw-away key that signs the repository of the stand-ins."""

import subprocess
from pathlib import Path

from . import tools
from .errors import StandinError

USER = "Jitsi stand-ins, throw-away test key <standins@example.org>"


class SigningKey:
    """One RSA-3072 key in its own GnuPG home; created when the home has none."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
        if not self._fingerprints():
            self._gpg(
                "--cert-digest-algo", "SHA512", "--quick-generate-key", USER, "rsa3072", "sign",
                "never",
            )  # fmt: skip
        self.fingerprint = self._fingerprints()[0]

    def public(self) -> str:
        """The ASCII armoured public key."""
        return self._gpg("--armor", "--export", self.fingerprint)

    def sign(self, release: Path) -> None:
        """Write InRelease and Release.gpg beside the Release file."""
        clear = release.with_name("InRelease")
        detached = release.with_name("Release.gpg")
        common = ("--yes", "--local-user", self.fingerprint, "--digest-algo", "SHA512", "--armor")
        self._gpg(*common, "--output", str(clear), "--clearsign", str(release))
        self._gpg(*common, "--output", str(detached), "--detach-sign", str(release))

    def close(self) -> None:
        """Stop the agent that GnuPG started for this home."""
        subprocess.run(
            ["gpgconf", "--homedir", str(self.home), "--kill", "gpg-agent"],
            capture_output=True,
            check=False,
        )

    def _fingerprints(self) -> list[str]:
        try:
            listing = self._gpg("--with-colons", "--list-secret-keys")
        except StandinError:
            return []
        return [line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:")]

    def _gpg(self, *arguments: str) -> str:
        return tools.run(
            ["gpg", "--homedir", str(self.home), "--batch", "--no-tty", "--quiet",
             "--pinentry-mode", "loopback", "--passphrase", "", *arguments],
        )  # fmt: skip
