"""Nothing of a citizen in clear, nothing readable after an erasure, nothing accepted that was moved."""

import asyncio
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.storage import citizen_keys
from gateway.storage.encryption import KeyedIndex, Sealer, expand, extract
from gateway.storage.failure import MasterKeyWrong, SealBroken, StoreMisfit
from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SystemRandomness
from gateway.vocabulary.store import CitizenErased, Insert, Kind, Put, RecordKey, Remove, StorageUnavailable
from tests.services import MASTER_KEY, binary, postgresql_server, redis_server
from tests.storage.records import at, grant, record, sql, stored_event

pytestmark = pytest.mark.anyio

CANARIES = ("Nông Bảo An Tìm-Thấy", "999315000005", "canary@example.test")
BODY = {"full_name": CANARIES[0], "personal_number": CANARIES[1], "deep": [{"email": CANARIES[2]}]}
OTHER_KEY = bytes(range(1, 33))


async def dump(urls) -> bytes:
    """Return everything the database and Redis hold, as an attacker with the disks would get it."""
    whole = b""
    if urls.store.startswith("sqlite:"):
        for path in Path(urls.store.removeprefix("sqlite:///")).parent.iterdir():
            whole += path.read_bytes()
    else:
        url = postgresql_server().url(urls.store.rpartition("/")[2], "postgres")
        dumped = await asyncio.to_thread(
            subprocess.run, [binary("pg_dump", "postgresql"), url, "--inserts"], check=True, capture_output=True
        )
        for line in dumped.stdout.splitlines():
            whole += line + b"\n"
        for row in await sql(urls, "SELECT sealed FROM record UNION ALL SELECT leaf FROM event"):
            whole += row[0]
    if urls.redis:
        with redis_server().client() as client:
            for name in client.scan_iter():
                whole += name + (client.get(name) or b"")
        whole += b"".join(path.read_bytes() for path in redis_server().directory.rglob("*") if path.is_file())
    return whole


async def test_a_dump_holds_no_canary(storage, urls, now):
    for kind in Kind:
        if kind is not Kind.CITIZEN_KEY:
            for subject in (None, "citizen-1"):
                one = record(kind, f"canary-address-{subject}", now, body=BODY, subject=subject)
                assert (await storage.store.commit([Insert(one)], [stored_event(now)], now=now)).done
                assert (await storage.store.load(one.address))[0].body == BODY
    index = storage.index.blind("personal_number", CANARIES[1])
    await storage.store.commit([Put(record(Kind.CITIZEN_NUMBER, index, now, subject="citizen-1"))], now=now)
    whole = await dump(urls)
    assert b"canary-address" in whole  # the search does look at the right place
    for canary in CANARIES:
        for shape in (
            canary.encode(),
            canary.encode().hex().encode(),
            canary.encode("unicode_escape"),
            canary.upper().encode(),
        ):
            assert shape not in whole
    assert MASTER_KEY not in whole


@pytest.mark.parametrize("subject", [None, "citizen-1"])
async def test_a_row_copied_over_another_is_refused(storage, urls, now, subject):
    first, second = (record(Kind.PORTAL, key, now, body={"who": key}, subject=subject) for key in ("a", "b"))
    await storage.store.commit([Insert(first), Insert(second)], now=now)
    await sql(urls, "UPDATE record SET sealed = (SELECT sealed FROM record WHERE key = 'b') WHERE key = 'a'")
    with pytest.raises(SealBroken):
        await storage.store.load(first.address)
    with pytest.raises(StorageUnavailable):
        await storage.store.select(Kind.PORTAL)
    assert (await storage.store.load(second.address))[0] == second


@pytest.mark.parametrize("change", ["subject = 'citizen-2'", "grp = 'other'", "subject = NULL", "kind = 'review'"])
async def test_a_row_hung_elsewhere_is_refused(storage, urls, now, change):
    one = record(Kind.PORTAL, "a", now, subject="citizen-1", group="grant-1")
    two = record(Kind.PORTAL, "b", now, subject="citizen-2")
    await storage.store.commit([Insert(grant(now)), Insert(one), Insert(two)], now=now)
    await sql(urls, f"UPDATE record SET {change} WHERE key = 'a'")
    with pytest.raises(SealBroken):
        await storage.store.load(RecordKey(Kind.REVIEW if "review" in change else Kind.PORTAL, "a"))


async def test_a_swapped_value_in_redis_is_refused(setting, storage, urls, now):
    if not urls.redis:
        await storage.store.commit([Insert(record(Kind.SESSION, key, now)) for key in ("a", "b")], now=now)
        await sql(urls, "UPDATE record SET sealed = (SELECT sealed FROM record WHERE key = 'b') WHERE key = 'a'")
    else:
        await storage.store.commit([Insert(record(Kind.SESSION, key, now)) for key in ("a", "b")], now=now)
        with redis_server().client() as client:
            client.set("gate06:{a}:session:a", client.get("gate06:{b}:session:b"))
    with pytest.raises(SealBroken):
        await storage.store.load(at(Kind.SESSION, "a"))


async def test_erasure_makes_records_unreadable_everywhere(storage, urls, now, monkeypatch):
    monkeypatch.setattr(citizen_keys, "REMEMBERED_FOR", 0.0)
    other = await open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=SystemRandomness())
    hers = [record(kind, "x", now, body=BODY, subject="citizen-1") for kind in (Kind.SESSION, Kind.GRANT, Kind.ACCOUNT)]
    his = record(Kind.ACCOUNT, "y", now, subject="citizen-2")
    await storage.store.commit([Insert(one) for one in [*hers, his]], now=now)
    reference = await storage.keys.derive("citizen-1", "subject_ref 2031-03")
    assert await other.keys.derive("citizen-1", "subject_ref 2031-03") == reference
    assert await other.keys.derive("citizen-1", "subject_ref 2031-04") != reference
    assert await other.keys.derive("citizen-2", "subject_ref 2031-03") != reference
    [[wrapped]] = await sql(urls, "SELECT sealed FROM record WHERE kind = 'citizen_key' AND key = 'citizen-1'")
    try:
        await storage.keys.erase("citizen-1")
        for opened in (storage, other):
            assert await opened.store.load(*(one.address for one in hers)) == (None, None, None)
            assert await opened.store.select(Kind.ACCOUNT) == [his]
            with pytest.raises(CitizenErased):
                await opened.keys.derive("citizen-1", "subject_ref 2031-03")
            with pytest.raises(CitizenErased):
                await opened.store.commit([Put(hers[0])], now=now)
        assert await sql(urls, "SELECT sealed, state FROM record WHERE key = 'citizen-1'") == [(b"", "erased")]
        if urls.store.startswith("sqlite:"):
            await sql(urls, "PRAGMA wal_checkpoint(TRUNCATE)")
            assert wrapped[-28:] not in await dump(urls)
        await storage.purge(now + timedelta(days=4000))
        with pytest.raises(CitizenErased):
            await storage.keys.derive("citizen-1", "x")
    finally:
        await other.close()


async def test_an_erasure_can_be_part_of_a_commit_with_its_event(storage, urls, now):
    one = record(Kind.ACCOUNT, "x", now, subject="citizen-1")
    await storage.store.commit([Insert(one)], now=now)
    lost = [Remove(at(Kind.CITIZEN_KEY, "citizen-1")), Insert(one)]
    assert not (await storage.store.commit(lost, [stored_event(now)], now=now)).done
    assert await storage.store.load(one.address) == (one,)
    erased = [Remove(at(Kind.CITIZEN_KEY, "citizen-1")), Remove(one.address)]
    assert (await storage.store.commit(erased, [stored_event(now)], now=now)).done
    with pytest.raises(CitizenErased):
        await storage.keys.derive("citizen-1", "x")
    assert len(await storage.journal.pending(5)) == 1


async def test_a_key_is_remembered_for_seconds_and_only_so_many(storage, now, monkeypatch):
    monkeypatch.setattr(citizen_keys, "REMEMBERED_COUNT", 3)
    for number in range(9):
        await storage.keys.derive(f"citizen-{number}", "x")
    assert len(storage.keys._remembered) == 3
    assert citizen_keys.REMEMBERED_FOR <= 5


async def test_a_foreign_master_key_does_not_open_the_store(storage, urls):
    with pytest.raises(MasterKeyWrong):
        await open_storage(urls.store, urls.redis, master_key=OTHER_KEY, randomness=SystemRandomness())


async def test_a_master_key_is_rotated_without_losing_anything(storage, urls, now):
    stored = [record(Kind.SIGNING_KEY, "k", now), record(Kind.ACCOUNT, "a", now, subject="citizen-1"), grant(now)]
    await storage.store.commit([Insert(one) for one in stored], now=now)
    index, reference = storage.index.blind("n", "v"), await storage.keys.derive("citizen-1", "x")
    addresses = [one.address for one in stored]

    async def opened(key, retired=()):
        return await open_storage(
            urls.store, urls.redis, master_key=key, randomness=SystemRandomness(), retired_master_keys=retired
        )

    both = await opened(OTHER_KEY, (MASTER_KEY,))
    assert [one.body for one in await both.store.load(*addresses)] == [one.body for one in stored]
    assert await both.rotate(now) == 4  # two wrapped keys (the citizen's, the index's), two records under the house key
    assert await both.rotate(now) == 0
    await both.close()
    new = await opened(OTHER_KEY)
    assert [one.body for one in await new.store.load(*addresses)] == [one.body for one in stored]
    assert (new.index.blind("n", "v"), await new.keys.derive("citizen-1", "x")) == (index, reference)
    await new.close()


async def test_a_url_that_names_no_store_is_refused(tmp_path):
    for url in ("mysql://x", "sqlite://:memory:", "sqlite:///", "sqlite:///:memory:", f"{tmp_path}/x.db"):
        with pytest.raises(StoreMisfit):
            await open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness())
    for url in ("postgresql://gate06@127.0.0.1:1/none", "sqlite:////proc/none/x.db"):
        with pytest.raises(StorageUnavailable):
            await open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness())
    with pytest.raises(StorageUnavailable):
        await open_storage(
            f"sqlite:///{tmp_path}/x.db", "redis://127.0.0.1:1/0", master_key=MASTER_KEY, randomness=SystemRandomness()
        )
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer([b"short"], SystemRandomness())


def test_keys_are_those_of_rfc_5869():
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"purpose").derive(MASTER_KEY)
    assert expand(extract(MASTER_KEY), "purpose") == derived


def test_seals_are_never_equal_and_break_on_any_changed_byte():
    sealer = Sealer([MASTER_KEY], SystemRandomness())
    sealed = sealer.seal_for_house(b"body", b"context")
    assert sealed != sealer.seal_for_house(b"body", b"context")
    assert sealer.open_for_house(sealed, b"context") == b"body"
    for place in range(len(sealed)):
        broken = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(SealBroken):
            sealer.open_for_house(broken, b"context")
    for cut in (b"", sealed[:5], sealed[:20], sealed[:-1]):
        with pytest.raises(SealBroken):
            sealer.open_for_house(cut, b"context")
    with pytest.raises(SealBroken):
        sealer.open_for_house(sealed, b"another")


def test_a_blind_index_needs_its_key_and_keeps_purposes_apart():
    index = KeyedIndex(MASTER_KEY)
    assert index.blind("number", "999") == index.blind("number", "999")
    assert (
        len({index.blind("number", "999"), index.blind("account", "999"), KeyedIndex(OTHER_KEY).blind("number", "999")})
        == 3
    )
