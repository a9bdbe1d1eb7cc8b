"""What the command line asked for, before anything else is known."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deepchat.config import Flags

KEY_PAGE: Final = "deepinfra.com/dash/api_keys"


@dataclass(frozen=True, slots=True)
class Wishes:
    """The flags, as they were given."""

    continue_: bool = False
    resume: str | None = None
    question: str | None = None
    template: str | None = None
    model: str | None = None
    system: str | None = None
    persona: str | None = None
    auto_title: bool = False
    parameters: tuple[str, ...] = ()
    save: str | None = None
    private: bool = False
    demo: bool = False
    provider: str | None = None
    base_url: str | None = None
    color: str | None = None
    plain: bool = False
    raw: bool = False
    config: Path | None = None
    data_dir: Path | None = None
    debug: bool = False
    log: Path | None = None

    @property
    def asks(self) -> str:
        """The flag that says which chat is to be, or what is to be asked in it; "" for none."""
        if self.continue_:
            return "-c"
        if self.resume is not None:
            return "-r"
        return "" if self.question is None else "-p"

    @property
    def flags(self) -> Flags:
        return Flags(
            config=self.config,
            data_dir=self.data_dir,
            provider=self.provider,
            base_url=self.base_url,
            color=self.color,
            model=self.model or None,
            system=self.system,
            persona=self.persona,
            auto_title=self.auto_title or None,
            parameters=self.parameters,
            plain=self.plain or None,
        )


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be done, and with which flags; `act` gives the exit code, and raises DeepchatError."""

    wishes: Wishes
    act: Callable[[Wishes], int]
