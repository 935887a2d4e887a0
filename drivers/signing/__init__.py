"""Signs calls: turns parameters and a secret into the signature a platform expects.

Decides nothing about calls, retries or time, opens no connection, and never logs: what is
signed holds the secret.
"""

from drivers.signing.recipes import canonical_json, signature, wire

__all__ = ["canonical_json", "signature", "wire"]
