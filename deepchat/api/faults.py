"""What broke on the way to a server and back → one of our errors, in words. What the server itself says is in `refusals`."""

import http.client
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Final, Literal, TypeVar

import requests
import urllib3.exceptions
from requests.utils import get_environ_proxies, select_proxy

from deepchat.errors import (
    DeepchatError,
    NetworkError,
    NotAnAnswer,
    ProxyFailed,
    StreamCut,
    TimedOut,
    TlsFailed,
    Unreachable,
)

# urllib3's own errors come through where a body is read piece by piece; they are neither of the other kinds.
FOREIGN: Final = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
)

# How far a request had come: its connection did not stand yet, it was going out or waited for an answer, the headers of
# one had come.
Stage = Literal["connecting", "sent", "answered"]

# It may be answered, and billed, all the same.
_DELIVERED: Final = "It was not sent again, for it may be charged all the same."

_Cause = TypeVar("_Cause", bound=BaseException)


def fault(error: Exception, host: str, stage: Stage) -> DeepchatError:
    """The error for one of FOREIGN. `host` is the server's, with its port where that is not the usual one.

    Unreachable, ProxyFailed and TlsFailed mean that the request was not delivered; after any other it may have been.
    """
    causes = list(_causes(error))
    if stage == "answered":
        return _broken_reply(causes, host)
    return (
        _no_proxy(causes, host, stage)
        or _no_way(causes, host)
        or _no_trust(causes, host)
        or (_no_connection(causes, host) if stage == "connecting" else _no_answer(causes, host))
        or NetworkError(f"The request to {host} failed ({type(error).__name__}).")
    )


def no_connection(host: str, seconds: float) -> Unreachable:
    return Unreachable(
        f"No connection to {host} came about within {_seconds(seconds)}.", hint="Check the network."
    )


def too_slow(host: str, seconds: float) -> TimedOut:
    return TimedOut(f"{host} did not begin to answer within {_seconds(seconds)}.", hint=_DELIVERED)


def silent(host: str, seconds: float) -> TimedOut:
    return TimedOut(
        f"{host} kept the line open, but sent nothing more of the reply for {_seconds(seconds)}.",
        hint="Asking again may help.",
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.1g} s" if seconds < 1 else f"{seconds:.0f} s"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it wraps or came from: requests and urllib3 nest up to five deep."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [*cause.args, getattr(cause, "reason", None)]
            waiting += [cause.__cause__, cause.__context__]


def _first(causes: list[BaseException], *kinds: type[_Cause]) -> _Cause | None:
    return next((cause for cause in causes if isinstance(cause, kinds)), None)


def _broken_reply(causes: list[BaseException], host: str) -> DeepchatError:
    if _first(causes, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return TimedOut(
            f"{host} fell silent in the middle of the reply.", hint="Asking again may help."
        )
    if _first(causes, urllib3.exceptions.DecodeError):
        return StreamCut(
            f"The reply from {host} is garbled: it cannot be decompressed.",
            hint="A proxy may have changed it.",
        )
    return StreamCut(
        f"The connection to {host} broke before the reply was complete.",
        hint="Asking again may help.",
    )


# What is the matter with a proxy that is not there.
_MISSING: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    ConnectionRefusedError,
)


def _no_proxy(causes: list[BaseException], host: str, stage: Stage) -> DeepchatError | None:
    if _first(causes, requests.exceptions.InvalidSchema):
        return ProxyFailed(
            f"{host} is to be reached by a SOCKS proxy, and support for SOCKS is not installed.",
            hint="Install PySocks beside deepchat, or unset ALL_PROXY.",
        )
    if not _first(causes, requests.exceptions.ProxyError, urllib3.exceptions.ProxyError):
        return None
    proxy = _proxy_before(host, causes[0]) or f"The proxy on the way to {host}"
    if _first(causes, *_MISSING):
        return Unreachable(
            f"{proxy} cannot be reached.",
            hint="Look at HTTPS_PROXY and HTTP_PROXY; NO_PROXY names hosts to reach directly.",
        )
    if stage == "sent":  # it took the request, as that for any plain http
        return None
    return _no_tunnel(proxy, causes[0])


def _no_tunnel(proxy: str, error: BaseException) -> ProxyFailed:
    """A proxy that does not connect. http.client says with what status only in words."""
    status = re.search(r"Tunnel connection failed: (\d+)", str(error))
    if status and status[1] == "407":
        return ProxyFailed(
            f"{proxy} wants a name and a password (407).",
            hint="Set them in HTTPS_PROXY: http://name:password@proxy:port.",
        )
    why = f" ({status[1]})" if status else ""
    return ProxyFailed(
        f"{proxy} does not lead there{why}.",
        hint="Ask who runs it, or let NO_PROXY name the host.",
    )


def _proxy_before(host: str, error: BaseException) -> str:
    """The proxy that requests has chosen, without its password, as a sentence begins with it; "" when there is none."""
    url = getattr(getattr(error, "request", None), "url", "")
    chosen = str(select_proxy(url, get_environ_proxies(url)) or "")
    place = chosen.rpartition("//")[2].rpartition("@")[2].partition("/")[0]
    return f"The proxy {place} on the way to {host}" if place else ""


def _no_way(causes: list[BaseException], host: str) -> DeepchatError | None:
    if _first(causes, socket.gaierror):
        return Unreachable(
            f"{host} cannot be found by its name.", hint="Check the network, and the base URL."
        )
    if _first(causes, ConnectionRefusedError):
        return Unreachable(
            f"{host} refused the connection.", hint="Is the server running, on this port?"
        )
    if _first(causes, urllib3.exceptions.NewConnectionError):
        whys = (cause.strerror for cause in causes if isinstance(cause, OSError))
        why = next(filter(None, whys), "no way there").lower()
        return Unreachable(f"{host} cannot be reached: {why}.", hint="Check the network.")
    if _first(causes, urllib3.exceptions.ConnectTimeoutError):
        return Unreachable(f"{host} does not take the connection.", hint="Check the network.")
    return None


_UNKNOWN_ISSUER: Final = (
    "Behind a company's proxy, let REQUESTS_CA_BUNDLE name its certificate file."
)

# By OpenSSL's number of what is wrong with a certificate (X509_V_ERR_…).
_DISTRUST: Final = {
    9: "Is the clock of this machine right?",  # not yet valid
    10: "Is the clock of this machine right? Else the server needs a new one.",  # expired
    62: "Check the base URL.",  # for another name
    64: "Check the base URL.",  # for another address
}


def _no_trust(causes: list[BaseException], host: str) -> DeepchatError | None:
    certificate = _first(causes, ssl.SSLCertVerificationError)
    if certificate:
        why = certificate.verify_message.partition(",")[0].rstrip(".")
        return TlsFailed(
            f"The certificate of {host} is not accepted: {why}.",
            hint=_DISTRUST.get(certificate.verify_code, _UNKNOWN_ISSUER),
        )
    broken = _first(causes, ssl.SSLError)
    if broken and broken.reason == "WRONG_VERSION_NUMBER":
        return TlsFailed(
            f"{host} does not speak TLS.",
            hint="If it speaks plain http, the base URL must begin with http://.",
        )
    if broken:
        why = (broken.reason or "it was broken off").replace("_", " ").lower()
        return TlsFailed(
            f"The TLS handshake with {host} failed: {why}.",
            hint="Check the base URL; a firewall may be in between.",
        )
    if type(causes[0]) is OSError:
        # requests' way to say that the file REQUESTS_CA_BUNDLE names is not there.
        return TlsFailed(
            f"No connection to {host}: the file of trusted certificates cannot be read.",
            hint="Look at REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE.",
        )
    return None


def _no_connection(causes: list[BaseException], host: str) -> DeepchatError | None:
    """What ends a TLS handshake, or the talk with a proxy, besides distrust."""
    if _first(causes, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return Unreachable(f"{host} does not take the connection.", hint="Check the network.")
    if _first(causes, ConnectionError):
        return Unreachable(
            f"{_proxy_before(host, causes[0]) or host} broke the connection off while it was being made.",
            hint="Check the network.",
        )
    if _first(causes, http.client.HTTPException):
        return ProxyFailed(
            f"{_proxy_before(host, causes[0])} does not speak HTTP.", hint="Look at HTTPS_PROXY."
        )
    return None


def _no_answer(causes: list[BaseException], host: str) -> DeepchatError | None:
    if _first(causes, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return TimedOut(f"{host} did not answer in time.", hint=_DELIVERED)
    if _first(causes, ConnectionError):  # RemoteDisconnected is one, and a BadStatusLine too
        return StreamCut(f"{host} closed the connection without an answer.", hint=_DELIVERED)
    if _first(causes, http.client.LineTooLong) or any(map(_is_beyond_bounds, causes)):
        return NotAnAnswer(
            f"{host} answers with headers beyond all bounds.", hint="Check the base URL."
        )
    if _first(causes, http.client.HTTPException):
        return NotAnAnswer(
            f"What answers at {host} does not speak HTTP.", hint="Check the base URL."
        )
    return None


def _is_beyond_bounds(error: BaseException) -> bool:
    """http.client tells too many headers by no class of its own."""
    return type(error) is http.client.HTTPException
