"""What the command line asked for, before anything else is known."""

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
    model: str | None = None
    system: str | None = None
    persona: str | None = None
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
            plain=self.plain or None,
        )
