"""Which addresses may be reached, and names resolved once, so that what was checked is what is called."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from guanxi.actions import Outcome

#: Public by their number, private by what answers there: the platform's own address on Azure, and on other clouds;
#: and the site-local addresses of RFC 3879, which `ipaddress` takes for global.
_SPECIAL: Final = tuple(ip_network(one) for one in ("168.63.129.16/32", "192.0.0.0/24", "fec0::/10"))
_NAT64: Final = ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Tell whether an address belongs to the public internet.

    Refused: loopback, private, shared (100.64.0.0/10), link-local with the metadata services, multicast, reserved
    ones, and IPv6 forms that carry such an IPv4 address.

    source   IANA special-purpose address registries (RFC 6890), as Python's `ipaddress` keeps them
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner = _carried(found)
        if inner is not None:
            return is_public(str(inner))
    if any(found in network for network in _SPECIAL if network.version == found.version):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


async def resolve(host: str, port: int, *, allow_private: bool) -> str | Outcome:
    """Resolve a host name and return the one address to be called.

    returns  an address; an Outcome when the name has none, or when any of its addresses may not be reached
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return Outcome(kind="unreachable", text="the host name of its address cannot be resolved")
    addresses = [str(one[4][0]) for one in found]
    if not allow_private and not all(map(is_public, addresses)):
        return Outcome(
            kind="refused", text="its address is not on the public internet; set allow_private when that is meant"
        )
    if not addresses:
        return Outcome(kind="unreachable", text="the host name of its address has no address")
    return addresses[0]


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64, or the old compatible form."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
