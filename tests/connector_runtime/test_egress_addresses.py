"""Every spelling of an address a call must not reach, judged at the last moment."""

import socket
from ipaddress import ip_network

import pytest

from gateway.connector_runtime.addresses import AddressPolicy, AddressRefused
from gateway.connector_runtime.configuration import EgressSettings

SETTINGS = EgressSettings(gov_wan=(ip_network("10.20.0.0/16"), ip_network("fd00:6::/32")))

REFUSED_EVERYWHERE = [
    "0.0.0.0",
    "::",
    "169.254.169.254",
    "fe80::1",
    "fe80::1%lo",
    "224.0.0.1",
    "ff02::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "nonsense",
    "",
]
REFUSED_FROM_THE_INTERNET = [
    *REFUSED_EVERYWHERE,
    "127.0.0.1",
    "::1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "fc00::1",
    "fec0::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2001:db8::1",
    "168.63.129.16",
    "::ffff:168.63.129.16",
    "192.88.99.1",
    "3fff::1",
]


@pytest.mark.parametrize("address", REFUSED_FROM_THE_INTERNET)
def test_the_internet_zone_refuses(address: str) -> None:
    assert not AddressPolicy("internet", SETTINGS).permits(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_the_internet_zone_permits(address: str) -> None:
    assert AddressPolicy("internet", SETTINGS).permits(address)


@pytest.mark.parametrize(
    ("address", "permitted"),
    [("10.20.1.9", True), ("fd00:6::9", True), ("::ffff:10.20.1.9", True), ("10.21.0.1", False), ("8.8.8.8", False)],
)
def test_the_government_network_is_what_the_operator_wrote(address: str, permitted: bool) -> None:
    assert AddressPolicy("gov-wan", SETTINGS).permits(address) is permitted


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "168.63.129.16"]
)
def test_no_range_of_the_government_is_this_machine(address: str) -> None:
    wide = EgressSettings(gov_wan=(ip_network("0.0.0.0/0"), ip_network("::/0")))
    assert not AddressPolicy("gov-wan", wide).permits(address)
    assert AddressPolicy("gov-wan", wide).permits("10.1.2.3")


@pytest.mark.parametrize("address", ["10.20.1.9", "127.0.0.1", "8.8.8.8"])
def test_the_government_network_is_empty_until_somebody_writes_it(address: str) -> None:
    assert not AddressPolicy("gov-wan", EgressSettings()).permits(address)


@pytest.mark.parametrize(
    ("address", "permitted"), [("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False)]
)
def test_the_lab_is_this_machine(address: str, permitted: bool) -> None:
    assert AddressPolicy("lab", SETTINGS).permits(address) is permitted


@pytest.mark.parametrize("address", REFUSED_EVERYWHERE)
@pytest.mark.parametrize("zone", ["internet", "gov-wan", "lab"])
def test_some_addresses_are_refused_whatever_the_ranges_say(zone, address: str) -> None:
    everything = EgressSettings(
        gov_wan=(ip_network("0.0.0.0/0"), ip_network("::/0")), lab=(ip_network("0.0.0.0/0"), ip_network("::/0"))
    )
    assert not AddressPolicy(zone, everything).permits(address)


def test_a_socket_is_made_only_for_an_address_that_passed() -> None:
    policy = AddressPolicy("lab", SETTINGS)
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))
    with policy.open_socket(info) as made:
        assert made.gettimeout() == 0
    with pytest.raises(AddressRefused):
        policy.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80)))
    with pytest.raises(AddressRefused):
        policy.open_socket((socket.AF_UNIX, socket.SOCK_STREAM, 0, "", ("/run/x",)))
