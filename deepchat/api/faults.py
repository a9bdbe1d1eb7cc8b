"""What broke on the way to a server and back → one of our errors, in words. What the server itself says is in `refusals`."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from typing import Final, Literal, TypeVar

import requests
import urllib3.exceptions

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
_DELIVERED: Final = "What was asked may be charged all the same."

_Cause = TypeVar("_Cause", bound=BaseException)


def fault(error: Exception, host: str, stage: Stage) -> DeepchatError:
    """The error for one of FOREIGN.

    Unreachable, ProxyFailed and TlsFailed mean that the request was not delivered; after any other it may have been.
    """
    causes = list(_causes(error))
    if stage == "answered":
        return _broken_reply(causes, host)
    return (
        _no_way(causes, host)
        or _no_trust(causes, host)
        or (_no_connection(causes, host) if stage == "connecting" else _no_answer(causes, host))
        or NetworkError(f"The request to {host} failed ({type(error).__name__}).")
    )


def no_connection(host: str, seconds: float) -> Unreachable:
    return Unreachable(
        f"{host} does not take the connection: nothing came of it in {seconds:.0f} s.",
        hint="Check the network.",
    )


def too_slow(host: str, seconds: float) -> TimedOut:
    return TimedOut(f"{host} did not begin to answer within {seconds:.0f} s.", hint=_DELIVERED)


def silent(host: str, seconds: float) -> TimedOut:
    return TimedOut(
        f"{host} kept the line open but sent nothing more of the reply for {seconds:.0f} s.",
        hint="Asking again may help.",
    )


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


def _no_way(causes: list[BaseException], host: str) -> DeepchatError | None:
    if _first(causes, requests.exceptions.InvalidSchema):
        return ProxyFailed(
            "The proxy setting asks for SOCKS, and support for it is not installed.",
            hint="Install PySocks beside deepchat, or unset ALL_PROXY.",
        )
    if _first(causes, requests.exceptions.ProxyError, urllib3.exceptions.ProxyError):
        missing = _first(causes, *_MISSING)
        return (Unreachable if missing else ProxyFailed)(
            f"The proxy does not lead to {host}.",
            hint="Look at HTTPS_PROXY and HTTP_PROXY; NO_PROXY names hosts to reach directly.",
        )
    if _first(causes, socket.gaierror):
        return Unreachable(
            f"The name {host} cannot be found.", hint="Check the network, and the base URL."
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


def _no_trust(causes: list[BaseException], host: str) -> DeepchatError | None:
    certificate = _first(causes, ssl.SSLCertVerificationError)
    if certificate:
        why = certificate.verify_message.rstrip(".")
        return TlsFailed(
            f"The certificate of {host} is not accepted: {why}.",
            hint="Behind a company's proxy, let REQUESTS_CA_BUNDLE name its certificate file.",
        )
    if _first(causes, ssl.SSLError):
        return TlsFailed(
            f"No secure connection to {host} comes about.",
            hint="If it speaks plain http, the base URL must begin with http://.",
        )
    if type(causes[0]) is OSError:
        # requests' way to say that the file REQUESTS_CA_BUNDLE names is not there.
        return TlsFailed(
            "The file of trusted certificates cannot be read.",
            hint="Look at REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE.",
        )
    return None


def _no_connection(causes: list[BaseException], host: str) -> DeepchatError | None:
    """What ends a TLS handshake, or the talk with a proxy, besides distrust."""
    if _first(causes, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return Unreachable(f"{host} does not take the connection.", hint="Check the network.")
    if _first(causes, ConnectionError):
        return Unreachable(f"{host} broke the connection off.", hint="Check the network.")
    return None


def _no_answer(causes: list[BaseException], host: str) -> DeepchatError | None:
    if _first(causes, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return TimedOut(f"{host} did not answer in time.", hint=_DELIVERED)
    if _first(causes, ConnectionError):  # RemoteDisconnected is one, and a BadStatusLine too
        return StreamCut(f"{host} closed the connection without an answer.", hint=_DELIVERED)
    if _first(causes, http.client.HTTPException):
        return NotAnAnswer(
            f"What answers at {host} does not speak HTTP.", hint="Check the base URL."
        )
    return None
