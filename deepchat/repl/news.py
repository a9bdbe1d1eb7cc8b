"""What happens beside the loop and is to be said: any thread may tell it, and the loop says it when it gets there."""

from collections import deque
from collections.abc import Callable, Iterator


class News:
    """Sentences on their way to the page. `wake` is called when there is one."""

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None
        self._told: deque[str] = deque()

    def tell(self, sentence: str) -> None:
        """From any thread."""
        self._told.append(sentence)
        self.wake()

    def take(self) -> Iterator[str]:
        """All that were told and not taken yet, the oldest first."""
        while self._told:
            yield self._told.popleft()
