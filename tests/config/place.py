"""A folder with a configuration and secrets, to be changed and read."""

from dataclasses import dataclass
from pathlib import Path

from config import Settings, load
from kernel.keyring import ensure
from tests.world import ROOT

SECRET = "hunter2-hunter2-hunter2"


@dataclass(frozen=True)
class Place:
    """What one process reads."""

    folder: Path

    @property
    def file(self) -> Path:
        """The configuration file."""
        return self.folder / "config.yaml"

    @property
    def secrets(self) -> Path:
        """The folder of secret files."""
        return self.folder / "secrets"

    def put(self, old: str, new: str) -> None:
        """Change a line of the file."""
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new, 1))

    def hide(self, name: str, value: str) -> None:
        """Write a secret file."""
        (self.secrets / name).write_text(value)

    def load(self) -> Settings:
        """What is in force."""
        return load(self.file, self.secrets)


def make_place(folder: Path) -> Place:
    """The configuration as it is delivered, with fresh secrets."""
    place = Place(folder)
    ensure(place.secrets)
    place.file.write_text((ROOT / "config.yaml").read_text())
    return place
