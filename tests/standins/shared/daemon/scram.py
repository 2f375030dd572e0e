"""SCRAM-SHA-1, the way the Java clients sign in."""

import base64
import hashlib
import hmac
import secrets


class ScramSha1:
    """Two messages to the server, and a check of its answer."""

    name = "SCRAM-SHA-1"

    def __init__(self, user: str, password: str) -> None:
        self.password = password.encode()
        self.nonce = secrets.token_urlsafe(18)
        escaped = user.replace("=", "=3D").replace(",", "=2C")
        self.first_bare = f"n={escaped},r={self.nonce}"
        self.expected = b""

    def first(self) -> str:
        """The opening message, in base64."""
        return base64.b64encode(f"n,,{self.first_bare}".encode()).decode()

    def final(self, challenge: str) -> str:
        """The proof of the password, in base64."""
        server_first = base64.b64decode(challenge).decode()
        fields = dict(part.split("=", 1) for part in server_first.split(","))
        if not fields["r"].startswith(self.nonce):
            raise ValueError("the server's nonce does not continue ours")
        without_proof = f"c=biws,r={fields['r']}"
        message = f"{self.first_bare},{server_first},{without_proof}".encode()
        salted = hashlib.pbkdf2_hmac(
            "sha1", self.password, base64.b64decode(fields["s"]), int(fields["i"])
        )
        client_key = hmac.digest(salted, b"Client Key", "sha1")
        stored_key = hashlib.sha1(client_key, usedforsecurity=False).digest()
        signature = hmac.digest(stored_key, message, "sha1")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        server_key = hmac.digest(salted, b"Server Key", "sha1")
        self.expected = hmac.digest(server_key, message, "sha1")
        text = f"{without_proof},p={base64.b64encode(proof).decode()}"
        return base64.b64encode(text.encode()).decode()

    def server_is_genuine(self, success: str) -> bool:
        """Whether the server knows the password too."""
        fields = dict(part.split("=", 1) for part in base64.b64decode(success).decode().split(","))
        return hmac.compare_digest(base64.b64decode(fields.get("v", "")), self.expected)
