"""What looks like somebody's key."""

import pytest

from deepchat.secret import looks_secret


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE", "a private key"),
        ("-----BEGIN " + "OPENSSH PRIVATE KEY-----", "a private key"),
        ("-----BEGIN " + "PRIVATE KEY-----", "a private key"),
        ("id=AKIA" + "A" * 16, "an AWS key"),
        ("ghp_" + "a1" * 18, "a GitHub token"),
        ("glpat-" + "a" * 20, "a GitLab token"),
        ("xoxb-" + "1234567890-x", "a Slack token"),
        ("AIza" + "a" * 35, "a Google API key"),
        ("sk_live_" + "a" * 24, "a Stripe key"),
        ("hf_" + "aB" * 17, "a Hugging Face token"),
        ("OPENAI_API_KEY=sk-" + "proj-a1B2c3D4e5F6g7H8", "an API key"),
        ("eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + ".c", "a JSON web token"),
    ],
)
def test_keys_are_known_by_their_marks(text, kind):
    assert looks_secret(f"here: {text}\n") == kind


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "sk-learn-is-a-library-for-learning",
        "task-1234567890123456789012345",
        "AKIA",
        "a hash: 9f86d081884c7d659a2feaa0c55ad015",
        "",
    ],
)
def test_what_only_looks_random_is_none(text):
    assert looks_secret(text) == ""
