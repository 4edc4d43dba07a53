"""Access keys: which ones are rejected, and the account of an id."""

from __future__ import annotations

import pytest

from simulator.api.access_keys import AccessKey, AccessKeys, account_of


def test_a_key_is_found_by_its_id_and_hides_its_secrets() -> None:
    key = AccessKey("AKIA1", "hunter2", session_token="hunter3")
    keys = AccessKeys([key])
    assert keys.get("AKIA1") is key
    assert keys.get("AKIA2") is None
    assert "hunter" not in repr(key)


def test_an_empty_set_of_keys_is_falsy() -> None:
    assert not AccessKeys()
    assert AccessKeys([AccessKey("AKIA1", "secret")])


@pytest.mark.parametrize("account", ["12345678901", "1234567890123", "12345678901a", "\N{ARABIC-INDIC DIGIT ONE}" * 12])
def test_an_account_has_twelve_ascii_digits(account: str) -> None:
    with pytest.raises(ValueError, match="must be 12 digits"):
        AccessKey("AKIA1", "secret", account)


@pytest.mark.parametrize(("key_id", "secret"), [("", "secret"), ("AKIA1", "")])
def test_a_key_needs_id_and_secret(key_id: str, secret: str) -> None:
    with pytest.raises(ValueError, match="must be given together"):
        AccessKey(key_id, secret)


def test_an_id_is_unique() -> None:
    with pytest.raises(ValueError, match="access_key_id = 'AKIA1', must be unique"):
        AccessKeys([AccessKey("AKIA1", "a"), AccessKey("AKIA1", "b")])


def test_without_keys_an_id_of_twelve_digits_is_the_account() -> None:
    assert account_of("210987654321", "123456789012") == "210987654321"
    assert account_of("AKIAIOSFODNN", "123456789012") == "123456789012"
