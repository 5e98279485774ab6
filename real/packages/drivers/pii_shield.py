"""pii-shield-wasi: secrets in logs, found by a reactor in Go."""

from pii_shield import PiiShield, PiiShieldConfig

shield = PiiShield(PiiShieldConfig(salt="salt", entity_type_labels=True))
for line in (
    "nothing to hide",
    "user=alice password=hunter2secret token=ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "card 4111 1111 1111 1111 for a@example.org",
):
    print(shield.redact(line))
