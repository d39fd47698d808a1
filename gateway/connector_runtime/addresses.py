"""Which addresses a call may reach: the policy of an egress zone, applied to the final socket address.

Names lie, addresses do not: the check runs between the resolver's answer and `connect`, so that no spelling of a
host (`0x7f.1`, `[::ffff:127.0.0.1]`), no rebinding name and no literal address passes beside it.
Source: technology.md §3.3; RFC 4291 §2.5.5.2, RFC 3056, RFC 6052, RFC 7526, RFC 9637.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from gateway.connector_runtime.configuration import EgressSettings, Network, ZoneName

_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = IPv6Network("::/96")
# globally routed, or newer than the standard library: a cloud's host, 6to4 relays, documentation
_NEVER: tuple[Network, ...] = (
    IPv4Network("168.63.129.16/32"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("3fff::/20"),
)

AddressInfo = tuple[int, int, int, str, Sequence[object]]


class AddressRefused(OSError):
    """A socket address outside the zone; the text names both, which an operator may read and a portal never does."""


class AddressPolicy:
    """Decides for one zone."""

    def __init__(self, zone: ZoneName, settings: EgressSettings) -> None:
        self.zone = zone
        self._ranges: tuple[Network, ...] = settings.ranges(zone)

    def permits(self, text: str) -> bool:
        """Tell whether the zone reaches this literal address; unreadable ones are refused."""
        try:
            address = unwrap(ip_address(text.partition("%")[0]))
        except ValueError:
            return False
        if address.is_unspecified or address.is_multicast or address.is_link_local:
            return False
        if self.zone != "lab" and (address.is_loopback or _is_in(address, _NEVER)):
            return False  # also where an operator wrote 0.0.0.0/0: this machine is in no zone of the government's
        if self.zone == "internet" and not _reachable_globally(address):
            return False
        return _is_in(address, self._ranges)

    def open_socket(self, info: AddressInfo) -> socket.socket:
        """Make the socket for an address that passed. Raises AddressRefused otherwise."""
        family, kind, protocol, _, target = info
        if family not in {socket.AF_INET, socket.AF_INET6} or not self.permits(str(target[0])):
            raise AddressRefused(f"address `{str(target[0])[:64]}` outside the egress zone `{self.zone}`")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)  # the event loop refuses a socket that blocks
        return made


def unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address inside a mapped, compatible, 6to4 or NAT64 address, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is not None:
        return inner
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_in(address: IPv4Address | IPv6Address, ranges: Sequence[Network]) -> bool:
    return any(address in range_ for range_ in ranges if range_.version == address.version)


def _reachable_globally(address: IPv4Address | IPv6Address) -> bool:
    # 100.64.0.0/10 is neither private nor global in the standard library: `is_global` alone decides here
    if isinstance(address, IPv6Address) and (address in _LOCAL_NAT64 or address.is_site_local):
        return False
    return address.is_global and not address.is_private and not address.is_reserved
