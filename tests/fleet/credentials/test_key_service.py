"""KMS as moto implements it: data keys, and keys that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from simulator.fleet.credentials.key_service import KeyService, KeyUnusable

CONTEXT = {"ServiceArn": "arn"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


async def test_a_data_key_is_decrypted_by_its_key_and_context(endpoint: str) -> None:
    kms = boto3.client("kms", region_name="us-east-1", endpoint_url=endpoint)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    keys = KeyService(endpoint)
    made = await keys.new_data_key(key, CONTEXT)
    assert len(made.plain) == 32
    assert made.plain not in made.encrypted
    assert repr(made.plain) not in repr(made)
    assert await keys.decrypted(key, made.encrypted, CONTEXT) == made.plain
    with pytest.raises(KeyUnusable, match="InvalidCiphertext"):
        await keys.decrypted(key, made.encrypted, {"ServiceArn": "another"})


async def test_a_key_that_is_disabled_deleted_missing_or_of_another_kind_cannot_be_used(endpoint: str) -> None:
    kms = boto3.client("kms", region_name="us-east-1", endpoint_url=endpoint)
    key = kms.create_key()["KeyMetadata"]
    arn, keys = key["Arn"], KeyService(endpoint)
    made = await keys.new_data_key(arn, CONTEXT)
    kms.disable_key(KeyId=key["KeyId"])
    for asked in (keys.check(arn), keys.new_data_key(arn, CONTEXT), keys.decrypted(arn, made.encrypted, CONTEXT)):
        with pytest.raises(KeyUnusable, match=f"the KMS key {arn} cannot be used: its state is Disabled"):
            await asked
    kms.enable_key(KeyId=key["KeyId"])
    assert await keys.decrypted(arn, made.encrypted, CONTEXT) == made.plain
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    with pytest.raises(KeyUnusable, match="its state is PendingDeletion"):
        await keys.check(arn)
    signs = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["Arn"]
    with pytest.raises(KeyUnusable, match="it is not a symmetric encryption key"):
        await keys.check(signs)
    with pytest.raises(KeyUnusable, match="answers NotFoundException"):
        await keys.check(arn[:-4] + "0000")
    with pytest.raises(KeyUnusable, match="cannot be reached"):
        await KeyService("http://127.0.0.1:9").check(arn)
