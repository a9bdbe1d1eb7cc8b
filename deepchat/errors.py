"""Every failure a user can meet: a tree in which each error has one sentence, one hint and one exit code.

Foreign exceptions become one of these where they enter (`api.client`, `store`, `config`); nothing else is shown to a user.
"""

from typing import ClassVar


class DeepchatError(Exception):
    """A failure in words for a person: `str(error)` is one sentence, `hint` says what to do. `request_id` is what the server
    calls the request that failed, "" where it does not say."""

    exit_code: ClassVar[int] = 1

    def __init__(self, sentence: str, *, hint: str = "", request_id: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.request_id = request_id

    def remedy(self, advice: str = "") -> str:
        """The hint, the `advice` of the place where it is shown, and the name by which the server's people find the
        request."""
        named = f"Request id: {self.request_id}." if self.request_id else ""
        return " ".join(filter(None, (self.hint, advice, named)))


class UsageError(DeepchatError):
    """The command line, or a slash command, asks for something that cannot be."""


class NotAttached(DeepchatError):
    """A file or a picture cannot go along with a message."""


class ConfigError(DeepchatError):
    """A configuration that was named cannot be read."""


class NotWritten(DeepchatError):
    """The reply cannot be written to where stdout leads."""


class StoreError(DeepchatError):
    """The session database cannot be read or written."""


class Forgotten(StoreError):
    """The session database does not have a message that it was given before: it is another one."""


class NewerStore(StoreError):
    """A newer deepchat wrote the session database."""


class ApiError(DeepchatError):
    """The server answered, and the answer is not a reply. `retry_after` is in how many seconds it wants to be asked again,
    None when it does not say."""

    exit_code = 2

    def __init__(
        self,
        sentence: str,
        *,
        hint: str = "",
        status: int | None = None,
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence, hint=hint, request_id=request_id)
        self.status = status
        self.retry_after = retry_after


class BadRequest(ApiError):
    """400, 405, 413, 422: this request, as it is, will never be answered."""


class TooLong(BadRequest):
    """The conversation is longer than the model takes: `limit` tokens, None where the server does not say."""

    limit: int | None = None


class ModelNotFound(ApiError):
    """404: the server does not have the model, or not at this address."""


class RateLimited(ApiError):
    """429: too many requests, or the model is busy."""


class ServerTrouble(ApiError):
    """5xx, or an error told in the middle of a stream: the fault is the server's."""


class NotAnAnswer(ApiError):
    """Something that is not the chat completions protocol answered: a web page, a redirect, an unknown format."""


class AccessError(ApiError):
    """No key, a refused key (401, 403), or an account without funds (402)."""

    exit_code = 3


class NoKey(AccessError):
    """A key is needed and none is set."""


class NetworkError(DeepchatError):
    """No answer came: the way to the server failed."""

    exit_code = 4


class Unreachable(NetworkError):
    """DNS, refused, no route, no connection in time: nothing was delivered, and it may be another time."""


class ProxyFailed(NetworkError):
    """The proxy, as it is set, does not lead to the server: nothing was delivered, nor will it be."""


class TlsFailed(NetworkError):
    """The server's certificate, or the TLS handshake, was not accepted."""


class TimedOut(NetworkError):
    """The server did not answer, or fell silent, for longer than the limit."""


class StreamCut(NetworkError):
    """The connection ended before the reply did."""


class OverBudget(DeepchatError):
    """A limit on what may be spent is reached: nothing was asked, or a reply was ended."""

    exit_code = 5
