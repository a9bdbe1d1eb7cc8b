"""Slow work beside the loop: on threads that can be left behind, unlike those of asyncio's own pool."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Final, Generic, TypeVar

from deepchat.wanted import wanted_while

Result = TypeVar("Result")

# Nobody notices that a key was answered this much later.
UNNOTICED_S: Final = 0.05


async def aside(work: Callable[[], Result]) -> Result:
    """The result of `work`, done on a thread of its own. Cancelled, it is forgotten, keeps nobody from leaving, and is not
    `wanted` any more."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # without an error it is one

    def run() -> None:
        result, failure = None, None
        try:
            with wanted_while(lambda: not done.cancelled()):
                result = work()
        except BaseException as error:  # noqa: BLE001  handed to whoever waits
            failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="aside", daemon=True).start()
    return await done


class Glance(Generic[Result]):
    """Looks at what may be slow, such as a folder or a locked database, when there is no time to wait for it."""

    def __init__(self, *, wait_s: float = UNNOTICED_S) -> None:
        self._wait_s = wait_s
        self._question = ""
        self._answer: Future[Result] | None = None

    @property
    def is_looking(self) -> bool:
        """Whether the answer to the last question is still on its way."""
        return self._answer is not None and not self._answer.done()

    def at(self, question: str, work: Callable[[], Result], otherwise: Result) -> Result:
        """The result of `work`; `otherwise` while it takes long, or an earlier question does. Asked the same again, it
        answers when it can. Raises what `work` raises."""
        if self._answer is None or (self._question != question and self._answer.done()):
            self._question, self._answer = question, _begun(work)
        if self._question != question:
            return otherwise
        try:
            result = self._answer.result(self._wait_s)
        except TimeoutError:
            return otherwise
        except BaseException:
            self._answer = None
            raise
        self._answer = None
        return result


def _begun(work: Callable[[], Result]) -> Future[Result]:
    answer: Future[Result] = Future()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001  handed to whoever waits
            answer.set_exception(error)

    threading.Thread(target=run, name="glance", daemon=True).start()
    return answer
